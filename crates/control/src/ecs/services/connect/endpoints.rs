//! Who is behind an endpoint now.

use super::revisions;
use crate::{
    State,
    state::{DiscoveryService, Task},
};
use spec::{
    TaskId,
    connect::{Endpoint, EndpointId, Endpoints, Instance, Offer, TaskConnect},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    sync::Arc,
};

/// The tasks behind an endpoint, and which of them are healthy.
type Behind = Vec<(TaskId, Instance, bool)>;

/// The endpoints that tasks use, with those that are behind them: tasks that were registered and not taken out again. Those that are not
/// healthy are among them only if none is, as with AWS Cloud Map. An endpoint that nobody offers any more is not there.
pub(crate) fn endpoints<'a>(state: &State, tasks: impl Iterator<Item = &'a TaskConnect>) -> Endpoints {
    let used: BTreeSet<&EndpointId> =
        tasks.flat_map(|connect| &connect.uses).flat_map(|alias| alias.ports.values()).collect();
    if used.is_empty() {
        return Endpoints::new();
    }
    let mut behind: BTreeMap<&str, Behind> = used.iter().map(|id| (id.as_str(), Behind::new())).collect();
    for task in state.tasks.iter().filter(|task| task.launch.connect.is_some() && task.standing.registered) {
        add(&mut behind, task);
    }
    let endpoint = |id: &EndpointId| {
        let known = state.discovery_services.get(id)?;
        let Offer { name, protocol, timeouts, .. } = offer(state, known)?.clone();
        let all = behind.get(id.as_str())?;
        let none = !all.iter().any(|(.., healthy)| *healthy);
        let usable = all.iter().filter(|(.., healthy)| *healthy || none);
        let instances = usable.map(|(task, instance, _)| (task.clone(), instance.clone())).collect();
        Some((id.clone(), Arc::new(Endpoint { name, protocol, timeouts, instances })))
    };
    used.into_iter().filter_map(endpoint).collect()
}

/// How many tasks are behind each endpoint that a task uses, by discovery name.
pub fn targets(state: &State, task: &Task) -> BTreeMap<String, usize> {
    let all = endpoints(state, task.launch.connect.iter());
    all.values().map(|endpoint| (endpoint.name.clone(), endpoint.instances.len())).collect()
}

/// Adds a task to the endpoints that it offers.
fn add(behind: &mut BTreeMap<&str, Behind>, task: &Task) {
    let Some(interface) = &task.attachment.interface else { return };
    for registry in &task.launch.registries {
        let (Some(port), Some(all)) = (registry.port, behind.get_mut(registry.service.as_str())) else { continue };
        let address = SocketAddr::new(interface.private_ip, port);
        let healthy = task.standing.told_healthy != Some(false);
        all.push((task.id.clone(), Instance { address, zone: task.launch.zone.clone() }, healthy));
    }
}

/// What a service offers by an endpoint now.
fn offer<'a>(state: &'a State, endpoint: &DiscoveryService) -> Option<&'a Offer> {
    let owner = state.services.get(endpoint.owner.as_deref()?)?;
    let offered = revisions(state, owner).filter_map(|revision| revision.what.connect.as_ref());
    offered.flat_map(|connect| &connect.services).map(|of| &of.offer).find(|offer| offer.name == endpoint.name)
}
