//! Security groups, source checks and what no group filters.

use super::*;

fn web() -> Rule {
    rule(IpProtocol::TCP, Ports::Range(80, 80), net("0.0.0.0/0"))
}

#[test]
fn each_gate_decides_alone() {
    let mut topology = region();
    only(&mut topology, "eni-api", vec![web()], vec![]);
    let both = tcp(&topology, "eni-web", "10.0.0.11");
    assert!(both.answered(), "the answer needs no rule");
    assert_eq!(both.there.end, at(VPC, "eni-api"));
    let allowed = Step::Ingress("eni-api".into(), Gate::Allowed("sg-eni-api".into(), web()));
    assert_eq!(both.there.steps.last(), Some(&allowed));

    only(&mut topology, "eni-web", vec![], vec![]);
    let no_egress = tcp(&topology, "eni-web", "10.0.0.11");
    assert_eq!(stop(&no_egress), &Step::Egress("eni-web".into(), Gate::Denied));
    assert_eq!(no_egress.there.steps.last(), Some(&allowed), "what would come next is told all the same");

    let mut topology = region();
    only(&mut topology, "eni-api", vec![], vec![everything()]);
    let no_ingress = tcp(&topology, "eni-web", "10.0.0.11");
    assert_eq!(stop(&no_ingress), &Step::Ingress("eni-api".into(), Gate::Denied));
    assert_eq!((no_ingress.arrives(), no_ingress.answered()), (false, false));
}

#[test]
fn what_any_group_allows_is_allowed_and_one_that_is_not_there_allows_nothing() {
    let mut topology = region();
    only(&mut topology, "eni-api", vec![], vec![]);
    eni(&mut topology, "eni-api").security_groups.insert("sg-open".into());
    assert!(tcp(&topology, "eni-web", "10.0.0.11").answered());
    eni(&mut topology, "eni-api").security_groups = ["sg-gone".into()].into();
    assert!(!tcp(&topology, "eni-web", "10.0.0.11").arrives());
    eni(&mut topology, "eni-api").security_groups.clear();
    assert!(!tcp(&topology, "eni-web", "10.0.0.11").arrives());
}

#[test]
fn a_group_stands_for_the_private_addresses_of_its_members() {
    let mut topology = region();
    let members = rule(IpProtocol::TCP, Ports::Range(80, 80), Peer::Group("sg-eni-db".into()));
    only(&mut topology, "eni-db", vec![], vec![everything()]);
    only(&mut topology, "eni-api", vec![members.clone()], vec![]);
    assert!(tcp(&topology, "eni-db", "10.0.0.11").answered(), "a member");
    assert!(!tcp(&topology, "eni-web", "10.0.0.11").arrives(), "no member");

    // Also as the destination of an egress rule, and for secondary addresses.
    eni(&mut topology, "eni-db").secondary_ips.insert(ip("10.0.1.99"));
    only(&mut topology, "eni-web", vec![], vec![members]);
    topology.vpcs.get_mut(VPC).unwrap().security_groups.get_mut("sg-eni-db").unwrap().ingress.push(web());
    assert!(tcp(&topology, "eni-web", "10.0.1.10").answered());
    assert!(tcp(&topology, "eni-web", "10.0.1.99").answered());
    assert!(!tcp(&topology, "eni-web", "10.0.0.12").arrives());
}

#[test]
fn a_group_does_not_stand_for_public_addresses() {
    let mut topology = region();
    let members = rule(IpProtocol::All, Ports::All, Peer::Group("sg-open".into()));
    only(&mut topology, "eni-api", vec![members], vec![everything()]);
    assert!(tcp(&topology, "eni-web", "10.0.0.11").answered());
    let hairpin = tcp(&topology, "eni-web", "198.18.0.11");
    assert_eq!(stop(&hairpin), &Step::Ingress("eni-api".into(), Gate::Denied), "it comes from 198.18.0.10");
}

#[test]
fn a_group_of_a_peered_vpc_may_be_named() {
    let mut topology = region();
    let members = rule(IpProtocol::TCP, Ports::All, Peer::Group("sg-eni-peer".into()));
    only(&mut topology, "eni-peer", vec![everything()], vec![everything()]);
    only(&mut topology, "eni-web", vec![members.clone()], vec![members]);
    assert!(tcp(&topology, "eni-peer", "10.0.0.10").answered(), "as a source");
    assert!(tcp(&topology, "eni-web", "10.2.0.10").answered(), "as a destination");
    topology.vpcs.get_mut("vpc-2").unwrap().interfaces.get_mut("eni-peer").unwrap().security_groups =
        ["sg-open".into()].into();
    assert!(!tcp(&topology, "eni-peer", "10.0.0.10").arrives());
}

#[test]
fn a_prefix_list_stands_for_its_ranges() {
    let mut topology = region();
    let listed = rule(IpProtocol::TCP, Ports::All, Peer::PrefixList("pl-1".into()));
    only(&mut topology, "eni-api", vec![listed], vec![]);
    assert!(!tcp(&topology, "eni-web", "10.0.0.11").arrives(), "a list that is not there holds nothing");
    topology.prefix_lists.insert("pl-1".into(), ["10.0.0.10/32".parse().unwrap()].into());
    assert!(tcp(&topology, "eni-web", "10.0.0.11").arrives());
    assert!(!tcp(&topology, "eni-bare", "10.0.0.11").arrives());
}

#[test]
fn rules_name_ports_types_and_codes() {
    let echo = rule(IpProtocol::ICMP, Ports::Icmp(8, None), net("0.0.0.0/0"));
    assert!(echo.covers(&Transport::Icmp(8, 3)));
    assert!(!echo.covers(&Transport::Icmp(0, 0)));
    assert!(!rule(IpProtocol::ICMP, Ports::Icmp(3, Some(4)), net("0.0.0.0/0")).covers(&Transport::Icmp(3, 1)));
    assert!(rule(IpProtocol::Number(47), Ports::Range(1, 2), net("0.0.0.0/0")).covers(&Transport::Other(47)));
    assert!(web().covers(&Transport::Tcp { from: 1, to: 80 }));
    assert!(!web().covers(&Transport::Tcp { from: 80, to: 1 }), "the destination port counts");
    assert!(!web().covers(&Transport::udp(80)));
}

#[test]
fn an_interface_sends_from_its_own_addresses_only_unless_it_need_not() {
    let mut topology = region();
    let spoofed = Packet { source: ip("10.0.0.12"), ..from(&topology, "eni-web", "10.0.0.11", Transport::udp(9)) };
    let verdict_on = |topology: &Topology| verdict(topology, &spoofed);
    let refused = Step::Source("eni-web".into(), SourceCheck::NotItsAddress);
    assert_eq!(stop(&verdict_on(&topology)), &refused);

    eni(&mut topology, "eni-web").secondary_ips.insert(ip("10.0.0.12"));
    one(&mut topology).interfaces.remove("eni-bare");
    assert!(verdict_on(&topology).answered(), "a secondary address is its own");

    let mut topology = region();
    eni(&mut topology, "eni-web").source_dest_check = false;
    let sent = verdict_on(&topology);
    assert!(sent.arrives());
    assert!(!sent.answered(), "the answer goes to whoever has the address");
}

#[test]
fn an_interface_that_is_not_there_sends_nothing() {
    let mut topology = region();
    let packet = from(&topology, "eni-web", "10.0.0.11", Transport::tcp(80));
    one(&mut topology).interfaces.remove("eni-web");
    let sent = verdict(&topology, &packet);
    assert_eq!(stop(&sent), &Step::Source("eni-web".into(), SourceCheck::NoSuchInterface));
    assert_eq!((sent.there.end.clone(), sent.back), (End::Nowhere, None));
}

#[test]
fn services_of_the_vpc_are_not_filtered_and_gateways_answer_nothing() {
    let mut topology = region();
    only(&mut topology, "eni-web", vec![], vec![]);
    acl(&mut topology, "acl-public").egress.clear();
    let to =
        |topology: &Topology, address, transport| verdict(topology, &from(topology, "eni-web", address, transport));
    for (address, transport) in [
        ("10.0.0.2", Transport::udp(53)),
        ("10.0.0.2", Transport::tcp(53)),
        ("169.254.169.253", Transport::tcp(53)),
        ("169.254.170.2", Transport::tcp(80)),
    ] {
        let asked = to(&topology, address, transport);
        assert_eq!(asked.there.end, End::Service(VPC.into()));
        assert!(asked.answered(), "{address}");
    }
    for (address, transport) in [
        ("10.0.0.1", Transport::PING),
        ("10.0.0.2", Transport::tcp(80)),
        ("169.254.170.2", Transport::tcp(443)),
        ("169.254.169.254", Transport::tcp(80)),
    ] {
        assert!(!to(&topology, address, transport).arrives(), "{address}");
    }
    one(&mut topology).dns_support = false;
    assert!(!to(&topology, "10.0.0.2", Transport::udp(53)).arrives());
    assert!(!to(&topology, "169.254.169.253", Transport::udp(53)).arrives());
    assert!(to(&topology, "169.254.170.2", Transport::tcp(80)).answered());
}

#[test]
fn what_an_interface_sends_to_itself_never_leaves_it() {
    let mut topology = region();
    only(&mut topology, "eni-web", vec![], vec![]);
    let sent = tcp(&topology, "eni-web", "10.0.0.10");
    assert_eq!(sent.there.end, End::Itself);
    assert!(sent.answered());
}

#[test]
fn no_answer_is_expected_to_an_icmp_error() {
    let topology = region();
    let sent = verdict(&topology, &from(&topology, "eni-web", "10.0.0.11", Transport::Icmp(3, 4)));
    assert_eq!((sent.arrives(), sent.back), (true, None));
    assert!(verdict(&topology, &from(&topology, "eni-web", "10.0.0.11", Transport::PING)).answered());
}
