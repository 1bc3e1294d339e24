//! Instances: how they come and go, whoever registers them, and how they are listed.

use super::{PAGE, exceeded, services};
use crate::{
    State, Tx, View,
    state::{DiscoveryInstance, DiscoveryService, Record},
};
use aws::{
    api::servicediscovery::{
        GetInstanceRequest, GetInstanceResponse, Instance, InstanceSummary, ListInstancesRequest, ListInstancesResponse,
    },
    fault::Fault,
    page::paginate,
};

/// Instances of a service and of a namespace ("AWS Cloud Map service quotas", AWS Cloud Map Developer Guide).
pub(crate) const PER_SERVICE: usize = 1_000;
const PER_NAMESPACE: usize = 2_000;

/// AWS's own attributes.
pub(super) const IPV4: &str = "AWS_INSTANCE_IPV4";
pub(super) const PORT: &str = "AWS_INSTANCE_PORT";
pub(super) const CNAME: &str = "AWS_INSTANCE_CNAME";
pub(super) const ALIAS: &str = "AWS_ALIAS_DNS_NAME";
pub(super) const INIT_HEALTH: &str = "AWS_INIT_HEALTH_STATUS";

/// Registers an instance, or anew under its id.
///
/// # Errors
/// `ServiceNotFound`, `ResourceLimitExceeded`.
pub fn put(tx: &mut Tx<'_>, instance: DiscoveryInstance) -> Result<(), Fault> {
    let service = services::find(&tx.state, &instance.service)?.clone();
    if !tx.state.discovery_instances.contains(&instance.key()) {
        if services::count(&tx.state, &service.id) >= PER_SERVICE {
            return Err(exceeded("instances per service", PER_SERVICE));
        }
        if in_namespace(&tx.state, &service.namespace) >= PER_NAMESPACE {
            return Err(exceeded("instances per namespace", PER_NAMESPACE));
        }
    }
    tx.state.discovery_instances.put(instance);
    changed(tx, &service.id);
    Ok(())
}

fn in_namespace(state: &State, namespace: &str) -> usize {
    let of = state.discovery_services.iter().filter(|service| service.namespace == namespace);
    of.map(|service| services::count(state, &service.id)).sum()
}

/// Takes an instance out, and says whether there was one.
pub fn remove(tx: &mut Tx<'_>, service: &str, id: &str) -> bool {
    let there = tx.state.discovery_instances.remove(&DiscoveryInstance::key_of(service, id)).is_some();
    if there {
        changed(tx, service);
    }
    there
}

/// Sets the health of an instance that is there.
pub fn set_health(tx: &mut Tx<'_>, service: &str, id: &str, healthy: bool) {
    let key = DiscoveryInstance::key_of(service, id);
    let Some(known) = tx.state.discovery_instances.get(&key) else { return };
    let (before, pending) = (known.healthy, known.change.is_some());
    if before != healthy || pending {
        tx.state.discovery_instances.update(&key, |instance| (instance.healthy, instance.change) = (healthy, None));
    }
    if before != healthy {
        changed(tx, service);
    }
}

/// What `DiscoverInstancesRevision` tells has changed.
fn changed(tx: &mut Tx<'_>, service: &str) {
    tx.state.discovery_services.update(service, |service| service.revision += 1);
}

/// The instance of a service.
///
/// # Errors
/// `InstanceNotFound`.
pub(super) fn find<'a>(state: &'a State, service: &DiscoveryService, id: &str) -> Result<&'a DiscoveryInstance, Fault> {
    let found = state.discovery_instances.get(&DiscoveryInstance::key_of(&service.id, id));
    let missing = || {
        let message = format!("Instance with ID {id} was not found in service {}.", service.id);
        Fault::new("InstanceNotFound", message)
    };
    found.ok_or_else(missing)
}

/// `GetInstance`.
pub(super) fn get(view: &View<'_>, request: GetInstanceRequest) -> Result<GetInstanceResponse, Fault> {
    let GetInstanceRequest { service_id, instance_id } = request;
    let found = find(view.state, services::find(view.state, &service_id)?, &instance_id)?;
    let account = &view.state.region.account;
    Ok(GetInstanceResponse {
        resource_owner: Some(account.clone()),
        instance: Some(Instance {
            id: Some(found.id.clone()),
            creator_request_id: found.creator_request_id.clone(),
            attributes: Some(found.attributes.clone()),
            created_by_account: Some(account.clone()),
        }),
    })
}

/// `ListInstances`.
pub(super) fn list(view: &View<'_>, request: ListInstancesRequest) -> Result<ListInstancesResponse, Fault> {
    let ListInstancesRequest { service_id, next_token, max_results } = request;
    let service = services::find(view.state, &service_id)?;
    let account = &view.state.region.account;
    let prefix = DiscoveryInstance::prefix(&service.id);
    let all = view.state.discovery_instances.prefixed(&prefix);
    let key = |found: &&DiscoveryInstance| found.id.clone();
    let page = paginate(all, key, max_results, next_token.as_deref(), PAGE).map_err(|bad| bad.fault("InvalidInput"))?;
    let summary = |found: &DiscoveryInstance| InstanceSummary {
        id: Some(found.id.clone()),
        attributes: Some(found.attributes.clone()),
        created_by_account: Some(account.clone()),
    };
    Ok(ListInstancesResponse {
        resource_owner: Some(account.clone()),
        instances: Some(page.0.into_iter().map(summary).collect()),
        next_token: page.1,
    })
}
