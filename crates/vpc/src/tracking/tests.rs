use super::*;
use crate::{
    Holder, SecurityGroup,
    fixture::{any::*, *},
};
use proptest::prelude::*;

const WEB: Transport = Transport::Tcp { from: 40000, to: 80 };

fn ssh_like(port: u16, from: &str) -> Rule {
    rule(IpProtocol::TCP, Ports::Range(port, port), net(from))
}

fn seen(vpc: &str, interface: &str, source: &str, destination: &str, transport: Transport) -> Option<Seen> {
    Some(Seen {
        vpc: vpc.into(),
        interface: interface.into(),
        source: ip(source),
        destination: ip(destination),
        transport,
    })
}

/// A connection from the internet to `eni-web`.
fn inbound(transport: Transport) -> Flow {
    Flow { initiator: None, receiver: seen(VPC, "eni-web", OUTSIDE, "10.0.0.10", transport) }
}

/// The region with these rules for `eni-web`.
fn with(ingress: &[Rule], egress: &[Rule]) -> Topology {
    let mut topology = region();
    only(&mut topology, "eni-web", ingress.to_vec(), egress.to_vec());
    topology
}

/// Whether a change cuts a flow, having seen that the cheap test agrees.
fn cut(before: &Topology, after: &Topology, flow: &Flow) -> bool {
    let cut = interrupted(before, after, flow);
    assert!(!cut || may_interrupt(before, after));
    cut
}

#[test]
fn a_flow_that_rules_allow_for_everybody_ends_with_the_rule() {
    let before = with(&[ssh_like(80, "0.0.0.0/0")], &[everything()]);
    assert!(cut(&before, &with(&[], &[everything()]), &inbound(WEB)), "removed");
    assert!(cut(&before, &with(&[ssh_like(80, "192.0.2.0/24")], &[everything()]), &inbound(WEB)), "narrowed past it");
    assert!(cut(&before, &with(&[ssh_like(81, "0.0.0.0/0")], &[everything()]), &inbound(WEB)), "another port");
    assert!(!cut(&before, &with(&[ssh_like(80, "203.0.113.0/24")], &[everything()]), &inbound(WEB)), "still permitted");
    assert!(!cut(&before, &before, &inbound(WEB)));
}

#[test]
fn its_answers_live_by_a_rule_too() {
    let before = with(&[ssh_like(80, "0.0.0.0/0")], &[everything()]);
    assert!(cut(&before, &with(&[ssh_like(80, "0.0.0.0/0")], &[]), &inbound(WEB)));
    let narrow = rule(IpProtocol::TCP, Ports::Range(32768, 60999), net("203.0.113.0/24"));
    assert!(!cut(&before, &with(&[ssh_like(80, "0.0.0.0/0")], &[narrow]), &inbound(WEB)));
}

#[test]
fn a_flow_that_a_narrower_rule_let_in_goes_on() {
    let before = with(&[ssh_like(80, "203.0.113.0/24")], &[everything()]);
    assert!(!cut(&before, &with(&[], &[]), &inbound(WEB)));
    let halves = [ssh_like(80, "0.0.0.0/1"), ssh_like(80, "128.0.0.0/1")];
    assert!(!cut(&with(&halves, &[everything()]), &with(&[], &[]), &inbound(WEB)), "two halves are not everything");
}

#[test]
fn without_an_open_way_back_it_is_tracked() {
    let after = with(&[], &[]);
    let open = ssh_like(80, "0.0.0.0/0");
    let tcp = |ports| rule(IpProtocol::TCP, ports, net("0.0.0.0/0"));
    for (back, is_cut) in [
        (vec![], false),
        (vec![tcp(Ports::Range(0, 65535))], true),
        (vec![tcp(Ports::All)], true),
        (vec![tcp(Ports::Range(1024, 65535))], false),
        (vec![rule(IpProtocol::UDP, Ports::All, net("0.0.0.0/0"))], false),
        (vec![rule(IpProtocol::All, Ports::All, net("203.0.113.0/24"))], false),
        (vec![rule(IpProtocol::All, Ports::All, net("::/0"))], false),
    ] {
        let before = with(std::slice::from_ref(&open), &back);
        assert_eq!(cut(&before, &after, &inbound(WEB)), is_cut, "{back:?}");
    }
}

#[test]
fn only_tcp_and_udp_go_untracked() {
    let (before, after) = (with(&[everything()], &[everything()]), with(&[], &[]));
    assert!(cut(&before, &after, &inbound(Transport::udp(53))));
    assert!(!cut(&before, &after, &inbound(Transport::PING)));
    assert!(!cut(&before, &after, &inbound(Transport::Other(47))));
}

#[test]
fn each_end_keeps_track_for_itself() {
    let flow = Flow {
        initiator: seen(VPC, "eni-web", "10.0.0.10", "10.0.1.10", WEB),
        receiver: seen(VPC, "eni-db", "10.0.0.10", "10.0.1.10", WEB),
    };
    let mut receiver_closed = region();
    only(&mut receiver_closed, "eni-db", vec![], vec![everything()]);
    assert!(cut(&region(), &receiver_closed, &flow));
    assert!(cut(&region(), &with(&[], &[]), &flow), "the sender's end");

    let tracked_by_sender = with(&[], &[everything()]);
    assert!(!cut(&tracked_by_sender, &with(&[], &[]), &flow));
    let mut both = tracked_by_sender.clone();
    only(&mut both, "eni-db", vec![], vec![]);
    assert!(cut(&tracked_by_sender, &both, &flow));
}

#[test]
fn another_set_of_groups_is_a_change_of_rules() {
    let mut after = region();
    one(&mut after).security_groups.insert("sg-closed".into(), SecurityGroup::default());
    eni(&mut after, "eni-web").security_groups.insert("sg-closed".into());
    assert!(!cut(&region(), &after, &inbound(WEB)));
    assert!(!may_interrupt(&region(), &after), "one more group takes nothing away");
    eni(&mut after, "eni-web").security_groups.remove("sg-open");
    assert!(cut(&region(), &after, &inbound(WEB)));
}

#[test]
fn a_group_that_still_stands_for_the_other_end_permits_it() {
    let flow = Flow { initiator: None, receiver: seen(VPC, "eni-web", "10.0.1.10", "10.0.0.10", WEB) };
    let members = rule(IpProtocol::TCP, Ports::Range(80, 80), Peer::Group("sg-open".into()));
    assert!(!cut(&region(), &with(std::slice::from_ref(&members), &[everything()]), &flow));
    assert!(
        cut(&region(), &with(std::slice::from_ref(&members), &[everything()]), &inbound(WEB)),
        "the internet is in none"
    );
    let from_peer = Flow { initiator: None, receiver: seen(VPC, "eni-web", "10.2.0.10", "10.0.0.10", WEB) };
    assert!(!cut(&region(), &with(&[members], &[everything()]), &from_peer), "also of a peered VPC");
}

#[test]
fn through_a_nat_gateway_every_connection_is_tracked() {
    let mut after = region();
    only(&mut after, "eni-db", vec![], vec![]);
    let out = |destination| Flow { initiator: seen(VPC, "eni-db", "10.0.1.10", destination, WEB), receiver: None };
    assert!(!cut(&region(), &after, &out(OUTSIDE)));
    assert!(cut(&region(), &after, &out("10.0.0.10")), "within the VPC it is not");
    // Nor is it where a NAT gateway is the other end, as a receiver in a peered VPC sees it.
    let mut after = region();
    only(&mut after, "eni-peer", vec![], vec![]);
    let inside = |source| Flow { initiator: None, receiver: seen("vpc-2", "eni-peer", source, "10.2.0.10", WEB) };
    assert!(!cut(&region(), &after, &inside("10.0.0.5")));
    assert!(cut(&region(), &after, &inside("10.0.0.10")));
}

#[test]
fn so_is_one_to_an_interface_endpoint_or_dynamodb() {
    let mut before = region();
    let mut endpoint = interface("subnet-private", "10.0.1.50", None);
    endpoint.holder = Holder::Endpoint("vpce-1".into());
    one(&mut before).interfaces.insert("eni-endpoint".into(), endpoint);
    for (id, service) in [("vpce-s3", "s3"), ("vpce-dynamodb", "dynamodb")] {
        let endpoint = Endpoint::Gateway { service: service.to_owned(), prefix_list: "pl-1".into() };
        one(&mut before).endpoints.insert(id.into(), endpoint);
    }
    routes(&mut before, "rtb-public").extend([
        route("198.19.254.16/28", Target::Endpoint("vpce-s3".into())),
        route("198.19.254.32/28", Target::Endpoint("vpce-dynamodb".into())),
    ]);
    let mut after = before.clone();
    only(&mut after, "eni-web", vec![], vec![]);
    only(&mut after, "eni-endpoint", vec![], vec![]);
    let to = |destination| Flow {
        initiator: seen(VPC, "eni-web", "10.0.0.10", destination, WEB),
        receiver: seen(VPC, "eni-endpoint", "10.0.0.10", "10.0.1.50", WEB).filter(|_| destination == "10.0.1.50"),
    };
    assert!(!cut(&before, &after, &to("10.0.1.50")));
    assert!(!cut(&before, &after, &to("198.19.254.32")));
    assert!(cut(&before, &after, &to("198.19.254.16")), "Amazon S3 is not on the list");
}

#[test]
fn what_is_gone_is_not_cut() {
    let mut after = region();
    one(&mut after).interfaces.remove("eni-web");
    assert!(!cut(&region(), &after, &inbound(WEB)));
    assert!(!may_interrupt(&region(), &after), "a task that ends is no reason to look at flows");
    assert!(!may_interrupt(&region(), &Topology::default()));
    assert!(!cut(&Topology::default(), &region(), &inbound(WEB)));
}

#[test]
fn only_what_was_open_and_carried_is_a_reason_to_look() {
    let narrow = with(&[ssh_like(80, "203.0.113.0/24")], &[]);
    assert!(!may_interrupt(&narrow, &with(&[], &[])));
    let mut before = region();
    one(&mut before)
        .security_groups
        .insert("sg-unused".into(), SecurityGroup { ingress: vec![everything()], egress: vec![] });
    assert!(!may_interrupt(&before, &region()), "nobody carries it");
}

fn any_flow() -> impl Strategy<Value = Flow> {
    (any_packet(), any::<bool>()).prop_map(|(packet, into)| {
        let end = |vpc: &str, interface: &str| {
            let (source, destination, transport) = (packet.source, packet.destination, packet.transport);
            Some(Seen { vpc: vpc.into(), interface: interface.into(), source, destination, transport })
        };
        let here = ["eni-web", "eni-api", "eni-bare", "eni-db"]
            .into_iter()
            .find(|id| region().vpcs[VPC].interfaces[*id].has(if into { packet.destination } else { packet.source }));
        let end = here.and_then(|id| end(VPC, id));
        if into { Flow { initiator: None, receiver: end } } else { Flow { initiator: end, receiver: None } }
    })
}

proptest! {
    /// The cheap test misses nothing.
    #[test]
    fn what_is_cut_was_foreseen(before in any_topology(), after in any_topology(), flow in any_flow()) {
        prop_assert!(!interrupted(&before, &after, &flow) || may_interrupt(&before, &after));
    }

    /// Where nothing changes, or rules are only added, nothing is cut.
    #[test]
    fn more_rules_cut_nothing(before in any_topology(), flow in any_flow(), more in any_rule()) {
        prop_assert!(!interrupted(&before, &before, &flow) && !may_interrupt(&before, &before));
        let mut after = before.clone();
        for group in after.vpcs.values_mut().flat_map(|vpc| vpc.security_groups.values_mut()) {
            group.ingress.insert(0, more.clone());
            group.egress.push(more.clone());
        }
        prop_assert!(!interrupted(&before, &after, &flow) && !may_interrupt(&before, &after));
    }

    /// Even when everything is taken away, what no rule for all addresses let in goes on.
    #[test]
    fn narrow_rules_are_tracked(before in any_topology(), flow in any_flow()) {
        let mut after = before.clone();
        for group in after.vpcs.values_mut().flat_map(|vpc| vpc.security_groups.values_mut()) {
            *group = SecurityGroup::default();
        }
        let mut narrow = before;
        for group in narrow.vpcs.values_mut().flat_map(|vpc| vpc.security_groups.values_mut()) {
            group.ingress.retain(|rule| for_all(rule).is_none());
        }
        prop_assert!(!interrupted(&narrow, &after, &flow), "one direction is never open");
    }
}
