//! VPC networking as a pure model: addresses, security groups, and (in [`verdict`]) what happens to a packet.
//!
//! The same types are what a host is told to enforce, so the model that explains is the model that is compiled to kernel rules.
//! There is no I/O here, no clock and no host: nothing in this crate knows what a namespace is.

#![forbid(unsafe_code)]

mod id;
mod interface;
mod security_group;
mod service;
mod topology;
pub mod verdict;

pub use id::{InterfaceId, SecurityGroupId, SubnetId, VpcId};
pub use interface::{Interface, Mac, ParseMacError};
pub use ipnet::IpNet;
pub use security_group::{IpProtocol, Peer, Ports, Rule, SecurityGroup};
pub use service::{RESOLVER, Service, TASK_METADATA};
pub use topology::{Subnet, Vpc};
