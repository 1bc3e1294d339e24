//! `serviceConnectConfiguration`: what the tasks of a service offer others of its namespace by name, and what of that they can connect to
//! ("Use Service Connect to connect Amazon ECS services with short names", Amazon ECS Developer Guide).
//!
//! What is offered and used is fixed when a deployment begins ([`join`]), and goes with its tasks; who is behind an endpoint is told
//! anew all the time ([`endpoints`]). Absent: TLS, access logs, test traffic.

mod check;
mod endpoints;
mod join;

pub(super) use check::check;
pub(crate) use endpoints::endpoints;
pub use endpoints::targets;
pub(super) use join::{join, leave, leave_all};

use super::invalid;
use crate::{
    State, Tx,
    servicediscovery::namespaces,
    state::{ConnectRevision, Deployed, Namespace, Service, ServiceRevision, TaskDefinition, TaskRegistry},
};
use aws::{
    api::ecs::{LogConfiguration, PortMapping, ServiceConnectServiceResource, TransportProtocol},
    fault::Fault,
};
use spec::connect::{Offer, TaskConnect};

/// The namespace with that ARN or name; Amazon ECS knows them by their HTTP names.
///
/// # Errors
/// `NamespaceNotFoundException`.
pub(crate) fn namespace<'a>(state: &'a State, reference: &str) -> Result<&'a Namespace, Fault> {
    let missing = || missing(reference);
    if reference.starts_with("arn:") {
        return namespaces::find(state, reference).map_err(|_| missing());
    }
    let by = |name: fn(&Namespace) -> &str| state.namespaces.iter().find(|known| name(known) == reference);
    by(|known| &known.http_name).or_else(|| by(|known| &known.name)).ok_or_else(missing)
}

/// The refusal of a namespace that is not there.
fn missing(reference: &str) -> Fault {
    Fault::new("NamespaceNotFoundException", format!("Failed to retrieve namespace for {reference}"))
}

/// Makes an HTTP namespace, and returns its id.
///
/// # Errors
/// `InvalidParameterException` for what can't be a name, or one too many.
pub(crate) fn make_namespace(tx: &mut Tx<'_>, name: &str) -> Result<String, Fault> {
    namespaces::make_for_ecs(tx, name).map_err(|fault| invalid(fault.message))
}

/// The port mappings of a task definition.
fn mappings(definition: &TaskDefinition) -> impl Iterator<Item = &PortMapping> {
    definition.containers().iter().flat_map(|container| container.port_mappings.iter().flatten())
}

/// The TCP ports of a task definition.
fn ports(definition: &TaskDefinition) -> impl Iterator<Item = u16> {
    let tcp = mappings(definition).filter(|mapping| mapping.protocol != Some(TransportProtocol::Udp));
    tcp.filter_map(|mapping| mapping.container_port?.try_into().ok())
}

/// What Service Connect is in a task.
#[derive(Clone)]
pub(crate) struct Connected {
    /// What its proxy does, but for its own lines.
    pub(crate) connect: TaskConnect,
    /// Where these go.
    pub(crate) log: Option<LogConfiguration>,
    /// What the task is registered with.
    pub(crate) registries: Vec<TaskRegistry>,
}

/// What Service Connect is in the tasks of a revision, if it is anything.
pub(crate) fn connected(
    state: &State,
    service: &Service,
    revision: &str,
    definition: &TaskDefinition,
) -> Option<Connected> {
    let key = ServiceRevision::key_of(&service.cluster, &service.name, revision);
    let ServiceRevision { what: Deployed { connect: configured, .. }, connect: fixed, .. } =
        state.service_revisions.get(&key)?;
    let (configured, fixed) = (configured.as_ref()?, fixed.as_ref()?);
    let mut offers: Vec<Offer> = Vec::new();
    let mut registries = Vec::new();
    for of in &configured.services {
        let Some(endpoint) = fixed.endpoints.get(&of.offer.name) else { continue };
        let arn = crate::servicediscovery::service_arn(&state.region, endpoint);
        let port = Some(of.offer.port().get());
        registries.push(TaskRegistry { service: endpoint.to_string(), arn, port });
        // Several names for one port are one listener.
        if offers.iter().all(|other| other.port() != of.offer.port()) {
            offers.push(of.offer.clone());
        }
    }
    let connect = TaskConnect {
        container: fixed.container.clone(),
        ports: ports(definition).collect(),
        offers,
        uses: fixed.uses.clone(),
        log: None,
    };
    Some(Connected { connect, log: configured.configuration.log_configuration.clone(), registries })
}

/// `serviceConnectResources` of a deployment.
pub(super) fn resources(state: &State, of: &ConnectRevision) -> Vec<ServiceConnectServiceResource> {
    let resource = |(name, endpoint): (&String, &spec::connect::EndpointId)| ServiceConnectServiceResource {
        discovery_name: Some(name.clone()),
        discovery_arn: Some(crate::servicediscovery::service_arn(&state.region, endpoint)),
    };
    of.endpoints.iter().map(resource).collect()
}

/// What the deployments of a service offer and use, the primary one's first.
fn revisions<'a>(state: &'a State, service: &'a Service) -> impl Iterator<Item = &'a ServiceRevision> {
    let current = service.deployments.iter().map(|deployment| &deployment.revision).chain(&service.last_completed);
    let key = |id: &String| ServiceRevision::key_of(&service.cluster, &service.name, id);
    current.filter_map(move |id| state.service_revisions.get(&key(id)))
}

/// The id of the namespace that a service is in.
pub(super) fn namespace_of<'a>(state: &'a State, service: &'a Service) -> Option<&'a str> {
    let primary = service.primary().and_then(|_| revisions(state, service).next())?;
    primary.what.connect.as_ref()?.namespace.as_deref()
}
