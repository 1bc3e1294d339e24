//! Sets the desired count of a service, by the code of `UpdateService`, and takes note of it.

use super::activity::{self, Begun};
use crate::{
    Tx, ecs,
    state::{Cooldown, ScalableTarget},
};
use aws::api::application_autoscaling::ScalingActivityStatusCode as Status;
use spec::Millis;

/// Which way a policy scales, and for how long that is given to take effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cooling {
    Out(Millis),
    In(Millis),
}

/// What stands before what became of setting a desired count.
pub(super) fn set(to: u32) -> String {
    format!("Successfully set desired count to {to}.")
}

/// Sets the desired count of a target's service. What was under way before is overridden by it.
pub(super) fn scale(tx: &mut Tx<'_>, target: &ScalableTarget, to: u32, cause: String, cooling: Option<Cooling>) {
    let resource = target.resource();
    let from = desired(tx, target);
    let done = ecs::services::scale(tx, &target.service_key(), to);
    if let (Some(number), Ok(())) = (target.activity, &done) {
        override_by(tx, target, number, to);
    }
    let (status, message) = match &done {
        Ok(()) => (Status::InProgress, format!("{} Waiting for change to be fulfilled by ecs.", set(to))),
        Err(fault) => (Status::Failed, format!("Failed to set desired count to {to}. Reason: {}", fault.message)),
    };
    let begun = Begun {
        description: format!("Setting desired count to {to}."),
        cause,
        status,
        message: Some(message),
        capacity: Some(to),
        not_scaled: None,
    };
    let number = activity::begin(tx, &resource, begun);
    let now = tx.now.millis;
    if done.is_err() {
        return;
    }
    tx.state.scalable_targets.update(&resource, |target| {
        target.activity = Some(number);
        match cooling {
            // What the scale-outs of one cooldown add counts from where the first of them began. More may be had at any time, which
            // ends the cooldown of a scale-in.
            Some(Cooling::Out(lasts)) => {
                let counts = |before: &Cooldown| before.to == from && before.until.is_none_or(|until| now < until);
                let before = target.scaled_out.filter(counts);
                let measured = before.filter(|before| before.until.is_none()).map_or(from, |before| before.measured);
                let from = before.map_or(from, |before| before.from);
                target.scaled_out = Some(Cooldown { from, measured, to, lasts, until: None });
                target.scaled_in = None;
            }
            Some(Cooling::In(lasts)) => {
                target.scaled_in = Some(Cooldown { from, measured: from, to, lasts, until: None });
                target.scaled_out = None;
            }
            None => {}
        }
    });
}

/// The desired count of a target's service.
pub(super) fn desired(tx: &Tx<'_>, target: &ScalableTarget) -> u32 {
    tx.state.services.get(&target.service_key()).map_or(0, |service| service.desired_count)
}

/// Takes note that an activity's count was not the last word.
pub(super) fn override_by(tx: &mut Tx<'_>, target: &ScalableTarget, number: u64, later: u32) {
    let resource = target.resource();
    let key = crate::state::ScalingActivity::key_of(&resource, number);
    let to = tx.state.scaling_activities.get(&key).and_then(|activity| activity.capacity).unwrap_or(0);
    let message = format!("{} Found it was later changed to {later}.", set(to));
    activity::end(tx, &resource, number, Status::Overridden, message);
}

/// Brings the desired count of a target's service between the target's bounds ("RegisterScalableTarget").
pub(super) fn into_bounds(tx: &mut Tx<'_>, resource: &str) {
    let Some(target) = tx.state.scalable_targets.get(resource).cloned() else { return };
    let current = desired(tx, &target);
    if current < target.min {
        scale(tx, &target, target.min, format!("minimum capacity was set to {}", target.min), None);
    } else if current > target.max {
        scale(tx, &target, target.max, format!("maximum capacity was set to {}", target.max), None);
    }
}

/// Takes note that nobody waits any more for what is under way.
pub(super) fn abandon(tx: &mut Tx<'_>, resource: &str) {
    let Some(target) = tx.state.scalable_targets.get(resource) else { return };
    let Some(number) = target.activity else { return };
    let key = crate::state::ScalingActivity::key_of(resource, number);
    let to = tx.state.scaling_activities.get(&key).and_then(|activity| activity.capacity).unwrap_or(0);
    let message = format!("{} The scalable target was deregistered before ecs had fulfilled it.", set(to));
    activity::end(tx, resource, number, Status::Unfulfilled, message);
    tx.state.scalable_targets.update(resource, |target| target.activity = None);
}
