use super::*;

#[test]
fn every_kind_of_resource_takes_tags() {
    let mut world = World::founded();
    let vpc = world.ec2("DescribeVpcs", json!({}));
    let lists = [
        ("DescribeDhcpOptions", "/dhcpOptionsSet/0/dhcpOptionsId", "dhcp-options"),
        ("DescribeInternetGateways", "/internetGatewaySet/0/internetGatewayId", "internet-gateway"),
        ("DescribeNetworkAcls", "/networkAclSet/0/networkAclId", "network-acl"),
        ("DescribeRouteTables", "/routeTableSet/0/routeTableId", "route-table"),
        ("DescribeSecurityGroups", "/securityGroupInfo/0/groupId", "security-group"),
        ("DescribeSecurityGroupRules", "/securityGroupRuleSet/0/securityGroupRuleId", "security-group-rule"),
        ("DescribeSubnets", "/subnetSet/0/subnetId", "subnet"),
        ("DescribeVpcs", "/vpcSet/0/vpcId", "vpc"),
    ];
    let ids: Vec<String> = lists.iter().map(|(operation, id, _)| text(&world.ec2(operation, json!({})), id)).collect();
    world.ec2(
        "CreateTags",
        json!({ "ResourceId": ids, "Tag": [{ "Key": "stage", "Value": "test" }, { "Key": "empty" }] }),
    );
    let tags = world.ec2("DescribeTags", json!({ "Filter": [{ "Name": "key", "Value": ["stage"] }] }));
    assert_eq!(texts(&tags, "/tagSet", "/resourceType"), lists.map(|(_, _, kind)| kind));
    for (operation, id, _) in lists {
        let found = world.ec2(operation, json!({ "Filter": [{ "Name": "tag:stage", "Value": ["test"] }] }));
        assert!(found.pointer(id).is_some(), "{operation} by tag");
    }
    world.ec2("DeleteTags", json!({ "ResourceId": ids, "Tag": [{ "Key": "stage", "Value": "other" }] }));
    assert_eq!(
        world.ec2("DescribeTags", json!({}))["tagSet"].as_array().unwrap().len(),
        16,
        "a tag with another value stays"
    );
    world.ec2("DeleteTags", json!({ "ResourceId": ids, "Tag": [{ "Key": "stage" }] }));
    world.ec2("DeleteTags", json!({ "ResourceId": [text(&vpc, "/vpcSet/0/vpcId")] }));
    assert_eq!(world.ec2("DescribeTags", json!({}))["tagSet"].as_array().unwrap().len(), 7);
}

#[test]
fn tags_at_creation_are_for_what_is_made() {
    let mut world = World::founded();
    let with = |kind: &str| json!({ "CidrBlock": "10.0.0.0/16", "TagSpecification": [{ "ResourceType": kind, "Tag": [{ "Key": "a", "Value": "b" }] }] });
    let refused = world.ec2_refuses("CreateVpc", with("subnet"));
    assert_eq!(refused, "InvalidParameterValue: 'subnet' is not a valid taggable resource type for this operation.");
    let made = world.ec2("CreateVpc", with("vpc"));
    assert_eq!(made["vpc"]["tagSet"], json!([{ "key": "a", "value": "b" }]));
    let none = world.ec2_refuses(
        "CreateVpc",
        json!({ "CidrBlock": "10.0.0.0/16", "TagSpecification": [{ "ResourceType": "vpc" }] }),
    );
    assert_eq!(none, "InvalidParameterValue: Tag specification must have at least one tag");
}

#[test]
fn wrong_tags_are_refused() {
    let mut world = World::founded();
    let vpc = world.vpc("10.0.0.0/16");
    let mut refused = |tags: Value| world.ec2_refuses("CreateTags", json!({ "ResourceId": [vpc], "Tag": tags }));
    assert_eq!(
        refused(json!([{ "Key": "aws:x", "Value": "" }])),
        "InvalidParameterValue: Tag keys starting with 'aws:' are reserved for internal use"
    );
    assert_eq!(
        refused(json!([{ "Key": "a" }, { "Key": "a" }])),
        "InvalidParameterValue: Duplicate tag key 'a' specified."
    );
    let many: Vec<Value> = (0..51).map(|n| json!({ "Key": format!("k{n}"), "Value": "" })).collect();
    assert_eq!(refused(json!(many)), "TagLimitExceeded: The maximum number of Tags for a resource has been reached.");
    let unknown = world.ec2_refuses("CreateTags", json!({ "ResourceId": ["car-1"], "Tag": [{ "Key": "a" }] }));
    assert_eq!(unknown, "InvalidID: The ID 'car-1' is not valid");
    let gone = world.ec2_refuses("CreateTags", json!({ "ResourceId": ["eni-1"], "Tag": [{ "Key": "a" }] }));
    assert_eq!(gone, "InvalidNetworkInterfaceID.NotFound: The networkInterface ID 'eni-1' does not exist");
    assert_eq!(world.ec2("DescribeTags", json!({}))["tagSet"], json!([]));
}
