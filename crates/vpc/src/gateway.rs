//! What a route can lead to besides an interface: NAT gateways and endpoints.

use crate::{InterfaceId, PrefixListId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A NAT gateway ("NAT gateways", Amazon VPC User Guide). Its addresses are those of its interface.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NatGateway {
    /// Its interface, whose private addresses are what connections through it come from.
    pub interface: InterfaceId,
    /// What it carries at most in each direction, in bits a second.
    pub bandwidth: u64,
}

impl NatGateway {
    /// What one carries unless told otherwise: 10 Gbps, the burst it was announced with.
    pub const BANDWIDTH: u64 = 10_000_000_000;
    /// Connections that one address can have at once to one destination: address, port and protocol ("NAT gateway basics").
    pub const CONNECTIONS: u16 = 55_000;
    /// The first port it sends from: 1024 to 65535 are used ("Troubleshoot NAT gateways"), here as many as there are connections.
    pub const FIRST_PORT: u16 = 1024;
}

/// An endpoint ("What is AWS PrivateLink?" and "Gateway endpoints", AWS PrivateLink Guide).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Endpoint {
    /// Interfaces in subnets, behind which a service answers.
    Interface {
        /// The service's short name, such as `logs` of `com.amazonaws.us-east-1.logs`.
        service: String,
        /// Its interfaces by the names of their Availability Zones, of which none has two: each has a DNS name for itself.
        interfaces: BTreeMap<String, InterfaceId>,
        /// What its DNS names start with, such as `vpce-0a1b2c3d4e5f60718-x7k2m9qp`. `LABEL.HOST.REGION.vpce.amazonaws.com`
        /// leads to all of its interfaces, `LABEL-ZONE.HOST.REGION.vpce.amazonaws.com` to the one of a zone.
        dns_label: String,
        /// Whether the service's own name leads to them inside the VPC.
        private_dns: bool,
    },
    /// A target for routes to a service's addresses.
    Gateway {
        /// The service's short name: `s3` or `dynamodb`.
        service: String,
        /// The service's addresses.
        prefix_list: PrefixListId,
    },
}
