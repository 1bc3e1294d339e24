//! Peering connections.

use super::*;

#[test]
fn a_peered_vpc_is_reached_with_routes_on_both_sides() {
    let mut topology = region();
    let sent = tcp(&topology, "eni-db", "10.2.0.10");
    assert_eq!(sent.there.end, at("vpc-2", "eni-peer"));
    assert!(sent.there.steps.contains(&Step::Peering("pcx-1".into(), "vpc-2".into())));
    assert!(sent.answered());
    assert!(tcp(&topology, "eni-peer", "10.0.1.10").answered(), "whoever asked for the connection");

    routes(&mut topology, "rtb-peer").clear();
    let sent = tcp(&topology, "eni-db", "10.2.0.10");
    assert!(matches!(stop_back(&sent), Step::Route { table, route: None, .. } if &**table == "rtb-peer"));
}

#[test]
fn both_subnets_acls_are_asked() {
    let mut topology = region();
    acl(&mut topology, "acl-peer").ingress.clear();
    assert!(matches!(stop(&tcp(&topology, "eni-db", "10.2.0.10")), Step::AclIngress(d) if &*d.acl == "acl-peer"));
    let mut topology = region();
    acl(&mut topology, "acl-private").egress.clear();
    assert!(matches!(stop(&tcp(&topology, "eni-db", "10.2.0.10")), Step::AclEgress(d) if &*d.acl == "acl-private"));
}

/// `vpc-3` with `eni-far` at 10.3.0.10, peered with `vpc-2` and routed there from everywhere.
fn three() -> Topology {
    let mut topology = region();
    let mut three = vpc("10.3.0.0/16");
    three.network_acls = topology.vpcs["vpc-2"].network_acls.clone();
    three.subnets.insert("subnet-far".into(), subnet("10.3.0.0/24", "rtb-far", "acl-peer"));
    let home = route("10.0.0.0/8", Target::Peering("pcx-2".into()));
    three.route_tables.insert("rtb-far".into(), RouteTable { routes: vec![home] });
    three.interfaces.insert("eni-far".into(), interface("subnet-far", "10.3.0.10", None));
    topology.vpcs.insert("vpc-3".into(), three);
    let ends =
        Peering { requester: "vpc-2".into(), accepter: "vpc-3".into(), requester_dns: false, accepter_dns: false };
    topology.peerings.insert("pcx-2".into(), ends);
    routes(&mut topology, "rtb-public").push(route("10.3.0.0/16", Target::Peering("pcx-1".into())));
    routes(&mut topology, "rtb-peer").push(route("10.3.0.0/16", Target::Peering("pcx-2".into())));
    topology
}

#[test]
fn peering_is_not_transitive() {
    let topology = three();
    assert!(tcp(&topology, "eni-peer", "10.3.0.10").answered(), "neighbours meet");
    let sent = tcp(&topology, "eni-web", "10.3.0.10");
    assert_eq!(stop(&sent), &Step::Delivery("vpc-2".into(), None));
    assert_eq!(sent.there.end, End::Nowhere);
}

#[test]
fn a_peer_shares_neither_internet_gateway_nor_nat_gateway() {
    let mut topology = region();
    routes(&mut topology, "rtb-peer").push(route("0.0.0.0/0", Target::Peering("pcx-1".into())));
    assert_eq!(stop(&tcp(&topology, "eni-peer", OUTSIDE)), &Step::Delivery(VPC.into(), None));
    // Nor may its gateways be named as targets.
    for target in [Target::NatGateway("nat-1".into()), Target::InternetGateway("igw-1".into())] {
        *routes(&mut topology, "rtb-peer") = vec![route("0.0.0.0/0", target)];
        assert!(matches!(stop(&tcp(&topology, "eni-peer", OUTSIDE)), Step::Route { usable: false, .. }));
    }
}

#[test]
fn a_connection_is_used_by_its_ends_only() {
    let mut topology = three();
    *routes(&mut topology, "rtb-public") = vec![route("10.3.0.0/16", Target::Peering("pcx-2".into()))];
    assert!(matches!(stop(&tcp(&topology, "eni-web", "10.3.0.10")), Step::Route { usable: false, .. }));
}
