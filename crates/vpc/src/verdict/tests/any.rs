//! Any topology: the region with its rules, routes and parts drawn at random, also such as AWS would refuse to make.

use super::*;
use proptest::{collection::vec, option, prelude::*, sample::select};

fn any_protocol() -> impl Strategy<Value = IpProtocol> {
    prop_oneof![2 => Just(IpProtocol::All), 3 => select(vec![1u8, 6, 17, 47]).prop_map(IpProtocol::Number)]
}

fn any_ports() -> impl Strategy<Value = Ports> {
    prop_oneof![
        2 => Just(Ports::All),
        1 => (78u16..82, 78u16..82).prop_map(|(a, b)| Ports::Range(a.min(b), a.max(b))),
        1 => (0u8..9, option::of(0u8..2)).prop_map(|(kind, code)| Ports::Icmp(kind, code)),
    ]
}

const NETS: [&str; 7] =
    ["0.0.0.0/0", "10.0.0.0/24", "10.0.0.0/16", "10.2.0.0/16", "198.18.0.0/15", "203.0.113.0/24", "::/0"];

pub(super) fn any_rule() -> impl Strategy<Value = Rule> {
    let peer = prop_oneof![
        4 => select(NETS.to_vec()).prop_map(net),
        2 => select(vec!["sg-a", "sg-b", "sg-gone"]).prop_map(|id| Peer::Group(id.into())),
        1 => select(vec!["pl-1", "pl-gone"]).prop_map(|id| Peer::PrefixList(id.into())),
    ];
    (any_protocol(), any_ports(), peer).prop_map(|(protocol, ports, peer)| rule(protocol, ports, peer))
}

fn any_group() -> impl Strategy<Value = SecurityGroup> {
    (vec(any_rule(), 0..4), vec(any_rule(), 0..4)).prop_map(|(ingress, egress)| SecurityGroup { ingress, egress })
}

fn any_acl() -> impl Strategy<Value = NetworkAcl> {
    let rule = || {
        (any_protocol(), any_ports(), select(NETS.to_vec()), prop::bool::weighted(0.8))
            .prop_map(|(protocol, ports, net, allow)| entry(protocol, ports, net, allow))
    };
    let open = (100, entry(IpProtocol::All, Ports::All, "0.0.0.0/0", true));
    let rules = move || {
        (prop::collection::btree_map(1u16..200, rule(), 0..3), prop::bool::weighted(0.8)).prop_map({
            let open = open.clone();
            move |(mut rules, usual)| {
                rules.extend(usual.then(|| open.clone()));
                rules
            }
        })
    };
    (rules(), rules()).prop_map(|(ingress, egress)| NetworkAcl { ingress, egress })
}

fn any_routes() -> impl Strategy<Value = Vec<Route>> {
    let destination = prop_oneof![
        5 => select(NETS.to_vec()).prop_map(|net| Destination::Net(net.parse().unwrap())),
        1 => Just(Destination::PrefixList("pl-1".into())),
    ];
    let target = select(vec![
        Target::InternetGateway("igw-1".into()),
        Target::NatGateway("nat-1".into()),
        Target::NatGateway("nat-2".into()),
        Target::Interface("eni-bare".into()),
        Target::Peering("pcx-1".into()),
        Target::Endpoint("vpce-1".into()),
        Target::Endpoint("vpce-gone".into()),
    ]);
    let route = (destination, target).prop_map(|(destination, target)| Route { destination, target });
    vec(route, 0..5)
}

/// Everything that may be taken away or turned off.
fn any_parts() -> impl Strategy<Value = Vec<bool>> {
    vec(prop::bool::weighted(0.1), 8)
}

const IDS: [&str; 6] = ["eni-web", "eni-api", "eni-bare", "eni-db", "eni-peer", "eni-nat"];

pub(super) fn any_topology() -> impl Strategy<Value = Topology> {
    let carried = vec(prop::collection::btree_set(select(vec!["sg-a", "sg-b", "sg-open"]), 0..3), IDS.len());
    let tables = (any_routes(), any_routes(), any_routes(), vec(any::<bool>(), 3));
    let acls = (any_acl(), any_acl(), any_acl());
    (any_group(), any_group(), carried, tables, acls, any_parts()).prop_map(
        |(a, b, carried, (public, private, peer, usual), acls, gone)| {
            let mut topology = region();
            for vpc in topology.vpcs.values_mut() {
                vpc.security_groups.extend([("sg-a".into(), a.clone()), ("sg-b".into(), b.clone())]);
            }
            for (id, groups) in IDS.iter().zip(carried) {
                eni(&mut topology, id).security_groups = groups.into_iter().map(SecurityGroupId::from).collect();
            }
            for ((table, drawn), usual) in
                [("rtb-public", public), ("rtb-private", private), ("rtb-peer", peer)].into_iter().zip(usual)
            {
                let routes = routes(&mut topology, table);
                if usual { routes.extend(drawn) } else { *routes = drawn }
            }
            *acl(&mut topology, "acl-public") = acls.0;
            *acl(&mut topology, "acl-private") = acls.1;
            *acl(&mut topology, "acl-peer") = acls.2;
            topology.prefix_lists.insert("pl-1".into(), ["203.0.113.0/25".parse().unwrap()].into());
            without(&mut topology, &gone);
            topology
        },
    )
}

fn without(topology: &mut Topology, gone: &[bool]) {
    let gone = |n: usize| gone.get(n).copied().unwrap_or_default();
    eni(topology, "eni-web").source_dest_check = !gone(0);
    eni(topology, "eni-bare").source_dest_check = gone(1);
    let vpc = one(topology);
    let list = Endpoint::Gateway { service: "s3".to_owned(), prefix_list: "pl-1".into() };
    vpc.endpoints.insert("vpce-1".into(), list);
    // A second NAT gateway in the subnet that uses it.
    let nat =
        Interface { subnet: "subnet-private".into(), private_ip: ip("10.0.1.5"), ..vpc.interfaces["eni-nat"].clone() };
    let nat = Interface { holder: Holder::NatGateway("nat-2".into()), public_ips: BTreeMap::new(), ..nat };
    vpc.interfaces.insert("eni-nat-2".into(), nat);
    vpc.nat_gateways.insert("nat-2".into(), NatGateway { interface: "eni-nat-2".into(), bandwidth: 1 });
    if gone(2) {
        vpc.internet_gateway = None;
    }
    if gone(3) {
        vpc.interfaces.remove("eni-nat");
    }
    if gone(4) {
        vpc.subnets.remove("subnet-private");
    }
    if gone(5) {
        vpc.route_tables.remove("rtb-public");
    }
    if gone(6) {
        topology.peerings.clear();
    }
    if gone(7) {
        topology.vpcs.remove("vpc-2");
    }
}

fn any_transport() -> impl Strategy<Value = Transport> {
    prop_oneof![
        3 => (78u16..82).prop_map(Transport::tcp),
        1 => (78u16..82).prop_map(Transport::udp),
        1 => (0u8..9, 0u8..2).prop_map(|(kind, code)| Transport::Icmp(kind, code)),
        1 => Just(Transport::Other(47)),
    ]
}

const ADDRESSES: [&str; 19] = [
    "10.0.0.10",
    "10.0.0.11",
    "10.0.0.12",
    "10.0.0.5",
    "10.0.1.5",
    "10.0.1.10",
    "10.2.0.10",
    "198.18.0.5",
    "198.18.0.10",
    "198.18.0.11",
    "198.18.0.99",
    OUTSIDE,
    "192.168.0.1",
    "10.0.0.1",
    "10.0.0.2",
    "169.254.170.2",
    "224.0.0.1",
    "2001:db8::1",
    "0.0.0.0",
];

pub(super) fn any_packet() -> impl Strategy<Value = Packet> {
    let origin = prop_oneof![
        5 => select(IDS.to_vec()).prop_map(Some),
        1 => Just(None),
    ];
    let source = prop_oneof![5 => Just(None), 1 => select(ADDRESSES.to_vec()).prop_map(Some)];
    (origin, source, select(ADDRESSES.to_vec()), any_transport()).prop_map(|(origin, source, to, transport)| {
        let packet = origin.map_or_else(|| from_outside(to, transport), |id| from(&region(), id, to, transport));
        Packet { source: source.map_or(packet.source, ip), ..packet }
    })
}
