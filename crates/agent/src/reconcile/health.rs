//! Container health checks: when to run them and what their results mean ("HealthCheck", Amazon ECS API Reference).

use super::{Action, ContainerSeen, Step};
use spec::{ContainerSpec, Health, HealthCheck, Millis};

/// Asks for a running container's check when it is due.
pub(super) fn step(wanted: &ContainerSpec, is: &ContainerSeen, started_at: Millis, now: Millis, step: &mut Step) {
    let Some(check) = &wanted.health_check else { return };
    if is.checking {
        return;
    }
    let due = is.next_check.unwrap_or(started_at + seconds(check.interval));
    if now >= due {
        step.act(Action::Check(wanted.name.clone()));
    } else {
        step.wake_at(due);
    }
}

/// Takes in a check's result. A pass makes the container healthy at once; failures count only after the start period, and
/// `retries` of them in a row make it unhealthy.
pub fn checked(is: &mut ContainerSeen, check: &HealthCheck, passed: bool, now: Millis) {
    is.checking = false;
    is.next_check = Some(now + seconds(check.interval));
    let Some(started_at) = is.running() else { return };
    if passed {
        (is.health, is.failed_checks) = (Health::Healthy, 0);
    } else if now >= started_at + seconds(check.start_period) || is.health == Health::Healthy {
        is.failed_checks += 1;
        if is.failed_checks >= check.retries {
            is.health = Health::Unhealthy;
        }
    }
}

fn seconds(count: u32) -> Millis {
    Millis::from(count) * 1000
}
