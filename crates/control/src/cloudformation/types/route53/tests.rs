//! Hosted zones and record sets of stacks.

use super::super::{
    Progress,
    testing::{attribute, change, make, read, ready, remove, try_make},
};
use crate::ecs::tasks::tests::Fixture;
use aws::api::route53::API;
use serde_json::{Value, json};

const ZONE: &str = "AWS::Route53::HostedZone";
const SET: &str = "AWS::Route53::RecordSet";
const GROUP: &str = "AWS::Route53::RecordSetGroup";

fn region() -> (Fixture, Value) {
    let fixture = Fixture::new();
    let vpc = fixture.world.state.vpcs.iter().next().expect("a VPC").id.to_string();
    (fixture, json!({ "VPCId": vpc, "VPCRegion": "us-east-1" }))
}

#[test]
fn a_private_zone_is_made_changed_and_deleted() {
    let (mut fixture, vpc) = region();
    let first = json!({ "Name": "corp.example.", "VPCs": [vpc], "HostedZoneConfig": { "Comment": "one" },
        "HostedZoneTags": [{ "Key": "a", "Value": "b" }] });
    let second = json!({ "Name": "corp.example.", "VPCs": [vpc] });
    let id = make(&mut fixture.world, ZONE, &first);
    assert!(id.starts_with('Z'), "{id}");
    assert_eq!(ready(&fixture.world, ZONE, &id, &first), Progress::Waiting);
    fixture.sync();
    assert_eq!(ready(&fixture.world, ZONE, &id, &first), Progress::Done);
    assert_eq!(attribute(&fixture.world, ZONE, &id, &first, "Id"), id.as_str());
    assert_eq!(
        read(&fixture.world, ZONE, &id, &first).expect("there")["HostedZoneConfig"],
        json!({ "Comment": "one" })
    );
    change(&mut fixture.world, ZONE, &id, &first, &second);
    assert_eq!(read(&fixture.world, ZONE, &id, &second), Some(second.clone()));
    let listed = json!({ "ResourceType": "hostedzone", "ResourceId": id });
    let tags = fixture.world.call(&API, "ListTagsForResource", listed).expect("tags");
    assert_eq!(tags["ResourceTagSet"]["Tags"], json!([{ "Key": "of", "Value": "stack" }]));
    remove(&mut fixture.world, ZONE, &id, &second);
    assert_eq!(read(&fixture.world, ZONE, &id, &second), None);
}

#[test]
fn a_public_zone_has_record_sets() {
    let (mut fixture, _) = region();
    let zone = json!({ "Name": "shop.example" });
    let id = make(&mut fixture.world, ZONE, &zone);
    let servers = attribute(&fixture.world, ZONE, &id, &zone, "NameServers");
    assert_eq!(servers.as_array().map(Vec::len), Some(4));

    let set = |ttl: &str, address: &str| {
        json!({ "HostedZoneName": "shop.example.", "Name": "www.shop.example.", "Type": "A", "TTL": ttl,
            "ResourceRecords": [address] })
    };
    let (first, second) = (set("60", "192.0.2.1"), set("300", "192.0.2.2"));
    let www = make(&mut fixture.world, SET, &first);
    assert_eq!(www, "www.shop.example.");
    assert_eq!(&*try_make(&mut fixture.world, SET, &first).expect_err("it is there").code, "InvalidChangeBatch");
    change(&mut fixture.world, SET, &www, &first, &second);
    assert_eq!(read(&fixture.world, SET, &www, &second), Some(second.clone()));

    let of = |name: &str, address: &str| json!({ "Name": format!("{name}.shop.example."), "Type": "A", "TTL": "60", "ResourceRecords": [address] });
    let group = |sets: Value| json!({ "HostedZoneId": id, "RecordSets": sets });
    let one = group(json!([of("a", "192.0.2.3"), of("b", "192.0.2.4")]));
    let two = group(json!([of("b", "192.0.2.5"), of("c", "192.0.2.6")]));
    let both = make(&mut fixture.world, GROUP, &one);
    assert_eq!(read(&fixture.world, GROUP, &both, &one), Some(one.clone()));
    change(&mut fixture.world, GROUP, &both, &one, &two);
    assert_eq!(read(&fixture.world, GROUP, &both, &two), Some(two.clone()));
    let left = read(&fixture.world, GROUP, &both, &one).expect("b is there");
    assert_eq!(left["RecordSets"].as_array().map(Vec::len), Some(1));

    remove(&mut fixture.world, GROUP, &both, &two);
    assert_eq!(read(&fixture.world, GROUP, &both, &two), None);
    remove(&mut fixture.world, SET, &www, &second);
    assert_eq!(read(&fixture.world, SET, &www, &second), None);
    remove(&mut fixture.world, ZONE, &id, &zone);
    assert_eq!(read(&fixture.world, ZONE, &id, &zone), None);
}

#[test]
fn a_zone_that_is_named_must_be_there() {
    let (mut fixture, _) = region();
    let wanted = json!({ "HostedZoneName": "none.example.", "Name": "www.none.example.", "Type": "A", "TTL": "60",
        "ResourceRecords": ["192.0.2.1"] });
    let refused = try_make(&mut fixture.world, SET, &wanted).expect_err("no zone");
    assert_eq!(refused.message, "No hosted zones named none.example. found.");
}
