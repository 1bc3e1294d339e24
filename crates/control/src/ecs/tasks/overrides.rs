//! `overrides`: what a call changes of its task definition.

use super::{invalid, unsupported};
use crate::{State, ecs::task_definitions, state::TaskDefinition};
use aws::{
    api::ecs::{ContainerDefinition, ContainerOverride, TaskOverride},
    fault::Fault,
};
use std::collections::BTreeSet;

/// Overrides as JSON have at most this many characters ("TaskOverride", Amazon ECS API Reference).
const LENGTH: usize = 8192;

/// A task's sizes after the overrides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sizes {
    /// CPU units.
    pub(super) cpu: u32,
    /// MiB.
    pub(super) memory: u32,
    /// GiB, where the definition or the override says so.
    pub(super) ephemeral_storage: Option<u32>,
}

/// Checks overrides against the task definition.
///
/// # Errors
/// In the words of Amazon ECS; by name for what neargate does not do.
pub(super) fn check(state: &State, definition: &TaskDefinition, overrides: &TaskOverride) -> Result<Sizes, Fault> {
    let length = serde_json::to_vec(overrides).map_or(0, |bytes| bytes.len());
    if length > LENGTH {
        return Err(invalid(format!("Container Overrides length must be at most {LENGTH}")));
    }
    for role in [&overrides.task_role_arn, &overrides.execution_role_arn].into_iter().flatten() {
        task_definitions::check_role(role)?;
    }
    if overrides.inference_accelerator_overrides.as_ref().is_some_and(|list| !list.is_empty()) {
        return Err(unsupported("overrides.inferenceAcceleratorOverrides"));
    }
    let sizes = sizes(definition, overrides)?;
    let mut containers = definition.containers().to_vec();
    for over in overrides.container_overrides.iter().flatten() {
        apply(&mut containers, over)?;
    }
    // What does not hold here is the call's parameter, not the task definition.
    let checked = task_definitions::check_overridden(state, &containers, sizes.cpu, sizes.memory);
    checked.map_err(|fault| invalid(fault.message))?;
    let mut names = BTreeSet::new();
    let named = overrides.container_overrides.iter().flatten().filter_map(|over| over.name.as_deref());
    for name in named {
        if !names.insert(name) {
            return Err(invalid(format!("Container {name} has more than one override.")));
        }
    }
    Ok(sizes)
}

/// The override of a container, if there is one.
pub(super) fn of<'a>(overrides: &'a TaskOverride, container: &str) -> Option<&'a ContainerOverride> {
    overrides.container_overrides.iter().flatten().find(|over| over.name.as_deref() == Some(container))
}

/// Changes one of the containers as its override says.
fn apply(containers: &mut [ContainerDefinition], over: &ContainerOverride) -> Result<(), Fault> {
    if *over == ContainerOverride::default() {
        return Ok(());
    }
    let name = over.name.as_deref().unwrap_or_default();
    let Some(of) = containers.iter_mut().find(|c| c.name.as_deref() == Some(name)) else {
        return Err(invalid(format!("Override for container named {name} is not a container in the TaskDefinition.")));
    };
    if over.environment_files.as_ref().is_some_and(|list| !list.is_empty()) {
        return Err(unsupported("overrides.containerOverrides.environmentFiles"));
    }
    if over.resource_requirements.as_ref().is_some_and(|list| !list.is_empty()) {
        return Err(unsupported("overrides.containerOverrides.resourceRequirements"));
    }
    of.command = over.command.clone().or(of.command.take());
    of.cpu = over.cpu.or(of.cpu);
    of.memory = over.memory.or(of.memory);
    of.memory_reservation = over.memory_reservation.or(of.memory_reservation);
    of.environment.get_or_insert_default().extend(over.environment.iter().flatten().cloned());
    Ok(())
}

fn sizes(definition: &TaskDefinition, overrides: &TaskOverride) -> Result<Sizes, Fault> {
    let cpu = overrides.cpu.as_deref().or(definition.definition.cpu.as_deref()).unwrap_or_default();
    let memory = overrides.memory.as_deref().or(definition.definition.memory.as_deref()).unwrap_or_default();
    let (cpu, memory) = task_definitions::fargate_size(cpu, memory)?;
    let storage = overrides.ephemeral_storage.as_ref().or(definition.definition.ephemeral_storage.as_ref());
    let storage = storage.and_then(|storage| storage.size_in_gi_b);
    let storage = match storage {
        Some(gib @ 21..=200) => u32::try_from(gib).ok(),
        Some(_) => return Err(invalid("The ephemeral storage size must be between 21 and 200 GiB.")),
        None => None,
    };
    Ok(Sizes { cpu, memory, ephemeral_storage: storage })
}
