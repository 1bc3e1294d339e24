//! `overrides`: what a call changes of its task definition.

use super::{invalid, unsupported};
use crate::{ecs::task_definitions, state::TaskDefinition};
use aws::{
    api::ecs::{ContainerOverride, TaskOverride},
    fault::Fault,
};

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
pub(super) fn check(definition: &TaskDefinition, overrides: &TaskOverride) -> Result<Sizes, Fault> {
    if overrides.inference_accelerator_overrides.as_ref().is_some_and(|list| !list.is_empty()) {
        return Err(unsupported("overrides.inferenceAcceleratorOverrides"));
    }
    for over in overrides.container_overrides.iter().flatten() {
        container(definition, over)?;
    }
    sizes(definition, overrides)
}

/// The override of a container, if there is one.
pub(super) fn of<'a>(overrides: &'a TaskOverride, container: &str) -> Option<&'a ContainerOverride> {
    overrides.container_overrides.iter().flatten().find(|over| over.name.as_deref() == Some(container))
}

fn container(definition: &TaskDefinition, over: &ContainerOverride) -> Result<(), Fault> {
    if *over == ContainerOverride::default() {
        return Ok(());
    }
    let name = over.name.as_deref().unwrap_or_default();
    let Some(of) = definition.containers().iter().find(|c| c.name.as_deref() == Some(name)) else {
        return Err(invalid(format!("Override for container named {name} is not a container in the TaskDefinition.")));
    };
    if over.environment_files.as_ref().is_some_and(|list| !list.is_empty()) {
        return Err(unsupported("overrides.containerOverrides.environmentFiles"));
    }
    if over.resource_requirements.as_ref().is_some_and(|list| !list.is_empty()) {
        return Err(unsupported("overrides.containerOverrides.resourceRequirements"));
    }
    if [over.cpu, over.memory, over.memory_reservation].into_iter().flatten().any(|value| value < 0) {
        return Err(invalid(format!("Overrides of cpu and memory for container {name} can't be negative.")));
    }
    let (memory, reservation) = (over.memory.or(of.memory), over.memory_reservation.or(of.memory_reservation));
    if let (Some(memory), Some(reservation)) = (memory, reservation)
        && memory < reservation
    {
        return Err(invalid(format!(
            "Invalid setting for container '{name}'. The memory value must be greater than memoryReservation."
        )));
    }
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
