//! What hosts make of NAT gateways, endpoints and addresses.
//!
//! A gateway is usable when the kernel of every host has it, and gone when none has it any more; only then what it had is free.
//! The same holds for addresses that were given up ([`WithdrawnAddress`]). A host that is lost is not waited for; without any host
//! there is nothing to wait for.

use crate::{
    State, Tx,
    ec2::{interface, withdrawal},
    state::{Expiring, Expiry, Lifecycle, NatGateway, VpcEndpoint, VpcEndpointKind, WithdrawnAddress},
};
use aws::doc::Timestamp;
use spec::Revision;
use vpc::{EndpointId, InterfaceId, NatGatewayId};

/// How long a NAT gateway that is deleted or failed is described: about an hour ("Delete a NAT gateway", Amazon VPC User Guide).
pub const NAT_GATEWAY_KEPT: i64 = 60 * 60 * 1000;

/// Moves everything as far as the hosts have come.
pub fn run(tx: &mut Tx<'_>) {
    let reached = reached(&tx.state);
    let arrived =
        |since: Revision, state| since <= reached && matches!(state, Lifecycle::Pending | Lifecycle::Deleting);
    let gateways = tx.state.nat_gateways.iter().filter(|gateway| arrived(gateway.since, gateway.state));
    let gateways: Vec<NatGatewayId> = gateways.map(|gateway| gateway.id.clone()).collect();
    let endpoints = tx.state.vpc_endpoints.iter().filter(|endpoint| arrived(endpoint.since, endpoint.state));
    let endpoints: Vec<EndpointId> = endpoints.map(|endpoint| endpoint.id.clone()).collect();
    let addresses = tx.state.withdrawn_addresses.iter().filter(|address| address.since <= reached);
    let addresses: Vec<WithdrawnAddress> = addresses.cloned().collect();
    gateways.iter().for_each(|id| nat_gateway(tx, id));
    endpoints.iter().for_each(|id| endpoint(tx, id));
    addresses.iter().for_each(|address| withdrawal::free(&mut tx.state, &address.scope, address.ip));
}

/// The newest revision whose network every host has.
pub(crate) fn reached(state: &State) -> Revision {
    let live = state.hosts.iter().filter(|host| host.lost.is_none());
    live.map(|host| state.seen.get(&host.id).map_or(0, |seen| seen.networked)).min().unwrap_or(Revision::MAX)
}

/// The newest revision that something here waits for, or waited for.
pub(crate) fn awaited(state: &State) -> Revision {
    let gateways = state.nat_gateways.iter().flat_map(|gateway| {
        std::iter::once(gateway.since).chain(gateway.addresses.iter().map(|address| address.since))
    });
    let endpoints = state.vpc_endpoints.iter().map(|endpoint| endpoint.since);
    let addresses = state.withdrawn_addresses.iter().map(|address| address.since);
    gateways.chain(endpoints).chain(addresses).max().unwrap_or(0)
}

fn nat_gateway(tx: &mut Tx<'_>, id: &NatGatewayId) {
    let Some(NatGateway { state, interface, .. }) = tx.state.nat_gateways.get(id).cloned() else { return };
    let since = tx.state.revision + 1;
    let next = if state == Lifecycle::Pending { Lifecycle::Available } else { Lifecycle::Deleted };
    tx.state.nat_gateways.update(id, |gateway| (gateway.state, gateway.since) = (next, since));
    if next == Lifecycle::Deleted {
        interface.iter().for_each(|interface| interface::delete(tx, interface));
        tx.state.nat_gateways.update(id, |gateway| gateway.interface = None);
        forget_later(tx, id);
    }
}

/// Lets a NAT gateway that is deleted or failed be forgotten in time.
pub(crate) fn forget_later(tx: &mut Tx<'_>, id: &NatGatewayId) {
    let at = Timestamp { millis: tx.now.millis + NAT_GATEWAY_KEPT };
    tx.state.expiries.put(Expiry { at, what: Expiring::NatGateway(id.clone()) });
}

fn endpoint(tx: &mut Tx<'_>, id: &EndpointId) {
    let Some(VpcEndpoint { state, kind, .. }) = tx.state.vpc_endpoints.get(id).cloned() else { return };
    if state == Lifecycle::Pending {
        let since = tx.state.revision + 1;
        let next = (Lifecycle::Available, since);
        tx.state.vpc_endpoints.update(id, |endpoint| (endpoint.state, endpoint.since) = next);
        return;
    }
    let interfaces: Vec<InterfaceId> = match kind {
        VpcEndpointKind::Interface { interfaces, .. } => interfaces.into_values().collect(),
        VpcEndpointKind::Gateway { .. } => Vec::new(),
    };
    interfaces.iter().for_each(|interface| interface::delete(tx, interface));
    tx.state.vpc_endpoints.remove(id);
}
