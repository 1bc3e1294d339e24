//! `serviceRegistries`: the services of AWS Cloud Map that the tasks of a service are registered with.

use super::{events, invalid};
use crate::{
    State, Tx,
    ecs::tasks::{Health, health},
    servicediscovery::registry::{self, Found, has_record},
    state::{Deployed, DiscoveryService, Service, Task, TaskDefinition},
};
use aws::{
    api::{
        ecs::{ContainerDefinition, ServiceRegistry},
        servicediscovery::RecordType,
    },
    fault::Fault,
};
use spec::{Desired, TaskId};

/// At most this many registries, and this many tasks of a service that has one ("Service discovery considerations", Amazon ECS Developer
/// Guide).
const MOST: usize = 1;
const TASKS: u32 = 1_000;

/// Checks registries against the task definition and the services of AWS Cloud Map there are.
///
/// # Errors
/// `InvalidParameterException` in the words of Amazon ECS, `ClientException` for a service that is not there.
pub(super) fn check(state: &State, definition: &TaskDefinition, all: &[ServiceRegistry]) -> Result<(), Fault> {
    if all.len() > MOST {
        return Err(invalid(format!("serviceRegistries can have at most {MOST} items.")));
    }
    all.iter().try_for_each(|one| check_one(state, definition, one))
}

/// The number of tasks that a service may have whose tasks become instances in AWS Cloud Map.
///
/// # Errors
/// `InvalidParameterException` for more.
pub(super) fn check_count(count: u32, what: &Deployed) -> Result<(), Fault> {
    let connected = what.connect.as_ref().is_some_and(|connect| !connect.services.is_empty());
    let why = match (what.registries.is_empty(), connected) {
        (false, _) => "serviceRegistries",
        (true, true) => "serviceConnectConfiguration.services",
        (true, false) => return Ok(()),
    };
    match count > TASKS {
        true => Err(invalid(format!("desiredCount must be at most {TASKS} for a service with {why}."))),
        false => Ok(()),
    }
}

fn check_one(state: &State, definition: &TaskDefinition, of: &ServiceRegistry) -> Result<(), Fault> {
    let ServiceRegistry { registry_arn, port, container_name, container_port } = of;
    let arn = registry_arn.as_deref().unwrap_or_default();
    let service = match registry::find(state, arn) {
        Found::Service(service) => service,
        Found::Missing => {
            let message = "The service registry could not be validated. Route 53 error: \"ServiceNotFound.\"";
            return Err(Fault::new("ClientException", message));
        }
        Found::Malformed => {
            return Err(invalid(format!("The format of the supplied service registry ARN is invalid: {arn}.")));
        }
    };
    let container = container_name.as_deref().filter(|name| !name.is_empty());
    check_ports(service, arn, *port, container, *container_port)?;
    match (container, *container_port) {
        (Some(name), Some(port)) => check_container(definition, name, port),
        _ => Ok(()),
    }
}

/// A port is told where there are SRV records, or none at all; and in one way.
fn check_ports(
    service: &DiscoveryService,
    arn: &str,
    port: Option<i32>,
    container: Option<&str>,
    container_port: Option<i32>,
) -> Result<(), Fault> {
    if has_record(service, RecordType::Cname) {
        return Err(invalid(format!("A service registry with a CNAME record can't be used. Registry: {arn}")));
    }
    if service.dns.is_some() && !has_record(service, RecordType::Srv) {
        let given = [
            ("port", port.is_some()),
            ("containerPort", container_port.is_some()),
            ("containerName", container.is_some()),
        ];
        return match given.iter().find(|(_, given)| *given) {
            Some((what, _)) => Err(invalid(format!(
                "The values specified for serviceRegistries do not require a value for '{what}'. Remove the value and retry. Registry: {arn}"
            ))),
            None => Ok(()),
        };
    }
    match (port, container, container_port) {
        (Some(_), None, None) | (None, Some(_), Some(_)) => {}
        (None, None, None) if service.dns.is_none() => {}
        (Some(_), _, _) => {
            return Err(invalid(
                "Specify a value for either 'port' or the 'containerName' and 'containerPort' combination, but not both. Remove one and retry.",
            ));
        }
        (None, _, _) => {
            return Err(invalid(format!(
                "Specify a value for either 'port' or the 'containerName' and 'containerPort' combination. Registry: {arn}"
            )));
        }
    }
    match port.or(container_port) {
        Some(port) if !(1..=65_535).contains(&port) => Err(invalid("port must be between 1 and 65535.")),
        _ => Ok(()),
    }
}

fn check_container(definition: &TaskDefinition, name: &str, port: i32) -> Result<(), Fault> {
    let named = |container: &&ContainerDefinition| container.name.as_deref() == Some(name);
    let Some(container) = definition.containers().iter().find(named) else {
        return Err(invalid(format!("The container {name} does not exist in the task definition.")));
    };
    match container.port_mappings.iter().flatten().any(|mapping| mapping.container_port == Some(port)) {
        true => Ok(()),
        false => Err(invalid(format!("The container {name} did not have a container port {port} defined."))),
    }
}

/// Registers a task whose containers have started. What can't be registered is said, and goes on without.
pub(super) fn register(tx: &mut Tx<'_>, service: &Service, task: &Task) {
    if task.launch.registries.is_empty() {
        return;
    }
    let healthy = matches!(health(task), Health::Unchecked | Health::Healthy);
    for registry in &task.launch.registries {
        if let Err(fault) = registry::register(tx, task, registry, healthy) {
            let arn = &registry.arn;
            let what = format!("was unable to register tasks in (service-registry {arn}). Reason: {}", fault.message);
            events::warn(tx, service, &what);
        }
    }
    tx.state.tasks.update(&task.id, |task| task.standing.told_healthy = Some(healthy));
}

/// Takes a task that is to stop out of its registries.
pub(super) fn deregister(tx: &mut Tx<'_>, task: &Task) {
    if task.launch.registries.is_empty() {
        return;
    }
    task.launch.registries.iter().for_each(|registry| registry::deregister(tx, task, registry));
    let revision = tx.state.revision + 1;
    tx.state.tasks.update(&task.id, |task| task.standing.unnamed = Some(revision));
}

/// Tells registries of tasks that have become healthy or unhealthy since.
pub(super) fn tell_health(tx: &mut Tx<'_>, ids: &[TaskId]) {
    let news = |task: &Task| {
        let told =
            task.standing.told_healthy.filter(|_| task.standing.registered && task.desired == Desired::Running)?;
        let is = match health(task) {
            Health::Healthy => true,
            Health::Unhealthy => false,
            Health::Unchecked | Health::Unknown => told,
        };
        (is != told).then_some(is)
    };
    let changed =
        ids.iter().filter_map(|id| tx.state.tasks.get(id)).filter_map(|task| Some((news(task)?, task.clone())));
    let changed: Vec<(bool, Task)> = changed.collect();
    for (healthy, task) in changed {
        task.launch.registries.iter().for_each(|registry| registry::set_health(tx, &task, registry, healthy));
        tx.state.tasks.update(&task.id, |task| task.standing.told_healthy = Some(healthy));
    }
}
