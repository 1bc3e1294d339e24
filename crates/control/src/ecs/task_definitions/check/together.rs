//! What the containers of a task must be to one another.

use super::{Task, client, refuse_if};
use aws::{
    api::ecs::{
        ContainerCondition, ContainerDefinition, ContainerDependency, MountPoint, NetworkMode, TransportProtocol,
        Volume, VolumeFrom,
    },
    fault::Fault,
};
use std::collections::BTreeMap;

/// Containers in a task definition ("Amazon ECS service quotas", Amazon ECS Developer Guide).
const MOST: usize = 10;

/// Checks containers that are right on their own, and the volumes they share.
///
/// # Errors
/// `ClientException` in AWS's words.
pub(crate) fn together(containers: &[ContainerDefinition], volumes: &[Volume], task: &Task<'_>) -> Result<(), Fault> {
    refuse_if(containers.is_empty(), || "Container list cannot be empty.".to_owned())?;
    refuse_if(containers.len() > MOST, || format!("A task definition can have at most {MOST} containers."))?;
    let named: Named<'_> = containers.iter().map(|container| (name(container), container)).collect();
    refuse_if(named.len() < containers.len(), || "Container names must be unique within a task definition".to_owned())?;
    let essential = containers.iter().any(|container| container.essential != Some(false));
    refuse_if(!essential, || "Task definition doesn't have any essential container.".to_owned())?;
    sums(containers, task)?;
    ports(containers, task.mode)?;
    for container in containers {
        mounts(container, volumes, &named)?;
        container.depends_on.iter().flatten().try_for_each(|dependency| depends(dependency, &named))?;
    }
    acyclic(&named)
}

/// Containers by their names.
type Named<'a> = BTreeMap<&'a str, &'a ContainerDefinition>;

fn name(container: &ContainerDefinition) -> &str {
    container.name.as_deref().unwrap_or_default()
}

/// Checks that containers together ask for no more than their task has.
///
/// # Errors
/// `ClientException` in AWS's words.
pub(super) fn sums(containers: &[ContainerDefinition], task: &Task<'_>) -> Result<(), Fault> {
    let over = |value: fn(&ContainerDefinition) -> Option<i32>, limit: Option<i32>| {
        let sum: i64 = containers.iter().filter_map(value).map(i64::from).sum();
        limit.is_some_and(|limit| sum > limit.into())
    };
    refuse_if(over(|c| c.cpu, task.cpu), || {
        "The sum of all container 'cpu' values cannot be greater than the value of the task 'cpu'.".to_owned()
    })?;
    refuse_if(over(|c| c.memory_reservation, task.memory), || {
        "The sum of all container 'memoryReservation' values cannot be greater than the value of the task 'memory'."
            .to_owned()
    })
}

/// Containers of a task share its addresses, so a port is one container's alone.
fn ports(containers: &[ContainerDefinition], mode: NetworkMode) -> Result<(), Fault> {
    let (mut taken, mut names) = (Vec::new(), Vec::new());
    for mapping in containers.iter().filter_map(|container| container.port_mappings.as_ref()).flatten() {
        let protocol = mapping.protocol.unwrap_or(TransportProtocol::Tcp);
        let port = mapping.host_port.unwrap_or_default();
        refuse_if(port != 0 && taken.contains(&(port, protocol)), || {
            let protocol = protocol.as_str().to_ascii_uppercase();
            format!("{protocol} host port '{port}' is mapped multiple times in task.")
        })?;
        taken.push((port, protocol));
        let Some(name) = &mapping.name else { continue };
        refuse_if(names.contains(&name), || format!("When networkMode={mode}, port mapping name is already used"))?;
        names.push(name);
    }
    Ok(())
}

fn mounts(container: &ContainerDefinition, volumes: &[Volume], named: &Named<'_>) -> Result<(), Fault> {
    for MountPoint { source_volume, container_path: _, read_only: _ } in container.mount_points.iter().flatten() {
        let there = volumes.iter().any(|volume| source_volume.is_some() && volume.name == *source_volume);
        refuse_if(!there, || format!("Unknown volume '{}'.", source_volume.as_deref().unwrap_or("null")))?;
    }
    for VolumeFrom { source_container, read_only: _ } in container.volumes_from.iter().flatten() {
        let source = source_container.as_deref().unwrap_or("null");
        refuse_if(!named.contains_key(source), || {
            format!("Invalid 'volumesFrom' setting. Unknown container: '{source}'.")
        })?;
    }
    Ok(())
}

fn depends(dependency: &ContainerDependency, named: &Named<'_>) -> Result<(), Fault> {
    let ContainerDependency { container_name, condition } = dependency;
    let on = container_name.as_deref().unwrap_or("null");
    let Some(other) = named.get(on) else {
        return Err(client(format!("Cannot depend on container + '{on}' because it does not exist")));
    };
    match condition {
        Some(ContainerCondition::Complete | ContainerCondition::Success) => {
            refuse_if(other.essential != Some(false), || {
                "A dependency container with SUCCESS or COMPLETE condition cannot be an essential container".to_owned()
            })
        }
        Some(ContainerCondition::Healthy) => refuse_if(other.health_check.is_none(), || {
            "A dependency container with HEALTHY condition must have health check configured".to_owned()
        }),
        Some(ContainerCondition::Start) | None => Ok(()),
    }
}

/// Whether the containers can be started in some order: one whose volumes another takes over starts before it, too.
fn acyclic(named: &Named<'_>) -> Result<(), Fault> {
    let mut waiting: Vec<&str> = named.keys().copied().collect();
    loop {
        let ready = |name: &&str| !needs(named, name).any(|needed| waiting.contains(&needed));
        let Some(next) = waiting.iter().copied().find(ready) else { break };
        waiting.retain(|name| *name != next);
    }
    refuse_if(!waiting.is_empty(), || format!("Container dependencies should not have a cycle: {}", waiting.join(", ")))
}

/// The containers that must have started before this one.
fn needs<'a>(named: &Named<'a>, container: &str) -> impl Iterator<Item = &'a str> {
    let container = named.get(container).copied();
    let depends = container.and_then(|c| c.depends_on.as_ref()).into_iter().flatten();
    let volumes = container.and_then(|c| c.volumes_from.as_ref()).into_iter().flatten();
    depends
        .filter_map(|dependency| dependency.container_name.as_deref())
        .chain(volumes.filter_map(|from| from.source_container.as_deref()))
}
