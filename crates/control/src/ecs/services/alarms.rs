//! CloudWatch alarms that fail deployments ("How CloudWatch alarms detect Amazon ECS deployment failures", Amazon ECS Developer Guide).
//!
//! From when a task of a deployment runs, an alarm in `ALARM` fails it. A deployment that has everything still bakes for a while, so that an
//! alarm has time to notice. One that begins while an alarm is in `ALARM`, as one that is to mend things does, is not watched at all.

use super::{controller::revision, invalid};
use crate::{
    State, cloudwatch,
    state::{Deployment, Service, Status},
};
use aws::{
    api::{
        cloudwatch::StateValue,
        ecs::{DeploymentAlarms, DeploymentRolloutState},
    },
    fault::Fault,
};
use spec::Millis;

/// The alarms that a service's deployments are watched by; none if that is not enabled.
pub(super) fn names(service: &Service) -> &[String] {
    let enabled = service.configuration.alarms.as_ref().filter(|alarms| alarms.enable == Some(true));
    enabled.and_then(|alarms| alarms.alarm_names.as_deref()).unwrap_or_default()
}

/// Which of a service's alarms are in `ALARM`. One that is not there is not.
pub(super) fn alarmed(state: &State, service: &Service) -> Vec<String> {
    let in_alarm = |name: &&String| state.alarms.get(name).is_some_and(|alarm| alarm.state == StateValue::Alarm);
    names(service).iter().filter(in_alarm).cloned().collect()
}

/// The alarms that fail the primary deployment now.
pub(super) fn triggered(state: &State, service: &Service) -> Vec<String> {
    let Some(primary) = service.primary().filter(|primary| is_watched(service, primary)) else { return Vec::new() };
    let runs = || {
        let group = service.group();
        state.tasks.iter().any(|task| {
            task.status == Status::Running
                && task.launch.group == group
                && task.cluster == service.cluster
                && revision(task) == primary.revision
        })
    };
    let alarmed = alarmed(state, service);
    if alarmed.is_empty() || !runs() { Vec::new() } else { alarmed }
}

fn is_watched(service: &Service, deployment: &Deployment) -> bool {
    deployment.state == DeploymentRolloutState::InProgress
        && !deployment.rollback
        && !deployment.unwatched
        && !names(service).is_empty()
}

/// For how long a deployment that has everything is watched on: as long as the alarm that takes longest to notice something goes back. AWS
/// computes it from the alarms, and does not say how.
pub(super) fn bake(state: &State, service: &Service) -> Millis {
    if !service.primary().is_some_and(|primary| is_watched(service, primary)) {
        return 0;
    }
    let watched = names(service).iter().filter_map(|name| state.alarms.get(name));
    let spans = watched.map(|alarm| cloudwatch::look_back(&alarm.what));
    spans.max().map_or(0, |seconds| state.region.lasting(seconds))
}

/// What is configured, checked.
///
/// # Errors
/// `InvalidParameterException` where something is missing.
pub(super) fn check(alarms: DeploymentAlarms) -> Result<DeploymentAlarms, Fault> {
    let enabled = alarms.enable == Some(true);
    let names = alarms.alarm_names.as_deref().unwrap_or_default();
    if enabled && names.is_empty() {
        return Err(invalid("alarmNames cannot be empty when deployment alarms are enabled."));
    }
    if names.iter().any(|name| name.is_empty() || name.len() > 255) {
        return Err(invalid("The name of an alarm has from 1 to 255 characters."));
    }
    Ok(alarms)
}
