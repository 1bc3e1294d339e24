//! Tasks: started, described, listed and stopped.
//!
//! What a call asks for is written down here; what then becomes of a task is the controllers' and its host's doing.
//! Absent on purpose: `StartTask` and everything else that names a container instance, for Fargate has none.

mod capacity;
mod container;
mod describe;
mod former;
mod interrupt;
mod launch;
mod list;
mod network;
mod overrides;
mod run;
mod serve;
mod stop;
mod tags;
mod token;
mod wire;

#[cfg(test)]
pub(crate) mod tests;

pub(crate) use capacity::{Capacity, check as check_capacity};
pub use former::former_interface;
pub use interrupt::interrupt;
pub(crate) use launch::{Plan, definition};
pub(crate) use serve::plan as plan_for_service;
pub(crate) use wire::{Health, health};

use super::arn;
use crate::{Service, State, Tx, state::Task};
use aws::{
    api::ecs::{TaskStopCode, op},
    fault::Fault,
};

/// Adds the operations on tasks.
pub(super) fn operations(service: Service) -> Service {
    service
        .write(op::RunTask, run::run)
        .write(op::StopTask, stop::stop)
        .read(op::DescribeTasks, describe::describe)
        .read(op::ListTasks, list::list)
}

/// Decides that a task is to stop, and why. One that is to stop already keeps its first reason.
pub(crate) fn retire(tx: &mut Tx<'_>, id: &str, code: TaskStopCode, reason: &str) {
    let revision = tx.state.revision + 1;
    tx.state.tasks.update(id, |task| {
        if task.stopping.is_none() {
            task.desired = spec::Desired::Stopped;
            task.stopping = Some(revision);
            task.stop = Some(crate::state::Stop { code, reason: reason.to_owned() });
            task.version += 1;
        }
    });
}

/// A task by its id, whether it lives or has stopped.
fn find<'a>(state: &'a State, id: &str) -> Option<&'a Task> {
    state.tasks.get(id).or_else(|| state.stopped_tasks.get(id).map(|stopped| &stopped.0))
}

/// The id in a task's id or ARN, which must be of the given cluster.
pub(crate) fn id<'a>(state: &State, cluster: &str, reference: &'a str) -> Result<&'a str, Fault> {
    let id = if reference.starts_with("arn:") {
        match arn::parse(&state.region, reference)? {
            arn::Resource { kind: "task", id } => match id.split_once('/') {
                Some((of, id)) if of == cluster => id,
                Some(_) => return Err(invalid("The identifier for the task does not belong to the cluster.")),
                None => id,
            },
            _ => return Err(invalid(format!("Invalid identifier: {reference}"))),
        }
    } else {
        reference
    };
    match id.len() {
        32 | 36 => Ok(id),
        _ => Err(invalid("taskId length should be one of [32,36]")),
    }
}

/// A request that means nothing.
fn invalid(message: impl Into<String>) -> Fault {
    Fault::new("InvalidParameterException", message)
}

/// A part of a request that AWS knows and neargate does not do.
fn unsupported(member: &str) -> Fault {
    Fault::new("UnsupportedFeatureException", format!("neargate does not support {member}."))
}
