//! Random topologies: two VPCs, three subnets, and what can be around them.

use crate::support::*;
use proptest::prelude::*;
use std::net::{IpAddr, Ipv4Addr};
use vpc::{
    AclRule, AwsService, Destination, Endpoint, INTERNET_HOST, IpProtocol, NatGateway, NetworkAcl, Peer, Peering,
    Ports, Route, Rule, SecurityGroup, Subnet, Target, Topology, Vpc, VpcId,
    verdict::{Origin, Packet, Transport},
};

/// The tasks: two in the first subnet, one in the second, one in the peer.
pub const TASKS: [(u8, &str); 4] = [(10, VPC), (11, VPC), (100, VPC), (10, PEER)];
pub const PEER: &str = "vpc-2";
const GROUPS: [&str; 3] = ["sg-a", "sg-b", "sg-c"];
const PEER_GROUPS: [&str; 2] = ["sg-x", "sg-y"];
pub const PORTS: [u16; 2] = [80, 81];

#[derive(Debug, Clone)]
pub struct Case {
    /// Ingress and egress of each group, of the first VPC and of the peer.
    groups: Vec<(Vec<Rule>, Vec<Rule>)>,
    /// The groups of each task, as bits.
    members: Vec<u8>,
    /// Which tasks have public addresses, as bits.
    public: u8,
    /// Which VPCs have an internet gateway, as bits.
    gateways: u8,
    /// NAT gateways in the first and the second subnet: none, private or public.
    nats: [Option<bool>; 2],
    peered: bool,
    /// The routes of each subnet's table.
    routes: Vec<Vec<(&'static str, usize)>>,
    /// The ACL of each subnet; none is the default one.
    acls: Vec<Option<(Vec<AclRule>, Vec<AclRule>)>>,
}

/// What a route can lead to.
fn targets() -> Vec<Target> {
    vec![
        Target::InternetGateway("igw-1".into()),
        Target::NatGateway("nat-50".into()),
        Target::NatGateway("nat-150".into()),
        Target::Peering("pcx-1".into()),
        Target::Endpoint("vpce-s3".into()),
        Target::Interface(interface_id(11)),
    ]
}

fn any_rule(groups: &'static [&'static str]) -> impl Strategy<Value = Rule> {
    let what = prop_oneof![
        4 => Just((IpProtocol::All, Ports::All)),
        3 => (prop::sample::select(vec![6, 17]), prop::sample::select(vec![(80, 80), (81, 443), (0, 65535), (80, 81), (443, 80)]))
            .prop_map(|(protocol, (first, last))| (IpProtocol::Number(protocol), Ports::Range(first, last))),
        1 => prop::sample::select(vec![1, 6, 17, 47]).prop_map(|protocol| (IpProtocol::Number(protocol), Ports::All)),
        2 => prop::sample::select(vec![(8, None), (8, Some(0)), (13, Some(1)), (13, None)])
            .prop_map(|(kind, code)| (IpProtocol::ICMP, Ports::Icmp(kind, code))),
        1 => Just((IpProtocol::TCP, Ports::Icmp(8, None))),
    ];
    let nets = vec![
        "0.0.0.0/0",
        "0.0.0.0/0",
        "10.0.0.0/8",
        "10.0.1.0/24",
        "10.0.1.10/31",
        "10.0.2.100/32",
        "10.3.0.0/16",
        "203.0.113.0/24",
        "198.18.0.0/16",
        "192.168.0.0/16",
        "::/0",
    ];
    let peer = prop_oneof![
        4 => prop::sample::select(nets).prop_map(net),
        3 => prop::sample::select(groups).prop_map(group),
        1 => Just(Peer::Group("sg-gone".into())),
        1 => Just(Peer::PrefixList("pl-1".into())),
    ];
    (what, peer).prop_map(|((protocol, ports), peer)| Rule { protocol, ports, peer })
}

fn any_acl_rule() -> impl Strategy<Value = AclRule> {
    let what = prop_oneof![
        2 => Just((IpProtocol::All, Ports::All)),
        3 => (prop::sample::select(vec![6, 17]), prop::sample::select(vec![(80, 80), (0, 65535), (1024, 65535), (81, 443)]))
            .prop_map(|(protocol, (first, last))| (IpProtocol::Number(protocol), Ports::Range(first, last))),
        1 => prop::sample::select(vec![(8, None), (0, Some(0))])
            .prop_map(|(kind, code)| (IpProtocol::ICMP, Ports::Icmp(kind, code))),
    ];
    let nets = vec!["0.0.0.0/0", "10.0.0.0/8", "10.0.2.0/24", "203.0.113.10/32", "198.18.0.0/15", "10.0.1.11/32"];
    (what, prop::sample::select(nets), any::<bool>()).prop_map(|((protocol, ports), net, allow)| AclRule {
        protocol,
        ports,
        net: net.parse().unwrap(),
        allow,
    })
}

pub fn any_case() -> impl Strategy<Value = Case> {
    const ALL: &[&str] = &["sg-a", "sg-b", "sg-c", "sg-x", "sg-y"];
    let rules = || prop::collection::vec(any_rule(ALL), 0..5);
    let groups = prop::collection::vec((rules(), rules()), GROUPS.len() + PEER_GROUPS.len());
    let nets = vec!["0.0.0.0/0", "0.0.0.0/0", "10.3.0.0/16", "203.0.113.0/24", "198.18.0.0/15", "10.0.0.0/8", "pl-s3"];
    // The likeliest target of each net, or any.
    let route = (prop::sample::select(nets), 0..targets().len(), any::<bool>()).prop_map(|(net, any, likely)| {
        let target = match net {
            "10.3.0.0/16" | "10.0.0.0/8" if likely => 3,
            "pl-s3" if likely => 4,
            _ => any,
        };
        (net, target)
    });
    let routes = prop::collection::vec(prop::collection::vec(route, 0..4), 3);
    let side = || prop::collection::vec(any_acl_rule(), 0..3);
    let acl = prop_oneof![2 => Just(None), 1 => (side(), side()).prop_map(Some)];
    let nat = || prop_oneof![1 => Just(None), 1 => Just(Some(false)), 2 => Just(Some(true))];
    (
        (groups, prop::collection::vec(1u8..8, TASKS.len()), any::<u8>()),
        (prop::sample::select(vec![0u8, 1, 1, 2, 3, 3]), [nat(), nat()], prop::bool::weighted(0.7)),
        (routes, prop::collection::vec(acl, 3)),
    )
        .prop_map(|((groups, members, public), (gateways, nats, peered), (routes, acls))| Case {
            groups,
            members,
            public,
            gateways,
            nats,
            peered,
            routes,
            acls,
        })
}

/// The address of a task.
pub fn address(n: u8, vpc: &str) -> Ipv4Addr {
    if vpc == PEER { Ipv4Addr::new(10, 3, 1, n) } else { ip(n) }
}

/// The name of a task.
pub fn name(n: u8, vpc: &str) -> spec::TaskId {
    if vpc == PEER { "peer".into() } else { task_id(n) }
}

fn eni(n: u8, vpc: &str) -> vpc::InterfaceId {
    if vpc == PEER { "eni-peer".into() } else { interface_id(n) }
}

pub fn s3() -> &'static AwsService {
    AwsService::named("s3").unwrap()
}

impl Case {
    /// Makes the world's spec this case.
    pub fn arrange(&self, world: &mut World) {
        let mut topology = topology();
        let mut peer = vpc();
        peer.cidrs = vec!["10.3.0.0/16".parse().unwrap()];
        peer.subnets.remove("subnet-2");
        let cidr = "10.3.1.0/24".parse().unwrap();
        peer.subnets.entry("subnet-1".into()).and_modify(|subnet: &mut Subnet| subnet.cidr = cidr);
        topology.vpcs.insert(PEER.into(), peer);
        topology
            .prefix_lists
            .insert("pl-1".into(), ["10.0.1.0/24".parse().unwrap(), "203.0.113.10/32".parse().unwrap()].into());
        topology.prefix_lists.insert("pl-s3".into(), [s3().range()].into());
        if self.peered {
            let ends =
                Peering { requester: VPC.into(), accepter: PEER.into(), requester_dns: false, accepter_dns: false };
            topology.peerings.insert("pcx-1".into(), ends);
        }
        let mut rules = self.groups.iter();
        for (vpc, ids) in [(VPC, &GROUPS[..]), (PEER, &PEER_GROUPS[..])] {
            for (id, (ingress, egress)) in ids.iter().zip(rules.by_ref()) {
                let group = SecurityGroup { ingress: ingress.clone(), egress: egress.clone() };
                of(&mut topology, vpc).security_groups.insert((*id).into(), group);
            }
        }
        let gateway = Endpoint::Gateway { service: "s3".to_owned(), prefix_list: "pl-s3".into() };
        of(&mut topology, VPC).endpoints.insert("vpce-s3".into(), gateway);
        for (bit, vpc) in [VPC, PEER].into_iter().enumerate() {
            of(&mut topology, vpc).internet_gateway = (self.gateways & (1 << bit) != 0).then(|| "igw-1".into());
        }
        self.arrange_subnets(&mut topology);
        world.spec.topology = topology.into();
        world.spec.tasks.clear();
        self.arrange_interfaces(world);
    }

    fn arrange_subnets(&self, topology: &mut Topology) {
        for (n, (vpc, table, subnet)) in
            [(VPC, "rtb-1", "subnet-1"), (VPC, "rtb-2", "subnet-2"), (PEER, "rtb-1", "subnet-1")]
                .into_iter()
                .enumerate()
        {
            let vpc = of(topology, vpc);
            let routes = &mut vpc.route_tables.get_mut(table).unwrap().routes;
            for (to, target) in &self.routes[n] {
                let destination = match to.strip_prefix("pl-") {
                    Some(_) => Destination::PrefixList((*to).into()),
                    None => Destination::Net(to.parse().unwrap()),
                };
                let target = targets()[*target].clone();
                // Routes to gateway endpoints are for their prefix lists.
                let odd = matches!((&target, &destination), (Target::Endpoint(_), Destination::Net(_)));
                if !odd && routes.iter().all(|route| route.destination != destination) {
                    routes.push(Route { destination, target });
                }
            }
            if let Some((ingress, egress)) = &self.acls[n] {
                let numbered = |rules: &Vec<AclRule>| (1..).zip(rules.iter().cloned()).collect();
                let id = vpc::NetworkAclId::from(format!("acl-of-{subnet}"));
                let acl = NetworkAcl { ingress: numbered(ingress), egress: numbered(egress) };
                vpc.network_acls.insert(id.clone(), acl);
                vpc.subnets.get_mut(subnet).unwrap().network_acl = id;
            }
        }
    }

    fn arrange_interfaces(&self, world: &mut World) {
        for (bit, (n, vpc)) in TASKS.into_iter().enumerate() {
            let ids: &[&str] = if vpc == PEER { &PEER_GROUPS } else { &GROUPS };
            let chosen: Vec<&str> =
                ids.iter().enumerate().filter(|(k, _)| self.members[bit] & (1 << k) != 0).map(|(_, id)| *id).collect();
            let mut made = interface(n, if chosen.is_empty() { &ids[..1] } else { &chosen });
            made.private_ip = address(n, vpc).into();
            if self.public & (1 << bit) != 0 {
                made.public_ips.insert(made.private_ip, public(bit).into());
            }
            of(world.topology(), vpc).interfaces.insert(eni(n, vpc), made);
            world.spec.tasks.insert(name(n, vpc), task(vpc, eni(n, vpc)));
        }
        for (n, kind) in [50, 150].into_iter().zip(self.nats) {
            if let Some(is_public) = kind {
                world.nat_gateway(n, is_public.then(|| Ipv4Addr::new(198, 18, 1, n)));
                world.vpc().nat_gateways.values_mut().for_each(|nat| nat.bandwidth = NatGateway::BANDWIDTH);
            }
        }
    }

    /// Everything from everyone to every address that there could be. `number` makes every flow a new one.
    pub fn packets(&self, number: u32) -> Vec<Packet> {
        let origins =
            TASKS.into_iter().map(|(n, vpc)| (Origin::Interface(VpcId::from(vpc), eni(n, vpc)), address(n, vpc)));
        let IpAddr::V4(host) = INTERNET_HOST else { panic!("the internet is IPv4") };
        let mut packets = Vec::new();
        // Without an internet gateway anywhere there is no internet to probe from.
        let internet = (self.gateways != 0).then_some((Origin::Internet, host));
        for (origin, source) in origins.chain(internet) {
            for destination in self.destinations().into_iter().filter(|ip| *ip != source) {
                let from = 32768 + (number.wrapping_mul(100) + packets.len() as u32) as u16 % 23000;
                let mut push = |transport| {
                    packets.push(Packet {
                        origin: origin.clone(),
                        source: source.into(),
                        destination: destination.into(),
                        transport,
                    })
                };
                push(Transport::Tcp { from, to: PORTS[usize::from(from) % 2] });
                push(Transport::Udp { from, to: PORTS[usize::from(from / 2) % 2] });
                push(if from.is_multiple_of(4) { Transport::Icmp(13, 0) } else { Transport::PING });
            }
        }
        packets
    }

    fn destinations(&self) -> Vec<Ipv4Addr> {
        let IpAddr::V4(host) = INTERNET_HOST else { panic!("the internet is IPv4") };
        let IpAddr::V4(s3) = s3().address() else { panic!("the internet is IPv4") };
        let private = TASKS.into_iter().map(|(n, vpc)| address(n, vpc));
        private.chain((0..TASKS.len()).map(public)).chain([host, s3, ip(50), Ipv4Addr::new(198, 18, 1, 50)]).collect()
    }
}

fn public(bit: usize) -> Ipv4Addr {
    Ipv4Addr::new(198, 18, 0, 10 + bit as u8)
}

fn of<'a>(topology: &'a mut Topology, vpc: &str) -> &'a mut Vpc {
    topology.vpcs.get_mut(vpc).unwrap()
}
