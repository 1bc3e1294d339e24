//! What makes a task definition right: each container on its own, the containers together, and what Fargate demands on top.

mod container;
mod fargate;
mod health;
mod kernel;
mod logs;
mod ports;
mod secrets;
mod together;
mod unsupported;
mod volumes;

pub(super) use container::complete;
pub(super) use fargate::{fits, is_ecr, logs as fargate_logs};
pub(super) use logs::check as check_log;
pub(super) use secrets::need_role;
pub(super) use together::together;
pub(super) use unsupported::{refuse_in_container, refuse_in_task};
pub(super) use volumes::complete as complete_volumes;

use super::{client, unsupported as not_supported};
use aws::{
    api::ecs::{ContainerDefinition, NetworkMode},
    fault::Fault,
};

/// Checks containers as a task's overrides leave them: what overrides can change must be as right as in a task definition.
///
/// # Errors
/// `ClientException` in AWS's words.
pub(super) fn overridden(containers: &[ContainerDefinition], task: &Task<'_>) -> Result<(), Fault> {
    let one = |of: &ContainerDefinition| container::overridable(of, of.name.as_deref().unwrap_or_default(), task);
    containers.iter().try_for_each(one)?;
    together::sums(containers, task)
}

/// What a container's rules depend on beside the container.
pub(super) struct Task<'a> {
    /// The name of the region.
    pub(super) region: &'a str,
    /// The account's id.
    pub(super) account: &'a str,
    /// The task's network mode; `bridge` where none was given, as on Linux instances.
    pub(super) mode: NetworkMode,
    /// The task's CPU units.
    pub(super) cpu: Option<i32>,
    /// The task's memory in MiB.
    pub(super) memory: Option<i32>,
}

/// Refuses when something is so.
fn refuse_if(so: bool, message: impl FnOnce() -> String) -> Result<(), Fault> {
    if so { Err(client(message())) } else { Ok(()) }
}

/// Whether a list has something in it: an empty one means the same as none.
fn some<T>(list: &Option<Vec<T>>) -> bool {
    list.as_ref().is_some_and(|list| !list.is_empty())
}
