//! Stopping a task: dependants first, politely, and by force when a container's time is up.

use super::{Action, ContainerSeen, Process, Step, TaskSeen, container};
use spec::{ContainerSpec, Millis, TaskSpec};

/// Asks every container to stop that no running container depends on, and kills those that had their time
/// ("Container dependencies are reversed at shutdown", Amazon ECS Developer Guide).
pub(super) fn step(spec: &TaskSpec, seen: &TaskSeen, now: Millis, step: &mut Step) {
    for wanted in &spec.containers {
        let is = container(seen, &wanted.name);
        match is.process {
            // What is being started is looked at again when that has ended. A pull is not waited for.
            Process::Absent if is.starting => {}
            Process::Absent => step.act(Action::GiveUp(wanted.name.clone(), None)),
            Process::Running { .. } if !needed(spec, seen, &wanted.name) => end(wanted, is, now, step),
            Process::Running { .. } | Process::Ended(_) => {}
        }
    }
}

/// Whether a container that depends on this one still runs.
fn needed(spec: &TaskSpec, seen: &TaskSeen, name: &str) -> bool {
    let depends = |c: &&ContainerSpec| c.depends_on.iter().any(|d| d.container == name);
    spec.containers.iter().filter(depends).any(|c| container(seen, &c.name).running().is_some())
}

fn end(wanted: &ContainerSpec, is: &ContainerSeen, now: Millis, step: &mut Step) {
    let Some(sent) = is.stop_sent_at else {
        step.act(Action::Stop(wanted.name.clone()));
        return;
    };
    let until = sent + Millis::from(wanted.stop_timeout) * 1000;
    if is.killed {
    } else if now >= until {
        step.act(Action::Kill(wanted.name.clone()));
    } else {
        step.wake_at(until);
    }
}
