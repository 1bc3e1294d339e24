//! Scheduled actions: `PutScheduledAction` and its like, and what they do when their time comes.

mod cron;
mod expression;

use self::expression::Schedule;
use super::{
    DIMENSION, NAMESPACE, PAGE,
    activity::{self, Begun},
    bad_token, filter, invalid, not_found, place, registered, scale, target,
};
use crate::{
    Region, Tx, View,
    state::{Expiring, Expiry, Record, ScheduledAction},
};
use aws::{
    api::application_autoscaling::{
        DeleteScheduledActionRequest, DeleteScheduledActionResponse, DescribeScheduledActionsRequest,
        DescribeScheduledActionsResponse, PutScheduledActionRequest, PutScheduledActionResponse, ScalableTargetAction,
        ScalingActivityStatusCode, ScheduledAction as Shape,
    },
    doc::Timestamp,
    fault::Fault,
    page::paginate,
};

/// Scheduled actions of a scalable target ("Quotas for Application Auto Scaling").
const MOST: usize = 200;

/// Makes a scheduled action, or changes one. What is not said stays, but for when it starts and ends.
pub(super) fn put(tx: &mut Tx<'_>, request: PutScheduledActionRequest) -> Result<PutScheduledActionResponse, Fault> {
    let PutScheduledActionRequest {
        service_namespace,
        schedule,
        timezone,
        scheduled_action_name: name,
        resource_id: resource,
        scalable_dimension,
        start_time: start,
        end_time: end,
        scalable_target_action,
    } = request;
    registered(&tx.state, service_namespace, &resource, scalable_dimension)?;
    check_name(&name)?;
    let known = tx.state.scheduled_actions.get(&ScheduledAction::key_of(&resource, &name)).cloned();
    let prefix = ScheduledAction::prefix(&resource);
    if known.is_none() && tx.state.scheduled_actions.prefixed(&prefix).count() >= MOST {
        let message = format!("A scalable target can have at most {MOST} scheduled actions.");
        return Err(Fault::new("LimitExceededException", message));
    }
    let missing = |name: &str| invalid(format!("{name} must be specified when a scheduled action is created."));
    let schedule =
        schedule.or_else(|| known.as_ref().map(|known| known.schedule.clone())).ok_or_else(|| missing("Schedule"))?;
    let timezone = timezone.or_else(|| known.as_ref().and_then(|known| known.timezone.clone()));
    let action = scalable_target_action
        .or_else(|| known.as_ref().map(|known| known.action.clone()))
        .ok_or_else(|| missing("ScalableTargetAction"))?;
    check_action(&action)?;
    if start.zip(end).is_some_and(|(start, end)| end < start) {
        return Err(invalid("The end time of a scheduled action can't be before its start time."));
    }
    let (id, created_at) = match &known {
        Some(known) => (known.id.clone(), known.created_at),
        None => (tx.uuid(), tx.now),
    };
    let mut new =
        ScheduledAction { resource, name, id, created_at, schedule, timezone, start, end, action, next: None };
    new.next = next(&new, tx.now)?;
    if let Some(known) = known {
        unqueue(tx, &known);
    }
    queue(tx, &new);
    tx.state.scheduled_actions.put(new);
    Ok(PutScheduledActionResponse {})
}

/// Neither spaces around it, nor control characters, nor a colon, a slash or a bar ("PutScheduledAction").
fn check_name(name: &str) -> Result<(), Fault> {
    let bad = |c: char| c.is_control() || matches!(c, ':' | '/' | '|');
    match name.trim() != name || name.chars().any(bad) {
        true => Err(invalid("The name of a scheduled action has no colons, slashes, bars or control characters.")),
        false => Ok(()),
    }
}

fn check_action(action: &ScalableTargetAction) -> Result<(), Fault> {
    let ScalableTargetAction { min_capacity, max_capacity } = action;
    let bound = |given: &Option<i32>| given.map(target::capacity).transpose();
    match (bound(min_capacity)?, bound(max_capacity)?) {
        (Some(min), Some(max)) => target::check_bounds(min, max),
        (None, None) => Err(invalid("MinCapacity, MaxCapacity or both must be specified.")),
        _ => Ok(()),
    }
}

/// When an action runs the first time after another time.
///
/// # Errors
/// `ValidationException` for what is no expression and no time zone.
fn next(action: &ScheduledAction, after: Timestamp) -> Result<Option<Timestamp>, Fault> {
    let schedule = Schedule::parse(&action.schedule).ok_or_else(|| unreadable(&action.schedule))?;
    let name = action.timezone.as_deref().unwrap_or("UTC");
    let zone = expression::zone(name).ok_or_else(|| invalid(format!("{name} is no time zone.")))?;
    let start = action.start.map(|start| start.millis);
    let next = schedule.next(&zone, action.created_at.millis, start, after.millis);
    let next = next.map(|millis| Timestamp { millis });
    Ok(next.filter(|next| action.end.is_none_or(|end| *next <= end)))
}

/// The refusal of what is no expression, as AWS says it.
fn unreadable(schedule: &str) -> Fault {
    let why = match schedule.strip_prefix("cron(") {
        Some(fields) if fields.split_whitespace().count() != 6 => {
            "Invalid CRON expression: six fields are needed: [Minutes] [Hours] [Day_of_Month] [Month] [Day_of_Week] [Year]."
        }
        Some(_) => "Invalid CRON expression: a field has a value that it can't have.",
        None => {
            "Schedule expressions must have the following syntax: rate(<number>\\s?(minutes?|hours?|days?)), cron(<cron_expression>) \
             or at(yyyy-MM-dd'T'HH:mm:ss)."
        }
    };
    invalid(format!("Invalid schedule expression. Details: {why}"))
}

fn expiry(action: &ScheduledAction) -> Option<Expiry> {
    Some(Expiry { at: action.next?, what: Expiring::ScheduledAction(action.key()) })
}

fn queue(tx: &mut Tx<'_>, action: &ScheduledAction) {
    if let Some(expiry) = expiry(action) {
        tx.state.expiries.put(expiry);
    }
}

fn unqueue(tx: &mut Tx<'_>, action: &ScheduledAction) {
    if let Some(expiry) = expiry(action) {
        tx.state.expiries.remove(&expiry.key());
    }
}

/// The time of an action has come: it sets the bounds of its target, and the desired count is brought between them.
pub(crate) fn run(tx: &mut Tx<'_>, key: &str, at: Timestamp) {
    let Some(action) = tx.state.scheduled_actions.get(key).filter(|action| action.next == Some(at)).cloned() else {
        return;
    };
    // What was missed while nobody was here is done once.
    let mut later = action.clone();
    later.next = next(&action, tx.now).unwrap_or(None);
    queue(tx, &later);
    tx.state.scheduled_actions.put(later);
    let Some(found) = tx.state.scalable_targets.get(&action.resource) else { return };
    if found.suspended.scheduled_scaling_suspended == Some(true) {
        return;
    }
    let bound = |given: Option<i32>| given.and_then(|given| u32::try_from(given).ok());
    let (given_min, given_max) = (bound(action.action.min_capacity), bound(action.action.max_capacity));
    let (min, max) = (given_min.unwrap_or(found.min), given_max.unwrap_or(found.max));
    let parts =
        [given_min.map(|min| format!("min capacity to {min}")), given_max.map(|max| format!("max capacity to {max}"))];
    let what = parts.into_iter().flatten().collect::<Vec<_>>().join(" and ");
    let checked = target::check_bounds(min, max);
    let (status, message) = match &checked {
        Ok(()) => (ScalingActivityStatusCode::Successful, format!("Successfully set {what}")),
        Err(fault) => (ScalingActivityStatusCode::Failed, format!("Failed to set {what}. Reason: {}", fault.message)),
    };
    let begun = Begun {
        description: format!("Setting {what}"),
        cause: format!("scheduled action name {} was triggered", action.name),
        status,
        message: Some(message),
        capacity: None,
        not_scaled: None,
    };
    activity::begin(tx, &action.resource, begun);
    if checked.is_ok() {
        tx.state.scalable_targets.update(&action.resource, |target| (target.min, target.max) = (min, max));
        scale::into_bounds(tx, &action.resource);
    }
}

pub(super) fn describe(
    view: &View<'_>,
    request: DescribeScheduledActionsRequest,
) -> Result<DescribeScheduledActionsResponse, Fault> {
    let DescribeScheduledActionsRequest {
        scheduled_action_names,
        service_namespace,
        resource_id,
        scalable_dimension,
        max_results,
        next_token,
    } = request;
    let of = filter(service_namespace, resource_id, scalable_dimension)?;
    let names = scheduled_action_names.filter(|names| !names.is_empty());
    let wanted = |action: &&ScheduledAction| {
        of(&action.resource) && names.as_ref().is_none_or(|names| names.contains(&action.name))
    };
    let actions = view.state.scheduled_actions.iter().filter(wanted);
    let page = paginate(actions, |action| action.key(), max_results, next_token.as_deref(), PAGE);
    let (actions, next_token) = page.map_err(bad_token)?;
    let shape = |action: &ScheduledAction| shape(&view.state.region, action);
    Ok(DescribeScheduledActionsResponse {
        scheduled_actions: Some(actions.into_iter().map(shape).collect()),
        next_token,
    })
}

fn shape(region: &Region, action: &ScheduledAction) -> Shape {
    let ScheduledAction { resource, name, id, created_at, schedule, timezone, start, end, action, next: _ } =
        action.clone();
    let arn = format!("scheduledAction:{id}:resource/ecs/{resource}:scheduledActionName/{name}");
    Shape {
        scheduled_action_name: Some(name),
        scheduled_action_arn: Some(region.arn("autoscaling", arn)),
        service_namespace: Some(NAMESPACE),
        schedule: Some(schedule),
        timezone,
        resource_id: Some(resource),
        scalable_dimension: Some(DIMENSION),
        start_time: start,
        end_time: end,
        scalable_target_action: Some(action),
        creation_time: Some(created_at),
    }
}

pub(super) fn delete(
    tx: &mut Tx<'_>,
    request: DeleteScheduledActionRequest,
) -> Result<DeleteScheduledActionResponse, Fault> {
    let DeleteScheduledActionRequest { service_namespace, scheduled_action_name, resource_id, scalable_dimension } =
        request;
    place(service_namespace, &resource_id, scalable_dimension)?;
    let key = ScheduledAction::key_of(&resource_id, &scheduled_action_name);
    if !tx.state.scheduled_actions.contains(&key) {
        let more = format!(", scheduled action name: {scheduled_action_name}");
        return Err(not_found("No scheduled action found", &more, &resource_id));
    }
    remove(tx, &key);
    Ok(DeleteScheduledActionResponse {})
}

fn remove(tx: &mut Tx<'_>, key: &str) {
    if let Some(action) = tx.state.scheduled_actions.remove(key) {
        unqueue(tx, &action);
    }
}

/// Forgets every scheduled action of a target.
pub(super) fn remove_all(tx: &mut Tx<'_>, resource: &str) {
    let prefix = ScheduledAction::prefix(resource);
    let keys: Vec<String> = tx.state.scheduled_actions.prefixed(&prefix).map(Record::key).collect();
    keys.iter().for_each(|key| remove(tx, key));
}
