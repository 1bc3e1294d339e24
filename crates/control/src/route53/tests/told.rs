//! What resolvers are told.

use super::*;
use crate::host::host_spec;
use spec::HostId;
use vpc::{RecordKind, RecordSet, RecordValue, Zones};

fn zones(region: &Region) -> Zones {
    Zones::clone(&host_spec(&region.fixture.world.state, &HostId::from("host")).zones)
}

fn sets(region: &Region, name: &str) -> Vec<RecordSet> {
    let zones = zones(region);
    let (_, zone) = zones.of(Some(&region.vpc.as_str().into()), name).expect("a zone");
    zone.names.get(name).cloned().unwrap_or_default()
}

/// The last numbers of addresses.
fn last(set: &RecordSet) -> Vec<u8> {
    let of = |value: &RecordValue| match value {
        RecordValue::Address(address) => address.octets()[3],
        other => panic!("{other:?}"),
    };
    set.values.iter().map(of).collect()
}

#[test]
fn private_zones_are_for_vpcs_with_names_and_public_ones_for_all() {
    let mut region = Region::new();
    region.zone("shop.local", true);
    let first = region.zone("shop.example", false);
    region.pass(1);
    region.zone("shop.example", false);
    region.change(&first, json!([change("CREATE", "shop.example", "A", &["10.0.0.1"])]));
    let told = zones(&region);
    assert_eq!(told.private[region.vpc.as_str()].keys().collect::<Vec<_>>(), ["shop.local"]);
    assert_eq!(told.public.keys().collect::<Vec<_>>(), ["shop.example"]);
    let zone = &told.public["shop.example"];
    assert!(zone.names["shop.example"].iter().any(|set| set.kind == RecordKind::A), "the older one");
    assert_eq!(
        (zone.soa_ttl, zone.soa.minimum, zone.soa.mailbox.as_str()),
        (900, 86_400, "awsdns-hostmaster.amazon.com")
    );
    let servers = zone.names["shop.example"].iter().find(|set| set.kind == RecordKind::Ns).unwrap();
    assert_eq!((servers.ttl, servers.most, servers.values.len()), (172_800, 4, 4));
    let request = json!({"VpcId": region.vpc, "EnableDnsHostnames": {"Value": false}});
    region.fixture.world.call(&aws::api::ec2::API, "ModifyVpcAttribute", request).unwrap();
    assert!(zones(&region).private.is_empty() && !zones(&region).public.is_empty());
}

#[test]
fn the_soa_record_can_be_changed() {
    let mut region = Region::new();
    let zone = region.zone("shop.local", true);
    let soa = "ns-0.awsdns-00.com. me.shop.local. 2 1 2 3 5";
    region.change(&zone, json!([change("UPSERT", "shop.local", "SOA", &[soa])]));
    let told = zones(&region);
    let (_, zone) = told.of(Some(&region.vpc.as_str().into()), "shop.local").unwrap();
    assert_eq!(
        (zone.soa_ttl, zone.soa.serial, zone.soa.minimum, zone.soa.mailbox.as_str()),
        (60, 2, 5, "me.shop.local")
    );
}

#[test]
fn sets_are_told_by_their_routing() {
    let mut region = Region::new();
    let zone = region.zone("shop.local", true);
    let of = |name: &str, id: &str, last: u8, more: Value| {
        let set = change("CREATE", &format!("{name}.shop.local"), "A", &[&format!("10.0.0.{last}")]);
        with(with(set, json!({"SetIdentifier": id})), more)
    };
    region.change(
        &zone,
        json!([
            change("CREATE", "simple.shop.local", "A", &["10.0.0.1", "10.0.0.2"]),
            of("w", "a", 1, json!({"Weight": 3})),
            of("w", "b", 2, json!({"Weight": 1})),
            of("w", "c", 3, json!({"Weight": 0})),
            of("none", "a", 1, json!({"Weight": 0})),
            of("none", "b", 2, json!({"Weight": 0})),
            of("m", "a", 1, json!({"MultiValueAnswer": true})),
            of("m", "b", 2, json!({"MultiValueAnswer": true, "TTL": 5})),
            of("f", "a", 1, json!({"Failover": "PRIMARY"})),
            of("f", "b", 2, json!({"Failover": "SECONDARY"})),
        ]),
    );
    let told = |name: &str| -> Vec<(u32, u16, Vec<u8>)> {
        sets(&region, &format!("{name}.shop.local")).iter().map(|set| (set.weight, set.most, last(set))).collect()
    };
    assert_eq!(told("simple"), [(1, 2, vec![1, 2])]);
    assert_eq!(told("w"), [(3, 1, vec![1]), (1, 1, vec![2])]);
    assert_eq!(told("none"), [(1, 1, vec![1]), (1, 1, vec![2])]);
    assert_eq!(told("m"), [(1, 8, vec![1, 2])]);
    assert_eq!(sets(&region, "m.shop.local")[0].ttl, 5);
    assert_eq!(told("f"), [(1, 1, vec![1])]);
}

#[test]
fn an_alias_of_a_load_balancer_that_does_not_serve_fails_over() {
    let mut region = Region::new();
    let mut subnets = Vec::new();
    for (cidr, zone) in [("10.0.0.64/27", "us-east-1a"), ("10.0.0.96/27", "us-east-1b")] {
        let request = json!({"VpcId": region.vpc, "CidrBlock": cidr, "AvailabilityZone": zone});
        let made = region.fixture.world.call(&aws::api::ec2::API, "CreateSubnet", request).unwrap();
        subnets.push(made["subnet"]["subnetId"].clone());
    }
    let request = json!({"Name": "lb", "Subnets": subnets, "Scheme": "internal"});
    let made = region.fixture.world.call(&aws::api::elbv2::API, "CreateLoadBalancer", request).unwrap();
    let (name, of) =
        (made["LoadBalancers"][0]["DNSName"].as_str().unwrap(), &made["LoadBalancers"][0]["CanonicalHostedZoneId"]);
    let zone = region.zone("shop.local", true);
    let named =
        |more: Value| with(alias("CREATE", "f.shop.local", of.as_str().unwrap(), &format!("dualstack.{name}")), more);
    region.change(
        &zone,
        json!([
            alias("CREATE", "one.shop.local", of.as_str().unwrap(), name),
            alias("CREATE", "two.shop.local", &zone, "one.shop.local"),
            named(json!({"SetIdentifier": "a", "Failover": "PRIMARY"})),
            with(
                change("CREATE", "f.shop.local", "A", &["10.0.0.9"]),
                json!({"SetIdentifier": "b", "Failover": "SECONDARY"})
            ),
        ]),
    );
    let lower = name.to_ascii_lowercase();
    assert_eq!(
        sets(&region, "one.shop.local")[0].values,
        [RecordValue::Alias(lower.clone())],
        "where there is no other"
    );
    assert_eq!(sets(&region, "two.shop.local")[0].values, [RecordValue::Alias("one.shop.local".to_owned())]);
    assert_eq!(last(&sets(&region, "f.shop.local")[0]), [9], "it has no targets");
    let shown = region.call(
        "ListResourceRecordSets",
        json!({"HostedZoneId": zone, "StartRecordName": "one.shop.local", "MaxItems": "1"}),
    );
    assert_eq!(
        shown["ResourceRecordSets"][0]["AliasTarget"],
        json!({"HostedZoneId": of, "DNSName": format!("{lower}."), "EvaluateTargetHealth": true})
    );
}

#[test]
fn aliases_of_each_other_are_told_and_are_not_healthy() {
    let mut region = Region::new();
    let zone = region.zone("shop.local", true);
    let of = |name: &str, id: &str, to: &str| {
        let set = alias("UPSERT", &format!("{name}.shop.local"), &zone, &format!("{to}.shop.local"));
        with(set, json!({"SetIdentifier": id, "Weight": 1}))
    };
    let set = |last: u8| {
        with(
            change("UPSERT", "a.shop.local", "A", &[&format!("10.0.0.{last}")]),
            json!({"SetIdentifier": "own", "Weight": 1}),
        )
    };
    let many: Vec<Value> = (0..8)
        .flat_map(|n| (0..8).map(move |id| (n, id)))
        .map(|(n, id)| of(&format!("n{n}"), &id.to_string(), &format!("n{}", (n + 1) % 8)))
        .collect();
    region.change(&zone, json!(many));
    region.change(&zone, json!([set(1), of("a", "other", "n0")]));
    assert_eq!(sets(&region, "n0.shop.local").len(), 8, "where none is healthy, any is as good as another");
    let [own] = sets(&region, "a.shop.local").try_into().unwrap();
    assert_eq!(last(&own), [1]);
}
