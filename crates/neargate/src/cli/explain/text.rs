//! Decisions as lines, short and plain.

use std::fmt;
use vpc::{
    AclRule, Destination, IpNet, IpProtocol, Peer, Ports, Rule, Target,
    verdict::{AclDecision, End, Gate, SourceCheck, Step, Transport},
};

/// One decision: what was decided and by which rule, route or entry.
pub fn line(step: &Step) -> String {
    match step {
        Step::Source(id, SourceCheck::Passed) => format!("{id} may send it"),
        Step::Source(id, SourceCheck::NoSuchInterface) => format!("{id} is not there"),
        Step::Source(id, SourceCheck::NotItsAddress) => format!("{id} may send from its own addresses only"),
        Step::Source(_, SourceCheck::Ipv6Closed) => "IPv6 is closed: no VPC has an IPv6 range".to_owned(),
        Step::Egress(id, gate) => format!("egress of {id}: {}", verdict_of(gate, "to")),
        Step::Ingress(id, gate) => format!("ingress of {id}: {}", verdict_of(gate, "from")),
        Step::Route { table, route: None, .. } => format!("route table {table}: no route"),
        Step::Route { table, route: Some((net, destination, target)), usable } => {
            let black_hole = if *usable { "" } else { ", which is not there (blackhole)" };
            format!("route table {table}: {} to {}{black_hole}", described(*net, destination), name(target))
        }
        Step::AclEgress(acl) => entry(acl, "egress", "to"),
        Step::AclIngress(acl) => entry(acl, "ingress", "from"),
        Step::ToInternet { gateway, private, public: Some(public) } => {
            format!("internet gateway {gateway}: {private} becomes {public}")
        }
        Step::ToInternet { gateway, private, public: None } => {
            format!("internet gateway {gateway}: {private} has no public address")
        }
        Step::FromInternet { public, to: Some((gateway, private)), genuine: true } => {
            format!("internet gateway {gateway}: {public} becomes {private}")
        }
        Step::FromInternet { to: Some((gateway, _)), genuine: false, .. } => {
            format!("internet gateway {gateway}: it bears an address of the VPC it comes to")
        }
        Step::FromInternet { public, to: None, .. } => format!("the internet: nobody answers at {public}"),
        Step::Nat { gateway, source, passes: true } => format!("NAT gateway {gateway}: passes it on, as {source}"),
        Step::Nat { gateway, passes: false, .. } => format!("NAT gateway {gateway}: does not pass it on"),
        Step::Peering(id, vpc) => format!("peering connection {id} to {vpc}"),
        Step::Delivery(vpc, Some(id)) => format!("{vpc}: {id} has the address"),
        Step::Delivery(vpc, None) => format!("{vpc}: nobody has the address"),
        Step::Destination(id, true) => format!("{id} takes what it is to forward"),
        Step::Destination(id, false) => format!("{id} takes what is for itself only (source/destination check)"),
    }
}

/// Where a path ends.
pub fn end(end: &End) -> String {
    match end {
        End::Interface(_, id) => format!("arrives at {id}"),
        End::Itself => "never leaves the sender".to_owned(),
        End::Service(vpc) => format!("answered by {vpc} itself"),
        End::Endpoint(_, id) => format!("arrives at the service behind {id}"),
        End::Internet => "arrives on the internet".to_owned(),
        End::Nowhere => "does not arrive".to_owned(),
    }
}

/// What a packet is and where it goes, such as `TCP to port 80`.
pub fn sent(transport: &Transport) -> String {
    match transport {
        Transport::Tcp { to, .. } => format!("TCP to port {to}"),
        Transport::Udp { to, .. } => format!("UDP to port {to}"),
        Transport::Icmp(8, _) => "ICMP echo request".to_owned(),
        Transport::Icmp(kind, code) => format!("ICMP type {kind} code {code}"),
        Transport::Other(number) => format!("protocol {number}"),
    }
}

fn verdict_of(gate: &Gate, way: &str) -> String {
    match gate {
        Gate::Allowed(group, Rule { protocol, ports, peer }) => {
            format!("{group} allows {} {way} {}", traffic(*protocol, *ports), other(peer))
        }
        Gate::Established => "belongs to what was allowed".to_owned(),
        Gate::Denied => "no rule of its security groups allows it".to_owned(),
        Gate::Unfiltered => "security groups have no say".to_owned(),
    }
}

fn entry(AclDecision { subnet, acl, rule }: &AclDecision, direction: &str, way: &str) -> String {
    let said = match rule {
        Some((number, AclRule { protocol, ports, net, allow })) => {
            let verb = if *allow { "allows" } else { "denies" };
            format!("rule {number} {verb} {} {way} {net}", traffic(*protocol, *ports))
        }
        None => "rule * denies what no other speaks of".to_owned(),
    };
    format!("network ACL {acl} of {subnet}, {direction}: {said}")
}

fn traffic(protocol: IpProtocol, ports: Ports) -> String {
    let name = match protocol {
        IpProtocol::All => return "all traffic".to_owned(),
        IpProtocol::TCP => "TCP".to_owned(),
        IpProtocol::UDP => "UDP".to_owned(),
        IpProtocol::ICMP => "ICMP".to_owned(),
        IpProtocol::Number(number) => format!("protocol {number}"),
    };
    match ports {
        Ports::All => name,
        Ports::Range(first, last) if first == last => format!("{name} to port {first}"),
        Ports::Range(first, last) => format!("{name} to ports {first}-{last}"),
        Ports::Icmp(kind, None) => format!("{name} type {kind}"),
        Ports::Icmp(kind, Some(code)) => format!("{name} type {kind} code {code}"),
    }
}

fn other(peer: &Peer) -> String {
    match peer {
        Peer::Net(net) => net.to_string(),
        Peer::Group(group) => group.to_string(),
        Peer::PrefixList(list) => list.to_string(),
    }
}

fn described(net: IpNet, destination: &Destination) -> String {
    match destination {
        Destination::Net(_) => net.to_string(),
        Destination::PrefixList(list) => format!("{net} of {list}"),
    }
}

fn name(target: &Target) -> &str {
    match target {
        Target::InternetGateway(id) => id,
        Target::NatGateway(id) => id,
        Target::Interface(id) => id,
        Target::Peering(id) => id,
        Target::Endpoint(id) => id,
    }
}

/// One line of a path, with its mark.
pub struct Marked<'a>(pub bool, pub &'a str);

impl fmt::Display for Marked<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "  {} {}", if self.0 { '✓' } else { '✗' }, self.1)
    }
}
