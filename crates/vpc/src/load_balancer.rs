//! Load balancers as networks know them: by their names and their nodes' interfaces.

use crate::{InterfaceId, Vpc};
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet},
    net::{IpAddr, SocketAddr},
    num::NonZeroU16,
};

/// A load balancer ("How Elastic Load Balancing works", Elastic Load Balancing User Guide).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoadBalancer {
    /// What it is called, such as `web`.
    pub name: String,
    /// Its DNS name, in lower case and without a dot at its end: it leads to its nodes, from wherever it is asked for.
    pub dns_name: String,
    /// Whether its DNS name leads to its nodes' public addresses (`internet-facing`), not to their private ones (`internal`).
    pub internet_facing: bool,
    /// The TCP ports it listens on.
    pub listeners: BTreeSet<NonZeroU16>,
    /// What a Network Load Balancer forwards, by the ports of its listeners; none of an Application Load Balancer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flows: Option<BTreeMap<NonZeroU16, Forwarded>>,
    /// Its nodes by the names of their Availability Zones, of which none has two.
    pub nodes: BTreeMap<String, LoadBalancerNode>,
}

/// What becomes of the flows of one port.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forwarded {
    /// The numbers of their protocols: TCP, UDP.
    pub protocols: BTreeSet<u8>,
    /// Whether targets see the clients' addresses, not the node's.
    pub client_kept: bool,
    /// Whether a node uses targets of other zones, too.
    pub cross_zone: bool,
    /// The registered targets, each with its zone; none for one that all zones use.
    pub targets: BTreeMap<SocketAddr, Option<String>>,
}

/// A load balancer in one zone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoadBalancerNode {
    /// Its interface, whose namespace it listens in.
    pub interface: InterfaceId,
    /// Whether its target groups have as many healthy targets as they should (`target_group_health.dns_failover.…`).
    pub healthy: bool,
}

impl LoadBalancer {
    /// The address of a Network Load Balancer's node by the name that has its zone before the load balancer's ("DNS name", Network Load
    /// Balancers guide): that leads there whatever the node's health.
    pub fn zonal_address(&self, vpc: &Vpc, zone: &str) -> Option<IpAddr> {
        let node = self.flows.as_ref().and_then(|_| self.nodes.get(zone))?;
        self.address(vpc, node)
    }

    fn address(&self, vpc: &Vpc, node: &LoadBalancerNode) -> Option<IpAddr> {
        let interface = vpc.interfaces.get(&node.interface)?;
        let private = interface.private_ip;
        if self.internet_facing { interface.public_ips.get(&private).copied() } else { Some(private) }
    }

    /// The addresses that its DNS name leads to: those of healthy nodes ("Target group health", Application Load Balancers guide); where
    /// none is, of all, for any is as good as another.
    pub fn addresses(&self, vpc: &Vpc) -> Vec<IpAddr> {
        let of = |node: &LoadBalancerNode| self.address(vpc, node);
        let healthy: Vec<IpAddr> = self.nodes.values().filter(|node| node.healthy).filter_map(of).collect();
        if healthy.is_empty() { self.nodes.values().filter_map(of).collect() } else { healthy }
    }
}
