//! Service registries: Amazon ECS registers the tasks of a service as instances ("Use service discovery to connect Amazon ECS services with
//! DNS names", Amazon ECS Developer Guide).

use super::{
    id_of,
    instances::{self, INIT_HEALTH, IPV4, PORT},
    operations,
};
use crate::{
    State, Tx,
    state::{DiscoveryInstance, DiscoveryService, Task, TaskRegistry},
};
use aws::{api::servicediscovery::RecordType, fault::Fault};
use spec::Revision;
use std::collections::BTreeMap;

/// What an ARN names, for who would register tasks with it.
pub(crate) enum Found<'a> {
    /// A service.
    Service(&'a DiscoveryService),
    /// A service that is not there.
    Missing,
    /// No service.
    Malformed,
}

/// Looks a service up by its ARN.
pub(crate) fn find<'a>(state: &'a State, arn: &str) -> Found<'a> {
    let id = id_of(&state.region, "service", arn).filter(|id| arn.starts_with("arn:") && id.starts_with("srv-"));
    match id.map(|id| state.discovery_services.get(id)) {
        Some(Some(service)) => Found::Service(service),
        Some(None) => Found::Missing,
        None => Found::Malformed,
    }
}

/// Whether the instances of a service have a record of a type.
pub(crate) fn has_record(service: &DiscoveryService, kind: RecordType) -> bool {
    service.dns.as_ref().and_then(|dns| dns.ttl(kind)).is_some()
}

/// Registers a task, which has its interface.
///
/// # Errors
/// `ServiceNotFound`, `ResourceLimitExceeded`.
pub(crate) fn register(tx: &mut Tx<'_>, task: &Task, registry: &TaskRegistry, healthy: bool) -> Result<(), Fault> {
    let custom_health = super::services::find(&tx.state, &registry.service)?.custom_health;
    let launch = &task.launch;
    let mut attributes: BTreeMap<String, String> = BTreeMap::new();
    let mut set = |key: &str, value: &str| drop(attributes.insert(key.to_owned(), value.to_owned()));
    if let Some(interface) = &task.attachment.interface {
        set(IPV4, &interface.private_ip.to_string());
    }
    if let Some(port) = registry.port {
        set(PORT, &port.to_string());
    }
    set("AVAILABILITY_ZONE", &launch.zone);
    set("REGION", &tx.state.region.name);
    set("ECS_CLUSTER_NAME", &task.cluster);
    set("ECS_SERVICE_NAME", launch.group.strip_prefix("service:").unwrap_or(&launch.group));
    set("ECS_TASK_DEFINITION_FAMILY", &launch.family);
    if custom_health {
        set(INIT_HEALTH, if healthy { "HEALTHY" } else { "UNHEALTHY" });
    }
    let instance = DiscoveryInstance {
        service: registry.service.clone(),
        id: task.id.to_string(),
        attributes,
        creator_request_id: None,
        healthy: healthy || !custom_health,
        change: None,
    };
    instances::put(tx, instance)
}

/// Takes a task out.
pub(crate) fn deregister(tx: &mut Tx<'_>, task: &Task, registry: &TaskRegistry) {
    instances::remove(tx, &registry.service, &task.id);
}

/// Says that a task has become healthy or unhealthy. Amazon ECS knows by its own checks, so nothing is waited for.
pub(crate) fn set_health(tx: &mut Tx<'_>, task: &Task, registry: &TaskRegistry, healthy: bool) {
    let custom = tx.state.discovery_services.get(&registry.service).is_some_and(|service| service.custom_health);
    if custom {
        instances::set_health(tx, &registry.service, &task.id, healthy);
    }
}

/// Whether no resolver answers by a revision before that one any more.
pub(crate) fn is_known(state: &State, revision: Revision) -> bool {
    revision <= operations::observed(state)
}
