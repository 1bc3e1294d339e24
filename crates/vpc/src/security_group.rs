//! Security groups: stateful, deny by default, allow rules only ("Security group rules", Amazon VPC User Guide).

use crate::{PrefixListId, SecurityGroupId};
use ipnet::IpNet;
use serde::{Deserialize, Serialize};

/// The rules of one group. What no rule allows is denied; replies to what was allowed are allowed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecurityGroup {
    /// What may come in, in any order.
    pub ingress: Vec<Rule>,
    /// What may go out, in any order.
    pub egress: Vec<Rule>,
}

impl SecurityGroup {
    /// The rules for what goes that way.
    pub fn rules(&self, direction: Direction) -> &[Rule] {
        match direction {
            Direction::Egress => &self.egress,
            Direction::Ingress => &self.ingress,
        }
    }
}

/// Which way a packet goes, seen from an interface or a subnet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Out of it.
    Egress,
    /// Into it.
    Ingress,
}

impl Direction {
    /// The way of an answer.
    pub(crate) fn opposite(self) -> Self {
        match self {
            Self::Egress => Self::Ingress,
            Self::Ingress => Self::Egress,
        }
    }
}

/// One allow rule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Rule {
    /// The protocol of the packet.
    pub protocol: IpProtocol,
    /// The ports or ICMP messages.
    pub ports: Ports,
    /// The other side: the source of what comes in, the destination of what goes out.
    pub peer: Peer,
}

/// Which IP protocols a rule speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum IpProtocol {
    /// `-1`: every protocol, and with it every port.
    All,
    /// One protocol by its assigned number: 6 is TCP, 17 UDP, 1 ICMP, 58 ICMPv6.
    Number(u8),
}

impl IpProtocol {
    /// TCP (RFC 9293).
    pub const TCP: Self = Self::Number(6);
    /// UDP (RFC 768).
    pub const UDP: Self = Self::Number(17);
    /// ICMP (RFC 792).
    pub const ICMP: Self = Self::Number(1);
    /// ICMPv6 (RFC 4443).
    pub const ICMPV6: Self = Self::Number(58);
}

/// Which ports, or which ICMP messages, a rule speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Ports {
    /// All of them; the only choice for protocols without ports.
    All,
    /// Destination ports from the first to the last, both included.
    Range(u16, u16),
    /// An ICMP type and, unless `None`, one code of it.
    Icmp(u8, Option<u8>),
}

/// The other side of a rule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Peer {
    /// Addresses in a range.
    Net(IpNet),
    /// The private addresses of the interfaces that carry a group, of the same VPC or a peered one.
    Group(SecurityGroupId),
    /// The addresses in any of a prefix list's ranges.
    PrefixList(PrefixListId),
}
