//! Services: what keeps so many tasks of a task definition running, and replaces them by others.
//!
//! Operations write down what is wanted; [`controller`] brings it about. Absent on purpose: the `DAEMON` scheduling strategy, which only
//! instances have, and deployments other than rolling ones.

mod alarms;
mod check;
pub(crate) mod connect;
mod controller;
mod create;
mod decide;
mod delete;
mod deployments;
mod describe;
mod events;
mod history;
mod load_balancers;
mod protection;
mod registries;
mod scale;
mod standing;
mod start;
mod stop;
#[cfg(test)]
pub(crate) mod tests;
mod update;
mod wire;

pub use connect::targets as connect_targets;
pub(crate) use controller::{expire, run};
pub(crate) use scale::{has_all, scale};
pub(crate) use standing::unused;

use super::arn;
use crate::{
    Service as Routes, State,
    state::{Service, ServiceStatus},
};
use aws::{api::ecs::op, fault::Fault};

/// Adds the operations on services.
pub(super) fn operations(routes: Routes) -> Routes {
    routes
        .write(op::CreateService, create::create)
        .write(op::DeleteService, delete::delete)
        .read(op::DescribeServiceDeployments, history::describe_deployments)
        .read(op::DescribeServiceRevisions, history::describe_revisions)
        .read(op::DescribeServices, describe::describe)
        .read(op::GetTaskProtection, protection::get)
        .read(op::ListServiceDeployments, history::list)
        .read(op::ListServices, describe::list)
        .read(op::ListServicesByNamespace, describe::list_by_namespace)
        .write(op::StopServiceDeployment, stop::stop)
        .write(op::UpdateService, update::update)
        .write(op::UpdateTaskProtection, protection::update)
}

/// The service of that name or ARN in a cluster, whatever its status.
///
/// # Errors
/// `ServiceNotFoundException` when there is none; `InvalidParameterException` for an ARN of something else.
pub(crate) fn find<'a>(state: &'a State, cluster: &str, reference: &str) -> Result<&'a Service, Fault> {
    let name = name(state, cluster, reference)?;
    state.services.get(&Service::key_of(cluster, name)).ok_or_else(not_found)
}

/// The name in a service's name or ARN, whose cluster must be the given one.
fn name<'a>(state: &State, cluster: &str, reference: &'a str) -> Result<&'a str, Fault> {
    if !reference.starts_with("arn:") {
        return Ok(reference);
    }
    match arn::parse(&state.region, reference)? {
        arn::Resource { kind: "service", id } => match id.split_once('/') {
            Some((of, name)) if of == cluster => Ok(name),
            Some(_) => Err(not_found()),
            None => Ok(id),
        },
        _ => Err(arn::invalid(reference)),
    }
}

/// Whether a service starts tasks of that task definition, or may go back to it.
pub(crate) fn deploy(state: &State, definition: &str) -> bool {
    state.services.iter().any(|service| {
        let revisions =
            service.deployments.iter().map(|deployment| &deployment.revision).chain(&service.last_completed);
        let mut deployed = revisions.filter_map(|revision| wire::deployed(state, service, revision));
        service.status == ServiceStatus::Active && deployed.any(|what| what.task_definition == definition)
    })
}

fn not_found() -> Fault {
    Fault::new("ServiceNotFoundException", "Service not found.")
}

/// A request that means nothing.
fn invalid(message: impl Into<String>) -> Fault {
    Fault::new("InvalidParameterException", message)
}

/// A part of a request that AWS knows and neargate does not do.
fn unsupported(member: &str) -> Fault {
    Fault::new("UnsupportedFeatureException", format!("neargate does not support {member}."))
}
