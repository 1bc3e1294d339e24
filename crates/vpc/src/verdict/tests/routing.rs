//! Route tables: which route is taken, and what comes of one that leads nowhere.

use super::*;

/// The route that TCP from an interface to an address takes.
fn taken(topology: &Topology, id: &str, to: &str) -> (Option<Target>, bool) {
    let steps = tcp(topology, id, to).there.steps;
    let found = steps.into_iter().find_map(|step| match step {
        Step::Route { route, usable, .. } => Some((route.map(|(.., target)| target), usable)),
        _ => None,
    });
    found.unwrap()
}

#[test]
fn the_longest_prefix_wins() {
    let mut topology = region();
    let firewall = Target::Interface("eni-api".into());
    routes(&mut topology, "rtb-public").push(route("203.0.113.0/24", firewall.clone()));
    assert_eq!(taken(&topology, "eni-web", OUTSIDE), (Some(firewall), true));
    let default = Target::InternetGateway("igw-1".into());
    assert_eq!(taken(&topology, "eni-web", "192.0.2.1"), (Some(default), true));
}

#[test]
fn a_range_comes_before_a_prefix_list_of_the_same_length() {
    let mut topology = region();
    topology
        .prefix_lists
        .insert("pl-1".into(), ["203.0.113.0/24", "192.0.2.0/25"].map(|net| net.parse().unwrap()).into());
    let (by_list, by_range) = (Target::Interface("eni-api".into()), Target::Interface("eni-bare".into()));
    let listed = Route { destination: Destination::PrefixList("pl-1".into()), target: by_list.clone() };
    for turned in [false, true] {
        let mut both =
            vec![listed.clone(), route("203.0.113.0/24", by_range.clone()), route("192.0.2.0/24", by_range.clone())];
        if turned {
            both.reverse();
        }
        *routes(&mut topology, "rtb-public") = both;
        assert_eq!(taken(&topology, "eni-web", OUTSIDE).0, Some(by_range.clone()));
        assert_eq!(taken(&topology, "eni-web", "192.0.2.1").0, Some(by_list.clone()), "but the longer prefix first");
        assert_eq!(taken(&topology, "eni-web", "192.0.2.200").0, Some(by_range.clone()));
    }
}

#[test]
fn within_the_vpc_no_route_is_asked() {
    let mut topology = region();
    routes(&mut topology, "rtb-public").clear();
    let sent = tcp(&topology, "eni-web", "10.0.1.10");
    assert!(sent.answered());
    assert!(!sent.there.steps.iter().any(|step| matches!(step, Step::Route { .. })));
}

#[test]
fn an_address_of_the_vpc_that_is_nobodys_is_the_end() {
    let topology = region();
    let sent = tcp(&topology, "eni-web", "10.0.200.1");
    assert_eq!(stop(&sent), &Step::Delivery(VPC.into(), None));
    assert_eq!((sent.there.end.clone(), sent.back), (End::Nowhere, None));
}

#[test]
fn without_a_route_nothing_leaves() {
    let mut topology = region();
    routes(&mut topology, "rtb-public").clear();
    assert_eq!(taken(&topology, "eni-web", OUTSIDE), (None, false));
    let sent = tcp(&topology, "eni-web", OUTSIDE);
    assert!(matches!(stop(&sent), Step::Route { route: None, .. }));
    assert_eq!(sent.there.end, End::Nowhere);
}

#[test]
fn a_route_whose_target_is_gone_is_a_black_hole() {
    let mut topology = region();
    one(&mut topology).internet_gateway = None;
    assert_eq!(taken(&topology, "eni-web", OUTSIDE), (Some(Target::InternetGateway("igw-1".into())), false));

    let mut topology = region();
    one(&mut topology).nat_gateways.clear();
    assert!(!taken(&topology, "eni-db", OUTSIDE).1);

    let mut topology = region();
    topology.peerings.clear();
    assert!(!taken(&topology, "eni-web", "10.2.0.10").1);

    for target in [Target::Interface("eni-gone".into()), Target::Endpoint("vpce-gone".into())] {
        let mut topology = region();
        *routes(&mut topology, "rtb-public") = vec![route("203.0.113.0/24", target), to_internet()];
        assert!(!taken(&topology, "eni-web", OUTSIDE).1, "a shorter prefix does not step in");
        assert!(!tcp(&topology, "eni-web", OUTSIDE).arrives());
    }
}

#[test]
fn an_interface_takes_what_it_is_to_forward_only_without_the_destination_check() {
    let mut topology = region();
    *routes(&mut topology, "rtb-private") = vec![route("0.0.0.0/0", Target::Interface("eni-bare".into()))];
    let sent = tcp(&topology, "eni-db", OUTSIDE);
    assert_eq!(stop(&sent), &Step::Destination("eni-bare".into(), false));

    eni(&mut topology, "eni-bare").source_dest_check = false;
    let sent = tcp(&topology, "eni-db", OUTSIDE);
    assert!(sent.arrives());
    assert_eq!((&sent.there.end, &sent.back), (&at(VPC, "eni-bare"), &None), "what it forwards is its own affair");

    only(&mut topology, "eni-bare", vec![], vec![everything()]);
    assert_eq!(stop(&tcp(&topology, "eni-db", OUTSIDE)), &Step::Ingress("eni-bare".into(), Gate::Denied));
}

#[test]
fn nothing_carries_multicast_broadcast_link_local_or_loopback_addresses() {
    let mut topology = region();
    routes(&mut topology, "rtb-public").push(route("224.0.0.0/4", Target::Interface("eni-api".into())));
    for address in ["224.0.0.1", "255.255.255.255", "169.254.1.1", "0.0.0.0", "127.0.0.1", "10.0.0.255"] {
        let sent = tcp(&topology, "eni-web", address);
        assert_eq!(stop(&sent), &Step::Delivery(VPC.into(), None), "{address}");
        assert_eq!(sent.there.end, End::Nowhere);
    }
}

#[test]
fn ipv6_is_closed() {
    let topology = region();
    for (source, destination) in [("10.0.0.10", "2001:db8::1"), ("fe80::1", "ff02::1"), ("fe80::1", "10.0.0.11")] {
        let packet = from(&topology, "eni-web", destination, Transport::tcp(80));
        let sent = verdict(&topology, &Packet { source: ip(source), ..packet });
        assert_eq!(stop(&sent), &Step::Source("eni-web".into(), SourceCheck::Ipv6Closed));
        assert!(!sent.arrives());
    }
}
