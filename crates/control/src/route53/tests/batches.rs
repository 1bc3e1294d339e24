//! What a batch of changes does, and how it is refused.

use super::*;

#[test]
fn changes_are_made_in_their_order_or_not_at_all() {
    let mut region = Region::new();
    let zone = region.zone("shop.example", false);
    region.change(
        &zone,
        json!([
            change("CREATE", "www.shop.example", "CNAME", &["a.example"]),
            change("UPSERT", "shop.example", "MX", &["10 mail.shop.example"]),
        ]),
    );
    // What is deleted first makes room.
    region.change(
        &zone,
        json!([
            change("DELETE", "www.shop.example.", "CNAME", &["a.example"]),
            change("CREATE", "WWW.shop.example.", "A", &["10.0.0.1", "10.0.0.2"]),
        ]),
    );
    let sets = ["shop.example. MX", "shop.example. NS", "shop.example. SOA", "www.shop.example. A"];
    assert_eq!(region.listed(&zone), sets);
    let refused = region.refuses_change(
        &zone,
        json!([
            change("CREATE", "new.shop.example", "A", &["10.0.0.3"]),
            change("CREATE", "www.shop.example", "CNAME", &["a.example"]),
            change("DELETE", "www.shop.example", "A", &["10.0.0.1", "10.0.0.2"]),
        ]),
    );
    assert_eq!(
        refused,
        "InvalidChangeBatch: [RRSet of type CNAME with DNS name www.shop.example. is not permitted as it conflicts with other records with the same DNS name in zone shop.example.]"
    );
    assert_eq!(region.listed(&zone), sets);
    // Values have no order.
    region.change(&zone, json!([change("DELETE", "www.shop.example", "A", &["10.0.0.2", "10.0.0.1"])]));
}

#[test]
fn refusals_are_in_aws_words_and_all_at_once() {
    let mut region = Region::new();
    let zone = region.zone("shop.example", false);
    region.change(
        &zone,
        json!([
            change("CREATE", "a.shop.example", "A", &["10.0.0.1"]),
            change("CREATE", "c.shop.example", "CNAME", &["a.example"]),
        ]),
    );
    for (changes, messages) in [
        (
            json!([change("CREATE", "a.shop.example", "A", &["10.0.0.1"])]),
            "Tried to create resource record set [name='a.shop.example.', type='A'] but it already exists",
        ),
        (
            json!([
                change("DELETE", "a.shop.example", "A", &["10.0.0.2"]),
                change("DELETE", "b.shop.example", "A", &["10.0.0.2"])
            ]),
            "Tried to delete resource record set [name='a.shop.example.', type='A'] but the values provided do not match the current values, Tried to delete resource record set [name='b.shop.example.', type='A'] but it was not found",
        ),
        (
            json!([change("CREATE", "a.other.example", "A", &["10.0.0.2"])]),
            "RRSet with DNS name a.other.example. is not permitted in zone shop.example.",
        ),
        (
            json!([change("CREATE", "shop.example", "CNAME", &["a.example"])]),
            "RRSet of type CNAME with DNS name shop.example. is not permitted at apex in zone shop.example.",
        ),
        (
            json!([change("CREATE", "c.shop.example", "A", &["10.0.0.2"])]),
            "RRSet of type A with DNS name c.shop.example. is not permitted because a conflicting RRSet of type CNAME with the same DNS name already exists in zone shop.example.",
        ),
        (
            json!([change("CREATE", "d.shop.example", "A", &["10.0.0.256", "x", "x"])]),
            "Invalid Resource Record: 'FATAL problem: ARRDATAIllegalIPv4Address (Value is not a valid IPv4 address) encountered with '10.0.0.256'', Invalid Resource Record: 'FATAL problem: ARRDATAIllegalIPv4Address (Value is not a valid IPv4 address) encountered with 'x'', Duplicate Resource Record: 'x', Invalid Resource Record: 'FATAL problem: ARRDATAIllegalIPv4Address (Value is not a valid IPv4 address) encountered with 'x''",
        ),
        (
            json!([
                change("UPSERT", "d.shop.example", "A", &["10.0.0.1"]),
                change("UPSERT", "d.shop.example", "A", &["10.0.0.2"])
            ]),
            "The request contains an invalid set of changes for a resource record set 'A d.shop.example.'",
        ),
        (
            json!([alias("CREATE", "d.shop.example", &zone, "none.shop.example")]),
            "Tried to create an alias that targets none.shop.example., type A in zone ZONE, but that target was not found",
        ),
        (
            json!([alias("CREATE", "d.shop.example", &zone, "www.example")]),
            "Tried to create an alias that targets www.example., type A in zone ZONE, but the alias target name does not lie within the target zone",
        ),
        (
            json!([alias("CREATE", "d.shop.example", "Z35SXDOTRQ7X7K", "a.eu-west-1.elb.amazonaws.com")]),
            "Tried to create an alias that targets a.eu-west-1.elb.amazonaws.com., type A in zone Z35SXDOTRQ7X7K, but the alias target name does not lie within the target zone",
        ),
        (
            json!([alias("CREATE", "d.shop.example", "Z35SXDOTRQ7X7K", "a.us-east-1.elb.amazonaws.com")]),
            "Tried to create an alias that targets a.us-east-1.elb.amazonaws.com., type A in zone Z35SXDOTRQ7X7K, but that target was not found",
        ),
    ] {
        let expected = format!("InvalidChangeBatch: [{messages}]").replace("ZONE", &zone);
        assert_eq!(region.refuses_change(&zone, changes), expected);
    }
    let servers = region.call("ListResourceRecordSets", json!({"HostedZoneId": zone}))["ResourceRecordSets"][0].clone();
    assert_eq!(
        region.refuses_change(&zone, json!([{"Action": "DELETE", "ResourceRecordSet": servers}])),
        "InvalidChangeBatch: [A HostedZone must contain at least one NS record for the zone itself.]"
    );
}

#[test]
fn members_that_do_not_go_together_are_refused() {
    let mut region = Region::new();
    let zone = region.zone("shop.example", false);
    let of = |more: Value| with(change("CREATE", "a.shop.example", "A", &["10.0.0.1"]), more);
    let named = |id: &str| format!("Change with [Action=CREATE, Name=a.shop.example, Type=A, SetIdentifier={id}]");
    let ways = "[Weight, Region, Failover, GeoLocation, MultiValueAnswer, GeoProximityLocation, or CidrRoutingConfig]";
    let data = "[AliasTarget, all of [TTL, and ResourceRecords], or TrafficPolicyInstanceId]";
    for (set, message) in [
        (
            of(json!({"TTL": null})),
            format!("Invalid request: Expected exactly one of {data}, but found none in {}", named("null")),
        ),
        (of(json!({"Weight": 1})), format!("Invalid request: Missing field 'SetIdentifier' in {}", named("null"))),
        (
            of(json!({"SetIdentifier": "x"})),
            format!("Invalid request: Expected exactly one of {ways}, but found none in {}", named("x")),
        ),
        (
            of(json!({"SetIdentifier": "x", "Weight": 1, "Failover": "PRIMARY"})),
            format!("Invalid request: Expected exactly one of {ways}, but found more than one in {}", named("x")),
        ),
        (
            of(json!({"SetIdentifier": "x", "Region": "us-east-1"})),
            "neargate does not support latency-based routing.".to_owned(),
        ),
        (
            of(json!({"SetIdentifier": "x", "GeoLocation": {"CountryCode": "*"}})),
            "neargate does not support geolocation routing.".to_owned(),
        ),
        (of(json!({"Type": "HTTPS"})), "neargate does not support records of the type HTTPS.".to_owned()),
    ] {
        assert_eq!(region.refuses_change(&zone, json!([set])), format!("InvalidInput: {message}"));
    }
    let checked = of(json!({"HealthCheckId": "abc"}));
    assert!(region.refuses_change(&zone, json!([checked])).starts_with("NoSuchHealthCheck: "));
    assert!(region.refuses_change(&zone, json!([])).starts_with("InvalidInput: 1 validation error"));
}

#[test]
fn a_batch_and_a_zone_have_their_limits() {
    let mut region = Region::new();
    let zone = region.zone("shop.example", false);
    let many = |action: &str, count: usize| -> Value {
        (0..count).map(|n| change(action, &format!("n{n}.shop.example"), "A", &["10.0.0.1"])).collect()
    };
    let refused = "InvalidChangeBatch: [Number of records limit of 1000 exceeded.]";
    assert_eq!(region.refuses_change(&zone, many("CREATE", 1001)), refused);
    assert_eq!(region.refuses_change(&zone, many("UPSERT", 501)), refused);
    let long = format!("\"{}\"", "a".repeat(250));
    let texts: Value = (0..130).map(|n| change("CREATE", &format!("n{n}.shop.example"), "TXT", &[&long])).collect();
    assert_eq!(region.refuses_change(&zone, texts), "InvalidChangeBatch: [Character limit of 32000 exceeded.]");
    region.change(&zone, many("CREATE", 1000));
    let page = region.call("ListResourceRecordSets", json!({"HostedZoneId": zone}));
    assert_eq!((&page["IsTruncated"], page["ResourceRecordSets"].as_array().unwrap().len()), (&json!(true), 300));
    // With what every zone has there are 10,000 sets then.
    for batch in 0..9 {
        let of = |n: usize| change("CREATE", &format!("n{n}.b{batch}.shop.example"), "A", &["10.0.0.1"]);
        region.change(&zone, (0..1000 - batch / 8 * 2).map(of).collect());
    }
    let more = json!([change("CREATE", "more.shop.example", "A", &["10.0.0.1"])]);
    let refused = "InvalidChangeBatch: [Number of resource record sets limit of 10000 exceeded.]";
    assert_eq!(region.refuses_change(&zone, more), refused);
    region.pass(1);
    let told = crate::route53::zones(&region.fixture.world.state);
    // Those of nine names in the middle, and the zone's own, exist with nothing at them or more.
    assert_eq!(told.public["shop.example"].names.len(), 9998 + 9 + 1);
}
