//! Ephemeral storage: how much a task has written is looked at now and then, and a task past its limit is stopped.

use super::{Action, Step, TaskSeen};
use spec::{Millis, TaskSpec};

/// How often it is looked at. What a task can write in between is bounded by its disk, not by its limit.
const INTERVAL: Millis = 10_000;

/// Asks for a measurement when it is due.
pub(super) fn step(seen: &TaskSeen, now: Millis, step: &mut Step) {
    if seen.measuring || !seen.containers.values().any(|c| c.running().is_some()) {
        return;
    }
    match seen.measured_at.map(|at| at + INTERVAL) {
        Some(due) if now < due => step.wake_at(due),
        _ => step.act(Action::Measure),
    }
}

/// Takes in a measurement in bytes.
pub fn measured(spec: &TaskSpec, seen: &mut TaskSeen, bytes: u64, now: Millis) {
    (seen.measuring, seen.measured_at) = (false, Some(now));
    if bytes > spec.ephemeral_storage {
        let limit = spec.ephemeral_storage >> 30;
        seen.failure = Some(format!("Task ephemeral storage of {limit} GiB exceeded: {bytes} bytes are in use"));
    }
}
