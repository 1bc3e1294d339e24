//! Namespaces, services and instances of stacks.

use super::super::{
    Progress,
    testing::{attribute, change, gone, make, read, ready, remove},
};
use crate::ecs::tasks::tests::Fixture;
use aws::api::{ec2, servicediscovery::API};
use serde_json::{Value, json};

const HTTP: &str = "AWS::ServiceDiscovery::HttpNamespace";
const PRIVATE: &str = "AWS::ServiceDiscovery::PrivateDnsNamespace";
const SERVICE: &str = "AWS::ServiceDiscovery::Service";
const INSTANCE: &str = "AWS::ServiceDiscovery::Instance";

/// A region whose host has observed everything there is each time it is asked to.
fn region() -> (Fixture, Value) {
    let mut fixture = Fixture::new();
    let vpcs = fixture.world.call(&ec2::API, "DescribeVpcs", json!({})).expect("VPCs");
    (fixture, vpcs["vpcSet"][0]["vpcId"].clone())
}

#[test]
fn a_private_namespace_with_a_service_and_an_instance() {
    let (mut fixture, vpc) = region();
    let first =
        json!({ "Name": "corp.local", "Vpc": vpc, "Description": "one", "Tags": [{ "Key": "a", "Value": "b" }] });
    let second = json!({ "Name": "corp.local", "Vpc": vpc,
        "Properties": { "DnsProperties": { "SOA": { "TTL": 60 } } } });
    let namespace = make(&mut fixture.world, PRIVATE, &first);
    assert!(namespace.starts_with("ns-"), "{namespace}");
    assert_eq!(ready(&fixture.world, PRIVATE, &namespace, &first), Progress::Waiting);
    fixture.sync();
    assert_eq!(ready(&fixture.world, PRIVATE, &namespace, &first), Progress::Done);
    assert!(attribute(&fixture.world, PRIVATE, &namespace, &first, "HostedZoneId").as_str().is_some());
    assert_eq!(
        attribute(&fixture.world, PRIVATE, &namespace, &first, "Arn"),
        format!("arn:aws:servicediscovery:us-east-1:123456789012:namespace/{namespace}")
    );
    change(&mut fixture.world, PRIVATE, &namespace, &first, &second);
    fixture.sync();
    let live = read(&fixture.world, PRIVATE, &namespace, &second).expect("there");
    assert_eq!((&live["Properties"], &live["Description"]), (&second["Properties"], &json!("")));

    let service = |ttl: u32, attributes: Value| {
        json!({ "Name": "api", "DnsConfig": { "NamespaceId": namespace, "DnsRecords": [{ "Type": "A", "TTL": ttl }] },
            "HealthCheckCustomConfig": { "FailureThreshold": 1 }, "ServiceAttributes": attributes })
    };
    let (one, two) = (service(10, json!({ "x": "1", "y": "2" })), service(20, json!({ "x": "3" })));
    let id = make(&mut fixture.world, SERVICE, &one);
    assert_eq!(attribute(&fixture.world, SERVICE, &id, &one, "Name"), "api");
    change(&mut fixture.world, SERVICE, &id, &one, &two);
    assert_eq!(ready(&fixture.world, SERVICE, &id, &two), Progress::Waiting);
    fixture.sync();
    assert_eq!(ready(&fixture.world, SERVICE, &id, &two), Progress::Done);
    let live = read(&fixture.world, SERVICE, &id, &two).expect("there");
    assert_eq!(live["ServiceAttributes"], two["ServiceAttributes"]);
    assert_eq!(live["DnsConfig"]["DnsRecords"], two["DnsConfig"]["DnsRecords"]);

    let at = |address: &str| json!({ "ServiceId": id, "InstanceAttributes": { "AWS_INSTANCE_IPV4": address, "v": 1 } });
    let (here, there) = (at("10.0.0.7"), at("10.0.0.8"));
    let instance = make(&mut fixture.world, INSTANCE, &here);
    assert_eq!(instance, "shop-Thing-1A2B3C4D5E6F");
    fixture.sync();
    change(&mut fixture.world, INSTANCE, &instance, &here, &there);
    assert_eq!(ready_instance(&fixture, &instance, &there), Progress::Waiting);
    fixture.sync();
    assert_eq!(ready_instance(&fixture, &instance, &there), Progress::Done);
    let live = read(&fixture.world, INSTANCE, &instance, &there).expect("there");
    assert_eq!(live["InstanceAttributes"], json!({ "AWS_INSTANCE_IPV4": "10.0.0.8", "v": "1" }));

    remove(&mut fixture.world, INSTANCE, &instance, &there);
    assert_eq!(gone(&fixture.world, INSTANCE, &instance, &there), Progress::Waiting);
    fixture.sync();
    assert_eq!(gone(&fixture.world, INSTANCE, &instance, &there), Progress::Done);
    remove(&mut fixture.world, SERVICE, &id, &two);
    assert_eq!(read(&fixture.world, SERVICE, &id, &two), None);
    remove(&mut fixture.world, PRIVATE, &namespace, &second);
    fixture.sync();
    assert_eq!(gone(&fixture.world, PRIVATE, &namespace, &second), Progress::Done);
    assert_eq!(read(&fixture.world, PRIVATE, &namespace, &second), None);
}

fn ready_instance(fixture: &Fixture, id: &str, properties: &Value) -> Progress {
    ready(&fixture.world, INSTANCE, id, properties)
}

#[test]
fn a_namespace_of_a_vpc_that_is_not_there_fails() {
    let (mut fixture, _) = region();
    let wanted = json!({ "Name": "corp.local", "Vpc": "vpc-00000000000000000" });
    let id = make(&mut fixture.world, PRIVATE, &wanted);
    fixture.sync();
    let Progress::Failed(fault) = ready(&fixture.world, PRIVATE, &id, &wanted) else { panic!("it has not failed") };
    assert_eq!(&*fault.code, "CANNOT_CREATE_HOSTED_ZONE");
}

#[test]
fn an_http_namespace_is_made_changed_and_deleted() {
    let (mut fixture, _) = region();
    let (first, second) = (
        json!({ "Name": "shop", "Tags": [{ "Key": "a", "Value": "b" }] }),
        json!({ "Name": "shop", "Description": "two" }),
    );
    let id = make(&mut fixture.world, HTTP, &first);
    fixture.sync();
    assert_eq!(ready(&fixture.world, HTTP, &id, &first), Progress::Done);
    change(&mut fixture.world, HTTP, &id, &first, &second);
    fixture.sync();
    assert_eq!(read(&fixture.world, HTTP, &id, &second), Some(second.clone()));
    let arn = attribute(&fixture.world, HTTP, &id, &second, "Arn");
    let tags = fixture.world.call(&API, "ListTagsForResource", json!({ "ResourceARN": arn })).expect("tags");
    assert_eq!(tags["Tags"], json!([{ "Key": "of", "Value": "stack" }]));
    remove(&mut fixture.world, HTTP, &id, &second);
    fixture.sync();
    assert_eq!(gone(&fixture.world, HTTP, &id, &second), Progress::Done);
    assert_eq!(read(&fixture.world, HTTP, &id, &second), None);
}
