//! The VPC on one host: what the network should be, decided purely ([`plan`]), and making it so over netlink ([`Network`]).
//!
//! A router namespace for each VPC, a namespace for whatever is behind an interface (a task, a load balancer's node, a NAT gateway, an
//! endpoint), one for the internet, a point-to-point veth pair for each interface and each gateway. In the router, route tables are routing tables, and
//! security groups, network ACLs and the internet gateway's translation are one nftables table. Nothing is ever done in the host's
//! own namespace: no link, address, route or rule of it is touched. What is to leave the machine is handed to this process by a TUN link.
//!
//! Absent here: bridges, addresses in the host's namespace, programs that are run (`ip`, `nft`, `tc`), threads that outlive a call,
//! waiting for the kernel to destroy a namespace.

mod apply;
mod error;
mod metrics;
mod name;
mod namespace;
mod netlink;
pub mod plan;
mod sys;

pub use apply::Network;
pub use error::Error;
pub use metrics::{FlowMetrics, Flows, NatConnections, NatMetrics, Traffic, flow_metrics, nat_metrics};
pub use name::{Instance, LinkName, NamespaceName};
pub use namespace::inside;
pub use plan::{Internet, Plan, flows::BORROWED, plan, uplink::DIVERTED};

use std::net::IpAddr;
use vpc::IpNet;

/// The addresses of the calling thread's network namespace, each with the network it is in.
///
/// # Errors
/// When the kernel can't be asked.
pub fn addresses_here() -> Result<Vec<IpNet>, Error> {
    let failed = |errno| Error::new("list", "the addresses of this namespace", errno);
    let addresses = netlink::Socket::route().and_then(|mut socket| netlink::route::addresses(&mut socket));
    Ok(addresses.map_err(failed)?.into_iter().map(|(address, _)| address).collect())
}

/// Whether what the calling thread's network namespace sends to an address stays in it. That it may without having the address: cloud
/// machines have such routes for addresses of load balancers.
///
/// # Errors
/// When the kernel can't be asked.
pub fn stays_here(to: IpAddr) -> Result<bool, Error> {
    let failed = |errno| Error::new("ask for", "a route of this namespace", errno);
    netlink::Socket::route().and_then(|mut socket| netlink::route::stays_here(&mut socket, to)).map_err(failed)
}
