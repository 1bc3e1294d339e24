//! Security groups: what one interface's groups say of a packet.

use super::{Gate, Transport};
use crate::{Direction, Interface, InterfaceId, IpProtocol, Peer, Ports, Rule, Topology, VpcId};
use std::net::IpAddr;

/// The other side of a packet: its address, and the VPC in which that is somebody's. None is the internet, where group references
/// mean nothing.
#[derive(Clone, Copy)]
pub(crate) struct Other<'a> {
    pub address: IpAddr,
    pub vpc: Option<&'a VpcId>,
    /// The interface of that VPC that sent it, if it is known: what it forwards for another is not that other's.
    pub sender: Option<&'a InterfaceId>,
}

/// All rules of all groups of an interface are one list: what any of them allows is allowed ("Security group rules", Amazon VPC
/// User Guide). A group that isn't there allows nothing.
pub(crate) fn gate(
    topology: &Topology,
    vpc: &VpcId,
    interface: &Interface,
    direction: Direction,
    other: Other,
    transport: &Transport,
) -> Gate {
    let Some(vpc) = topology.vpcs.get(vpc) else { return Gate::Denied };
    for id in &interface.security_groups {
        let Some(group) = vpc.security_groups.get(id) else { continue };
        let mut rules = group.rules(direction).iter();
        if let Some(rule) = rules.find(|rule| rule.covers(transport) && matches(topology, &rule.peer, other)) {
            return Gate::Allowed(id.clone(), rule.clone());
        }
    }
    Gate::Denied
}

/// A group as the peer stands for the private addresses of the interfaces that carry it, and for none of the group's rules
/// ("Security group referencing", Amazon VPC User Guide); it may be of a peered VPC ("Update your security groups to reference peer
/// security groups", Amazon VPC Peering Guide). It does not stand for what a middlebox forwards ("Security group referencing"), but for
/// all that a Network Load Balancer sends on ("Update the security groups for your Network Load Balancer").
fn matches(topology: &Topology, peer: &Peer, other: Other) -> bool {
    match peer {
        Peer::Net(net) => net.contains(&other.address),
        Peer::PrefixList(id) => topology.prefixes(id).any(|net| net.contains(&other.address)),
        Peer::Group(group) => {
            let vpc = other.vpc.and_then(|id| topology.vpcs.get(id));
            let sender = vpc.zip(other.sender).and_then(|(vpc, id)| vpc.interfaces.get(id));
            if let Some(node) = sender.filter(|sender| sender.is_forwarding_node()) {
                return node.security_groups.contains(group);
            }
            vpc.and_then(|vpc| vpc.interface_at(other.address))
                .filter(|(id, _)| other.sender.is_none_or(|sender| sender == *id))
                .is_some_and(|(_, interface)| interface.security_groups.contains(group))
        }
    }
}

impl Rule {
    /// Whether protocol and ports of the rule cover a packet's.
    pub fn covers(&self, transport: &Transport) -> bool {
        self.ports.cover(self.protocol, transport)
    }
}

impl Ports {
    /// Whether they cover a packet, together with a protocol.
    ///
    /// `-1` covers every protocol and port. TCP and UDP look at the destination port, ICMP at type and code. For any other protocol
    /// number all traffic is covered, whatever the port range says (`AuthorizeSecurityGroupIngress`, Amazon EC2 API Reference).
    pub fn cover(self, protocol: IpProtocol, transport: &Transport) -> bool {
        let IpProtocol::Number(protocol) = protocol else { return true };
        if protocol != transport.protocol() {
            return false;
        }
        match (transport, self) {
            (_, Self::All) | (Transport::Other(_), _) => true,
            (Transport::Tcp { to, .. } | Transport::Udp { to, .. }, Self::Range(first, last)) => {
                (first..=last).contains(to)
            }
            (Transport::Icmp(kind, code), Self::Icmp(only, only_code)) => {
                *kind == only && only_code.is_none_or(|c| c == *code)
            }
            _ => false,
        }
    }
}
