//! Task definitions: families of numbered revisions that never change but for their status and tags.
//!
//! Absent on purpose: running them (`ecs::tasks`), and definitions of daemons.

mod attributes;
mod check;
mod delete;
mod describe;
mod list;
mod register;
mod size;
#[cfg(test)]
mod tests;

pub(crate) use delete::{delete, deregister, forget_deleted};
pub(crate) use describe::describe;
pub(crate) use list::{families, list};
pub(crate) use register::{check_role, register};
pub(crate) use size::fargate_size;

use super::arn;
use crate::{State, state::TaskDefinition};
use aws::{
    api::ecs::{ContainerDefinition, LogConfiguration, NetworkMode, TaskDefinitionStatus},
    fault::Fault,
};

/// The task definition that a reference means, if there is one: a family (its latest active revision), `family:revision`, or
/// the ARN of either. A revision that is named is found whatever its status.
///
/// # Errors
/// `ClientException` for a revision that is no number; `InvalidParameterException` for an ARN of something else or from elsewhere.
pub(crate) fn lookup<'a>(state: &'a State, reference: &str) -> Result<Option<&'a TaskDefinition>, Fault> {
    let (family, revision) = parse(state, reference)?;
    let get = |revision| state.task_definitions.get(&TaskDefinition::key_of(family, revision));
    if let Some(revision) = revision {
        return Ok(get(revision));
    }
    let last = state.task_definition_families.get(family).map_or(0, |family| family.last_revision);
    let active = |found: &&TaskDefinition| found.status() == TaskDefinitionStatus::Active;
    Ok((1..=last).rev().filter_map(get).find(active))
}

/// The family in a reference, and the revision if it names one.
fn parse<'a>(state: &State, reference: &'a str) -> Result<(&'a str, Option<i32>), Fault> {
    let name = if reference.starts_with("arn:") {
        match arn::parse(&state.region, reference)? {
            arn::Resource { kind: "task-definition", id } => id,
            _ => return Err(arn::invalid(reference)),
        }
    } else {
        reference
    };
    let Some((family, number)) = name.split_once(':') else { return Ok((name, None)) };
    let revision = number.parse().ok().filter(|revision| *revision > 0);
    match revision {
        Some(revision) => Ok((family, Some(revision))),
        None => Err(client(format!("Invalid revision number. Number: {number}"))),
    }
}

/// Checks containers as a task's overrides leave them, against that task's CPU units and MiB of memory.
///
/// # Errors
/// `ClientException`, as `RegisterTaskDefinition` would refuse them.
pub(crate) fn check_overridden(
    state: &State,
    containers: &[ContainerDefinition],
    cpu: u32,
    memory: u32,
) -> Result<(), Fault> {
    let task = check::Task {
        region: &state.region.name,
        account: &state.region.account,
        mode: NetworkMode::Awsvpc,
        cpu: cpu.try_into().ok(),
        memory: memory.try_into().ok(),
    };
    check::overridden(containers, &task)
}

/// Checks where a proxy's output goes, as that of a container on Fargate, of whose task definition is said whether it has an execution role.
///
/// # Errors
/// `ClientException`, as `RegisterTaskDefinition` would refuse it.
pub(crate) fn check_log(state: &State, log: &LogConfiguration, role: bool) -> Result<(), Fault> {
    check::check_log(log, &state.region.name)?;
    check::fargate_logs(log, role)
}

/// A refusal of what was asked, in Amazon ECS's words.
fn client(message: impl Into<String>) -> Fault {
    Fault::new("ClientException", message)
}

/// The refusal of something Amazon ECS does and neargate does not: by name, instead of storing and ignoring it.
fn unsupported(what: &str) -> Fault {
    client(format!("neargate does not support {what} yet."))
}
