//! NAT gateways.

use super::*;

#[test]
fn a_private_subnet_goes_out_by_the_gateway_and_its_answers_come_back() {
    let topology = region();
    let out = tcp(&topology, "eni-db", OUTSIDE);
    assert_eq!(out.there.end, End::Internet);
    let hidden = Step::Nat { gateway: "nat-1".into(), source: ip("10.0.0.5"), passes: true };
    assert!(out.there.steps.contains(&hidden));
    let public = Some(ip("198.18.0.5"));
    assert!(out.there.steps.contains(&Step::ToInternet { gateway: "igw-1".into(), private: ip("10.0.0.5"), public }));
    let back = out.back.unwrap();
    assert_eq!(back.end, at(VPC, "eni-db"));
    assert!(back.arrives() && back.steps.contains(&hidden));
}

#[test]
fn nothing_comes_in_that_nobody_asked_for() {
    let topology = region();
    let refused = Step::Nat { gateway: "nat-1".into(), source: ip("10.0.0.5"), passes: false };
    let inside = verdict(&topology, &from_outside("198.18.0.5", Transport::tcp(80)));
    assert_eq!(stop(&inside), &refused);
    for (id, to) in
        [("eni-web", "10.0.0.5"), ("eni-web", "198.18.0.5"), ("eni-peer", "10.0.0.5"), ("eni-db", "198.18.0.5")]
    {
        let sent = verdict(&topology, &from(&topology, id, to, Transport::PING));
        assert_eq!(stop(&sent), &refused, "{id} to {to}");
        assert_eq!(sent.there.end, End::Nowhere);
    }
}

#[test]
fn it_carries_tcp_udp_and_icmp_only() {
    let topology = region();
    for (transport, passes) in [
        (Transport::udp(53), true),
        (Transport::PING, true),
        (Transport::Other(47), false),
        (Transport::Other(50), false),
    ] {
        let sent = verdict(&topology, &from(&topology, "eni-db", OUTSIDE, transport));
        assert_eq!(sent.answered(), passes, "{transport:?}");
    }
    assert!(verdict(&topology, &from(&topology, "eni-web", OUTSIDE, Transport::Other(47))).answered());
}

#[test]
fn a_gateway_without_an_elastic_address_is_stopped_by_the_internet_gateway() {
    let mut topology = region();
    eni(&mut topology, "eni-nat").public_ips.clear();
    let out = tcp(&topology, "eni-db", OUTSIDE);
    let nothing = Step::ToInternet { gateway: "igw-1".into(), private: ip("10.0.0.5"), public: None };
    assert_eq!(stop(&out), &nothing);
}

#[test]
fn a_gateway_that_leads_to_itself_leads_nowhere() {
    let mut topology = region();
    *routes(&mut topology, "rtb-public") = vec![route("0.0.0.0/0", Target::NatGateway("nat-1".into()))];
    let out = tcp(&topology, "eni-db", OUTSIDE);
    assert_eq!(stop(&out), &Step::Nat { gateway: "nat-1".into(), source: ip("10.0.0.5"), passes: false });
    assert_eq!(out.there.end, End::Nowhere);
}

/// `nat-2`, a private one in a subnet of its own, leads to `nat-1`.
fn chained() -> Topology {
    let mut topology = region();
    let vpc = one(&mut topology);
    let mut nat = interface("subnet-middle", "10.0.2.5", None);
    (nat.holder, nat.source_dest_check) = (Holder::NatGateway("nat-2".into()), false);
    nat.security_groups.clear();
    vpc.interfaces.insert("eni-nat-2".into(), nat);
    vpc.nat_gateways.insert("nat-2".into(), NatGateway { interface: "eni-nat-2".into(), bandwidth: 1 });
    vpc.subnets.insert("subnet-middle".into(), subnet("10.0.2.0/24", "rtb-middle", "acl-private"));
    let on = route("0.0.0.0/0", Target::NatGateway("nat-1".into()));
    vpc.route_tables.insert("rtb-middle".into(), RouteTable { routes: vec![on] });
    *routes(&mut topology, "rtb-private") = vec![route("0.0.0.0/0", Target::NatGateway("nat-2".into()))];
    topology
}

#[test]
fn gateways_may_follow_each_other() {
    let mut topology = chained();
    let out = tcp(&topology, "eni-db", OUTSIDE);
    assert!(out.answered(), "{out:?}");
    let by = |path: &Path| -> Vec<NatGatewayId> {
        let gateways = path.steps.iter().filter_map(|step| match step {
            Step::Nat { gateway, .. } => Some(gateway.clone()),
            _ => None,
        });
        gateways.collect()
    };
    assert_eq!(by(&out.there), ["nat-2".into(), "nat-1".into()]);
    assert_eq!(by(&out.back.unwrap()), ["nat-1".into(), "nat-2".into()]);

    *routes(&mut topology, "rtb-public") = vec![route("0.0.0.0/0", Target::NatGateway("nat-2".into()))];
    assert!(!tcp(&topology, "eni-db", OUTSIDE).arrives(), "but not in a circle");
}

#[test]
fn the_receiver_sees_the_gateway_and_no_group() {
    let mut topology = region();
    only(&mut topology, "eni-api", vec![rule(IpProtocol::TCP, Ports::All, Peer::Group("sg-open".into()))], vec![]);
    assert!(tcp(&topology, "eni-db", "10.0.0.11").arrives());
    assert!(!tcp(&topology, "eni-db", "198.18.0.11").arrives());
    only(&mut topology, "eni-api", vec![rule(IpProtocol::TCP, Ports::All, net("198.18.0.5/32"))], vec![]);
    assert!(tcp(&topology, "eni-db", "198.18.0.11").answered());
}

#[test]
fn a_gateway_of_a_subnet_reaches_a_peered_vpc_by_its_own_routes() {
    let mut topology = region();
    *routes(&mut topology, "rtb-private") = vec![route("0.0.0.0/0", Target::NatGateway("nat-1".into()))];
    only(&mut topology, "eni-peer", vec![rule(IpProtocol::TCP, Ports::All, net("10.0.0.5/32"))], vec![]);
    let sent = tcp(&topology, "eni-db", "10.2.0.10");
    assert_eq!(sent.there.end, at("vpc-2", "eni-peer"));
    assert!(sent.answered(), "{sent:?}");
}
