//! What is answered to which packet.

use super::{
    super::zone::tests::{VPC, region},
    *,
};
use proptest::prelude::*;
use vpc::{RecordKind, RecordSet, RecordValue};

mod hosted;

fn view() -> View {
    View::Vpc(VPC.into())
}

/// A question as a stub resolver sends it.
fn question(name: &str, kind: RecordType) -> Message {
    let mut message = Message::new(4711, MessageType::Query, OpCode::Query);
    message.metadata.recursion_desired = true;
    let mut name = Name::from_labels(name.split('.').map(str::as_bytes)).unwrap();
    name.set_fqdn(true);
    message.add_query(Query::query(name, kind));
    message
}

fn answered_over(transport: Transport, topology: &Topology, question: &Message) -> (Message, usize) {
    let bytes = answer(topology, &view(), &question.to_vec().unwrap(), transport).expect("an answer");
    (Message::from_vec(&bytes).unwrap(), bytes.len())
}

fn answered(question: &Message) -> Message {
    answered_over(Transport::Udp, &region(), question).0
}

fn code(question: &Message) -> ResponseCode {
    answered(question).metadata.response_code
}

fn data_of(message: &Message) -> Vec<String> {
    message.answers.iter().map(|record| record.data.to_string()).collect()
}

#[test]
fn a_name_is_answered_as_it_was_asked_for() {
    let reply = answered(&question("IP-10-0-1-12.ec2.Internal", RecordType::A));
    assert_eq!((reply.metadata.id, reply.metadata.message_type), (4711, MessageType::Response));
    assert!(reply.metadata.recursion_available && reply.metadata.recursion_desired && !reply.metadata.authoritative);
    assert_eq!(reply.metadata.response_code, ResponseCode::NoError);
    assert_eq!(data_of(&reply), ["10.0.1.12"]);
    let record = reply.answers.first().unwrap();
    assert_eq!(record.name.to_string(), "IP-10-0-1-12.ec2.Internal.", "in the letters of the question");
    assert_eq!((record.ttl, reply.queries.len(), reply.authorities.len()), (60, 1, 0));
}

#[test]
fn an_address_is_answered_with_its_name() {
    let reply = answered(&question("12.1.0.10.in-addr.arpa", RecordType::PTR));
    assert_eq!(data_of(&reply), ["ip-10-0-1-12.ec2.internal."]);
}

#[test]
fn several_addresses_take_turns() {
    let firsts = [0, 1].map(|id| {
        let mut question = question("logs.us-east-1.amazonaws.com", RecordType::A);
        question.metadata.id = id;
        data_of(&answered(&question))
    });
    assert_eq!(firsts, [["10.0.1.200", "10.0.2.200"], ["10.0.2.200", "10.0.1.200"]]);
}

#[test]
fn nothing_of_a_type_is_told_from_no_such_name() {
    for (name, kind, code, zone) in [
        ("ip-10-0-1-12.ec2.internal", RecordType::AAAA, ResponseCode::NoError, "ec2.internal."),
        ("logs.us-east-1.amazonaws.com", RecordType::MX, ResponseCode::NoError, "amazonaws.com."),
        ("us-east-1.amazonaws.com", RecordType::A, ResponseCode::NoError, "amazonaws.com."),
        ("db.ec2.internal", RecordType::A, ResponseCode::NXDomain, "ec2.internal."),
        ("1.2.3.4.in-addr.arpa", RecordType::PTR, ResponseCode::NXDomain, "in-addr.arpa."),
        ("example.com", RecordType::A, ResponseCode::NXDomain, "."),
        ("a b.ec2.internal", RecordType::A, ResponseCode::NXDomain, "."),
    ] {
        let reply = answered(&question(name, kind));
        assert_eq!((reply.metadata.response_code, reply.answers.len()), (code, 0), "{name}");
        let [soa] = reply.authorities.as_slice() else { panic!("{name}: {reply}") };
        assert_eq!((soa.name.to_string().as_str(), soa.ttl, soa.record_type()), (zone, 60, RecordType::SOA), "{name}");
    }
}

#[test]
fn what_is_no_question_for_this_server_is_refused() {
    let name = "ip-10-0-1-12.ec2.internal";
    let mut without_recursion = question(name, RecordType::A);
    without_recursion.metadata.recursion_desired = false;
    assert_eq!(code(&without_recursion), ResponseCode::Refused);
    assert_eq!(code(&question("ec2.internal", RecordType::AXFR)), ResponseCode::Refused);
    let mut of_chaos = question(name, RecordType::TXT);
    of_chaos.queries.iter_mut().for_each(|query| query.query_class = DNSClass::CH);
    assert_eq!(code(&of_chaos), ResponseCode::Refused);
    let mut update = question(name, RecordType::A);
    update.metadata.op_code = OpCode::Update;
    assert_eq!(code(&update), ResponseCode::NotImp);
    let mut two = question(name, RecordType::A);
    two.add_query(Query::query(absolute("example.com").unwrap(), RecordType::A));
    assert_eq!(code(&two), ResponseCode::FormErr);
    let mut of_a_later_version = question(name, RecordType::A);
    let mut edns = Edns::new();
    edns.set_version(1);
    of_a_later_version.set_edns(edns);
    let reply = answered(&of_a_later_version);
    // Read back it has another name, for the number has two.
    assert_eq!(u16::from(reply.metadata.response_code), u16::from(ResponseCode::BADVERS));
    assert_eq!(reply.edns.map(|edns| edns.version()), Some(0));
}

#[test]
fn what_can_not_be_read_is_said_to_be_so_and_answers_are_not_answered() {
    let mut cut_off = question("ip-10-0-1-12.ec2.internal", RecordType::A).to_vec().unwrap();
    cut_off.truncate(20);
    let reply = answer(&region(), &view(), &cut_off, Transport::Udp).unwrap();
    let reply = Message::from_vec(&reply).unwrap();
    assert_eq!((reply.metadata.id, reply.metadata.response_code), (4711, ResponseCode::FormErr));
    assert_eq!(answer(&region(), &view(), &cut_off[..11], Transport::Udp), None);
    let an_answer = question("ip-10-0-1-12.ec2.internal", RecordType::A).into_response().to_vec().unwrap();
    assert_eq!(answer(&region(), &view(), &an_answer, Transport::Udp), None);
}

/// An endpoint with an interface in each of a hundred subnets: more than fits 512 bytes, and more than fits 1,232.
fn with_many_addresses() -> Topology {
    let mut region = region();
    let vpc = region.vpcs.get_mut(VPC).unwrap();
    let like = vpc.interfaces.values().next().unwrap().clone();
    let Some(vpc::Endpoint::Interface { interfaces, .. }) = vpc.endpoints.get_mut("vpce-logs") else { panic!() };
    for n in 0..100_u8 {
        let id = vpc::InterfaceId::from(format!("eni-{n:03}"));
        interfaces.insert(format!("zone-{n:03}"), id.clone());
        let private_ip = IpAddr::from([10, 0, n, 100]);
        vpc.interfaces.insert(id, vpc::Interface { private_ip, ..like.clone() });
    }
    region
}

#[test]
fn an_answer_that_is_too_long_for_a_packet_is_cut_off_and_whole_over_tcp() {
    let region = with_many_addresses();
    let mut question = question("logs.us-east-1.amazonaws.com", RecordType::A);
    let (reply, length) = answered_over(Transport::Udp, &region, &question);
    assert!(reply.metadata.truncation && length <= 512, "{length}");
    assert_eq!((reply.answers.len(), reply.queries.len()), (0, 1));
    let (reply, _) = answered_over(Transport::Tcp, &region, &question);
    assert!(!reply.metadata.truncation && reply.edns.is_none());
    assert_eq!(reply.answers.len(), 102);
    let mut edns = Edns::new();
    edns.set_max_payload(4096);
    question.set_edns(edns);
    let (reply, length) = answered_over(Transport::Udp, &region, &question);
    assert!(reply.metadata.truncation && length <= 1232, "{length}");
    assert_eq!(reply.edns.map(|edns| edns.max_payload()), Some(1232));
}

#[test]
fn what_a_client_takes_is_what_it_gets() {
    let mut region = with_many_addresses();
    let vpc = region.vpcs.get_mut(VPC).unwrap();
    let Some(vpc::Endpoint::Interface { interfaces, .. }) = vpc.endpoints.get_mut("vpce-logs") else { panic!() };
    while interfaces.len() > 50 {
        interfaces.pop_first();
    }
    let mut question = question("logs.us-east-1.amazonaws.com", RecordType::A);
    assert!(answered_over(Transport::Udp, &region, &question).0.metadata.truncation);
    let mut edns = Edns::new();
    edns.set_max_payload(1232);
    question.set_edns(edns);
    let (reply, _) = answered_over(Transport::Udp, &region, &question);
    assert_eq!((reply.metadata.truncation, reply.answers.len()), (false, 50));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_packet_is_too_odd(packet in proptest::collection::vec(any::<u8>(), 0..600)) {
        for transport in [Transport::Udp, Transport::Tcp] {
            if let Some(reply) = answer(&region(), &view(), &packet, transport) {
                prop_assert_eq!(reply.get(..2), packet.get(..2), "the id of the question");
            }
        }
    }

    /// Closer to real ones, so that more of what reads them is reached.
    #[test]
    fn no_damaged_question_is_too_odd(
        damage in proptest::collection::vec((0..80_usize, any::<u8>()), 0..6),
        kind in any::<u16>(),
        tail in proptest::collection::vec(any::<u8>(), 0..40),
    ) {
        let mut question = question("logs.us-east-1.amazonaws.com", kind.into());
        question.set_edns(Edns::new());
        let mut packet = question.to_vec().unwrap();
        packet.extend(tail);
        for (at, byte) in damage {
            if let Some(place) = packet.get_mut(at) {
                *place = byte;
            }
        }
        if let Some(reply) = answer(&region(), &view(), &packet, Transport::Udp) {
            prop_assert!(reply.len() <= 1232);
        }
    }
}

#[test]
fn only_a_question_that_can_be_answered_is_asked_of_others() {
    let elsewhere = |message: &Message| is_elsewhere(&region(), &view(), &message.to_vec().unwrap());
    assert!(elsewhere(&question("example.com", RecordType::A)));
    assert!(elsewhere(&question("example.com", RecordType::MX)));
    assert!(!elsewhere(&question("example.com", RecordType::AXFR)));
    assert!(!elsewhere(&question("logs.us-east-1.amazonaws.com", RecordType::A)));
    let mut unwanted = question("example.com", RecordType::A);
    unwanted.metadata.recursion_desired = false;
    assert!(!elsewhere(&unwanted));
    let mut answer = question("example.com", RecordType::A);
    answer.metadata.message_type = MessageType::Response;
    assert!(!elsewhere(&answer));
    assert!(!is_elsewhere(&region(), &view(), b"noise"));
}

#[test]
fn what_nobody_answers_is_a_failure() {
    let asked = question("example.com", RecordType::A);
    let reply = Message::from_vec(&failure(&asked.to_vec().unwrap()).unwrap()).unwrap();
    assert_eq!((reply.metadata.id, reply.metadata.response_code), (4711, ResponseCode::ServFail));
    assert_eq!((reply.queries, reply.metadata.recursion_desired), (asked.queries, true));
    assert_eq!(failure(b"noise"), None);
}

/// The zone `shop.local` in the view's VPC.
fn zones(fill: impl FnOnce(&mut vpc::HostedZone)) -> Zones {
    let mut zone = vpc::HostedZone { soa_ttl: 15, ..Default::default() };
    let servers = ["ns-0.awsdns-00.com", "ns-512.awsdns-00.net"].map(|name| RecordValue::Name(name.to_owned()));
    zone.add("shop.local", "shop.local", set(RecordKind::Ns, 2, servers.into()));
    fill(&mut zone);
    let private = [(VPC.into(), [("shop.local".to_owned(), zone.into())].into())].into();
    Zones { private, ..Zones::default() }
}

fn set(kind: RecordKind, most: u16, values: Vec<RecordValue>) -> Option<RecordSet> {
    Some(RecordSet { kind, ttl: 10, most, weight: 1, values })
}

fn addresses(count: u8) -> Vec<RecordValue> {
    (1..=count).map(|n| RecordValue::Address([10, 0, 0, n].into())).collect()
}

fn answered_with(zones: &Zones, view: &View, question: &Message) -> (Message, Option<Name>) {
    let names = Names { topology: &region(), zones };
    let Answered { packet, beyond } =
        super::answered(names, view, &question.to_vec().unwrap(), Transport::Udp).expect("an answer");
    (Message::from_vec(&packet).unwrap(), beyond)
}

fn private(zones: &Zones, name: &str, kind: RecordType) -> Message {
    answered_with(zones, &view(), &question(name, kind)).0
}

#[test]
fn a_private_name_is_answered_in_its_vpc_alone() {
    let zones = zones(|zone| zone.add("shop.local", "api.shop.local", set(RecordKind::A, 8, addresses(2))));
    let reply = private(&zones, "Api.shop.local", RecordType::A);
    assert_eq!((reply.metadata.response_code, reply.answers.len()), (ResponseCode::NoError, 2));
    assert!(reply.answers.iter().all(|record| record.ttl == 10 && record.name.to_string() == "Api.shop.local."));
    for view in [View::Internet, View::Vpc("vpc-b".into())] {
        let (reply, _) = answered_with(&zones, &view, &question("api.shop.local", RecordType::A));
        assert_eq!((reply.metadata.response_code, reply.answers.len()), (ResponseCode::NXDomain, 0), "{view}");
    }
}

#[test]
fn nothing_in_a_zone_is_believed_for_as_long_as_the_zone_says() {
    let zones = zones(|zone| {
        zone.add("shop.local", "_api._tcp.shop.local", set(RecordKind::A, 8, addresses(1)));
    });
    for (name, kind, code) in [
        ("_api._tcp.shop.local", RecordType::AAAA, ResponseCode::NoError),
        ("_tcp.shop.local", RecordType::A, ResponseCode::NoError),
        ("shop.local", RecordType::A, ResponseCode::NoError),
        ("web.shop.local", RecordType::A, ResponseCode::NXDomain),
        ("x._api._tcp.shop.local", RecordType::A, ResponseCode::NXDomain),
    ] {
        let reply = private(&zones, name, kind);
        assert_eq!((reply.metadata.response_code, reply.answers.len()), (code, 0), "{name}");
        let [soa] = reply.authorities.as_slice() else { panic!("{name}: {reply}") };
        assert_eq!((soa.name.to_string().as_str(), soa.ttl, soa.record_type()), ("shop.local.", 15, RecordType::SOA));
    }
    assert_eq!(private(&zones, "shop.local", RecordType::SOA).answers.len(), 1);
    assert_eq!(private(&zones, "shop.local", RecordType::NS).answers.len(), 2);
}

#[test]
fn an_answer_has_eight_of_many_and_each_its_turn() {
    let zones = zones(|zone| {
        zone.add("shop.local", "api.shop.local", set(RecordKind::A, 8, addresses(10)));
        zone.add("shop.local", "one.shop.local", set(RecordKind::A, 1, addresses(10)));
    });
    let mut seen = std::collections::BTreeSet::new();
    for id in 0..20 {
        for (name, count) in [("api.shop.local", 8), ("one.shop.local", 1)] {
            let mut question = question(name, RecordType::A);
            question.metadata.id = id;
            let (reply, _) = answered_with(&zones, &view(), &question);
            let found: std::collections::BTreeSet<String> = data_of(&reply).into_iter().collect();
            assert_eq!(found.len(), count);
            seen.extend(found.into_iter().filter(|_| count == 1));
        }
    }
    assert_eq!(seen.len(), 10);
}

#[test]
fn a_service_record_comes_with_the_addresses_of_its_hosts() {
    let zones = zones(|zone| {
        for (number, host) in (1..).zip(["a.api.shop.local", "b.api.shop.local"]) {
            zone.add("shop.local", host, set(RecordKind::A, 1, vec![RecordValue::Address([10, 0, 0, number].into())]));
        }
        let ports = ["a.api.shop.local", "b.api.shop.local"].map(|host| RecordValue::port(80, host.to_owned()));
        zone.add("shop.local", "api.shop.local", set(RecordKind::Srv, 8, ports.into()));
    });
    let reply = private(&zones, "api.shop.local", RecordType::SRV);
    let mut found = data_of(&reply);
    found.sort();
    assert_eq!(found, ["1 1 80 a.api.shop.local.", "1 1 80 b.api.shop.local."]);
    let mut more: Vec<String> =
        reply.additionals.iter().map(|record| format!("{} {}", record.name, record.data)).collect();
    more.sort();
    assert_eq!(more, ["a.api.shop.local. 10.0.0.1", "b.api.shop.local. 10.0.0.2"]);
    assert_eq!(data_of(&private(&zones, "a.api.shop.local", RecordType::A)), ["10.0.0.1"]);
    assert_eq!(private(&zones, "api.shop.local", RecordType::A).answers.len(), 0);
}

#[test]
fn another_name_is_followed_as_far_as_it_is_known() {
    let name = |to: &str| set(RecordKind::Cname, 1, vec![RecordValue::Name(to.to_owned())]);
    let zones = zones(|zone| {
        zone.add("shop.local", "api.shop.local", set(RecordKind::A, 8, addresses(1)));
        for (from, to) in [
            ("near", "api.shop.local"),
            ("far", "near.shop.local"),
            ("logs", "logs.us-east-1.amazonaws.com"),
            ("gone", "nothing.shop.local"),
            ("none", "nothing.us-east-1.amazonaws.com"),
            ("out", "www.example.com"),
            ("loop", "loop.shop.local"),
        ] {
            zone.add("shop.local", &format!("{from}.shop.local"), name(to));
        }
    });
    let asked = |name: &str, kind| answered_with(&zones, &view(), &question(&format!("{name}.shop.local"), kind));
    assert_eq!(data_of(&asked("near", RecordType::A).0), ["api.shop.local.", "10.0.0.1"]);
    assert_eq!(data_of(&asked("far", RecordType::A).0), ["near.shop.local.", "api.shop.local.", "10.0.0.1"]);
    assert_eq!(data_of(&asked("far", RecordType::CNAME).0), ["near.shop.local."]);
    assert_eq!(asked("logs", RecordType::A).0.answers.len(), 3);
    for (name, code) in
        [("gone", ResponseCode::NXDomain), ("none", ResponseCode::NXDomain), ("loop", ResponseCode::ServFail)]
    {
        assert_eq!(asked(name, RecordType::A).0.metadata.response_code, code, "{name}");
    }
    let question = question("out.shop.local", RecordType::A);
    let (reply, beyond) = answered_with(&zones, &view(), &question);
    assert_eq!((data_of(&reply), beyond.clone()), (vec!["www.example.com.".to_owned()], absolute("www.example.com")));
    // What others say of it is put behind that.
    let packet = question.to_vec().unwrap();
    let onward = Message::from_vec(&onward(&packet, beyond.unwrap()).unwrap()).unwrap();
    assert_eq!(onward.queries.first().map(|query| query.name.to_string()).as_deref(), Some("www.example.com."));
    let mut theirs = onward.into_response();
    let data = RData::A(std::net::Ipv4Addr::new(203, 0, 113, 7).into());
    theirs.add_answer(Record::from_rdata(absolute("www.example.com").unwrap(), 5, data));
    let own = reply.to_vec().unwrap();
    let with = |theirs: &[u8]| Message::from_vec(&joined(&packet, &own, theirs, Transport::Udp).unwrap()).unwrap();
    let whole = with(&theirs.to_vec().unwrap());
    let data = vec!["www.example.com.".to_owned(), "203.0.113.7".to_owned()];
    assert_eq!((whole.metadata.id, data_of(&whole), whole.metadata.truncation), (4711, data, false));
    // Of what was cut off nobody may think that it is all there is.
    theirs.metadata.truncation = true;
    let cut_off = theirs.to_vec().unwrap();
    assert!(with(&cut_off).metadata.truncation);
    // What can't be read is answered, too.
    let unreadable = with(cut_off.get(..cut_off.len() - 1).unwrap());
    assert_eq!((unreadable.metadata.id, unreadable.metadata.response_code), (4711, ResponseCode::ServFail));
    assert_eq!((unreadable.queries.len(), unreadable.answers.len()), (1, 0));
}

#[test]
fn an_alias_has_the_addresses_of_its_load_balancer() {
    let mut topology = region();
    let web = vpc::LoadBalancer {
        name: "web".to_owned(),
        dns_name: "web-1.us-east-1.elb.amazonaws.com".to_owned(),
        internet_facing: false,
        listeners: Default::default(),
        flows: None,
        nodes: [("us-east-1a".to_owned(), vpc::LoadBalancerNode { interface: "eni-web".into(), healthy: true })].into(),
    };
    topology.vpcs.get_mut(VPC).unwrap().load_balancers.insert("lb".into(), web);
    let alias = vec![RecordValue::Alias("web-1.us-east-1.elb.amazonaws.com".to_owned())];
    let zones = zones(|zone| zone.add("shop.local", "front.shop.local", set(RecordKind::A, 1, alias)));
    let names = Names { topology: &topology, zones: &zones };
    let packet = question("front.shop.local", RecordType::A).to_vec().unwrap();
    let reply = Message::from_vec(&answer(names, &view(), &packet, Transport::Udp).unwrap()).unwrap();
    assert_eq!(data_of(&reply), ["10.0.1.12"]);
    assert_eq!(reply.answers.first().map(|record| record.ttl), Some(60));
}

#[test]
fn names_of_a_zone_are_never_asked_of_others() {
    let zones = zones(|_| {});
    let names = Names { topology: &region(), zones: &zones };
    let elsewhere = |name: &str| is_elsewhere(names, &view(), &question(name, RecordType::A).to_vec().unwrap());
    assert!(!elsewhere("api.shop.local") && !elsewhere("shop.local"));
    assert!(elsewhere("shop.example.com") && elsewhere("local"));
}
