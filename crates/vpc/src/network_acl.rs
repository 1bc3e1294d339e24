//! Network access control lists: stateless, ordered, for a subnet ("Control subnet traffic with network access control lists",
//! Amazon VPC User Guide).

use crate::{IpProtocol, Ports, verdict::Transport};
use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, net::IpAddr};

/// A network ACL: its rules by their numbers. What no rule speaks of is denied (rule `*`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkAcl {
    /// What comes into the subnet.
    pub ingress: BTreeMap<u16, AclRule>,
    /// What leaves the subnet.
    pub egress: BTreeMap<u16, AclRule>,
}

/// One rule of a network ACL.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AclRule {
    /// The protocol of the packet.
    pub protocol: IpProtocol,
    /// The destination ports or ICMP messages.
    pub ports: Ports,
    /// The other side: the source of what comes in, the destination of what goes out.
    pub net: IpNet,
    /// Whether it allows, not denies.
    pub allow: bool,
}

impl AclRule {
    /// Whether it speaks of a packet from or to that other side.
    pub fn covers(&self, other: IpAddr, transport: &Transport) -> bool {
        self.net.contains(&other) && self.ports.cover(self.protocol, transport)
    }
}

/// The rule that decides about a packet: the lowest number that covers it ("Network ACL rules", Amazon VPC User Guide).
pub fn decide<'a>(
    rules: &'a BTreeMap<u16, AclRule>,
    other: IpAddr,
    transport: &Transport,
) -> Option<(u16, &'a AclRule)> {
    rules.iter().find(|(_, rule)| rule.covers(other, transport)).map(|(number, rule)| (*number, rule))
}

/// Whether rules let every IPv4 packet through: the first that could deny one comes after one that allows all.
pub fn allows_everything(rules: &BTreeMap<u16, AclRule>) -> bool {
    let everything = |rule: &AclRule| {
        rule.protocol == IpProtocol::All && matches!(rule.net, IpNet::V4(net) if net.prefix_len() == 0)
    };
    rules.values().take_while(|rule| rule.allow).any(everything)
}
