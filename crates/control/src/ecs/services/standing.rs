//! What a service knows of its tasks: their health, and when they failed.

use crate::{
    State,
    ecs::tasks::{Health, health},
    elb::targets::{self, TargetState},
    servicediscovery::registry,
    state::{Deployment, Proof, Service, Status, Task, TaskTarget},
};
use aws::api::ecs::{TaskStopCode, ThresholdType};
use spec::{Desired, Millis, balancing::TargetAddress};
use std::net::SocketAddr;

/// A task without any health check counts as healthy when it has run for so long ("DeploymentConfiguration", Amazon ECS API Reference).
const UNCHECKED: Millis = 40_000;
/// How long the first attempts to start tasks are apart when none of them runs. AWS does not say; it says that it grows up to 15 minutes.
const FIRST_RETRY: Millis = 5_000;
/// How many attempts in a row may fail until they become rarer.
const PATIENCE: u32 = 3;
/// The longest time between two attempts ("Service throttle logic", Amazon ECS Developer Guide).
const LAST_RETRY: Millis = 15 * 60 * 1000;
/// Tasks that run and end at once are started no more often than this.
const PACE: Millis = 10_000;

/// Where a target group reaches a task, from when it has an interface.
pub(crate) fn address(task: &Task, target: &TaskTarget) -> Option<TargetAddress> {
    let interface = task.attachment.interface.as_ref()?;
    Some(TargetAddress(SocketAddr::new(interface.private_ip, target.port)))
}

/// Whether no target group has a task any more and no resolver names it: none sends it anything, and its address may be another's.
pub(crate) fn unused(state: &State, task: &Task) -> bool {
    let named = !task.launch.registries.is_empty() && task.standing.registered;
    if named || task.standing.unnamed.is_some_and(|revision| !registry::is_known(state, revision)) {
        return false;
    }
    let mut targets = task.launch.targets.iter().filter_map(|target| Some((target, address(task, target)?)));
    targets.all(|(target, address)| targets::health(state, &target.group, address).is_none())
}

/// What the health checks of a task that should run say ("Amazon ECS services" and "DeploymentConfiguration"). A target that was healthy
/// is not less so while nothing is known of it again, as after a restart.
pub(super) fn proof(state: &State, service: &Service, task: &Task, now: Millis) -> Proof {
    let Some(started) = task.times.started_at.filter(|_| task.status == Status::Running) else { return Proof::None };
    let graced = now < started.millis + 1000 * Millis::from(service.grace_period);
    let unless_graced = |proof| if graced { Proof::None } else { proof };
    let of_container = health(task);
    if of_container == Health::Unhealthy {
        return unless_graced(Proof::Unhealthy);
    }
    let mut proven = of_container != Health::Unknown;
    for (number, target) in (0..).zip(&task.launch.targets) {
        let health = address(task, target).and_then(|address| targets::health(state, &target.group, address));
        match health {
            Some(TargetState::Healthy | TargetState::Unavailable) => {}
            Some(TargetState::Initial) if task.standing.health == Proof::Healthy => {}
            Some(TargetState::Unhealthy { .. }) => return unless_graced(Proof::UnhealthyTarget(number)),
            None | Some(TargetState::Initial | TargetState::Unused | TargetState::Draining) => proven = false,
        }
    }
    let unchecked = of_container == Health::Unchecked && task.launch.targets.is_empty();
    if proven && (!unchecked || now >= started.millis + UNCHECKED) { Proof::Healthy } else { Proof::None }
}

/// Takes note of a task that ends: of what is its own fault, that is.
pub(super) fn count(deployment: &mut Deployment, task: &Task, now: Millis) {
    let unhealthy = matches!(task.standing.health, Proof::Unhealthy | Proof::UnhealthyTarget(_));
    let failed = match task.stop.as_ref().map(|stop| stop.code) {
        Some(TaskStopCode::TaskFailedToStart | TaskStopCode::EssentialContainerExited) => true,
        Some(TaskStopCode::ServiceSchedulerInitiated) => unhealthy,
        _ => false,
    };
    if !failed || task.desired == Desired::Running {
        return;
    }
    count_failed(deployment);
    let created = task.times.created_at.millis;
    if task.times.started_at.is_some() {
        deployment.retry.not_before = deployment.retry.not_before.max(created + PACE);
    } else if created >= deployment.retry.since {
        delay(deployment, now);
    }
}

/// One more task failed. Of a deployment that has come to its end that does not matter.
fn count_failed(deployment: &mut Deployment) {
    if deployment.state == aws::api::ecs::DeploymentRolloutState::InProgress {
        deployment.failed_tasks += 1;
    }
}

/// No task could be started at all.
pub(super) fn count_unplaced(deployment: &mut Deployment, now: Millis) {
    count_failed(deployment);
    delay(deployment, now);
}

/// One more attempt in a row has failed.
fn delay(deployment: &mut Deployment, now: Millis) {
    let round = deployment.retry.round.saturating_add(1);
    let doubled = round.saturating_sub(PATIENCE - 1).min(16);
    deployment.retry.round = round;
    deployment.retry.since = now;
    deployment.retry.not_before = now + (FIRST_RETRY << doubled).min(LAST_RETRY);
}

/// Whether attempts to start tasks have become rarer.
pub(super) fn impaired(deployment: &Deployment) -> bool {
    deployment.retry.round >= PATIENCE
}

/// How many failed tasks fail a deployment ("ThresholdConfiguration", Amazon ECS API Reference).
pub(super) fn threshold(service: &Service) -> u32 {
    let breaker = service.configuration.deployment_circuit_breaker.as_ref();
    let given = breaker.and_then(|breaker| breaker.threshold_configuration.as_ref());
    let kind = given.and_then(|given| given.r#type).unwrap_or(ThresholdType::BoundedPercent);
    let value = given.and_then(|given| given.value).and_then(|value| u32::try_from(value).ok()).unwrap_or(50);
    let percent = service.desired_count.saturating_mul(value).div_ceil(100);
    match kind {
        ThresholdType::Count => value,
        ThresholdType::BoundedPercent => percent.clamp(3, 200),
        ThresholdType::UnboundedPercent => percent,
    }
    .max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ecs::services::tests::service;
    use aws::api::ecs::{DeploymentCircuitBreaker, ThresholdConfiguration};

    #[test]
    fn thresholds_are_the_documented_ones() {
        let mut service = service(1);
        let mut of = |desired, configured: Option<(ThresholdType, i32)>| {
            service.desired_count = desired;
            service.configuration.deployment_circuit_breaker = Some(DeploymentCircuitBreaker {
                threshold_configuration: configured
                    .map(|(kind, value)| ThresholdConfiguration { r#type: Some(kind), value: Some(value) }),
                ..Default::default()
            });
            threshold(&service)
        };
        assert_eq!([of(1, None), of(25, None), of(400, None), of(800, None)], [3, 13, 200, 200]);
        assert_eq!(of(10, Some((ThresholdType::Count, 7))), 7);
        assert_eq!(of(1000, Some((ThresholdType::UnboundedPercent, 50))), 500);
        assert_eq!(of(1000, Some((ThresholdType::BoundedPercent, 10))), 100);
    }

    #[test]
    fn attempts_become_rarer_until_they_are_a_quarter_of_an_hour_apart() {
        let mut deployment = service(1).deployments.remove(0);
        let mut waits = Vec::new();
        for _ in 0..11 {
            delay(&mut deployment, 0);
            waits.push(deployment.retry.not_before / 1000);
        }
        assert_eq!(waits, [5, 5, 10, 20, 40, 80, 160, 320, 640, 900, 900]);
    }
}
