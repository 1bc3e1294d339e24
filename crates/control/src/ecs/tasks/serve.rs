//! What the tasks of a service are started with.

use super::{
    invalid,
    launch::{Order, Plan, check},
    tags,
};
use crate::{
    State,
    ecs::{services::connect, task_definitions},
    state::{Cluster, Deployed, Service, TaskRegistry, TaskTarget, deployment_id},
};
use aws::{
    api::ecs::{LoadBalancer, ServiceRegistry, TaskOverride},
    fault::Fault,
};

/// Checks against the state what a revision of a service is made of. It is done again whenever tasks are started: a subnet or a role
/// may have been deleted since. A task definition that has become inactive goes on being used.
///
/// # Errors
/// In the words of Amazon ECS.
pub(crate) fn plan(
    state: &State,
    cluster: &Cluster,
    service: &Service,
    revision: &str,
    what: &Deployed,
) -> Result<Plan, Fault> {
    let missing = || Fault::new("ClientException", "TaskDefinition not found.");
    let definition = task_definitions::lookup(state, &what.task_definition)?.ok_or_else(missing)?;
    let connected = connect::connected(state, service, revision, definition);
    let mut registries: Vec<TaskRegistry> = what.registries.iter().map(registry).collect::<Result<_, _>>()?;
    registries.extend(connected.iter().flat_map(|connected| connected.registries.iter().cloned()));
    let order = Order {
        overrides: TaskOverride::default(),
        network: Some(&what.network),
        platform: Some(&what.platform_version),
        group: service.group(),
        started_by: Some(deployment_id(revision)),
        client_token: None,
        tags: tags::of_service(service, definition),
        targets: what.load_balancers.iter().map(target).collect::<Result<_, _>>()?,
        registries,
        connected,
        definition: definition.clone(),
    };
    check(state, cluster, order)
}

fn target(of: &LoadBalancer) -> Result<TaskTarget, Fault> {
    let arn = of.target_group_arn.clone().unwrap_or_default();
    let port = of.container_port.and_then(|port| port.try_into().ok()).unwrap_or_default();
    match arn.rsplit_once('/') {
        Some((_, id)) => Ok(TaskTarget { group: id.into(), arn, port }),
        None => Err(invalid(format!("{arn} is not the ARN of a target group."))),
    }
}

fn registry(of: &ServiceRegistry) -> Result<TaskRegistry, Fault> {
    let arn = of.registry_arn.clone().unwrap_or_default();
    let port = of.port.or(of.container_port).and_then(|port| port.try_into().ok());
    match arn.rsplit_once('/') {
        Some((_, id)) => Ok(TaskRegistry { service: id.to_owned(), arn, port }),
        None => Err(invalid(format!("{arn} is not the ARN of a service of AWS Cloud Map."))),
    }
}
