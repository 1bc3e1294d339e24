//! How places are written, and what they mean.

use super::*;
use std::net::IpAddr;

/// The addresses that a question is about.
fn meant(from: &str, to: &str) -> (String, String) {
    let report = serde_json::to_value(tcp(&region(), from, to)).unwrap();
    let address = |end: &str| report[end]["address"].as_str().unwrap().to_owned();
    (address("from"), address("to"))
}

#[test]
fn one_interface_has_many_names() {
    for name in [
        "task/aa11",
        "task/aa1",
        "arn:aws:ecs:us-east-1:123456789012:task/prod/aa11",
        "eni-web",
        "10.0.0.10",
        "vpc-1/10.0.0.10",
        "198.18.0.10",
    ] {
        assert_eq!(meant(name, "10.0.0.1:80").0, "10.0.0.10", "{name}");
    }
    for name in ["task/aa11", "arn:aws:ecs:us-east-1:123456789012:task/prod/aa11", "eni-web", "vpc-1/10.0.0.10"] {
        assert_eq!(meant("eni-app", &format!("{name}:80")).1, "10.0.0.10", "{name}");
    }
}

#[test]
fn who_is_asked_is_asked_at_the_address_that_is_of_use() {
    assert_eq!(meant("internet", "task/aa11:80"), ("203.0.113.10".to_owned(), "198.18.0.10".to_owned()));
    assert_eq!(meant("eni-peer", "task/aa11:80").1, "10.0.0.10", "a peer uses the private one");
    let mut topology = region();
    topology.peerings.clear();
    let report = serde_json::to_value(tcp(&topology, "eni-peer", "task/aa11:80")).unwrap();
    assert_eq!(report["to"]["address"], "198.18.0.10", "any other VPC the public one");
    assert_eq!(meant("eni-web", "internet:80").1, "203.0.113.10");
}

#[test]
fn a_service_is_where_its_name_leads_to() {
    let logs = vpc::AwsService::named("logs").unwrap().address().to_string();
    assert_eq!(meant("eni-web", "logs:443").1, "10.0.1.50", "an interface endpoint with private DNS");
    assert_eq!(meant("eni-peer", "logs:443").1, logs, "which the other VPC has not");
    assert_eq!(meant("internet", "logs:443").1, logs);
    let mut topology = region();
    vpc_1(&mut topology).dns_hostnames = false;
    let report = serde_json::to_value(tcp(&topology, "eni-web", "logs:443")).unwrap();
    assert_eq!(report["to"]["address"].as_str(), Some(logs.as_str()));
}

#[test]
fn a_private_name_is_looked_up_in_the_vpc_of_who_asks() {
    let api = "API.shop.local.".parse::<Place>().unwrap();
    assert_eq!(api, Place::Name("api.shop.local".to_owned()));
    assert!("ecr.api".parse::<Place>().is_ok_and(|place| matches!(place, Place::Service(_))));
    for wrong in ["10.0.0", "a..b", "shop", "a b.c"] {
        assert!(wrong.parse::<Place>().is_err(), "{wrong}");
    }
    let mut zone = vpc::HostedZone::default();
    let values = vec![vpc::RecordValue::Address([10, 0, 0, 77].into())];
    let set = vpc::RecordSet { kind: vpc::RecordKind::A, ttl: 10, most: 8, weight: 1, values };
    zone.add("shop.local", "api.shop.local", Some(set));
    zone.add("shop.local", "web.shop.local", None);
    let private = [("vpc-1".into(), [("shop.local".to_owned(), zone.into())].into())].into();
    let zones = vpc::Zones { private, ..vpc::Zones::default() };
    let topology = region();
    let looked = |name: &str, from: &str| {
        let (origin, _) = place::source(&topology, &[], &from.parse().unwrap()).map_err(|failure| failure.0)?;
        place::looked_up(&topology, &zones, name, &origin).map_err(|failure| failure.0)
    };
    assert_eq!(looked("api.shop.local", "eni-web"), Ok(Place::Address(None, [10, 0, 0, 77].into())));
    for (name, from, says) in [
        ("web.shop.local", "eni-web", "no instance of it is registered"),
        ("api.example.com", "eni-web", "has no namespace"),
        ("api.shop.local", "internet", "in its VPC alone"),
    ] {
        let refused = looked(name, from).unwrap_err();
        assert!(refused.contains(says), "{refused}");
    }
}

#[test]
fn a_task_may_be_written_as_its_whole_id() {
    let id = "4f2a0123456789abcdef0123456789ab";
    assert_eq!(id.parse(), Ok(Place::Task(id.to_owned())));
    assert!("ecc".parse::<Place>().is_err(), "which might be the beginning of one");
}

#[test]
fn aims_end_with_a_port() {
    let aim = |text: &str| text.parse::<Aim>().unwrap();
    let address = |text: &str| Place::Address(None, text.parse::<IpAddr>().unwrap());
    assert_eq!(aim("10.0.0.1:80"), Aim { place: address("10.0.0.1"), port: Some(80) });
    assert_eq!(aim("10.0.0.1"), Aim { place: address("10.0.0.1"), port: None });
    assert_eq!(aim("[2001:db8::1]:80"), Aim { place: address("2001:db8::1"), port: Some(80) });
    assert_eq!(aim("2001:db8::1"), Aim { place: address("2001:db8::1"), port: None });
    let arn = "arn:aws:ecs:us-east-1:123456789012:task/prod/aa11";
    assert_eq!(aim(arn), Aim { place: Place::Arn(arn.to_owned()), port: None });
    assert_eq!(aim("internet:443"), Aim { place: Place::Internet, port: Some(443) });
}

#[test]
fn what_is_not_one_place_is_refused_by_name() {
    for (from, to, protocol, says) in [
        ("task/aa", "10.0.0.1:80", Protocol::Tcp, "aa11, aa22"),
        ("task/cc", "10.0.0.1:80", Protocol::Tcp, "no task task/cc"),
        ("eni-cc", "10.0.0.1:80", Protocol::Tcp, "eni-cc"),
        ("10.0.0.12", "10.0.0.1:80", Protocol::Tcp, "vpc-1/10.0.0.12 or vpc-3/10.0.0.12"),
        ("10.9.9.9", "10.0.0.1:80", Protocol::Tcp, "no network interface has 10.9.9.9"),
        ("vpc-2/10.0.0.12", "10.0.0.1:80", Protocol::Tcp, "no network interface of vpc-2 has 10.0.0.12"),
        ("vpc-1/here", "10.0.0.1:80", Protocol::Tcp, "here is not an address"),
        ("logs", "10.0.0.1:80", Protocol::Tcp, "begins no connections"),
        ("nowhere", "10.0.0.1:80", Protocol::Tcp, "task/ID"),
        ("task/aa11", "task/bb33", Protocol::Tcp, "which port?"),
        ("task/aa11", "task/bb33:99999", Protocol::Tcp, "not a port"),
        ("task/aa11", "task/bb33:", Protocol::Udp, "not a port"),
        ("task/aa11", "task/bb33:80", Protocol::Icmp, "no ports"),
        ("task/aa11", "lambda:443", Protocol::Tcp, "secretsmanager"),
    ] {
        let refused = ask(&region(), from, to, protocol).unwrap_err();
        assert!(refused.contains(says), "{from} {to}: {refused}");
    }
}
