//! Network Load Balancers.

use super::*;
use std::net::SocketAddr;

/// `net` with a node at 10.0.0.20 (198.18.0.20) whose listener 80 leads to port 8080 of `eni-db`, whose way out is the NAT gateway.
fn balanced(client_kept: bool) -> Topology {
    let mut topology = region();
    let mut node = interface("subnet-public", "10.0.0.20", Some("198.18.0.20"));
    (node.holder, node.source_dest_check) = (Holder::LoadBalancer("lb-1".into()), false);
    node.security_groups.clear();
    let forwarded = Forwarded {
        protocols: [6].into(),
        client_kept,
        cross_zone: true,
        targets: [(SocketAddr::new(ip("10.0.1.10"), 8080), Some("b".to_owned()))].into(),
    };
    let balancer = LoadBalancer {
        name: "net".to_owned(),
        dns_name: "net-1.elb.us-east-1.amazonaws.com".to_owned(),
        internet_facing: true,
        listeners: [80.try_into().unwrap()].into(),
        flows: Some([(80.try_into().unwrap(), forwarded)].into()),
        nodes: [("a".to_owned(), LoadBalancerNode { interface: "eni-node".into(), healthy: true })].into(),
    };
    one(&mut topology).interfaces.insert("eni-node".into(), node);
    one(&mut topology).load_balancers.insert("lb-1".into(), balancer);
    topology
}

fn ways(topology: &Topology, packet: &Packet) -> Vec<Onward> {
    let verdict = verdict(topology, packet);
    assert!(verdict.answered(), "{verdict:?}");
    onward(topology, &verdict.there.end, *verdict.there.addresses.last().unwrap(), &packet.transport)
        .unwrap_or_default()
}

#[test]
fn a_packet_goes_on_as_the_clients_and_its_answer_comes_back_to_the_node() {
    let topology = balanced(true);
    let from_internet = from_outside("198.18.0.20", Transport::tcp(80));
    let ways_on = ways(&topology, &from_internet);
    let [way] = ways_on.as_slice() else { panic!("{ways_on:?}") };
    assert!(way.answered() && way.packet.source == ip(OUTSIDE) && way.packet.destination == ip("10.0.1.10"));
    assert_eq!(way.verdict.back.as_ref().unwrap().end, at(VPC, "eni-node"));
    assert!(ways(&topology, &from_outside("198.18.0.20", Transport::tcp(81))).is_empty());
    let hidden = balanced(false);
    assert_eq!(ways(&hidden, &from_internet)[0].packet.source, ip("10.0.0.20"));
}

#[test]
fn targets_judge_the_client_or_the_load_balancers_group() {
    let mut topology = balanced(true);
    let from_internet = from_outside("198.18.0.20", Transport::tcp(80));
    let only_from = |topology: &mut Topology, peer: Peer| {
        only(topology, "eni-db", vec![rule(IpProtocol::TCP, Ports::Range(8080, 8080), peer)], vec![]);
    };
    for (net, answered) in [("203.0.113.0/24", true), ("10.0.0.20/32", false)] {
        only_from(&mut topology, super::net(net));
        assert_eq!(ways(&topology, &from_internet)[0].answered(), answered, "{net}");
    }
    only_from(&mut topology, Peer::Group("sg-eni-node".into()));
    assert!(!ways(&topology, &from_internet)[0].answered(), "a load balancer without groups has none to be named");
    only(&mut topology, "eni-node", vec![everything()], vec![everything()]);
    assert!(ways(&topology, &from_internet)[0].answered());
}

#[test]
fn a_target_does_not_reach_itself_while_it_would_see_its_own_address() {
    let packet = |topology: &Topology| from(topology, "eni-db", "10.0.0.20", Transport::tcp(80));
    let (kept, hidden) = (balanced(true), balanced(false));
    assert!(!ways(&kept, &packet(&kept))[0].answered());
    assert!(ways(&hidden, &packet(&hidden))[0].answered());
}
