//! What is around a VPC's router besides interfaces: the internet, peered VPCs, gateway endpoints.

use super::FAR;
use crate::name::{LinkName, hash};
use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    net::IpAddr,
};
use vpc::{AwsService, Endpoint, EndpointId, InterfaceId, IpNet, PeeringId, RouteTableId, Topology, Vpc, VpcId};

/// Everything around one router.
pub(super) struct Around<'a> {
    pub topology: &'a Topology,
    /// The link to the internet.
    pub internet: Option<LinkName>,
    pub peers: Vec<Peer<'a>>,
    pub endpoints: Vec<GatewayEndpoint<'a>>,
    /// The numbers of the route tables that subnets use. They are marks of packets too.
    pub tables: BTreeMap<&'a RouteTableId, u32>,
    /// The numbers of the tables that lead to the nodes of Network Load Balancers, and of the marks of what answers them.
    pub fronts: BTreeMap<&'a InterfaceId, u32>,
}

/// A peered VPC that is here too.
pub(super) struct Peer<'a> {
    pub id: &'a PeeringId,
    pub link: LinkName,
    pub vpc: &'a VpcId,
    pub other: &'a Vpc,
    /// Whether this VPC is the one that asked.
    pub asked: bool,
}

/// A gateway endpoint.
pub(super) struct GatewayEndpoint<'a> {
    pub id: &'a EndpointId,
    pub link: LinkName,
    /// Where its service answers.
    pub address: IpAddr,
    /// All that its service answers at.
    pub range: IpNet,
}

impl<'a> Around<'a> {
    pub(super) fn of(topology: &'a Topology, id: &'a VpcId, vpc: &'a Vpc, here: impl Fn(&VpcId) -> bool) -> Self {
        let mut taken = HashSet::new();
        let peers = topology.peerings_of(id).filter(|(_, other, _)| here(other));
        let peers = peers.map(|(peering, other, vpc)| Peer {
            id: peering,
            // Without regard to other names, so that both routers give it the same one.
            link: LinkName::of('p', peering, 0),
            vpc: other,
            other: vpc,
            asked: topology.peerings.get(peering).is_some_and(|ends| ends.requester == *id),
        });
        let endpoints = vpc.endpoints.iter().filter_map(|(id, endpoint)| {
            let Endpoint::Gateway { service, .. } = endpoint else { return None };
            let service = AwsService::named(service)?;
            let link = LinkName::unique('g', id, &mut taken);
            Some(GatewayEndpoint { id, link, address: service.address(), range: service.range() })
        });
        let (tables, fronts) = tables(vpc);
        Self {
            topology,
            internet: vpc.internet_gateway.as_ref().map(|_| LinkName::igw()),
            peers: peers.collect(),
            endpoints: endpoints.collect(),
            tables,
            fronts,
        }
    }

    /// The links that lead to something that is no interface, and so is not filtered by security groups.
    pub(super) fn links(&self) -> impl Iterator<Item = &LinkName> {
        let peers = self.peers.iter().map(|peer| &peer.link);
        self.internet.iter().chain(peers).chain(self.endpoints.iter().map(|endpoint| &endpoint.link))
    }

    /// The way to the other end of a link of these.
    pub(super) fn beyond(link: &LinkName) -> super::Target {
        super::Target::Gateway(FAR, link.clone())
    }
}

/// Numbers drawn from the tables' ids, so that they don't change when others come and go; none is one of the kernel's own (0, and
/// 253 to 255) or small enough to be somebody's.
fn tables(vpc: &Vpc) -> (BTreeMap<&RouteTableId, u32>, BTreeMap<&InterfaceId, u32>) {
    let used: BTreeSet<&RouteTableId> = vpc.subnets.values().map(|subnet| &subnet.route_table).collect();
    let mut taken = HashSet::new();
    let number = |id: &str, taken: &mut HashSet<u32>| {
        let mut number = hash(id.as_bytes()) as u32 | 0x1_0000;
        while !taken.insert(number) {
            number = number.wrapping_add(1) | 0x1_0000;
        }
        number
    };
    let tables = used.into_iter().map(|id| (id, number(id, &mut taken))).collect();
    let fronts = vpc.interfaces.iter().filter(|(_, interface)| interface.is_forwarding_node());
    (tables, fronts.map(|(id, _)| (id, number(id, &mut taken))).collect())
}
