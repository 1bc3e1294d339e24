//! VPC networking as a pure model: addresses, routes, gateways, security groups, network ACLs, and what comes of them: what happens
//! to a packet ([`verdict`]), and which flows a change of rules cuts ([`tracking`]).
//!
//! The same types are what a host is told to enforce, so the model that explains is the model that is compiled to kernel rules.
//! There is no I/O here, no clock and no host: nothing in this crate knows what a namespace is.

#![forbid(unsafe_code)]

mod aws_service;
#[cfg(test)]
mod fixture;
mod gateway;
mod id;
mod interface;
mod load_balancer;
pub mod names;
pub mod network_acl;
pub mod registry;
mod route_table;
mod security_group;
mod service;
mod topology;
pub mod tracking;
pub mod verdict;
mod zone;

pub use aws_service::{
    AWS_SERVICES, AwsService, INTERNET_HOST, INTERNET_RESOLVER, PRIVATE_RANGES, PUBLIC_POOL, SERVICE_POOL,
};
pub use gateway::{Endpoint, NatGateway};
pub use id::{
    EndpointId, InterfaceId, InternetGatewayId, LoadBalancerId, NatGatewayId, NetworkAclId, PeeringId, PrefixListId,
    RouteTableId, SecurityGroupId, SubnetId, VpcId,
};
pub use interface::{Holder, Interface, Mac, ParseMacError};
pub use ipnet::{IpNet, Ipv4Net};
pub use load_balancer::{Forwarded, LoadBalancer, LoadBalancerNode};
pub use network_acl::{AclRule, NetworkAcl};
pub use registry::{PUBLIC_REGISTRIES, REGISTRIES};
pub use route_table::{Destination, Peering, Route, RouteTable, Target};
pub use security_group::{Direction, IpProtocol, Peer, Ports, Rule, SecurityGroup};
pub use service::{RESOLVER, Service, TASK_METADATA};
pub use topology::{Subnet, Topology, Vpc};
pub use zone::{HostedZone, RecordKind, RecordSet, RecordValue, Soa, Zones, chosen};
