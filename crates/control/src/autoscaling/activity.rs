//! Scaling activities: what was done to scalable targets, and with `IncludeNotScaledActivities` what was not ("Scaling activities for
//! Application Auto Scaling").
//!
//! They are kept for six weeks, of each target the newest [`KEPT`] and of all together the newest [`KEPT_IN_ALL`], as they outlive their
//! targets. A reason for not scaling is told once until something is done again,
//! or an idle service would have one a minute.

use super::{DIMENSION, NAMESPACE, PAGE, bad_token, filter};
use crate::{
    Tx, View,
    state::{Expiring, Expiry, Record, ScalingActivity},
};
use aws::{
    api::application_autoscaling::{
        DescribeScalingActivitiesRequest, DescribeScalingActivitiesResponse, NotScaledReason, ScalingActivity as Shape,
        ScalingActivityStatusCode,
    },
    doc::Timestamp,
    fault::Fault,
    page::{descending, paginate},
};
use spec::{DAY, Millis};

/// How long an activity is kept ("DescribeScalingActivities").
const WEEKS: Millis = 6 * 7 * DAY;
/// How many are kept of a target.
const KEPT: usize = 500;
/// How many are kept of all targets, of those that are gone, too.
const KEPT_IN_ALL: usize = 20_000;

/// An activity that begins. What is not said of it is as for one that changes a desired count.
pub(super) struct Begun {
    pub(super) description: String,
    pub(super) cause: String,
    pub(super) status: ScalingActivityStatusCode,
    pub(super) message: Option<String>,
    pub(super) capacity: Option<u32>,
    pub(super) not_scaled: Option<NotScaledReason>,
}

/// Takes note of an activity and returns its number.
pub(super) fn begin(tx: &mut Tx<'_>, resource: &str, begun: Begun) -> u64 {
    let Begun { description, cause, status, message, capacity, not_scaled } = begun;
    let prefix = ScalingActivity::prefix(resource);
    let known: Vec<(u64, Timestamp)> =
        tx.state.scaling_activities.prefixed(&prefix).map(|known| (known.number, known.started_at)).collect();
    for (number, started_at) in known.iter().take((known.len() + 1).saturating_sub(KEPT)) {
        let key = ScalingActivity::key_of(resource, *number);
        forget(tx, &expiry(&key, *started_at));
    }
    while tx.state.scaling_activities.len() >= KEPT_IN_ALL {
        // The queue has them in the order in which they began.
        let is_one = |expiry: &&Expiry| matches!(expiry.what, Expiring::ScalingActivity(_));
        let Some(oldest) = tx.state.expiries.iter().find(is_one).cloned() else { break };
        forget(tx, &oldest);
    }
    let number = known.last().map_or(0, |(number, _)| number + 1);
    let activity = ScalingActivity {
        resource: resource.to_owned(),
        number,
        id: tx.uuid(),
        description,
        cause,
        started_at: tx.now,
        ended_at: None,
        status,
        message,
        capacity,
        not_scaled,
    };
    tx.state.expiries.put(expiry(&activity.key(), activity.started_at));
    tx.state.scaling_activities.put(activity);
    number
}

/// Forgets the activity that an entry of the queue is about.
fn forget(tx: &mut Tx<'_>, expiry: &Expiry) {
    if let Expiring::ScalingActivity(key) = &expiry.what {
        tx.state.scaling_activities.remove(key);
        tx.state.expiries.remove(&expiry.key());
    }
}

fn expiry(key: &str, started_at: Timestamp) -> Expiry {
    let at = Timestamp { millis: started_at.millis.saturating_add(WEEKS) };
    Expiry { at, what: Expiring::ScalingActivity(key.to_owned()) }
}

/// Takes note that a policy did nothing, unless it did nothing for the same reason since something was done.
pub(super) fn not_scaled(tx: &mut Tx<'_>, resource: &str, cause: String, reason: NotScaledReason) {
    let prefix = ScalingActivity::prefix(resource);
    let known: Vec<&ScalingActivity> = tx.state.scaling_activities.prefixed(&prefix).collect();
    let mut since = known.iter().rev().take_while(|activity| activity.not_scaled.is_some());
    if since.any(|told| told.not_scaled.as_ref() == Some(&reason) && told.cause == cause) {
        return;
    }
    begin(
        tx,
        resource,
        Begun {
            description: "Attempting to scale due to alarm triggered".to_owned(),
            cause,
            status: ScalingActivityStatusCode::Failed,
            message: None,
            capacity: None,
            not_scaled: Some(reason),
        },
    );
}

/// Takes note of how an activity ended.
pub(super) fn end(tx: &mut Tx<'_>, resource: &str, number: u64, status: ScalingActivityStatusCode, message: String) {
    let now = tx.now;
    tx.state.scaling_activities.update(&ScalingActivity::key_of(resource, number), |activity| {
        activity.status = status;
        activity.message = Some(message);
        activity.ended_at = Some(now);
    });
}

pub(super) fn describe(
    view: &View<'_>,
    request: DescribeScalingActivitiesRequest,
) -> Result<DescribeScalingActivitiesResponse, Fault> {
    let DescribeScalingActivitiesRequest {
        service_namespace,
        resource_id,
        scalable_dimension,
        max_results,
        next_token,
        include_not_scaled_activities,
    } = request;
    let of = filter(service_namespace, resource_id, scalable_dimension)?;
    let all = include_not_scaled_activities == Some(true);
    let wanted = |activity: &&ScalingActivity| of(&activity.resource) && (all || activity.not_scaled.is_none());
    let activities = view.state.scaling_activities.iter().filter(wanted);
    let key = |activity: &&ScalingActivity| {
        descending(&format!("{:020}{}", activity.started_at.millis.max(0), activity.key()))
    };
    let page = paginate(activities, key, max_results, next_token.as_deref(), PAGE);
    let (activities, next_token) = page.map_err(bad_token)?;
    Ok(DescribeScalingActivitiesResponse {
        scaling_activities: Some(activities.into_iter().map(|activity| shape(activity, all)).collect()),
        next_token,
    })
}

fn shape(activity: &ScalingActivity, all: bool) -> Shape {
    Shape {
        activity_id: Some(activity.id.clone()),
        service_namespace: Some(NAMESPACE),
        resource_id: Some(activity.resource.clone()),
        scalable_dimension: Some(DIMENSION),
        description: Some(activity.description.clone()),
        cause: Some(activity.cause.clone()),
        start_time: Some(activity.started_at),
        end_time: activity.ended_at,
        status_code: Some(activity.status),
        status_message: activity.message.clone(),
        details: None,
        not_scaled_reasons: activity.not_scaled.clone().filter(|_| all).map(|reason| vec![reason]),
    }
}
