//! Verdicts over one region, in which everything is open until a test closes or changes something.

mod acls;
mod any;
mod endpoints;
mod groups;
mod internet;
mod laws;
mod nat;
mod peering;
mod routing;

use super::*;
use crate::*;
use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};

const VPC: &str = "vpc-1";
/// What is on the internet and nobody's here.
const OUTSIDE: &str = "203.0.113.10";

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn rule(protocol: IpProtocol, ports: Ports, peer: Peer) -> Rule {
    Rule { protocol, ports, peer }
}

fn net(text: &str) -> Peer {
    Peer::Net(text.parse().unwrap())
}

fn everything() -> Rule {
    rule(IpProtocol::All, Ports::All, net("0.0.0.0/0"))
}

fn route(destination: &str, target: Target) -> Route {
    Route { destination: Destination::Net(destination.parse().unwrap()), target }
}

fn entry(protocol: IpProtocol, ports: Ports, net: &str, allow: bool) -> AclRule {
    AclRule { protocol, ports, net: net.parse().unwrap(), allow }
}

/// An interface in `sg-open`, with a public address perhaps.
fn interface(subnet: &str, address: &str, public: Option<&str>) -> Interface {
    Interface {
        subnet: subnet.into(),
        private_ip: ip(address),
        mac: Mac([2, 0, 0, 0, 0, 1]),
        secondary_ips: BTreeSet::new(),
        public_ips: public.map(|public| (ip(address), ip(public))).into_iter().collect(),
        security_groups: ["sg-open".into()].into(),
        source_dest_check: true,
        holder: Holder::Machine,
    }
}

/// `vpc-1` with an internet gateway and a NAT gateway, `vpc-2` peered with it.
///
/// | interface | address | public | subnet | default route |
/// |---|---|---|---|---|
/// | `eni-web`, `eni-api` | 10.0.0.10, .11 | 198.18.0.10, .11 | `subnet-public` | `igw-1` |
/// | `eni-bare` | 10.0.0.12 | | `subnet-public` | `igw-1` |
/// | `eni-nat` of `nat-1` | 10.0.0.5 | 198.18.0.5 | `subnet-public` | `igw-1` |
/// | `eni-db` | 10.0.1.10 | | `subnet-private` | `nat-1` |
/// | `eni-peer` | 10.2.0.10 | | `subnet-peer` of `vpc-2` | |
fn region() -> Topology {
    let open = || BTreeMap::from([(100, entry(IpProtocol::All, Ports::All, "0.0.0.0/0", true))]);
    let mut nat = interface("subnet-public", "10.0.0.5", Some("198.18.0.5"));
    (nat.holder, nat.source_dest_check) = (Holder::NatGateway("nat-1".into()), false);
    nat.security_groups.clear();

    let mut one = vpc("10.0.0.0/16");
    one.internet_gateway = Some("igw-1".into());
    for (name, cidr) in [("public", "10.0.0.0/24"), ("private", "10.0.1.0/24")] {
        let acl = format!("acl-{name}");
        one.network_acls.insert(acl.as_str().into(), NetworkAcl { ingress: open(), egress: open() });
        one.subnets.insert(format!("subnet-{name}").into(), subnet(cidr, &format!("rtb-{name}"), &acl));
    }
    let public = [to_internet(), route("10.2.0.0/16", Target::Peering("pcx-1".into()))];
    let private =
        [route("0.0.0.0/0", Target::NatGateway("nat-1".into())), route("10.2.0.0/16", Target::Peering("pcx-1".into()))];
    one.route_tables.insert("rtb-public".into(), RouteTable { routes: public.into() });
    one.route_tables.insert("rtb-private".into(), RouteTable { routes: private.into() });
    one.nat_gateways
        .insert("nat-1".into(), NatGateway { interface: "eni-nat".into(), bandwidth: NatGateway::BANDWIDTH });
    one.interfaces = BTreeMap::from([
        ("eni-web".into(), interface("subnet-public", "10.0.0.10", Some("198.18.0.10"))),
        ("eni-api".into(), interface("subnet-public", "10.0.0.11", Some("198.18.0.11"))),
        ("eni-bare".into(), interface("subnet-public", "10.0.0.12", None)),
        ("eni-nat".into(), nat),
        ("eni-db".into(), interface("subnet-private", "10.0.1.10", None)),
    ]);

    let mut two = vpc("10.2.0.0/16");
    two.network_acls.insert("acl-peer".into(), NetworkAcl { ingress: open(), egress: open() });
    two.subnets.insert("subnet-peer".into(), subnet("10.2.0.0/24", "rtb-peer", "acl-peer"));
    let home = route("10.0.0.0/16", Target::Peering("pcx-1".into()));
    two.route_tables.insert("rtb-peer".into(), RouteTable { routes: vec![home] });
    two.interfaces.insert("eni-peer".into(), interface("subnet-peer", "10.2.0.10", None));

    let peering =
        Peering { requester: VPC.into(), accepter: "vpc-2".into(), requester_dns: false, accepter_dns: false };
    Topology {
        region: "us-east-1".to_owned(),
        vpcs: BTreeMap::from([(VPC.into(), one), ("vpc-2".into(), two)]),
        peerings: BTreeMap::from([("pcx-1".into(), peering)]),
        prefix_lists: BTreeMap::new(),
    }
}

fn vpc(cidr: &str) -> Vpc {
    let open = SecurityGroup { ingress: vec![everything()], egress: vec![everything()] };
    Vpc {
        cidrs: vec![cidr.parse().unwrap()],
        dns_support: true,
        security_groups: BTreeMap::from([("sg-open".into(), open)]),
        ..Vpc::default()
    }
}

fn subnet(cidr: &str, table: &str, acl: &str) -> Subnet {
    Subnet { cidr: cidr.parse().unwrap(), route_table: table.into(), network_acl: acl.into() }
}

fn to_internet() -> Route {
    route("0.0.0.0/0", Target::InternetGateway("igw-1".into()))
}

fn one(topology: &mut Topology) -> &mut Vpc {
    topology.vpcs.get_mut(VPC).unwrap()
}

fn eni<'a>(topology: &'a mut Topology, id: &str) -> &'a mut Interface {
    topology.vpcs.values_mut().find_map(|vpc| vpc.interfaces.get_mut(id)).unwrap()
}

fn routes<'a>(topology: &'a mut Topology, table: &str) -> &'a mut Vec<Route> {
    &mut topology.vpcs.values_mut().find_map(|vpc| vpc.route_tables.get_mut(table)).unwrap().routes
}

fn acl<'a>(topology: &'a mut Topology, id: &str) -> &'a mut NetworkAcl {
    topology.vpcs.values_mut().find_map(|vpc| vpc.network_acls.get_mut(id)).unwrap()
}

/// Gives an interface a group of its own with these rules, in place of those it has.
fn only(topology: &mut Topology, id: &str, ingress: Vec<Rule>, egress: Vec<Rule>) {
    let group = SecurityGroupId::from(format!("sg-{id}"));
    let vpc = topology.vpcs.values_mut().find(|vpc| vpc.interfaces.contains_key(id)).unwrap();
    vpc.security_groups.insert(group.clone(), SecurityGroup { ingress, egress });
    vpc.interfaces.get_mut(id).unwrap().security_groups = [group].into();
}

/// A packet from an interface's own address.
fn from(topology: &Topology, id: &str, to: &str, transport: Transport) -> Packet {
    let mut found = topology.vpcs.iter().filter_map(|(vpc, v)| Some((vpc, v.interfaces.get(id)?)));
    let (vpc, interface) = found.next().unwrap();
    let origin = Origin::Interface(vpc.clone(), id.into());
    Packet { origin, source: interface.private_ip, destination: ip(to), transport }
}

fn from_outside(to: &str, transport: Transport) -> Packet {
    Packet { origin: Origin::Internet, source: ip(OUTSIDE), destination: ip(to), transport }
}

/// The verdict on TCP from an interface to port 80 of an address.
fn tcp(topology: &Topology, id: &str, to: &str) -> Verdict {
    verdict(topology, &from(topology, id, to, Transport::tcp(80)))
}

fn at(vpc: &str, id: &str) -> End {
    End::Interface(vpc.into(), id.into())
}

/// What stops the packet on its way there.
fn stop(verdict: &Verdict) -> &Step {
    verdict.there.stopped_by().unwrap()
}

/// What stops the answer.
fn stop_back(verdict: &Verdict) -> &Step {
    assert!(verdict.arrives(), "{verdict:?}");
    verdict.back.as_ref().unwrap().stopped_by().unwrap()
}
