//! What is reported of a task.

use super::{ContainerSeen, Image, Process, TaskSeen, container};
use crate::metadata::container_id;
use spec::{ContainerStatus, Phase, TaskFailure, TaskId, TaskSpec, TaskStatus};
use std::collections::BTreeMap;

/// Characters of a reason that are told, as many as the Amazon ECS container agent sends. Some of it may be an image's or a registry's own
/// words, and a report that becomes too long is not heard: that would end every task of this host with its lease.
const REASON: usize = 1024;

/// A task's status. Containers of a spec that were not touched are listed as pending.
pub fn status(id: &TaskId, spec: Option<&TaskSpec>, seen: &TaskSeen) -> TaskStatus {
    let names = spec.into_iter().flat_map(|s| s.containers.iter().map(|c| c.name.as_str()));
    let names = names.chain(seen.containers.keys().map(String::as_str));
    let containers: BTreeMap<_, _> =
        names.map(|name| (name.to_owned(), one(id, name, container(seen, name)))).collect();
    TaskStatus {
        pull_started_at: seen.pull_started_at,
        pull_stopped_at: seen.pull_stopped_at,
        execution_stopped_at: seen.stopping_at,
        failure: seen.failure.as_deref().map(|reason| TaskFailure { reason: told(reason) }),
        // While containers run nobody asks.
        shipping: seen.shipping && containers.values().all(|container| container.phase == Phase::Stopped),
        containers,
    }
}

fn one(id: &TaskId, name: &str, is: &ContainerSeen) -> ContainerStatus {
    let image_digest = match &is.image {
        Image::Ready { digest } => Some(digest.clone()),
        Image::Absent => None,
    };
    let common = ContainerStatus { image_digest, health: is.health, ..ContainerStatus::default() };
    match &is.process {
        Process::Absent => common,
        Process::Running { started_at } => ContainerStatus {
            phase: Phase::Running,
            runtime_id: Some(container_id(id, name)),
            started_at: Some(*started_at),
            ..common
        },
        Process::Ended(end) => ContainerStatus {
            phase: Phase::Stopped,
            runtime_id: end.started_at.map(|_| container_id(id, name)),
            exit_code: end.exit_code,
            reason: end.reason.as_deref().map(told),
            started_at: end.started_at,
            finished_at: end.finished_at,
            ..common
        },
    }
}

/// A reason as it is told: one line, and nothing that a terminal would take for more than text.
fn told(reason: &str) -> String {
    reason.chars().take(REASON).map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reconcile::End;

    #[test]
    fn what_an_image_says_of_itself_makes_no_report_too_long() {
        let reason = format!("CannotStartContainerError: Invalid signal: \u{1b}]0;x\u{7}{}", "\u{1}é".repeat(4 << 20));
        let mut seen = TaskSeen { failure: Some(reason.clone()), ..TaskSeen::default() };
        let end = End { reason: Some(reason), ..End::default() };
        seen.containers.entry("web".to_owned()).or_default().process = Process::Ended(end);
        let status = status(&"t".into(), None, &seen);
        let (failure, container) = (status.failure.unwrap().reason, status.containers["web"].reason.clone().unwrap());
        for told in [failure, container] {
            assert!(told.starts_with("CannotStartContainerError: Invalid signal:  ]0;x  é é"), "{told}");
            assert_eq!(told.chars().count(), REASON);
        }
    }
}
