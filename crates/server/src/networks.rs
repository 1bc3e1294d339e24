//! What `neargate status` shows of networks: the gateways, endpoints, peering connections and private DNS namespaces of each VPC. What is deleted, or never
//! came to be, is not there.

use crate::app::App;
use control::{
    State,
    state::{
        DiscoveryInstance, Lifecycle, Namespace, NatGateway, PeeringStatus, Vpc, VpcEndpoint, VpcEndpointKind,
        VpcPeering,
    },
};
use serde_json::{Value, json};
use vpc::VpcId;

/// `GET /_neargate/networks`.
pub(crate) fn networks(app: &App) -> Value {
    of(&app.core.state())
}

fn of(state: &State) -> Value {
    let vpcs = state.vpcs.iter().map(|vpc| {
        let gateway = state.internet_gateways.iter().find(|gateway| gateway.vpc.as_ref() == Some(&vpc.id));
        let nat = state.nat_gateways.iter().filter(|gateway| gateway.vpc == vpc.id);
        let namespaces = state.namespaces.iter().filter(|namespace| namespace.vpc() == Some(&vpc.id));
        let endpoints = state.vpc_endpoints.iter().filter(|endpoint| endpoint.vpc == vpc.id);
        json!({
            "vpc": vpc.id,
            "cidrs": vpc.cidrs.iter().map(|range| range.cidr).collect::<Vec<_>>(),
            "internetGateway": gateway.map(|gateway| &gateway.id),
            "natGateways": nat.filter(|one| one.state != Lifecycle::Deleted).map(nat_gateway).collect::<Vec<_>>(),
            "endpoints": endpoints.filter(|one| one.state != Lifecycle::Deleted).map(endpoint).collect::<Vec<_>>(),
            "namespaces": namespaces.map(|one| namespace(state, vpc, one)).collect::<Vec<_>>(),
            "peerings": state.vpc_peerings.iter().filter_map(|one| peering(one, &vpc.id)).collect::<Vec<_>>(),
        })
    });
    json!({ "vpcs": vpcs.collect::<Vec<_>>() })
}

fn nat_gateway(gateway: &NatGateway) -> Value {
    let addresses = gateway.addresses.iter().map(|address| {
        let public = address.elastic_ip.as_ref().map(|elastic| elastic.public_ip);
        json!({ "privateAddress": address.private_ip, "publicAddress": public })
    });
    json!({
        "natGateway": gateway.id,
        "state": gateway.state.as_str(),
        "failure": gateway.failure.as_ref().map(|failure| &failure.message),
        "networkInterface": gateway.interface,
        "addresses": addresses.collect::<Vec<_>>(),
    })
}

fn endpoint(endpoint: &VpcEndpoint) -> Value {
    let kind = match endpoint.kind {
        VpcEndpointKind::Interface { .. } => "Interface",
        VpcEndpointKind::Gateway { .. } => "Gateway",
    };
    json!({
        "endpoint": endpoint.id,
        "state": endpoint.state.as_str(),
        "service": endpoint.service,
        "type": kind,
    })
}

/// A namespace whose names the VPC's resolver knows, if that may.
fn namespace(state: &State, vpc: &Vpc, of: &Namespace) -> Value {
    let services = state.discovery_services.iter().filter(|service| service.namespace == of.id);
    let services = services.map(|service| {
        let prefix = DiscoveryInstance::prefix(&service.id);
        let instances = || state.discovery_instances.prefixed(&prefix);
        let healthy = instances().filter(|instance| instance.healthy).count();
        json!({ "service": service.name, "instances": instances().count(), "healthy": healthy })
    });
    json!({
        "namespace": of.name,
        "resolved": vpc.dns_support && vpc.dns_hostnames,
        "services": services.collect::<Vec<_>>(),
    })
}

/// One of a VPC's, as that VPC sees it.
fn peering(peering: &VpcPeering, vpc: &VpcId) -> Option<Value> {
    let VpcPeering { id, requester, accepter, status, .. } = peering;
    let other = match (requester.vpc == *vpc, accepter.vpc == *vpc) {
        (true, _) => &accepter.vpc,
        (_, true) => &requester.vpc,
        _ => return None,
    };
    let lives = matches!(status, PeeringStatus::PendingAcceptance | PeeringStatus::Active);
    lives.then(|| json!({ "peering": id, "status": status.as_str(), "vpc": other }))
}
