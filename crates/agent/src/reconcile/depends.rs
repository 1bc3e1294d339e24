//! `dependsOn`: whether a container may start yet ("ContainerDependency", Amazon ECS API Reference).

use super::{TaskSeen, container};
use spec::{Condition, ContainerSpec, Dependency, Health, Millis, TaskSpec};

/// On Fargate a dependency that is not met after three minutes never will be, unless `startTimeout` says otherwise
/// ("Container timeouts", Amazon ECS Developer Guide).
const START_TIMEOUT_SECONDS: u32 = 180;

/// Whether a container may start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Readiness {
    /// Every dependency is met.
    Ready,
    /// Some are not met yet; the first of them is given up at `until`.
    Waiting { until: Option<Millis> },
    /// One can't be met any more.
    Never(String),
}

/// Looks at all dependencies of a container.
pub(super) fn readiness(spec: &TaskSpec, seen: &TaskSeen, wanted: &ContainerSpec, now: Millis) -> Readiness {
    let mut waiting: Option<Option<Millis>> = None;
    for dependency in &wanted.depends_on {
        match one(spec, seen, dependency, now) {
            Readiness::Ready => {}
            Readiness::Waiting { until } => waiting = Some(waiting.flatten().into_iter().chain(until).min()),
            Readiness::Never(why) => return Readiness::Never(why),
        }
    }
    waiting.map_or(Readiness::Ready, |until| Readiness::Waiting { until })
}

fn one(spec: &TaskSpec, seen: &TaskSeen, dependency: &Dependency, now: Millis) -> Readiness {
    let name = &dependency.container;
    let Some(on) = spec.containers.iter().find(|c| c.name == *name) else {
        return Readiness::Never(format!("TaskDependencyError: container {name} is not part of the task"));
    };
    let is = container(seen, name);
    let met = match dependency.condition {
        Condition::Start => is.started(),
        Condition::Complete => is.end().is_some_and(|end| end.started_at.is_some()),
        Condition::Success => is.end().is_some_and(|end| end.exit_code == Some(0)),
        Condition::Healthy => is.running().is_some() && is.health == Health::Healthy,
    };
    if met {
        return Readiness::Ready;
    }
    if is.end().is_some() {
        return Readiness::Never(unmet(name, dependency.condition, "it has stopped"));
    }
    // A container's startTimeout is how long the others wait for it, from when it started.
    let timeout = Millis::from(on.start_timeout.unwrap_or(START_TIMEOUT_SECONDS)) * 1000;
    match is.running().map(|started| started + timeout) {
        Some(until) if now >= until => {
            Readiness::Never(unmet(name, dependency.condition, "its start timeout has passed"))
        }
        until => Readiness::Waiting { until },
    }
}

fn unmet(name: &str, condition: Condition, why: &str) -> String {
    let condition = match condition {
        Condition::Start => "START",
        Condition::Complete => "COMPLETE",
        Condition::Success => "SUCCESS",
        Condition::Healthy => "HEALTHY",
    };
    format!("TaskDependencyError: container {name} did not reach condition {condition}: {why}")
}
