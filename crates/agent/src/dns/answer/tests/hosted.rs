//! Names of hosted zones, public ones among them, and every kind of record.

use super::*;

fn weighted(weight: u32, last: u8) -> Option<RecordSet> {
    let values = vec![RecordValue::Address([10, 0, 0, last].into())];
    Some(RecordSet { kind: RecordKind::A, ttl: 10, most: 1, weight, values })
}

/// The public zone `example.com`, and in the view's VPC `shop.local` with nothing in it.
fn public(fill: impl FnOnce(&mut vpc::HostedZone)) -> Zones {
    let mut zone = vpc::HostedZone { soa_ttl: 900, ..Default::default() };
    zone.add("example.com", "example.com", None);
    fill(&mut zone);
    Zones { public: [("example.com".to_owned(), zone.into())].into(), ..zones(|_| {}) }
}

#[test]
fn a_public_zone_is_answered_everywhere_unless_a_private_one_is_in_front() {
    let mut zones = public(|zone| zone.add("example.com", "www.example.com", set(RecordKind::A, 1, addresses(1))));
    let asked = |zones: &Zones, view: &View, name: &str| {
        let reply = answered_with(zones, view, &question(name, RecordType::A)).0;
        (reply.metadata.response_code, data_of(&reply))
    };
    for view in [view(), View::Internet, View::Vpc("vpc-b".into())] {
        assert_eq!(asked(&zones, &view, "www.example.com"), (ResponseCode::NoError, vec!["10.0.0.1".to_owned()]));
        assert_eq!(asked(&zones, &view, "x.example.com").0, ResponseCode::NXDomain);
    }
    let private = vpc::HostedZone { names: [("example.com".to_owned(), Vec::new())].into(), ..Default::default() };
    zones.private.entry(VPC.into()).or_default().insert("example.com".to_owned(), private.into());
    assert_eq!(asked(&zones, &view(), "www.example.com").0, ResponseCode::NXDomain);
    assert_eq!(asked(&zones, &View::Internet, "www.example.com").0, ResponseCode::NoError);
}

#[test]
fn each_kind_of_record_goes_over_the_wire() {
    let text = |text: &str| text.as_bytes().to_vec();
    let zones = public(|zone| {
        let mut add = |name: &str, kind, value| zone.add("example.com", name, set(kind, 1, vec![value]));
        add("example.com", RecordKind::Mx, RecordValue::Mail(10, "mail.example.com".to_owned()));
        add("example.com", RecordKind::Txt, RecordValue::Text(vec![text("a b"), text("c")]));
        let issue = RecordValue::Authority { flags: 128, tag: "issue".to_owned(), value: text("ca.example") };
        add("example.com", RecordKind::Caa, issue);
        add("example.com", RecordKind::Aaaa, RecordValue::AddressV6("2001:db8::1".parse().unwrap()));
        add("p.example.com", RecordKind::Ptr, RecordValue::Name("example.com".to_owned()));
        add("sub.example.com", RecordKind::Ns, RecordValue::Name("ns.example.org".to_owned()));
    });
    let told = |name: &str, kind| data_of(&answered_with(&zones, &View::Internet, &question(name, kind)).0);
    assert_eq!(told("example.com", RecordType::MX), ["10 mail.example.com."]);
    assert_eq!(told("example.com", RecordType::AAAA), ["2001:db8::1"]);
    assert_eq!(told("p.example.com", RecordType::PTR), ["example.com."]);
    assert_eq!(told("sub.example.com", RecordType::NS), ["ns.example.org."]);
    let bytes = |kind| {
        let mut question = question("example.com", kind);
        question.metadata.id = 1;
        let names = Names { topology: &region(), zones: &zones };
        answer(names, &View::Internet, &question.to_vec().unwrap(), Transport::Udp).unwrap()
    };
    for (kind, data) in [(RecordType::TXT, &b"\x03a b\x01c"[..]), (RecordType::CAA, b"\x80\x05issueca.example")] {
        assert!(bytes(kind).ends_with(data), "{kind}");
    }
}

#[test]
fn a_wildcard_answers_for_names_that_are_missing() {
    let zones = public(|zone| {
        zone.add("example.com", "*.example.com", set(RecordKind::A, 1, addresses(1)));
        zone.add("example.com", "b.a.example.com", None);
    });
    for (name, count, code) in [
        ("x.example.com", 1, ResponseCode::NoError),
        ("y.x.example.com", 1, ResponseCode::NoError),
        ("a.example.com", 0, ResponseCode::NoError),
        ("x.a.example.com", 0, ResponseCode::NXDomain),
    ] {
        let reply = answered_with(&zones, &View::Internet, &question(name, RecordType::A)).0;
        assert_eq!((reply.answers.len(), reply.metadata.response_code), (count, code), "{name}");
        assert!(reply.answers.iter().all(|record| record.name.to_string() == format!("{name}.")));
    }
}

#[test]
fn one_of_several_sets_is_answered_as_often_as_it_weighs_and_aliases_follow() {
    let alias = |to: &str| set(RecordKind::A, 1, vec![RecordValue::Alias(to.to_owned())]);
    let zones = public(|zone| {
        zone.add("example.com", "w.example.com", weighted(3, 1));
        zone.add("example.com", "w.example.com", weighted(1, 2));
        zone.add("example.com", "alias.example.com", alias("w.example.com"));
        zone.add("example.com", "loop.example.com", alias("loop.example.com"));
    });
    let count = |name: &str, last: &str| {
        let told = |id| {
            let mut question = question(name, RecordType::A);
            question.metadata.id = id;
            data_of(&answered_with(&zones, &View::Internet, &question).0)
        };
        (0..400).filter(|id| told(*id) == [last]).count()
    };
    assert_eq!((count("w.example.com", "10.0.0.1"), count("w.example.com", "10.0.0.2")), (300, 100));
    let (one, other) = (count("alias.example.com", "10.0.0.1"), count("alias.example.com", "10.0.0.2"));
    assert!(one + other == 400 && (50..150).contains(&other), "{one} {other}");
    let reply = answered_with(&zones, &View::Internet, &question("loop.example.com", RecordType::A)).0;
    assert_eq!((reply.metadata.response_code, reply.answers.len()), (ResponseCode::NoError, 0));
}
