//! What is reported of a task.

use super::{ContainerSeen, Image, Process, TaskSeen, container};
use crate::metadata::container_id;
use spec::{ContainerStatus, Phase, TaskFailure, TaskId, TaskSpec, TaskStatus};

/// A task's status. Containers of a spec that were not touched are listed as pending.
pub fn status(id: &TaskId, spec: Option<&TaskSpec>, seen: &TaskSeen) -> TaskStatus {
    let names = spec.into_iter().flat_map(|s| s.containers.iter().map(|c| c.name.as_str()));
    let names = names.chain(seen.containers.keys().map(String::as_str));
    TaskStatus {
        pull_started_at: seen.pull_started_at,
        pull_stopped_at: seen.pull_stopped_at,
        execution_stopped_at: seen.stopping_at,
        failure: seen.failure.clone().map(|reason| TaskFailure { reason }),
        containers: names.map(|name| (name.to_owned(), one(id, name, container(seen, name)))).collect(),
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
            reason: end.reason.clone(),
            started_at: end.started_at,
            finished_at: end.finished_at,
            ..common
        },
    }
}
