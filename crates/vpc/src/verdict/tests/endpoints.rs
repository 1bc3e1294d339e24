//! Endpoints: gateways that routes lead to, and interfaces in subnets.

use super::*;

fn s3() -> String {
    AwsService::named("s3").unwrap().address().to_string()
}

/// A gateway endpoint for S3 that the private subnet routes to.
fn with_gateway() -> Topology {
    let mut topology = region();
    let service = AwsService::named("s3").unwrap();
    let list = PrefixListId::from(service.prefix_list.unwrap());
    topology.prefix_lists.insert(list.clone(), [service.range()].into());
    let endpoint = Endpoint::Gateway { service: "s3".to_owned(), prefix_list: list.clone() };
    one(&mut topology).endpoints.insert("vpce-s3".into(), endpoint);
    let to_s3 = Route { destination: Destination::PrefixList(list), target: Target::Endpoint("vpce-s3".into()) };
    routes(&mut topology, "rtb-private").push(to_s3);
    topology
}

#[test]
fn a_gateway_endpoint_is_a_more_specific_route_than_the_internet() {
    let mut topology = with_gateway();
    assert_eq!(tcp(&topology, "eni-db", &s3()).there.end, End::Endpoint(VPC.into(), "vpce-s3".into()));
    assert!(tcp(&topology, "eni-db", &s3()).answered());
    assert_eq!(tcp(&topology, "eni-db", OUTSIDE).there.end, End::Internet);
    assert_eq!(tcp(&topology, "eni-web", &s3()).there.end, End::Internet, "the other table has no such route");
    // It needs neither a NAT gateway nor the internet.
    one(&mut topology).internet_gateway = None;
    routes(&mut topology, "rtb-private").remove(0);
    assert!(tcp(&topology, "eni-db", &s3()).answered());
}

#[test]
fn groups_may_name_its_prefix_list_and_acls_see_its_addresses() {
    let mut topology = with_gateway();
    let to_list = rule(IpProtocol::TCP, Ports::Range(80, 80), Peer::PrefixList("pl-63a5400a".into()));
    only(&mut topology, "eni-db", vec![], vec![to_list]);
    assert!(tcp(&topology, "eni-db", &s3()).answered());
    assert_eq!(stop(&tcp(&topology, "eni-db", OUTSIDE)), &Step::Egress("eni-db".into(), Gate::Denied));

    acl(&mut topology, "acl-private").ingress.clear();
    assert!(matches!(stop_back(&tcp(&topology, "eni-db", &s3())), Step::AclIngress(d) if &*d.acl == "acl-private"));
    acl(&mut topology, "acl-private").egress.clear();
    assert!(matches!(stop(&tcp(&topology, "eni-db", &s3())), Step::AclEgress(d) if &*d.acl == "acl-private"));
}

#[test]
fn a_peer_does_not_share_it() {
    let mut topology = with_gateway();
    routes(&mut topology, "rtb-peer").push(route("0.0.0.0/0", Target::Peering("pcx-1".into())));
    assert!(!tcp(&topology, "eni-peer", &s3()).arrives());
}

#[test]
fn an_interface_endpoint_is_an_interface_with_groups() {
    let mut topology = region();
    let mut logs = interface("subnet-private", "10.0.1.50", None);
    logs.holder = Holder::Endpoint("vpce-logs".into());
    let vpc = one(&mut topology);
    vpc.interfaces.insert("eni-logs".into(), logs);
    let interfaces = [("us-east-1a".to_owned(), "eni-logs".into())].into();
    vpc.endpoints.insert(
        "vpce-logs".into(),
        Endpoint::Interface { service: "logs".to_owned(), interfaces, private_dns: true, dns_label: String::new() },
    );
    let to = |topology: &Topology, id: &str| verdict(topology, &from(topology, id, "10.0.1.50", Transport::tcp(443)));
    assert!(to(&topology, "eni-web").answered());
    assert!(to(&topology, "eni-peer").answered(), "also from a peered VPC");
    only(&mut topology, "eni-logs", vec![rule(IpProtocol::TCP, Ports::Range(443, 443), net("10.0.1.0/24"))], vec![]);
    assert!(to(&topology, "eni-db").answered());
    assert_eq!(stop(&to(&topology, "eni-web")), &Step::Ingress("eni-logs".into(), Gate::Denied));

    // No route leads to it.
    *routes(&mut topology, "rtb-private") = vec![route("0.0.0.0/0", Target::Endpoint("vpce-logs".into()))];
    assert!(matches!(stop(&tcp(&topology, "eni-db", OUTSIDE)), Step::Route { usable: false, .. }));
}
