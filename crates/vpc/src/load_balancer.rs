//! Load balancers as networks know them: by their names and their nodes' interfaces.

use crate::{InterfaceId, Vpc};
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
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
    /// Its nodes by the names of their Availability Zones, of which none has two.
    pub nodes: BTreeMap<String, LoadBalancerNode>,
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
    /// The addresses that its DNS name leads to: those of healthy nodes ("Target group health", Application Load Balancers guide); where
    /// none is, of all, for any is as good as another.
    pub fn addresses(&self, vpc: &Vpc) -> Vec<IpAddr> {
        let of = |node: &LoadBalancerNode| {
            let interface = vpc.interfaces.get(&node.interface)?;
            let private = interface.private_ip;
            if self.internet_facing { interface.public_ips.get(&private).copied() } else { Some(private) }
        };
        let healthy: Vec<IpAddr> = self.nodes.values().filter(|node| node.healthy).filter_map(of).collect();
        if healthy.is_empty() { self.nodes.values().filter_map(of).collect() } else { healthy }
    }
}
