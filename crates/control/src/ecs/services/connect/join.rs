//! How a service joins its namespace with a deployment, and leaves it.

use super::{invalid, missing, namespace_of, revisions};
use crate::{
    State, Tx,
    servicediscovery::services::{self, New},
    state::{ConnectRevision, ConnectService, Deployed, Record, Service, ServiceStatus},
};
use aws::fault::Fault;
use spec::connect::{Alias, EndpointId};
use std::{
    collections::{BTreeMap, BTreeSet},
    net::Ipv4Addr,
    num::NonZeroU16,
};

/// The first of the addresses that names stand for in a task.
const FIRST: Ipv4Addr = Ipv4Addr::new(127, 255, 0, 1);

/// Makes the endpoints of a deployment that is to begin, and takes note of all that there are in the namespace: its tasks know these and
/// no others ("Amazon ECS Service Connect components", Amazon ECS Developer Guide).
///
/// # Errors
/// `NamespaceNotFoundException` when the namespace was deleted, `InvalidParameterException` for a name that AWS Cloud Map does not take, or
/// more names than there are addresses.
pub(in super::super) fn join(
    tx: &mut Tx<'_>,
    service: &Service,
    what: &Deployed,
) -> Result<Option<ConnectRevision>, Fault> {
    let Some(connect) = &what.connect else { return Ok(None) };
    let Some(namespace) = &connect.namespace else { return Ok(None) };
    if !tx.state.namespaces.contains(namespace) {
        return Err(missing(connect.configuration.namespace.as_deref().unwrap_or(namespace)));
    }
    let mut endpoints = BTreeMap::new();
    for of in &connect.services {
        endpoints.insert(of.offer.name.clone(), endpoint(tx, service, namespace, &of.offer.name)?);
    }
    let mut known = others(&tx.state, service, namespace);
    add(&mut known, &connect.services, &endpoints);
    let container = format!("ecs-service-connect-{}", tx.hex(5));
    Ok(Some(ConnectRevision { container, endpoints, uses: aliases(known)? }))
}

/// The service of AWS Cloud Map for a discovery name.
fn endpoint(tx: &mut Tx<'_>, service: &Service, namespace: &str, name: &str) -> Result<EndpointId, Fault> {
    if let Some(known) = services::named(&tx.state, namespace, name) {
        return Ok(known.id.as_str().into());
    }
    let new = New {
        namespace: namespace.to_owned(),
        name: name.to_owned(),
        description: Some("Managed by Amazon ECS.".to_owned()),
        dns: None,
        custom_health: true,
        creator_request_id: None,
        tags: [("AmazonECSManaged".to_owned(), "true".to_owned())].into_iter().collect(),
        owner: Some(service.key()),
    };
    let made = services::make(tx, new).map_err(|fault| invalid(fault.message))?;
    Ok(made.id.as_str().into())
}

/// Endpoints by the names and ports that clients know them by.
type Known = BTreeMap<String, BTreeMap<NonZeroU16, EndpointId>>;

fn add(known: &mut Known, services: &[ConnectService], endpoints: &BTreeMap<String, EndpointId>) {
    for of in services {
        if let Some(endpoint) = endpoints.get(&of.offer.name) {
            known.entry(of.dns_name.clone()).or_default().insert(of.port, endpoint.clone());
        }
    }
}

/// What other services of the namespace offer.
fn others(state: &State, service: &Service, namespace: &str) -> Known {
    let key = service.key();
    let mut known = Known::new();
    let there = |other: &&Service| {
        other.status == ServiceStatus::Active && other.key() != key && namespace_of(state, other) == Some(namespace)
    };
    for other in state.services.iter().filter(there) {
        let Some(revision) = revisions(state, other).next() else { continue };
        if let (Some(connect), Some(fixed)) = (&revision.what.connect, &revision.connect) {
            add(&mut known, &connect.services, &fixed.endpoints);
        }
    }
    known
}

/// Each name gets an address.
fn aliases(known: Known) -> Result<Vec<Alias>, Fault> {
    let address = |number: u32| {
        let address = Ipv4Addr::from(u32::from(FIRST) + number);
        // The last address of the block is none that a socket may have.
        let last = Ipv4Addr::new(127, 255, 255, 254);
        if address <= last { Ok(address) } else { Err(invalid("The namespace has too many client aliases.")) }
    };
    let alias = |(number, (name, ports))| Ok(Alias { name, address: address(number)?, ports });
    (0..).zip(known).map(alias).collect()
}

/// Removes the endpoints that no deployment of a service offers any more.
pub(in super::super) fn leave(tx: &mut Tx<'_>, service: &Service) {
    let offered = revisions(&tx.state, service).filter_map(|revision| revision.connect.as_ref());
    let offered: BTreeSet<String> =
        offered.flat_map(|fixed| fixed.endpoints.values()).map(|id| id.to_string()).collect();
    remove(tx, service, |id| !offered.contains(id));
}

/// Removes the endpoints of a service that is no more.
pub(in super::super) fn leave_all(tx: &mut Tx<'_>, service: &Service) {
    remove(tx, service, |_| true);
}

/// Removes endpoints. One in which somebody else has registered an instance stays, and is nobody's.
fn remove(tx: &mut Tx<'_>, service: &Service, gone: impl Fn(&str) -> bool) {
    let key = service.key();
    let owned = tx.state.discovery_services.iter().filter(|known| known.owner.as_deref() == Some(key.as_str()));
    let ids: Vec<String> = owned.map(|known| known.id.clone()).filter(|id| gone(id)).collect();
    for id in ids {
        match services::count(&tx.state, &id) {
            0 => drop(tx.state.discovery_services.remove(&id)),
            _ => tx.state.discovery_services.update(&id, |known| known.owner = None),
        }
    }
}
