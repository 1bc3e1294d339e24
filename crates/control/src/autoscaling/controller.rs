//! What becomes of scalable targets by itself: their activities end, and they end with their services.

use super::{activity, scale, target};
use crate::{
    Tx, ecs,
    state::{Record, ScalableTarget, ScalingActivity},
};
use aws::api::application_autoscaling::ScalingActivityStatusCode as Status;
use spec::Millis;

/// For how many seconds an activity is waited for. AWS does not say how long it waits.
const PATIENCE: i64 = 3_600;

/// Looks at every target.
pub(crate) fn run(tx: &mut Tx<'_>) {
    let targets: Vec<String> =
        tx.state.scalable_targets.iter().filter(|target| is_due(tx, target)).map(Record::key).collect();
    for resource in targets {
        let Some(of) = tx.state.scalable_targets.get(&resource).cloned() else { continue };
        if target::is_active(&tx.state, &of.cluster, &of.service) {
            follow(tx, &of);
        } else {
            target::remove(tx, &resource);
        }
    }
}

fn is_due(tx: &Tx<'_>, of: &ScalableTarget) -> bool {
    of.activity.is_some() || !target::is_active(&tx.state, &of.cluster, &of.service)
}

/// Ends the activity that is under way, if it has ended: only then its cooldown begins.
fn follow(tx: &mut Tx<'_>, of: &ScalableTarget) {
    let resource = of.resource();
    let Some(number) = of.activity else { return };
    let known = tx.state.scaling_activities.get(&ScalingActivity::key_of(&resource, number));
    let (to, since) = known.map_or((None, tx.now), |known| (known.capacity, known.started_at));
    let (now, desired) = (tx.now.millis, scale::desired(tx, of));
    let Some(to) = to else { return ended(tx, &resource, now) };
    if desired != to {
        scale::override_by(tx, of, number, desired);
    } else if ecs::services::has_all(&tx.state, &of.service_key()) {
        let message = format!("{} Change successfully fulfilled by ecs.", scale::set(to));
        activity::end(tx, &resource, number, Status::Successful, message);
    } else if now >= since.millis + tx.state.region.lasting(PATIENCE) {
        let message = format!("{} Change was not fulfilled by ecs in time.", scale::set(to));
        activity::end(tx, &resource, number, Status::Unfulfilled, message);
    } else {
        return;
    }
    ended(tx, &resource, now);
}

fn ended(tx: &mut Tx<'_>, resource: &str, now: Millis) {
    tx.state.scalable_targets.update(resource, |target| {
        target.activity = None;
        for cooldown in [&mut target.scaled_out, &mut target.scaled_in].into_iter().flatten() {
            cooldown.until.get_or_insert(now + cooldown.lasts);
        }
    });
}
