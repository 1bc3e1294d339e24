//! The health of instances: what was told of it last, half a minute later.

use super::{PAGE, instances, services};
use crate::{
    Tx, View,
    state::{DiscoveryInstance, Expiring, Expiry, HealthChange},
};
use aws::{
    api::servicediscovery::{
        CustomHealthStatus, GetInstancesHealthStatusRequest, GetInstancesHealthStatusResponse, HealthStatus,
        UpdateInstanceCustomHealthStatusRequest,
    },
    doc::Timestamp,
    fault::Fault,
    page::paginate,
    shape::Nothing,
};
use spec::Millis;

/// How long a change of health waits for somebody to say otherwise ("HealthCheckCustomConfig", AWS Cloud Map API Reference).
const WAIT: Millis = 30_000;

/// The health of an instance, as far as its service has one.
pub(super) fn of(custom: bool, instance: &DiscoveryInstance) -> HealthStatus {
    match (custom, instance.healthy) {
        (false, _) => HealthStatus::Unknown,
        (true, true) => HealthStatus::Healthy,
        (true, false) => HealthStatus::Unhealthy,
    }
}

/// `UpdateInstanceCustomHealthStatus`. Saying the same again doesn't make it come later or sooner.
pub(super) fn update(tx: &mut Tx<'_>, request: UpdateInstanceCustomHealthStatusRequest) -> Result<Nothing, Fault> {
    let UpdateInstanceCustomHealthStatusRequest { service_id, instance_id, status } = request;
    let service = services::find(&tx.state, &service_id)?;
    let known = instances::find(&tx.state, service, &instance_id)?;
    if !service.custom_health {
        let message = format!("Service {} has no HealthCheckCustomConfig.", service.id);
        return Err(Fault::new("CustomHealthNotFound", message));
    }
    let healthy = status == CustomHealthStatus::Healthy;
    let key = DiscoveryInstance::key_of(&service.id, &instance_id);
    let change = match known.change {
        _ if known.healthy == healthy => None,
        Some(under_way) => Some(under_way),
        None => Some(HealthChange { healthy, at: tx.now.millis + WAIT }),
    };
    if let Some(HealthChange { at, .. }) = change {
        let at = Timestamp { millis: at };
        tx.state.expiries.put(Expiry { at, what: Expiring::InstanceHealth(key.clone()) });
    }
    tx.state.discovery_instances.update(&key, |instance| instance.change = change);
    Ok(Nothing)
}

/// A change of health has waited long enough, unless there is none any more or a later one.
pub(crate) fn settle(tx: &mut Tx<'_>, key: &str, now: Millis) {
    let Some(known) = tx.state.discovery_instances.get(key) else { return };
    if let Some(change) = known.change.filter(|change| change.at <= now) {
        let (service, id) = (known.service.clone(), known.id.clone());
        instances::set_health(tx, &service, &id, change.healthy);
    }
}

/// `GetInstancesHealthStatus`.
pub(super) fn get(
    view: &View<'_>,
    request: GetInstancesHealthStatusRequest,
) -> Result<GetInstancesHealthStatusResponse, Fault> {
    let GetInstancesHealthStatusRequest { service_id, instances: wanted, max_results, next_token } = request;
    let service = services::find(view.state, &service_id)?;
    let prefix = DiscoveryInstance::prefix(&service.id);
    let all: Vec<&DiscoveryInstance> = match wanted {
        None => view.state.discovery_instances.prefixed(&prefix).collect(),
        Some(mut ids) => {
            ids.sort();
            ids.dedup();
            ids.iter().map(|id| instances::find(view.state, service, id)).collect::<Result<_, _>>()?
        }
    };
    let key = |found: &&DiscoveryInstance| found.id.clone();
    let page = paginate(all, key, max_results, next_token.as_deref(), PAGE).map_err(|bad| bad.fault("InvalidInput"))?;
    let status = page.0.into_iter().map(|found| (found.id.clone(), of(service.custom_health, found)));
    Ok(GetInstancesHealthStatusResponse { status: Some(status.collect()), next_token: page.1 })
}
