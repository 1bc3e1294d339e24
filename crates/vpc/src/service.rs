//! What a VPC itself answers: addresses that belong to no interface and that no security group filters.

use crate::{Vpc, verdict::Transport};
use std::net::{IpAddr, Ipv4Addr};

/// The Amazon DNS server's address that is the same in every VPC ("Understanding Amazon DNS", Amazon VPC User Guide).
pub const RESOLVER: IpAddr = IpAddr::V4(Ipv4Addr::new(169, 254, 169, 253));

/// Where a task finds its metadata and credentials ("Amazon ECS task metadata endpoint version 4", Amazon ECS Developer Guide).
pub const TASK_METADATA: IpAddr = IpAddr::V4(Ipv4Addr::new(169, 254, 170, 2));

/// One port that the VPC answers on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Service {
    /// The address.
    pub address: IpAddr,
    /// The protocol: 6 is TCP, 17 UDP.
    pub protocol: u8,
    /// The port.
    pub port: u16,
}

impl Service {
    /// Whether this is where a packet goes.
    pub fn answers(&self, destination: IpAddr, transport: &Transport) -> bool {
        let port = match transport {
            Transport::Tcp { to, .. } | Transport::Udp { to, .. } => *to,
            Transport::Icmp(..) | Transport::Other(_) => return false,
        };
        (self.address, self.protocol, self.port) == (destination, transport.protocol(), port)
    }
}

impl Vpc {
    /// Everything the VPC answers: DNS over UDP and TCP at the resolver's two addresses, unless DNS support is off; task metadata over HTTP.
    /// The subnets' gateways answer nothing, not even an echo request.
    pub fn services(&self) -> impl Iterator<Item = Service> {
        let resolvers = self.resolver().into_iter().chain([RESOLVER]).filter(|_| self.dns_support);
        let dns = resolvers.flat_map(|address| [6, 17].map(|protocol| Service { address, protocol, port: 53 }));
        dns.chain([Service { address: TASK_METADATA, protocol: 6, port: 80 }])
    }
}
