//! An alarm invokes scaling policies: what they want is decided about together, for each scalable target.

use super::{
    activity, count,
    decide::{self, Decision, Reason, Situation, Wish},
    policy,
    scale::{self, Cooling},
};
use crate::{
    State, Tx,
    state::{ScalableTarget, ScalingPolicy, ScalingPolicyKind},
};
use aws::api::{application_autoscaling::NotScaledReason, cloudwatch::StateValue, ecs::DeploymentRolloutState};
use spec::Millis;
use std::collections::BTreeMap;

/// How long a cooldown lasts unless it is said, in seconds ("StepScalingPolicyConfiguration", "TargetTrackingScalingPolicyConfiguration").
const COOLDOWN: i32 = 300;

/// An alarm has a scaling policy as an action, and is in the state for it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Invocation {
    /// The policy's ARN.
    pub(crate) policy: String,
    /// The alarm's name.
    pub(crate) alarm: String,
    /// Its state.
    pub(crate) state: StateValue,
    /// Its threshold.
    pub(crate) threshold: f64,
    /// Whether it is about values above that.
    pub(crate) above: bool,
    /// The values it goes by, the newest last.
    pub(crate) values: Vec<f64>,
    /// When the time began that the newest is of.
    pub(crate) newest: Millis,
}

/// The policy with that ARN.
pub(crate) fn policy_of<'a>(state: &'a State, arn: &str) -> Option<&'a ScalingPolicy> {
    policy::by_arn(state, arn)
}

/// Does what comes of these, which are all at one time.
pub(crate) fn invoke(tx: &mut Tx<'_>, invocations: &[Invocation]) {
    let mut by_target: BTreeMap<String, Vec<(ScalingPolicy, &Invocation)>> = BTreeMap::new();
    for invocation in invocations {
        if let Some(policy) = policy_of(&tx.state, &invocation.policy) {
            by_target.entry(policy.resource.clone()).or_default().push((policy.clone(), invocation));
        }
    }
    for (resource, invoked) in by_target {
        let Some(target) = tx.state.scalable_targets.get(&resource).cloned() else { continue };
        let situation = situation(tx, &target);
        let wishes: Vec<Wish> =
            invoked.iter().map(|(policy, invocation)| wish(policy, invocation, &target, &situation)).collect();
        match decide::decide(&situation, &wishes) {
            Decision::Nothing => {}
            Decision::Scale { by, to } => {
                let Some((policy, invocation)) = invoked.get(by) else { continue };
                let cooling = cooling(tx, policy, to > situation.current);
                scale::scale(tx, &target, to, cause(policy, invocation), Some(cooling));
            }
            Decision::Stay { by, reason } => {
                let Some((policy, invocation)) = invoked.get(by) else { continue };
                let reason = told(reason, &situation);
                activity::not_scaled(tx, &resource, cause(policy, invocation), reason);
            }
        }
    }
}

fn cause(policy: &ScalingPolicy, invocation: &Invocation) -> String {
    format!("monitor alarm {} in state {} triggered policy {}", invocation.alarm, invocation.state, policy.name)
}

fn situation(tx: &Tx<'_>, target: &ScalableTarget) -> Situation {
    let now = tx.now.millis;
    let cools = |until: Option<Millis>| until.is_none_or(|until| now < until);
    let service = tx.state.services.get(&target.service_key());
    let current = service.map_or(0, |service| service.desired_count);
    // A count that somebody else has set since is what there is to start from.
    let out = target.scaled_out.filter(|out| cools(out.until) && out.to == current);
    let primary = service.and_then(|service| service.primary());
    let suspended = &target.suspended;
    Situation {
        current,
        min: target.min,
        max: target.max,
        before_scale_out: out.map(|out| out.from),
        scaled_in: target.scaled_in.is_some_and(|scaled| cools(scaled.until)),
        deploying: primary.is_some_and(|primary| primary.state == DeploymentRolloutState::InProgress),
        tracking_ready: policy::is_tracking_ready(&tx.state, &target.resource()),
        out_suspended: suspended.dynamic_scaling_out_suspended == Some(true),
        in_suspended: suspended.dynamic_scaling_in_suspended == Some(true),
    }
}

/// How many there were when the newest value was measured; none if a scale-out ended meanwhile, or since.
fn measured(target: &ScalableTarget, newest: Millis, current: u32) -> Option<u32> {
    let out = target.scaled_out.filter(|out| out.to == current);
    match out.map(|out| (out.measured, out.until.map(|until| until - out.lasts))) {
        Some((before, None)) => Some(before.min(current)),
        Some((_, Some(ended))) if newest < ended => None,
        _ => Some(current),
    }
}

fn wish(policy: &ScalingPolicy, invocation: &Invocation, of: &ScalableTarget, situation: &Situation) -> Wish {
    let Invocation { alarm, threshold, above, values, newest, .. } = invocation;
    match &policy.kind {
        ScalingPolicyKind::Step(step) => decide::step(step, *threshold, *above, values, situation),
        ScalingPolicyKind::TargetTracking { configuration, high, low } => {
            let target = configuration.target_value.unwrap_or(f64::INFINITY);
            if alarm == high {
                match measured(of, *newest, situation.current) {
                    Some(count) => decide::track_high(target, values, count, situation),
                    None => Wish::Nothing,
                }
            } else if low.as_ref() == Some(alarm) {
                decide::track_low(target, values, situation)
            } else {
                // Somebody else's alarm, which knows nothing of the metric.
                Wish::Nothing
            }
        }
    }
}

fn cooling(tx: &Tx<'_>, policy: &ScalingPolicy, out: bool) -> Cooling {
    let seconds = match &policy.kind {
        ScalingPolicyKind::Step(step) => step.cooldown,
        ScalingPolicyKind::TargetTracking { configuration, .. } if out => configuration.scale_out_cooldown,
        ScalingPolicyKind::TargetTracking { configuration, .. } => configuration.scale_in_cooldown,
    };
    let lasts = tx.state.region.lasting(i64::from(seconds.unwrap_or(COOLDOWN)));
    if out { Cooling::Out(lasts) } else { Cooling::In(lasts) }
}

/// A reason as it is told, with what belongs to it.
fn told(reason: Reason, situation: &Situation) -> NotScaledReason {
    let (code, max, min, current) = match reason {
        Reason::AutoScalingAnticipatedFlapping => {
            ("AutoScalingAnticipatedFlapping", None, None, Some(situation.current))
        }
        Reason::TargetServicePutResourceAsUnscalable => ("TargetServicePutResourceAsUnscalable", None, None, None),
        Reason::AlreadyAtMaxCapacity => ("AlreadyAtMaxCapacity", Some(situation.max), None, None),
        Reason::AlreadyAtMinCapacity => ("AlreadyAtMinCapacity", None, Some(situation.min), None),
        Reason::AlreadyAtDesiredCapacity => ("AlreadyAtDesiredCapacity", None, None, Some(situation.current)),
    };
    NotScaledReason {
        code: Some(code.to_owned()),
        max_capacity: max.and_then(count),
        min_capacity: min.and_then(count),
        current_capacity: current.and_then(count),
    }
}
