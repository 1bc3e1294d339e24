//! What the rules of a VPC say of one packet: each decision on its way, in order, and all of them even after one says no.
//!
//! A verdict is about the first packet of a flow. What follows in either direction belongs to that flow and is let through by
//! connection tracking ("Amazon EC2 security group connection tracking", Amazon EC2 User Guide). There is no state here, and so
//! no connection tracking; there are no route tables, gateways or network ACLs either: a packet stays inside its VPC.

mod packet;
#[cfg(test)]
mod tests;

pub use packet::{Packet, Transport};

use crate::{Interface, InterfaceId, IpProtocol, Peer, Ports, Rule, SecurityGroupId, Vpc};
use std::net::IpAddr;

/// Every decision about one packet. Denied by any means denied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Whether the packet is one its sender may send at all.
    pub source: SourceCheck,
    /// What the sender's groups say of its going out.
    pub egress: Gate,
    /// Where the destination address leads.
    pub delivery: Delivery,
    /// What the receiver's groups say of its coming in; `Unfiltered` where no interface receives it.
    pub ingress: Gate,
}

impl Verdict {
    /// Whether the packet arrives.
    pub fn allowed(&self) -> bool {
        self.source == SourceCheck::Passed
            && self.delivery != Delivery::Nowhere
            && self.egress.open()
            && self.ingress.open()
    }
}

/// Whether a packet is one its sender may send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceCheck {
    /// It is.
    Passed,
    /// No such interface in this VPC.
    NoSuchInterface,
    /// Its source is not the interface's own address: source/destination checking ("Elastic network interfaces", Amazon EC2 User Guide).
    NotItsAddress,
    /// IPv6 is closed on every interface, as in a VPC without an IPv6 range ("IP addressing for your VPCs and subnets", Amazon VPC
    /// User Guide).
    Ipv6Closed,
}

/// Where a destination address leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// To another interface of the VPC: every route table has a local route for it ("Route tables", Amazon VPC User Guide).
    Interface(InterfaceId),
    /// Back to the sender, which never lets the packet out.
    Itself,
    /// To the VPC's own services: DNS, task metadata, the reserved addresses of the router.
    Service,
    /// To nobody.
    Nowhere,
}

/// What one interface's security groups say of a packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Gate {
    /// This rule of this group allows it; others may too. Rules have no order ("Security group rules", Amazon VPC User Guide).
    Allowed(SecurityGroupId, Rule),
    /// No rule of any of its groups allows it.
    Denied,
    /// Groups have no say ("Control traffic to your AWS resources using security groups", Amazon VPC User Guide, lists what they
    /// don't filter: DNS, DHCP, instance metadata, task metadata, the default VPC router).
    Unfiltered,
}

impl Gate {
    /// Whether the packet may pass.
    pub fn open(&self) -> bool {
        *self != Self::Denied
    }
}

/// The verdict on the first packet of a flow between interfaces of one VPC.
///
/// Both gates are asked and neither answer touches the other: a packet needs the sender's egress rules and the receiver's ingress
/// rules, also within one subnet ("Security group rules", Amazon VPC User Guide).
pub fn verdict(vpc: &Vpc, packet: &Packet) -> Verdict {
    let sender = vpc.interfaces.get(&packet.from);
    let delivery = delivery(vpc, packet);
    let receiver = match &delivery {
        Delivery::Interface(id) => vpc.interfaces.get(id),
        _ => None,
    };
    let filtered = !matches!(delivery, Delivery::Itself | Delivery::Service);
    Verdict {
        source: source_check(sender, packet),
        egress: match sender {
            Some(sender) if filtered => gate(vpc, sender, Direction::Egress, packet),
            _ => Gate::Unfiltered,
        },
        ingress: receiver.map_or(Gate::Unfiltered, |receiver| gate(vpc, receiver, Direction::Ingress, packet)),
        delivery,
    }
}

fn source_check(sender: Option<&Interface>, packet: &Packet) -> SourceCheck {
    match sender {
        None => SourceCheck::NoSuchInterface,
        Some(_) if packet.source.is_ipv6() || packet.destination.is_ipv6() => SourceCheck::Ipv6Closed,
        Some(sender) if sender.private_ip != packet.source => SourceCheck::NotItsAddress,
        Some(_) => SourceCheck::Passed,
    }
}

fn delivery(vpc: &Vpc, packet: &Packet) -> Delivery {
    let to = packet.destination;
    if let Some((id, _)) = vpc.interfaces.iter().find(|(_, interface)| interface.private_ip == to) {
        return if *id == packet.from { Delivery::Itself } else { Delivery::Interface(id.clone()) };
    }
    if vpc.services().any(|service| service.answers(to, &packet.transport)) {
        Delivery::Service
    } else {
        Delivery::Nowhere
    }
}

#[derive(Clone, Copy)]
enum Direction {
    Egress,
    Ingress,
}

/// All rules of all groups of an interface are one list: what any of them allows is allowed ("Security group rules", Amazon VPC
/// User Guide). A group that isn't there allows nothing.
fn gate(vpc: &Vpc, interface: &Interface, direction: Direction, packet: &Packet) -> Gate {
    let other = match direction {
        Direction::Egress => packet.destination,
        Direction::Ingress => packet.source,
    };
    for id in &interface.security_groups {
        let Some(group) = vpc.security_groups.get(id) else { continue };
        let rules = match direction {
            Direction::Egress => &group.egress,
            Direction::Ingress => &group.ingress,
        };
        if let Some(rule) =
            rules.iter().find(|rule| rule.covers(&packet.transport) && peer_matches(vpc, &rule.peer, other))
        {
            return Gate::Allowed(id.clone(), rule.clone());
        }
    }
    Gate::Denied
}

/// A group as the peer stands for the private addresses of the interfaces that carry it, and for none of the group's rules
/// ("Security group referencing", Amazon VPC User Guide).
fn peer_matches(vpc: &Vpc, peer: &Peer, other: IpAddr) -> bool {
    match peer {
        Peer::Net(net) => net.contains(&other),
        Peer::Group(group) => {
            vpc.interfaces.values().any(|i| i.private_ip == other && i.security_groups.contains(group))
        }
    }
}

impl Rule {
    /// Whether protocol and ports of the rule cover a packet's.
    ///
    /// `-1` covers every protocol and port. TCP and UDP look at the destination port, ICMP at type and code. For any other protocol
    /// number all traffic is covered, whatever the port range says (`AuthorizeSecurityGroupIngress`, Amazon EC2 API Reference).
    pub fn covers(&self, transport: &Transport) -> bool {
        let IpProtocol::Number(protocol) = self.protocol else { return true };
        if protocol != transport.protocol() {
            return false;
        }
        match (transport, self.ports) {
            (_, Ports::All) | (Transport::Other(_), _) => true,
            (Transport::Tcp(port) | Transport::Udp(port), Ports::Range(first, last)) => (first..=last).contains(port),
            (Transport::Icmp(kind, code), Ports::Icmp(only, only_code)) => {
                *kind == only && only_code.is_none_or(|c| c == *code)
            }
            _ => false,
        }
    }
}
