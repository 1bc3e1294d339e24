//! Namespaces and the operations that make them.

use super::*;
use crate::state::{DiscoveryOperation, EndedOperation};

#[test]
fn a_private_namespace_is_made_when_every_host_knows() {
    let mut region = Region::new();
    let observed = region.fixture.world.state.revision;
    let request = json!({"Name": "shop.local", "Vpc": region.vpc, "Description": "a shop", "CreatorRequestId": "once"});
    let answer = region.call("CreatePrivateDnsNamespace", request.clone());
    let operation = region.operation(&answer);
    assert_eq!((&operation["Status"], &operation["Type"]), (&json!("SUBMITTED"), &json!("CREATE_NAMESPACE")));
    assert_eq!(operation["OwnerAccount"], Value::Null);
    assert_eq!(region.call("CreatePrivateDnsNamespace", request.clone()), answer, "the same request again");
    let other = json!({"Name": "Shop.local", "Vpc": region.vpc, "CreatorRequestId": "twice"});
    let id = answer["OperationId"].as_str().unwrap();
    let busy =
        format!("DuplicateRequest: Another operation of type CreatePrivateDnsNamespace and id {id} is in progress");
    assert_eq!(region.refuses("CreatePrivateDnsNamespace", other.clone()), busy);
    region.fixture.sync_at(observed);
    assert_eq!(region.operation(&answer)["Status"], "PENDING");
    let id = region.done(&answer, "NAMESPACE");
    let found = region.call("GetNamespace", json!({"Id": id}))["Namespace"].clone();
    assert_eq!(
        (&found["Name"], &found["Type"], &found["ServiceCount"], &found["Description"]),
        (&json!("shop.local"), &json!("DNS_PRIVATE"), &json!(0), &json!("a shop"))
    );
    assert_eq!(found["Arn"], format!("arn:aws:servicediscovery:us-east-1:123456789012:namespace/{id}"));
    assert_eq!(found["Properties"]["HttpProperties"]["HttpName"], "shop.local");
    assert_eq!(found["Properties"]["DnsProperties"]["SOA"]["TTL"], 15);
    let zone = found["Properties"]["DnsProperties"]["HostedZoneId"].as_str().unwrap();
    assert!(zone.starts_with('Z') && zone.len() == 21, "{zone}");
    assert!(id.starts_with("ns-") && id.len() == 19, "{id}");
    assert_eq!(region.call("GetNamespace", json!({"Id": found["Arn"]}))["Namespace"], found);
    let exists = "NamespaceAlreadyExists: Namespace with name shop.local already exists.";
    assert_eq!(region.refuses("CreatePrivateDnsNamespace", other), exists);
}

#[test]
fn a_namespace_in_no_vpc_fails_as_an_operation() {
    let mut region = Region::new();
    let answer = region.call("CreatePrivateDnsNamespace", json!({"Name": "shop.local", "Vpc": "vpc-0"}));
    assert_eq!(region.operation(&answer)["ErrorCode"], Value::Null);
    region.pass(2);
    let operation = region.operation(&answer);
    assert_eq!((&operation["Status"], &operation["ErrorCode"]), (&json!("FAIL"), &json!("CANNOT_CREATE_HOSTED_ZONE")));
    assert_eq!(region.call("ListNamespaces", json!({}))["Namespaces"], json!([]));
}

#[test]
fn one_name_can_be_used_again_with_another_http_name() {
    let mut region = Region::new();
    region.private();
    let answer = region.call("CreateHttpNamespace", json!({"Name": "shop.local"}));
    let id = region.done(&answer, "NAMESPACE");
    let found = region.call("GetNamespace", json!({"Id": id}))["Namespace"].clone();
    let name = found["Properties"]["HttpProperties"]["HttpName"].as_str().unwrap();
    assert!(name.starts_with("shop.local-"), "{name}");
    assert_eq!(found["Properties"]["DnsProperties"], Value::Null);
    let of = |region: &mut Region, filter: Value| {
        region.call("ListNamespaces", json!({"Filters": [filter]}))["Namespaces"].as_array().unwrap().len()
    };
    assert_eq!(of(&mut region, json!({"Name": "TYPE", "Values": ["HTTP"]})), 1);
    assert_eq!(of(&mut region, json!({"Name": "NAME", "Values": ["shop"], "Condition": "BEGINS_WITH"})), 2);
    assert_eq!(of(&mut region, json!({"Name": "HTTP_NAME", "Values": ["shop.local"], "Condition": "EQ"})), 1);
    assert_eq!(of(&mut region, json!({"Name": "RESOURCE_OWNER", "Values": ["OTHER_ACCOUNTS"]})), 0);
    let wrong = json!({"Filters": [{"Name": "TYPE", "Values": ["HTTP"], "Condition": "BETWEEN"}]});
    assert!(region.refuses("ListNamespaces", wrong).starts_with("InvalidInput: "));
}

#[test]
fn a_namespace_is_changed_and_deleted_when_nothing_is_in_it() {
    let mut region = Region::new();
    let id = region.private();
    let change = json!({"Description": "new", "Properties": {"DnsProperties": {"SOA": {"TTL": 60}}}});
    let answer = region.call("UpdatePrivateDnsNamespace", json!({"Id": id, "Namespace": change}));
    assert_eq!(region.operation(&answer)["Type"], "UPDATE_NAMESPACE");
    assert!(region.refuses("DeleteNamespace", json!({"Id": id})).starts_with("DuplicateRequest: "));
    region.done(&answer, "NAMESPACE");
    let found = region.call("GetNamespace", json!({"Id": id}))["Namespace"].clone();
    assert_eq!(
        (&found["Description"], &found["Properties"]["DnsProperties"]["SOA"]["TTL"]),
        (&json!("new"), &json!(60))
    );
    let wrong = region.refuses("UpdateHttpNamespace", json!({"Id": id, "Namespace": {"Description": "x"}}));
    assert!(wrong.starts_with("InvalidInput: "), "{wrong}");

    let service = region.service(&id, "api", json!({"DnsConfig": dns("A", "MULTIVALUE")}));
    let used = "ResourceInUse: Namespace has associated services; delete the services before deleting the namespace";
    assert_eq!(region.refuses("DeleteNamespace", json!({"Id": id})), used);
    region.call("DeleteService", json!({"Id": service}));
    let answer = region.call("DeleteNamespace", json!({"Id": id}));
    assert_eq!(region.done(&answer, "NAMESPACE"), id);
    assert!(region.refuses("GetNamespace", json!({"Id": id})).starts_with("NamespaceNotFound: "));
}

#[test]
fn names_that_can_not_be_are_refused() {
    let mut region = Region::new();
    let vpc = region.vpc.clone();
    for name in ["", "a b", "arn:x", "-..x", "a..b", ".", "shop.local.", "-shop.local", "shop-.local", "shop.-"] {
        let refused = region.refuses("CreatePrivateDnsNamespace", json!({"Name": name, "Vpc": vpc}));
        assert!(refused.starts_with("InvalidInput: "), "{name}: {refused}");
    }
    let long = "x".repeat(64);
    assert!(
        region.refuses("CreatePrivateDnsNamespace", json!({"Name": long, "Vpc": vpc})).starts_with("InvalidInput: ")
    );
    let refused = region.refuses("CreateHttpNamespace", json!({"Name": "arn:shop"}));
    assert!(refused.starts_with("InvalidInput: "), "{refused}");
    assert_eq!(
        region.refuses("CreatePublicDnsNamespace", json!({"Name": "a.b"})),
        "NotImplemented: CreatePublicDnsNamespace is not implemented."
    );
}

#[test]
fn there_are_fifty_namespaces_at_most() {
    let mut region = Region::new();
    for number in 0..50 {
        region.call("CreateHttpNamespace", json!({"Name": format!("n{number}")}));
    }
    let refused = region.refuses("CreateHttpNamespace", json!({"Name": "more"}));
    assert_eq!(refused, "ResourceLimitExceeded: The limit of 50 namespaces has been reached.");
    let page = region.call("ListNamespaces", json!({"MaxResults": 40}));
    assert_eq!(page["Namespaces"].as_array().unwrap().len(), 40);
    let rest = region.call("ListNamespaces", json!({"NextToken": page["NextToken"]}));
    assert_eq!((rest["Namespaces"].as_array().unwrap().len(), &rest["NextToken"]), (10, &Value::Null));
}

#[test]
fn operations_are_listed_and_forgotten_after_a_day() {
    let mut region = Region::new();
    let first = region.private();
    region.fixture.world.now += 10_000;
    let answer = region.call("CreateHttpNamespace", json!({"Name": "shop"}));
    let listed = |region: &mut Region, filters: Value| {
        let answer = region.call("ListOperations", json!({"Filters": filters}));
        answer["Operations"].as_array().unwrap().len()
    };
    assert_eq!(listed(&mut region, json!([])), 2);
    assert_eq!(listed(&mut region, json!([{"Name": "NAMESPACE_ID", "Values": [first]}])), 1);
    assert_eq!(listed(&mut region, json!([{"Name": "STATUS", "Values": ["SUBMITTED", "FAIL"], "Condition": "IN"}])), 1);
    assert_eq!(listed(&mut region, json!([{"Name": "STATUS", "Values": ["SUCCEED"]}])), 1);
    assert_eq!(listed(&mut region, json!([{"Name": "UPDATE_DATE", "Values": ["0", "9"], "Condition": "BETWEEN"}])), 1);
    let wrong = json!({"Filters": [{"Name": "UPDATE_DATE", "Values": ["0"], "Condition": "BETWEEN"}]});
    assert!(region.refuses("ListOperations", wrong).starts_with("InvalidInput: "));
    region.done(&answer, "NAMESPACE");
    region.fixture.world.now += spec::DAY;
    region.pass(1);
    assert_eq!(listed(&mut region, json!([])), 0);
    let gone = region.refuses("GetOperation", json!({"OperationId": answer["OperationId"]}));
    assert!(gone.starts_with("OperationNotFound: "), "{gone}");
}

#[test]
fn calls_are_refused_while_too_many_operations_are_kept() {
    let mut region = Region::new();
    let answer = region.call("CreateHttpNamespace", json!({"Name": "shop"}));
    region.done(&answer, "NAMESPACE");
    let one = region.fixture.world.state.ended_operations.iter().next().unwrap().0.clone();
    let put = |region: &mut Region, number: i32| {
        let other = DiscoveryOperation { id: format!("o{number}"), ..one.clone() };
        region.fixture.world.state.ended_operations.put(EndedOperation(other));
    };
    (1..5_000).for_each(|number| put(&mut region, number));
    // Where there are many, what ends now is told for a minute.
    let answer = region.call("CreateHttpNamespace", json!({"Name": "more"}));
    region.done(&answer, "NAMESPACE");
    region.pass(60);
    assert!(
        region
            .refuses("GetOperation", json!({"OperationId": answer["OperationId"]}))
            .starts_with("OperationNotFound: ")
    );
    (5_000..10_000).for_each(|number| put(&mut region, number));
    let refused = region.refuses("CreateHttpNamespace", json!({"Name": "other"}));
    assert_eq!(refused, "RequestLimitExceeded: Rate exceeded");
    assert_eq!(region.call("ListNamespaces", json!({}))["Namespaces"].as_array().unwrap().len(), 2, "nothing was done");
}

#[test]
fn namespaces_and_services_have_tags() {
    let mut region = Region::new();
    let namespace = region.http();
    let service = region.service(&namespace, "api", json!({"Tags": [{"Key": "a", "Value": "1"}]}));
    let arn = format!("arn:aws:servicediscovery:us-east-1:123456789012:service/{service}");
    region.call("TagResource", json!({"ResourceARN": arn, "Tags": [{"Key": "b", "Value": ""}]}));
    region.call("UntagResource", json!({"ResourceARN": arn, "TagKeys": ["a"]}));
    assert_eq!(
        region.call("ListTagsForResource", json!({"ResourceARN": arn}))["Tags"],
        json!([{"Key": "b", "Value": ""}])
    );
    let many: Vec<Value> = (0..51).map(|n| json!({"Key": format!("k{n}"), "Value": ""})).collect();
    let refused = region.refuses("TagResource", json!({"ResourceARN": arn, "Tags": many}));
    assert!(refused.starts_with("TooManyTagsException: "), "{refused}");
    for missing in [arn.replace("srv-", "srv-x"), service, "arn:aws:ecs:us-east-1:123456789012:service/x".to_owned()] {
        let refused = region.refuses("ListTagsForResource", json!({"ResourceARN": missing}));
        assert!(refused.starts_with("ResourceNotFoundException: "), "{refused}");
    }
}
