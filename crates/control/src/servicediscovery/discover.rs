//! `DiscoverInstances` and `DiscoverInstancesRevision`: what clients call, at `data-servicediscovery.REGION.amazonaws.com`.

use super::health;
use crate::{
    State, View,
    state::{DiscoveryInstance, DiscoveryService, Namespace},
};
use aws::{
    api::servicediscovery::{
        DiscoverInstancesRequest, DiscoverInstancesResponse, DiscoverInstancesRevisionRequest,
        DiscoverInstancesRevisionResponse, HealthStatusFilter, HttpInstanceSummary,
    },
    fault::Fault,
};
use std::{
    collections::BTreeMap,
    hash::{DefaultHasher, Hash, Hasher},
};

/// How many instances an answer has when nobody says.
const DEFAULT: i32 = 100;

fn find<'a>(
    state: &'a State,
    namespace: &str,
    service: &str,
    owner: Option<&str>,
) -> Result<(&'a Namespace, &'a DiscoveryService), Fault> {
    let ours = owner.is_none_or(|owner| owner == state.region.account);
    let found = state.namespaces.iter().find(|known| ours && known.http_name == namespace);
    let missing = || Fault::new("NamespaceNotFound", format!("Namespace with name {namespace} was not found."));
    let namespace = found.ok_or_else(missing)?;
    let named = |known: &&DiscoveryService| known.namespace == namespace.id && known.name == service;
    let found = state.discovery_services.iter().find(named);
    let missing = || Fault::new("ServiceNotFound", format!("Service with name {service} was not found."));
    found.map(|service| (namespace, service)).ok_or_else(missing)
}

/// `DiscoverInstances`.
pub(super) fn discover(view: &View<'_>, request: DiscoverInstancesRequest) -> Result<DiscoverInstancesResponse, Fault> {
    let DiscoverInstancesRequest {
        namespace_name,
        service_name,
        max_results,
        query_parameters,
        optional_parameters,
        health_status,
        owner_account,
    } = request;
    let (namespace, service) = find(view.state, &namespace_name, &service_name, owner_account.as_deref())?;
    let prefix = DiscoveryInstance::prefix(&service.id);
    let all = view.state.discovery_instances.prefixed(&prefix);
    let wanted = query_parameters.unwrap_or_default();
    let mut found: Vec<&DiscoveryInstance> = all.filter(|instance| has(instance, &wanted)).collect();
    if service.custom_health {
        // AWS does not say what it does when nothing is asked for; so it does as its resolvers do.
        by_health(&mut found, health_status.unwrap_or(HealthStatusFilter::HealthyOrElseAll));
    }
    if let Some(optional) = optional_parameters
        && found.iter().any(|instance| has(instance, &optional))
    {
        found.retain(|instance| has(instance, &optional));
    }
    // In another order each time.
    found.sort_by_cached_key(|instance| shuffled(view.now.millis, &instance.id));
    found.truncate(usize::try_from(max_results.unwrap_or(DEFAULT)).unwrap_or_default());
    let summary = |instance: &DiscoveryInstance| HttpInstanceSummary {
        instance_id: Some(instance.id.clone()),
        namespace_name: Some(namespace.http_name.clone()),
        service_name: Some(service.name.clone()),
        health_status: Some(health::of(service.custom_health, instance)),
        attributes: Some(instance.attributes.clone()),
    };
    Ok(DiscoverInstancesResponse {
        instances: Some(found.into_iter().map(summary).collect()),
        instances_revision: Some(service.revision),
    })
}

fn has(instance: &DiscoveryInstance, wanted: &BTreeMap<String, String>) -> bool {
    wanted.iter().all(|(key, value)| instance.attribute(key) == Some(value.as_str()))
}

fn by_health(found: &mut Vec<&DiscoveryInstance>, wanted: HealthStatusFilter) {
    match wanted {
        HealthStatusFilter::All => {}
        HealthStatusFilter::Healthy => found.retain(|instance| instance.healthy),
        HealthStatusFilter::Unhealthy => found.retain(|instance| !instance.healthy),
        HealthStatusFilter::HealthyOrElseAll if found.iter().any(|instance| instance.healthy) => {
            found.retain(|instance| instance.healthy);
        }
        HealthStatusFilter::HealthyOrElseAll => {}
    }
}

fn shuffled(now: i64, id: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    (now, id).hash(&mut hasher);
    hasher.finish()
}

/// `DiscoverInstancesRevision`.
pub(super) fn revision(
    view: &View<'_>,
    request: DiscoverInstancesRevisionRequest,
) -> Result<DiscoverInstancesRevisionResponse, Fault> {
    let DiscoverInstancesRevisionRequest { namespace_name, service_name, owner_account } = request;
    let (_, service) = find(view.state, &namespace_name, &service_name, owner_account.as_deref())?;
    Ok(DiscoverInstancesRevisionResponse { instances_revision: Some(service.revision) })
}
