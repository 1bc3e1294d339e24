//! The walk of a packet through the routers, gateway by gateway.

use super::{
    AclDecision, Addresses, End, Gate, Origin, Packet, Path, SourceCheck, Step, Transport,
    gate::{Other, gate},
};
use crate::{
    Direction, Endpoint, Holder, Interface, InterfaceId, NatGateway, NatGatewayId, PUBLIC_POOL, SERVICE_POOL, SubnetId,
    Target, Topology, Vpc, VpcId, network_acl,
};
use ipnet::IpNet;
use std::net::IpAddr;

/// What a first packet left on its way, for the answer to find back: the packet as it arrived, and whose address each NAT gateway
/// hid, in order.
pub(super) struct Trail {
    source: IpAddr,
    destination: IpAddr,
    transport: Transport,
    hidden: Vec<(NatGatewayId, IpAddr)>,
}

/// The VPC that a packet's source address is of, and there the interface that sent it, unless it comes from another VPC.
type Sender<'s> = Option<(&'s VpcId, Option<&'s InterfaceId>)>;

/// One packet under way.
struct Walk<'a> {
    topology: &'a Topology,
    source: IpAddr,
    destination: IpAddr,
    transport: Transport,
    steps: Vec<Step>,
    addresses: Vec<Addresses>,
    /// Addresses hidden by NAT gateways so far; for an answer, those that are still to be found.
    hidden: Vec<(NatGatewayId, IpAddr)>,
    /// Whether it is an answer.
    answer: bool,
}

/// The way of a first packet.
pub(super) fn there(topology: &Topology, packet: &Packet) -> (Path, Trail) {
    let Packet { origin, source, destination, transport } = packet;
    let mut walk = Walk {
        topology,
        source: *source,
        destination: *destination,
        transport: *transport,
        steps: Vec::new(),
        addresses: Vec::new(),
        hidden: Vec::new(),
        answer: false,
    };
    let end = match origin {
        Origin::Interface(vpc, interface) => walk.leave_interface(vpc, interface),
        Origin::Internet => walk.on_the_internet(),
    };
    let Walk { steps, addresses, source, destination, transport, hidden, .. } = walk;
    (Path { steps, addresses, end }, Trail { source, destination, transport, hidden })
}

/// The way of the answer to a packet that ended somewhere. It arrives if it reaches whoever sent that packet, from the address it
/// was sent to.
pub(super) fn back(topology: &Topology, packet: &Packet, end: &End, trail: &Trail) -> Option<Path> {
    let transport = trail.transport.answer()?;
    let mut walk = Walk {
        topology,
        source: trail.destination,
        destination: trail.source,
        transport,
        steps: Vec::new(),
        addresses: Vec::new(),
        hidden: trail.hidden.clone(),
        answer: true,
    };
    let reached = match end {
        End::Nowhere => return None,
        // Nothing is between the two.
        End::Itself | End::Service(_) => {
            return Some(Path { steps: Vec::new(), addresses: Vec::new(), end: End::Itself });
        }
        End::Interface(vpc, id) => {
            let interface = topology.vpcs.get(vpc)?.interfaces.get(id)?;
            if !interface.has(trail.destination) {
                return None;
            }
            match &packet.origin {
                Origin::Interface(home, node) if is_forwarded(topology, home, node, packet) => {
                    walk.return_to_node((vpc, id), (home, node))
                }
                _ => walk.leave_interface(vpc, id),
            }
        }
        End::Endpoint(vpc, _) => walk.enter_vpc(vpc, None, None),
        End::Internet => walk.on_the_internet(),
    };
    let home = match &packet.origin {
        Origin::Interface(vpc, id) => End::Interface(vpc.clone(), id.clone()),
        Origin::Internet => End::Internet,
    };
    let recognised = walk.source == packet.destination && walk.destination == packet.source;
    let end = if reached == home && recognised { reached } else { End::Nowhere };
    Some(Path { steps: walk.steps, addresses: walk.addresses, end })
}

/// Whether a packet is one that a Network Load Balancer's node sends on for a client. Its answer comes back to the node, whomever it is
/// for.
fn is_forwarded(topology: &Topology, vpc: &VpcId, node: &InterfaceId, packet: &Packet) -> bool {
    let interface = topology.vpcs.get(vpc).and_then(|vpc| vpc.interfaces.get(node));
    interface.is_some_and(|interface| interface.is_forwarding_node() && !interface.has(packet.source))
}

impl<'a> Walk<'a> {
    /// A target's answer to what a Network Load Balancer's node sent on: its router leads it back to the node, if the two are of one VPC.
    fn return_to_node(&mut self, (vpc_id, id): (&VpcId, &InterfaceId), (home, node): (&VpcId, &InterfaceId)) -> End {
        let Some(((vpc, interface), (_, through))) = self.interface(vpc_id, id).zip(self.interface(home, node)) else {
            return End::Nowhere;
        };
        if vpc_id != home {
            return self.leave_interface(vpc_id, id);
        }
        self.source_check(id, interface);
        self.egress(vpc_id, id, interface, Some(vpc_id));
        self.between(vpc, &interface.subnet, &through.subnet);
        self.ingress(home, node, through, Some((vpc_id, Some(id))));
        End::Interface(home.clone(), node.clone())
    }

    /// Takes note of a decision about the packet as it is now.
    fn decide(&mut self, step: Step) {
        self.steps.push(step);
        self.addresses.push(Addresses { source: self.source, destination: self.destination });
    }

    /// A packet that leaves an interface.
    fn leave_interface(&mut self, vpc_id: &VpcId, id: &InterfaceId) -> End {
        let Some((vpc, interface)) = self.interface(vpc_id, id) else {
            self.decide(Step::Source(id.clone(), SourceCheck::NoSuchInterface));
            return End::Nowhere;
        };
        self.source_check(id, interface);
        if interface.has(self.destination) {
            return End::Itself;
        }
        if vpc.services().any(|service| service.answers(self.destination, &self.transport)) {
            return End::Service(vpc_id.clone());
        }
        if vpc.contains(self.destination) || never_routed(self.destination) {
            self.egress(vpc_id, id, interface, Some(vpc_id));
            return self.enter_vpc(vpc_id, Some(&interface.subnet), Some((vpc_id, Some(id))));
        }
        self.leave_vpc(vpc_id, vpc, id, interface)
    }

    /// Out of the VPC by the route table of the sender's subnet.
    fn leave_vpc(&mut self, vpc_id: &VpcId, vpc: &Vpc, id: &InterfaceId, interface: &Interface) -> End {
        let Some(subnet) = vpc.subnets.get(&interface.subnet) else { return End::Nowhere };
        let table = &subnet.route_table;
        let found = vpc.route_tables.get(table).and_then(|t| t.lookup(self.topology, self.destination));
        let target = found.map(|(_, route)| route.target.clone());
        let peer = match &target {
            Some(Target::Peering(peering)) => {
                self.topology.peerings_of(vpc_id).find(|(id, ..)| *id == peering).map(|(_, other, _)| other.clone())
            }
            _ => None,
        };
        self.egress(vpc_id, id, interface, peer.as_ref());
        let usable = match &target {
            None => false,
            Some(Target::InternetGateway(gateway)) => vpc.internet_gateway.as_ref() == Some(gateway),
            Some(Target::NatGateway(gateway)) => vpc.nat_gateways.contains_key(gateway),
            Some(Target::Interface(interface)) => vpc.interfaces.contains_key(interface),
            Some(Target::Peering(_)) => peer.is_some(),
            Some(Target::Endpoint(endpoint)) => {
                matches!(vpc.endpoints.get(endpoint), Some(Endpoint::Gateway { .. }))
            }
        };
        let route = found.map(|(net, route)| (net, route.destination.clone(), route.target.clone()));
        self.decide(Step::Route { table: table.clone(), route, usable });
        let Some(target) = target.filter(|_| usable) else { return End::Nowhere };
        match target {
            Target::InternetGateway(gateway) => {
                self.acl_egress(vpc, &interface.subnet);
                let public = vpc.interfaces.values().find_map(|i| i.public_ips.get(&self.source)).copied();
                self.decide(Step::ToInternet { gateway, private: self.source, public });
                let Some(public) = public else { return End::Nowhere };
                self.source = public;
                self.on_the_internet()
            }
            Target::NatGateway(gateway) => match vpc.nat_gateways.get(&gateway) {
                Some(nat) => self.through_nat(vpc_id, vpc, &gateway, nat, &interface.subnet),
                None => End::Nowhere,
            },
            Target::Interface(via) => {
                let Some(through) = vpc.interfaces.get(&via) else { return End::Nowhere };
                self.between(vpc, &interface.subnet, &through.subnet);
                self.decide(Step::Destination(
                    via.clone(),
                    !through.source_dest_check || through.has(self.destination),
                ));
                self.ingress(vpc_id, &via, through, Some((vpc_id, Some(id))));
                End::Interface(vpc_id.clone(), via)
            }
            Target::Peering(peering) => {
                let Some(other) = peer else { return End::Nowhere };
                self.acl_egress(vpc, &interface.subnet);
                self.decide(Step::Peering(peering, other.clone()));
                self.enter_vpc(&other, None, Some((vpc_id, None)))
            }
            Target::Endpoint(endpoint) => {
                self.acl_egress(vpc, &interface.subnet);
                End::Endpoint(vpc_id.clone(), endpoint)
            }
        }
    }

    /// A NAT gateway hides the sender and sends the packet on from its own subnet.
    fn through_nat(&mut self, vpc_id: &VpcId, vpc: &Vpc, id: &NatGatewayId, nat: &NatGateway, from: &SubnetId) -> End {
        let Some(interface) = vpc.interfaces.get(&nat.interface) else { return End::Nowhere };
        self.between(vpc, from, &interface.subnet);
        let known = matches!(self.transport.protocol(), 1 | 6 | 17);
        let seen = self.hidden.iter().any(|(seen, _)| seen == id);
        // An answer never goes out through one: it comes back by the same. And a gateway that leads to itself leads nowhere.
        let passes = known && !seen && !self.answer;
        self.decide(Step::Nat { gateway: id.clone(), source: interface.private_ip, passes });
        if !passes {
            return End::Nowhere;
        }
        // It keeps the source port when no other connection to the same destination has it, and takes another when one does.
        self.hidden.push((id.clone(), self.source));
        self.source = interface.private_ip;
        self.leave_interface(vpc_id, &nat.interface)
    }

    /// A packet in a VPC's router that is for an address of the VPC: `from` is the subnet it comes from, or none from outside, and
    /// `sender` the VPC that its source address is of.
    fn enter_vpc(&mut self, vpc_id: &VpcId, from: Option<&SubnetId>, sender: Sender) -> End {
        let Some(vpc) = self.topology.vpcs.get(vpc_id) else { return End::Nowhere };
        let found = vpc.interface_at(self.destination);
        self.decide(Step::Delivery(vpc_id.clone(), found.map(|(id, _)| id.clone())));
        let Some((id, interface)) = found else { return End::Nowhere };
        match from {
            Some(from) => self.between(vpc, from, &interface.subnet),
            None => self.acl_ingress(vpc, &interface.subnet),
        }
        if let Holder::NatGateway(gateway) = &interface.holder {
            return self.enter_nat(vpc_id, id, gateway, interface);
        }
        self.ingress(vpc_id, id, interface, sender);
        End::Interface(vpc_id.clone(), id.clone())
    }

    /// A packet for a NAT gateway itself: an answer to what it sent goes on to whom it hid, and nothing else goes anywhere.
    fn enter_nat(&mut self, vpc_id: &VpcId, id: &InterfaceId, gateway: &NatGatewayId, interface: &Interface) -> End {
        let hidden = self.hidden.pop().filter(|(hid, _)| self.answer && hid == gateway);
        let passes = hidden.is_some();
        self.decide(Step::Nat { gateway: gateway.clone(), source: interface.private_ip, passes });
        let Some((_, sender)) = hidden else { return End::Nowhere };
        self.destination = sender;
        self.leave_interface(vpc_id, id)
    }

    /// A packet on the internet: to whoever has its destination.
    fn on_the_internet(&mut self) -> End {
        let topology = self.topology;
        let public = self.destination;
        let holder = topology.vpcs.iter().find_map(|(id, vpc)| Some((id, vpc, vpc.interface_at_public(public)?.2)));
        let Some((id, vpc, private)) = holder else {
            if nobodys(public) {
                self.decide(Step::FromInternet { public, to: None, genuine: true });
                return End::Nowhere;
            }
            return End::Internet;
        };
        let to = vpc.internet_gateway.clone().map(|gateway| (gateway, private));
        let genuine = !vpc.contains(self.source) && !is_private(self.source);
        let attached = to.is_some();
        self.decide(Step::FromInternet { public, to, genuine });
        if !attached {
            return End::Nowhere;
        }
        self.destination = private;
        self.enter_vpc(id, None, None)
    }

    fn interface(&self, vpc: &VpcId, id: &InterfaceId) -> Option<(&'a Vpc, &'a Interface)> {
        let topology: &'a Topology = self.topology;
        let vpc = topology.vpcs.get(vpc)?;
        Some((vpc, vpc.interfaces.get(id)?))
    }

    fn source_check(&mut self, id: &InterfaceId, interface: &Interface) {
        let check = if self.source.is_ipv6() || self.destination.is_ipv6() {
            SourceCheck::Ipv6Closed
        } else if interface.source_dest_check && !interface.has(self.source) {
            SourceCheck::NotItsAddress
        } else {
            SourceCheck::Passed
        };
        self.decide(Step::Source(id.clone(), check));
    }

    fn egress(&mut self, vpc: &VpcId, id: &InterfaceId, interface: &Interface, receiver: Option<&VpcId>) {
        let other = Other { address: self.destination, vpc: receiver, sender: None };
        let gate = self.gate(vpc, interface, Direction::Egress, other);
        self.decide(Step::Egress(id.clone(), gate));
    }

    fn ingress(&mut self, vpc: &VpcId, id: &InterfaceId, interface: &Interface, sender: Sender) {
        let (vpc_of_sender, sender) = sender.unzip();
        let other = Other { address: self.source, vpc: vpc_of_sender, sender: sender.flatten() };
        let gate = self.gate(vpc, interface, Direction::Ingress, other);
        self.decide(Step::Ingress(id.clone(), gate));
    }

    fn gate(&self, vpc: &VpcId, interface: &Interface, direction: Direction, other: Other) -> Gate {
        match (interface.filtered(), self.answer) {
            (false, _) => Gate::Unfiltered,
            (true, true) => Gate::Established,
            (true, false) => gate(self.topology, vpc, interface, direction, other, &self.transport),
        }
    }

    /// From subnet to subnet: both network ACLs, unless they are one subnet, within which ACLs have no say ("Network ACL basics").
    fn between(&mut self, vpc: &Vpc, from: &SubnetId, to: &SubnetId) {
        if from != to {
            self.acl_egress(vpc, from);
            self.acl_ingress(vpc, to);
        }
    }

    fn acl_egress(&mut self, vpc: &Vpc, subnet: &SubnetId) {
        if let Some(decision) = self.acl(vpc, subnet, Direction::Egress) {
            self.decide(Step::AclEgress(decision));
        }
    }

    fn acl_ingress(&mut self, vpc: &Vpc, subnet: &SubnetId) {
        if let Some(decision) = self.acl(vpc, subnet, Direction::Ingress) {
            self.decide(Step::AclIngress(decision));
        }
    }

    /// What a subnet's ACL says; one that isn't there denies.
    fn acl(&self, vpc: &Vpc, subnet: &SubnetId, direction: Direction) -> Option<AclDecision> {
        let acl = &vpc.subnets.get(subnet)?.network_acl;
        let rules = vpc.network_acls.get(acl).map(|acl| match direction {
            Direction::Egress => &acl.egress,
            Direction::Ingress => &acl.ingress,
        });
        let other = match direction {
            Direction::Egress => self.destination,
            Direction::Ingress => self.source,
        };
        let rule = rules.and_then(|rules| network_acl::decide(rules, other, &self.transport));
        let rule = rule.map(|(number, rule)| (number, rule.clone()));
        Some(AclDecision { subnet: subnet.clone(), acl: acl.clone(), rule })
    }
}

/// Addresses that no route is for: multicast and broadcast, which a VPC does not carry, link-local and loopback ones ("Amazon VPC
/// FAQs"; RFC 3927 section 2.7; RFC 1122 section 3.2.1.3).
fn never_routed(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(ip) => {
            ip.is_multicast() || ip.is_broadcast() || ip.is_link_local() || ip.is_unspecified() || ip.is_loopback()
        }
        IpAddr::V6(_) => true,
    }
}

/// Addresses that nobody has on the internet: private and shared ones (RFC 1918), those that are never routed, and those that
/// neargate gives to interfaces.
fn nobodys(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(ip) => {
            let given_out = PUBLIC_POOL.contains(&ip) && !SERVICE_POOL.contains(&ip);
            is_private(address) || never_routed(address) || given_out
        }
        IpAddr::V6(_) => true,
    }
}

/// Addresses that no packet on the internet bears.
fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(_) => crate::PRIVATE_RANGES.iter().any(|range| IpNet::V4(*range).contains(&address)),
        IpAddr::V6(_) => true,
    }
}
