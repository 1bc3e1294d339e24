//! Internet gateways: out, in, and back again to the same VPC.

use super::*;

#[test]
fn a_public_address_goes_out_and_is_found_from_outside() {
    let topology = region();
    let out = tcp(&topology, "eni-web", OUTSIDE);
    assert!(out.answered());
    assert_eq!(out.there.end, End::Internet);
    let translated =
        Step::ToInternet { gateway: "igw-1".into(), private: ip("10.0.0.10"), public: Some(ip("198.18.0.10")) };
    assert!(out.there.steps.contains(&translated));

    let inside = verdict(&topology, &from_outside("198.18.0.10", Transport::tcp(80)));
    assert!(inside.answered());
    assert_eq!(inside.there.end, at(VPC, "eni-web"));
    assert!(inside.back.unwrap().steps.contains(&translated));
}

#[test]
fn without_a_public_address_nothing_passes_the_gateway() {
    let topology = region();
    let out = tcp(&topology, "eni-bare", OUTSIDE);
    let nothing = Step::ToInternet { gateway: "igw-1".into(), private: ip("10.0.0.12"), public: None };
    assert_eq!(stop(&out), &nothing);
    assert_eq!(out.there.end, End::Nowhere);
}

#[test]
fn each_private_address_has_a_public_one_of_its_own() {
    let mut topology = region();
    let web = eni(&mut topology, "eni-web");
    web.secondary_ips.extend([ip("10.0.0.20"), ip("10.0.0.21")]);
    web.public_ips.insert(ip("10.0.0.20"), ip("198.18.0.20"));
    let packet = from(&topology, "eni-web", OUTSIDE, Transport::tcp(80));
    let sent = |source| verdict(&topology, &Packet { source: ip(source), ..packet.clone() });
    assert!(sent("10.0.0.20").answered());
    assert!(!sent("10.0.0.21").arrives());
    assert!(verdict(&topology, &from_outside("198.18.0.20", Transport::tcp(80))).answered());
}

#[test]
fn without_a_gateway_a_public_address_is_not_reached() {
    let mut topology = region();
    one(&mut topology).internet_gateway = None;
    let inside = verdict(&topology, &from_outside("198.18.0.10", Transport::tcp(80)));
    assert_eq!(stop(&inside), &Step::FromInternet { public: ip("198.18.0.10"), to: None, genuine: true });
    assert_eq!(inside.there.end, End::Nowhere);
}

#[test]
fn what_comes_in_needs_a_route_to_be_answered() {
    let mut topology = region();
    routes(&mut topology, "rtb-public").clear();
    let inside = verdict(&topology, &from_outside("198.18.0.10", Transport::tcp(80)));
    assert!(matches!(stop_back(&inside), Step::Route { route: None, .. }));
    // One that leads to a NAT gateway is no better: the answer would come from another address.
    let mut topology = region();
    eni(&mut topology, "eni-db").public_ips.insert(ip("10.0.1.10"), ip("198.18.0.20"));
    let inside = verdict(&topology, &from_outside("198.18.0.20", Transport::tcp(80)));
    assert!(matches!(stop_back(&inside), Step::Nat { passes: false, .. }));
}

#[test]
fn what_pretends_to_come_from_within_is_dropped() {
    let topology = region();
    let packet = from_outside("198.18.0.10", Transport::tcp(80));
    let sent = verdict(&topology, &Packet { source: ip("10.0.0.11"), ..packet });
    assert!(matches!(stop(&sent), Step::FromInternet { genuine: false, .. }));
}

#[test]
fn two_public_addresses_of_one_vpc_meet_at_the_gateway() {
    let mut topology = region();
    let from_public = rule(IpProtocol::TCP, Ports::Range(80, 80), net("198.18.0.10/32"));
    only(&mut topology, "eni-api", vec![from_public], vec![]);
    let hairpin = tcp(&topology, "eni-web", "198.18.0.11");
    assert_eq!(hairpin.there.end, at(VPC, "eni-api"));
    assert!(hairpin.answered());
    assert!(!tcp(&topology, "eni-web", "10.0.0.11").arrives(), "the rule does not speak of the private address");
    assert!(!tcp(&topology, "eni-bare", "198.18.0.11").arrives(), "nor goes one without a public address");
}

#[test]
fn an_interface_reaches_its_own_public_address_only_through_its_groups() {
    let mut topology = region();
    assert!(tcp(&topology, "eni-web", "198.18.0.10").answered());
    only(&mut topology, "eni-web", vec![], vec![everything()]);
    assert_eq!(stop(&tcp(&topology, "eni-web", "198.18.0.10")), &Step::Ingress("eni-web".into(), Gate::Denied));
}

#[test]
fn addresses_that_nobody_has_lead_nowhere_and_private_ones_are_nobodys_out_there() {
    let topology = region();
    for address in ["198.18.0.99", "10.9.0.1", "192.168.1.1", "172.16.0.1", "100.64.0.1"] {
        let sent = tcp(&topology, "eni-web", address);
        assert_eq!(stop(&sent), &Step::FromInternet { public: ip(address), to: None, genuine: true }, "{address}");
        assert_eq!(sent.there.end, End::Nowhere);
    }
    let logs = AwsService::named("logs").unwrap().address().to_string();
    assert!(tcp(&topology, "eni-web", &logs).answered(), "AWS's own services answer on the internet");
    assert!(tcp(&topology, "eni-web", "8.8.8.8").answered());
}
