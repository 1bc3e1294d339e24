use super::*;

#[test]
fn filters_are_anded_and_their_values_ored() {
    let mut world = World::founded();
    let vpc = world.vpc("10.0.0.0/16");
    for (n, name) in ["web-a", "web-b", "db"].iter().enumerate() {
        let subnet = world.subnet(&vpc, &format!("10.0.{n}.0/24"));
        world.ec2("CreateTags", json!({ "ResourceId": [subnet], "Tag": [{ "Key": "Name", "Value": name }] }));
    }
    let mut found =
        |filters: Value| texts(&world.ec2("DescribeSubnets", json!({ "Filter": filters })), "/subnetSet", "/cidrBlock");
    assert_eq!(found(json!([{ "Name": "tag:Name", "Value": ["web-?"] }])), ["10.0.0.0/24", "10.0.1.0/24"]);
    assert_eq!(found(json!([{ "Name": "tag:Name", "Value": ["db", "web-a"] }])), ["10.0.0.0/24", "10.0.2.0/24"]);
    assert_eq!(
        found(json!([{ "Name": "tag:Name", "Value": ["web*"] }, { "Name": "cidr-block", "Value": ["10.0.1.*"] }])),
        ["10.0.1.0/24"]
    );
    assert_eq!(
        found(json!([{ "Name": "tag-key", "Value": ["N*"] }, { "Name": "tag-value", "Value": ["DB"] }])),
        [""; 0]
    );
    assert_eq!(found(json!([{ "Name": "default-for-az", "Value": ["false"] }])).len(), 3);
    assert_eq!(
        found(json!([{ "Name": "ipv6-cidr-block-association.state", "Value": ["*"] }])),
        [""; 0],
        "known, and nothing has one"
    );
}

#[test]
fn unknown_filters_and_tokens_are_refused() {
    let mut world = World::founded();
    let operations = [
        "DescribeAvailabilityZones",
        "DescribeDhcpOptions",
        "DescribeInternetGateways",
        "DescribeNetworkAcls",
        "DescribeNetworkInterfaces",
        "DescribeRegions",
        "DescribeRouteTables",
        "DescribeSecurityGroupRules",
        "DescribeSecurityGroups",
        "DescribeSubnets",
        "DescribeTags",
        "DescribeVpcs",
    ];
    for operation in operations {
        let refused = world.ec2_refuses(operation, json!({ "Filter": [{ "Name": "colour", "Value": ["red"] }] }));
        assert_eq!(refused, "InvalidParameterValue: The filter 'colour' is invalid", "{operation}");
        if !["DescribeAvailabilityZones", "DescribeRegions"].contains(&operation) {
            let refused = world.ec2_refuses(operation, json!({ "NextToken": "nonsense" }));
            assert_eq!(refused, "InvalidNextToken: The token 'nonsense' is invalid", "{operation}");
        }
    }
}

#[test]
fn pages_come_one_after_the_other() {
    let mut world = World::founded();
    let vpc = world.vpc("10.0.0.0/16");
    (0..9).for_each(|n| drop(world.subnet(&vpc, &format!("10.0.{n}.0/24"))));
    let first = world.ec2("DescribeSubnets", json!({ "MaxResults": 7 }));
    let second = world.ec2("DescribeSubnets", json!({ "MaxResults": 7, "NextToken": text(&first, "/nextToken") }));
    assert_eq!(second.get("nextToken"), None);
    let mut ids = [texts(&first, "/subnetSet", "/subnetId"), texts(&second, "/subnetSet", "/subnetId")].concat();
    ids.dedup();
    assert_eq!(ids.len(), 12);
    let refused = world.ec2_refuses("DescribeSubnets", json!({ "MaxResults": 7, "SubnetId": [ids[0]] }));
    assert_eq!(
        refused,
        "InvalidParameterCombination: The parameter SubnetIds cannot be used with the parameter MaxResults"
    );
    let refused = world.ec2_refuses("DescribeSubnets", json!({ "SubnetId": [ids[0], "subnet-0"] }));
    assert_eq!(refused, "InvalidSubnetID.NotFound: The subnet ID 'subnet-0' does not exist");
}
