//! How record sets are listed.

use super::*;

#[test]
fn sets_are_listed_by_names_from_their_ends_in_pages() {
    let mut region = Region::new();
    let zone = region.zone("shop.example", true);
    let weighted = |id: &str, weight: u8| {
        with(change("CREATE", "w.shop.example", "A", &["10.0.0.1"]), json!({"SetIdentifier": id, "Weight": weight}))
    };
    region.change(
        &zone,
        json!([
            change("CREATE", "*.shop.example", "TXT", &["\"any\""]),
            change("CREATE", "b.shop.example", "A", &["10.0.0.1"]),
            change("CREATE", "z.a.shop.example", "A", &["10.0.0.1"]),
            weighted("two", 2),
            weighted("one", 1),
        ]),
    );
    assert_eq!(
        region.listed(&zone),
        [
            "shop.example. NS",
            "shop.example. SOA",
            "\\052.shop.example. TXT",
            "z.a.shop.example. A",
            "b.shop.example. A",
            "w.shop.example. A one",
            "w.shop.example. A two",
        ]
    );
    let mut from = json!({"HostedZoneId": zone, "MaxItems": "2"});
    let mut seen = Vec::new();
    loop {
        let page = region.call("ListResourceRecordSets", from.clone());
        seen.extend(page["ResourceRecordSets"].as_array().unwrap().clone());
        if page["IsTruncated"] == false {
            break;
        }
        for (ask, next) in
            [("Name", "NextRecordName"), ("Type", "NextRecordType"), ("Identifier", "NextRecordIdentifier")]
        {
            from[format!("StartRecord{ask}")] = page[next].clone();
        }
    }
    assert_eq!(seen.len(), 7);
    assert_eq!(
        seen[6],
        json!({
            "Name": "w.shop.example.", "Type": "A", "SetIdentifier": "two", "Weight": 2, "TTL": 60,
            "ResourceRecords": [{"Value": "10.0.0.1"}],
        })
    );
    let of_type = json!({"HostedZoneId": zone, "StartRecordType": "A"});
    assert!(region.refuses("ListResourceRecordSets", of_type).starts_with("InvalidInput: "));
}

#[test]
fn sets_of_one_name_and_type_have_one_way_of_routing() {
    let mut region = Region::new();
    let zone = region.zone("shop.example", false);
    let set =
        |name: &str, more: Value| with(change("CREATE", &format!("{name}.shop.example"), "A", &["10.0.0.1"]), more);
    region.change(
        &zone,
        json!([
            set("simple", json!({})),
            set("w", json!({"SetIdentifier": "a", "Weight": 0})),
            set("f", json!({"SetIdentifier": "a", "Failover": "PRIMARY"})),
            set("m", json!({"SetIdentifier": "a", "MultiValueAnswer": true})),
        ]),
    );
    for (set, message) in [
        (
            set("simple", json!({"SetIdentifier": "a", "Weight": 0})),
            "RRSet with DNS name simple.shop.example., type A, SetIdentifier a cannot be created as a non-weighted set exists with the same name and type.",
        ),
        (
            set("w", json!({})),
            "RRSet with DNS name w.shop.example., type A cannot be created as other RRSets exist with the same name and type.",
        ),
        (
            set("f", json!({"SetIdentifier": "b", "Failover": "PRIMARY"})),
            "RRSet with DNS name f.shop.example., type A, SetIdentifier b cannot be created as another PRIMARY set exists with the same name and type.",
        ),
        (
            set("m", json!({"SetIdentifier": "b", "Weight": 1})),
            "RRSet with DNS name m.shop.example., type A, SetIdentifier b cannot be created as a non-weighted set exists with the same name and type.",
        ),
        (
            set("w", json!({"SetIdentifier": "a", "Weight": 1})),
            "Tried to create resource record set [name='w.shop.example.', type='A', set-identifier='a'] but it already exists",
        ),
    ] {
        assert_eq!(region.refuses_change(&zone, json!([set])), format!("InvalidChangeBatch: [{message}]"));
    }
    // The only one of its name may be routed in another way.
    let other = set("f", json!({"SetIdentifier": "a", "Weight": 1}));
    region.change(&zone, json!([{"Action": "UPSERT", "ResourceRecordSet": other["ResourceRecordSet"]}]));
}
