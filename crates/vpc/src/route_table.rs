//! Route tables: where a packet goes that leaves a subnet ("Configure route tables", Amazon VPC User Guide).

use crate::{EndpointId, InterfaceId, InternetGatewayId, NatGatewayId, PeeringId, PrefixListId, Topology, VpcId};
use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, net::IpAddr};

/// A route table. The local route, which every table has for each of the VPC's ranges, is not kept in it: nothing is more specific
/// here, so it always comes first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouteTable {
    /// Its routes but for the local ones.
    pub routes: Vec<Route>,
}

/// One route.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Route {
    /// Which packets it is for.
    pub destination: Destination,
    /// Where they go.
    pub target: Target,
}

/// Which packets a route is for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Destination {
    /// To addresses in a range.
    Net(IpNet),
    /// To addresses in any of a prefix list's ranges.
    PrefixList(PrefixListId),
}

/// Where a route leads. One whose target is not in the VPC is a black hole.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Target {
    /// To the internet.
    InternetGateway(InternetGatewayId),
    /// To a NAT gateway.
    NatGateway(NatGatewayId),
    /// To an interface, as to a firewall or NAT instance.
    Interface(InterfaceId),
    /// To the other VPC of a peering connection.
    Peering(PeeringId),
    /// To a gateway endpoint.
    Endpoint(EndpointId),
}

impl RouteTable {
    /// The route for a destination outside the VPC: the one with the longest prefix, and of those a range before a prefix list
    /// ("Route priority", Amazon VPC User Guide).
    pub fn lookup<'a>(&'a self, topology: &'a Topology, to: IpAddr) -> Option<(IpNet, &'a Route)> {
        let effective = self.effective(topology).into_iter().filter(|(net, _)| net.contains(&to));
        effective.max_by_key(|(net, _)| net.prefix_len())
    }

    /// The route that is for each range. Where several prefix lists have one, it is the first list's, so that there is an order.
    pub fn effective<'a>(&'a self, topology: &'a Topology) -> BTreeMap<IpNet, &'a Route> {
        let mut effective = BTreeMap::new();
        for route in &self.routes {
            if let Destination::PrefixList(id) = &route.destination {
                for net in topology.prefixes(id) {
                    effective.entry(*net).or_insert(route);
                }
            }
        }
        for route in &self.routes {
            if let Destination::Net(net) = &route.destination {
                effective.insert(*net, route);
            }
        }
        effective
    }
}

/// A VPC peering connection ("How VPC peering connections work", Amazon VPC Peering Guide).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Peering {
    /// The VPC that asked.
    pub requester: VpcId,
    /// The VPC that was asked.
    pub accepter: VpcId,
    /// Whether public DNS names of the requester's interfaces are private addresses to the accepter
    /// (`AllowDnsResolutionFromRemoteVpc` of the requester's options).
    pub requester_dns: bool,
    /// The same the other way round.
    pub accepter_dns: bool,
}

impl Peering {
    /// The VPC at the other end.
    pub fn other(&self, id: &VpcId) -> Option<&VpcId> {
        match (self.requester == *id, self.accepter == *id) {
            (true, false) => Some(&self.accepter),
            (false, true) => Some(&self.requester),
            _ => None,
        }
    }
}
