//! Which flows groups keep track of, and which a change of rules cuts ("Amazon EC2 security group connection tracking", Amazon EC2
//! User Guide).
//!
//! A tracked flow goes on whatever becomes of the rule that let it in. An untracked one lives by the rules alone: its packets must be
//! allowed by a rule one way and by a rule the other way, always. Each interface keeps track for itself, so a flow between two may be
//! tracked by one and not by the other.
//!
//! Absent: what a flow was when it began. It counts as tracked or not by the rules just before a change, so one that began tracked and
//! has since been allowed by a rule for all addresses ends with that rule.

#[cfg(test)]
mod tests;

use crate::{
    Direction, Endpoint, Interface, InterfaceId, IpNet, IpProtocol, Peer, Ports, Rule, SecurityGroupId, Target,
    Topology, Vpc, VpcId,
    verdict::{
        Transport,
        gate::{Other, gate},
    },
};
use std::{collections::BTreeSet, net::IpAddr};

/// An established flow: its first packet as each end sees it that is an interface here. An end outside has no groups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flow {
    /// The interface that began it.
    pub initiator: Option<Seen>,
    /// The interface that was asked.
    pub receiver: Option<Seen>,
}

/// The first packet of a flow as it leaves or reaches an interface, after what gateways on the way there make of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The VPC of the interface.
    pub vpc: VpcId,
    /// The interface.
    pub interface: InterfaceId,
    /// Where the packet is from.
    pub source: IpAddr,
    /// Where it goes.
    pub destination: IpAddr,
    /// What it carries.
    pub transport: Transport,
}

/// Whether a change cuts a flow: one of its ends does not track it, and has no rule any more for its packets in either direction.
///
/// A flow of an interface that is gone ends with the interface, not by this.
pub fn interrupted(before: &Topology, after: &Topology, flow: &Flow) -> bool {
    let ends = [(&flow.initiator, Direction::Egress), (&flow.receiver, Direction::Ingress)];
    let cut = |(end, first): (&Option<Seen>, Direction)| {
        end.as_ref().is_some_and(|seen| untracked(before, seen, first) && !permitted(after, seen, first))
    };
    ends.into_iter().any(cut)
}

/// Whether a change may cut a flow at all: where no interface loses a group, nor one of its groups a rule for all addresses, it cuts
/// none. For whom listing flows is dear.
pub fn may_interrupt(before: &Topology, after: &Topology) -> bool {
    let vpcs = before.vpcs.iter().filter_map(|(id, was)| Some((was, after.vpcs.get(id)?)));
    vpcs.into_iter().any(|(was, is)| {
        let narrowed = narrowed(was, is);
        let interfaces = was.interfaces.iter().filter_map(|(id, was)| Some((was, is.interfaces.get(id)?)));
        interfaces.into_iter().any(|(was, is)| {
            let mut groups = was.security_groups.iter();
            groups.any(|id| narrowed.contains(id) || !is.security_groups.contains(id))
        })
    })
}

/// The groups that lost a rule for all addresses.
fn narrowed<'a>(was: &'a Vpc, is: &Vpc) -> BTreeSet<&'a SecurityGroupId> {
    let lost = |was: &[Rule], is: &[Rule]| was.iter().any(|rule| for_all(rule).is_some() && !is.contains(rule));
    let groups = was.security_groups.iter().filter(|(id, was)| {
        let is = is.security_groups.get(*id);
        is.is_none_or(|is| lost(&was.ingress, &is.ingress) || lost(&was.egress, &is.egress))
    });
    groups.map(|(id, _)| id).collect()
}

/// Whether an interface keeps no track of a flow: a rule allows its first packet for all addresses, and one in the other direction
/// everything to all ports of its protocol ("Untracked connections"). Only TCP and UDP flows go untracked.
fn untracked(topology: &Topology, seen: &Seen, first: Direction) -> bool {
    let Some((vpc, interface)) = find(topology, seen) else { return false };
    if !matches!(seen.transport, Transport::Tcp { .. } | Transport::Udp { .. }) || !interface.filtered() {
        return false;
    }
    let other = seen.other(first);
    let open = |rule: &&Rule| for_all(rule).is_some_and(|net| net.contains(&other));
    let any_port = |rule: &&Rule| {
        rule.protocol == IpProtocol::All
            || rule.protocol == IpProtocol::Number(seen.transport.protocol())
                && matches!(rule.ports, Ports::All | Ports::Range(0, u16::MAX))
    };
    let allowed = rules(vpc, interface, first).filter(open).any(|rule| rule.covers(&seen.transport));
    let answered = rules(vpc, interface, first.opposite()).filter(open).any(|rule| any_port(&rule));
    allowed && answered && !always_tracked(topology, seen, interface, other)
}

/// Whether rules allow a flow in both directions, as those of an untracked one must.
fn permitted(topology: &Topology, seen: &Seen, first: Direction) -> bool {
    // What is gone is past being cut.
    let Some((vpc, interface)) = find(topology, seen) else { return true };
    let address = seen.other(first);
    let other = Other { address, vpc: home(topology, &seen.vpc, vpc, address), sender: None };
    let open =
        |direction, transport: &Transport| gate(topology, &seen.vpc, interface, direction, other, transport).open();
    open(first, &seen.transport) && seen.transport.answer().is_none_or(|answer| open(first.opposite(), &answer))
}

/// Whether connections like this are tracked whatever the rules say: through NAT gateways, interface endpoints and DynamoDB's gateway
/// endpoints ("Automatically tracked connections").
fn always_tracked(topology: &Topology, seen: &Seen, interface: &Interface, other: IpAddr) -> bool {
    let Some(vpc) = topology.vpcs.get(&seen.vpc) else { return false };
    if !interface.holder.is_machine() {
        return true;
    }
    let peers = topology.peerings_of(&seen.vpc).map(|(.., peer)| peer);
    let holder = std::iter::once(vpc).chain(peers).find_map(|vpc| vpc.interface_at(other));
    if holder.is_some_and(|(_, interface)| !interface.holder.is_machine()) {
        return true;
    }
    if vpc.contains(other) {
        return false;
    }
    let table = vpc.subnets.get(&interface.subnet).and_then(|subnet| vpc.route_tables.get(&subnet.route_table));
    match table.and_then(|table| table.lookup(topology, other)).map(|(_, route)| &route.target) {
        Some(Target::NatGateway(_)) => true,
        Some(Target::Endpoint(id)) => {
            matches!(vpc.endpoints.get(id), Some(Endpoint::Gateway { service, .. }) if service == "dynamodb")
        }
        _ => false,
    }
}

/// The range of a rule that speaks of all addresses of a family.
fn for_all(rule: &Rule) -> Option<&IpNet> {
    match &rule.peer {
        Peer::Net(net) if net.prefix_len() == 0 => Some(net),
        _ => None,
    }
}

/// Every rule of an interface's groups in a direction.
fn rules<'a>(vpc: &'a Vpc, interface: &'a Interface, direction: Direction) -> impl Iterator<Item = &'a Rule> {
    let groups = interface.security_groups.iter().filter_map(|id| vpc.security_groups.get(id));
    groups.flat_map(move |group| group.rules(direction))
}

/// The VPC that an address is of, as seen from one: it itself or a peer.
fn home<'a>(topology: &'a Topology, id: &'a VpcId, vpc: &Vpc, address: IpAddr) -> Option<&'a VpcId> {
    if vpc.contains(address) {
        return Some(id);
    }
    topology.peerings_of(id).find(|(.., peer)| peer.contains(address)).map(|(_, peer, _)| peer)
}

fn find<'a>(topology: &'a Topology, seen: &Seen) -> Option<(&'a Vpc, &'a Interface)> {
    let vpc = topology.vpcs.get(&seen.vpc)?;
    Some((vpc, vpc.interfaces.get(&seen.interface)?))
}

impl Seen {
    /// The address of the other end, where the first packet goes in a direction.
    fn other(&self, first: Direction) -> IpAddr {
        match first {
            Direction::Egress => self.destination,
            Direction::Ingress => self.source,
        }
    }
}
