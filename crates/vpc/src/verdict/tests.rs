use super::*;
use crate::{Mac, SecurityGroup, Subnet};
use proptest::prelude::*;
use std::collections::BTreeSet;

fn rule(protocol: IpProtocol, ports: Ports, peer: Peer) -> Rule {
    Rule { protocol, ports, peer }
}

fn everywhere() -> Peer {
    Peer::Net("0.0.0.0/0".parse().unwrap())
}

fn group(id: &str) -> SecurityGroupId {
    id.into()
}

/// `eni-0` carries `sg-a`, `eni-1` carries `sg-b`, `eni-2` both; addresses 10.0.0.10, .11, .12.
fn three(a: SecurityGroup, b: SecurityGroup) -> Vpc {
    let mut vpc = Vpc { cidrs: vec!["10.0.0.0/16".parse().unwrap()], ..Vpc::default() };
    vpc.subnets.insert("subnet-1".into(), Subnet { cidr: "10.0.0.0/24".parse().unwrap() });
    vpc.security_groups.insert(group("sg-a"), a);
    vpc.security_groups.insert(group("sg-b"), b);
    for (n, groups) in [(0, vec!["sg-a"]), (1, vec!["sg-b"]), (2, vec!["sg-a", "sg-b"])] {
        let interface = Interface {
            subnet: "subnet-1".into(),
            private_ip: IpAddr::from([10, 0, 0, 10 + n]),
            mac: Mac([2, 0, 0, 0, 0, n]),
            public_ip: None,
            security_groups: groups.into_iter().map(group).collect(),
        };
        vpc.interfaces.insert(format!("eni-{n}").into(), interface);
    }
    vpc
}

fn packet(from: u8, to: u8, transport: Transport) -> Packet {
    let address = |n: u8| IpAddr::from([10, 0, 0, 10 + n]);
    Packet { from: format!("eni-{from}").into(), source: address(from), destination: address(to), transport }
}

fn open_out() -> SecurityGroup {
    SecurityGroup { ingress: vec![], egress: vec![rule(IpProtocol::All, Ports::All, everywhere())] }
}

#[test]
fn each_gate_decides_alone() {
    let web = rule(IpProtocol::TCP, Ports::Range(80, 80), everywhere());
    let in_only = SecurityGroup { ingress: vec![web.clone()], egress: vec![] };
    let to_b = packet(0, 1, Transport::Tcp(80));

    let both = verdict(&three(open_out(), in_only.clone()), &to_b);
    assert!(both.allowed());
    assert_eq!(both.ingress, Gate::Allowed(group("sg-b"), web));

    let no_egress = verdict(&three(SecurityGroup::default(), in_only), &to_b);
    assert_eq!((no_egress.allowed(), no_egress.egress.open(), no_egress.ingress.open()), (false, false, true));

    let no_ingress = verdict(&three(open_out(), SecurityGroup::default()), &to_b);
    assert_eq!((no_ingress.allowed(), no_ingress.egress.open(), no_ingress.ingress.open()), (false, true, false));
}

#[test]
fn a_group_stands_for_its_members_and_may_name_itself() {
    let own = rule(IpProtocol::UDP, Ports::All, Peer::Group(group("sg-b")));
    let b = SecurityGroup { ingress: vec![own.clone()], egress: vec![own] };
    let vpc = three(open_out(), b);
    assert!(verdict(&vpc, &packet(1, 2, Transport::Udp(9))).allowed(), "both carry sg-b");
    assert!(!verdict(&vpc, &packet(0, 1, Transport::Udp(9))).allowed(), "eni-0 does not");
    assert!(!verdict(&vpc, &packet(1, 2, Transport::Tcp(9))).allowed(), "another protocol");
}

#[test]
fn an_interface_sends_only_from_its_own_address() {
    let mut spoofed = packet(0, 1, Transport::Udp(9));
    spoofed.source = IpAddr::from([10, 0, 0, 12]);
    let all = SecurityGroup { ingress: vec![rule(IpProtocol::All, Ports::All, everywhere())], ..open_out() };
    let verdict = verdict(&three(all.clone(), all), &spoofed);
    assert_eq!((verdict.source, verdict.allowed()), (SourceCheck::NotItsAddress, false));
}

#[test]
fn services_of_the_vpc_are_not_filtered_and_gateways_answer_nothing() {
    let vpc = three(SecurityGroup::default(), SecurityGroup::default());
    let to = |address: [u8; 4], transport| Packet { destination: IpAddr::from(address), ..packet(0, 1, transport) };
    assert!(verdict(&vpc, &to([10, 0, 0, 2], Transport::Udp(53))).allowed());
    assert!(verdict(&vpc, &to([169, 254, 169, 253], Transport::Tcp(53))).allowed());
    assert!(verdict(&vpc, &to([169, 254, 170, 2], Transport::Tcp(80))).allowed());
    assert!(!verdict(&vpc, &to([10, 0, 0, 1], Transport::Icmp(8, 0))).allowed());
    assert!(!verdict(&vpc, &to([10, 0, 0, 2], Transport::Tcp(80))).allowed());
    assert!(!verdict(&vpc, &to([10, 0, 0, 99], Transport::Tcp(80))).allowed());
}

#[test]
fn icmp_rules_name_a_type_and_perhaps_a_code() {
    let echo = rule(IpProtocol::ICMP, Ports::Icmp(8, None), everywhere());
    assert!(echo.covers(&Transport::Icmp(8, 3)));
    assert!(!echo.covers(&Transport::Icmp(0, 0)));
    assert!(!rule(IpProtocol::ICMP, Ports::Icmp(3, Some(4)), everywhere()).covers(&Transport::Icmp(3, 1)));
    assert!(rule(IpProtocol::Number(47), Ports::Range(1, 2), everywhere()).covers(&Transport::Other(47)));
}

fn any_transport() -> impl Strategy<Value = Transport> {
    prop_oneof![
        (0u16..4).prop_map(Transport::Tcp),
        (0u16..4).prop_map(Transport::Udp),
        (0u8..3, 0u8..2).prop_map(|(kind, code)| Transport::Icmp(kind, code)),
        Just(Transport::Other(47)),
    ]
}

fn any_rule() -> impl Strategy<Value = Rule> {
    let protocol =
        prop_oneof![Just(IpProtocol::All), prop::sample::select(vec![1u8, 6, 17, 47]).prop_map(IpProtocol::Number)];
    let ports = prop_oneof![
        Just(Ports::All),
        (0u16..4, 0u16..4).prop_map(|(a, b)| Ports::Range(a.min(b), a.max(b))),
        (0u8..3, proptest::option::of(0u8..2)).prop_map(|(kind, code)| Ports::Icmp(kind, code)),
    ];
    let nets = ["0.0.0.0/0", "10.0.0.10/31", "10.0.0.12/32", "::/0"];
    let peer = prop_oneof![
        prop::sample::select(nets.to_vec()).prop_map(|net| Peer::Net(net.parse().unwrap())),
        prop::sample::select(vec!["sg-a", "sg-b", "sg-gone"]).prop_map(|id| Peer::Group(id.into())),
    ];
    (protocol, ports, peer).prop_map(|(protocol, ports, peer)| rule(protocol, ports, peer))
}

fn any_group() -> impl Strategy<Value = SecurityGroup> {
    let rules = || prop::collection::vec(any_rule(), 0..4);
    (rules(), rules()).prop_map(|(ingress, egress)| SecurityGroup { ingress, egress })
}

proptest! {
    /// No rule is a rule against: adding one never closes what was open.
    #[test]
    fn rules_only_open(a in any_group(), b in any_group(), more in any_rule(), t in any_transport(), from in 0u8..3, to in 0u8..3) {
        let before = three(a.clone(), b.clone());
        let mut wider = a;
        wider.ingress.push(more.clone());
        wider.egress.push(more);
        let packet = packet(from, to, t);
        prop_assert!(!verdict(&before, &packet).allowed() || verdict(&three(wider, b), &packet).allowed());
    }

    /// The order of rules and repeated rules mean nothing.
    #[test]
    fn order_means_nothing(a in any_group(), b in any_group(), t in any_transport(), from in 0u8..3, to in 0u8..3) {
        let mut turned = a.clone();
        turned.ingress.reverse();
        turned.egress.reverse();
        turned.egress.extend(a.egress.clone());
        let packet = packet(from, to, t);
        prop_assert_eq!(verdict(&three(a, b.clone()), &packet).allowed(), verdict(&three(turned, b), &packet).allowed());
    }

    /// The receiver's answer does not depend on the sender's rules, nor the other way round.
    #[test]
    fn gates_are_independent(a in any_group(), b in any_group(), t in any_transport()) {
        let packet = packet(0, 1, t);
        let full = verdict(&three(a.clone(), b.clone()), &packet);
        prop_assert_eq!(full.egress, verdict(&three(a, SecurityGroup::default()), &packet).egress);
        prop_assert_eq!(full.ingress, verdict(&three(SecurityGroup::default(), b), &packet).ingress);
    }

    /// The rule named as the reason is one of the groups' own and covers the packet.
    #[test]
    fn the_reason_is_a_reason(a in any_group(), b in any_group(), t in any_transport(), from in 0u8..3, to in 0u8..3) {
        let vpc = three(a, b);
        let packet = packet(from, to, t);
        if let Gate::Allowed(id, rule) = verdict(&vpc, &packet).egress {
            prop_assert!(vpc.security_groups[&id].egress.contains(&rule));
            prop_assert!(rule.covers(&packet.transport));
            prop_assert!(vpc.interfaces[&packet.from].security_groups.contains(&id));
        }
    }

    /// An interface without groups neither sends nor receives.
    #[test]
    fn without_groups_nothing_passes(a in any_group(), b in any_group(), t in any_transport()) {
        let mut vpc = three(a, b);
        for interface in vpc.interfaces.values_mut() {
            interface.security_groups = BTreeSet::new();
        }
        prop_assert!(!verdict(&vpc, &packet(0, 1, t)).allowed());
    }
}
