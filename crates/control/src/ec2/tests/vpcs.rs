use super::*;

#[test]
fn a_new_vpc_gets_what_every_vpc_has() {
    let mut world = World::founded();
    let vpc = world.vpc("10.0.0.0/16");
    let of = |name: &str| json!({ "Filter": [{ "Name": name, "Value": [vpc] }] });
    let tables = world.ec2("DescribeRouteTables", of("vpc-id"));
    assert_eq!(texts(&tables, "/routeTableSet/0/routeSet", "/gatewayId"), ["local"], "no way out");
    assert_eq!(
        texts(&world.ec2("DescribeSecurityGroups", of("vpc-id")), "/securityGroupInfo", "/groupName"),
        ["default"]
    );
    assert_eq!(world.ec2("DescribeNetworkAcls", of("vpc-id"))["networkAclSet"][0]["default"], json!(true));
    assert_eq!(world.ec2("DescribeInternetGateways", of("attachment.vpc-id"))["internetGatewaySet"], json!([]));
    assert_eq!(world.ec2("DescribeSubnets", of("vpc-id"))["subnetSet"], json!([]));
    let vpcs = world.ec2("DescribeVpcs", json!({}));
    let sets: std::collections::BTreeSet<_> = texts(&vpcs, "/vpcSet", "/dhcpOptionsId").into_iter().collect();
    assert_eq!(sets.len(), 1, "both have the default DHCP options");
    world.ec2("DeleteVpc", json!({ "VpcId": vpc }));
    for (operation, list) in [
        ("DescribeRouteTables", "routeTableSet"),
        ("DescribeSecurityGroups", "securityGroupInfo"),
        ("DescribeNetworkAcls", "networkAclSet"),
    ] {
        assert_eq!(
            world.ec2(operation, json!({}))[list].as_array().unwrap().len(),
            1,
            "{operation}: it went with the VPC"
        );
    }
    assert_eq!(world.state.security_group_rules.len(), 2, "the default VPC's rules alone are left");
}

#[test]
fn ranges_a_vpc_cannot_have_are_refused_in_aws_s_words() {
    let mut world = World::founded();
    let mut refused = |cidr: Value| world.ec2_refuses("CreateVpc", json!({ "CidrBlock": cidr }));
    assert_eq!(refused(json!("10.0.0.0/8")), "InvalidVpc.Range: The CIDR '10.0.0.0/8' is invalid.");
    assert_eq!(refused(json!("10.0.0.0/29")), "InvalidVpc.Range: The CIDR '10.0.0.0/29' is invalid.");
    assert_eq!(
        refused(json!("10.0.0.0")),
        "InvalidParameterValue: Value (10.0.0.0) for parameter cidrBlock is invalid. This is not a valid CIDR block."
    );
    assert_eq!(refused(Value::Null), "MissingParameter: Either 'cidrBlock' or 'ipv4IpamPoolId' should be provided.");
}

#[test]
fn what_is_not_supported_is_refused_by_name() {
    let mut world = World::founded();
    let parameters = [
        ("Ipv6Pool", json!("p")),
        ("Ipv6CidrBlock", json!("2001:db8::/56")),
        ("Ipv4IpamPoolId", json!("p")),
        ("Ipv4NetmaskLength", json!(16)),
        ("Ipv6IpamPoolId", json!("p")),
        ("Ipv6NetmaskLength", json!(56)),
        ("Ipv6CidrBlockNetworkBorderGroup", json!("g")),
        ("AmazonProvidedIpv6CidrBlock", json!(true)),
    ];
    for (name, value) in parameters {
        let refused = world.ec2_refuses("CreateVpc", json!({ "CidrBlock": "10.0.0.0/16", name: value }));
        assert_eq!(refused, format!("UnsupportedOperation: The parameter {name} is not supported by neargate."));
    }
    world.ec2(
        "CreateVpc",
        json!({ "CidrBlock": "10.0.0.0/16", "AmazonProvidedIpv6CidrBlock": false, "InstanceTenancy": "default" }),
    );
}

#[test]
fn a_trial_run_changes_nothing() {
    let mut world = World::founded();
    let revision = world.state.revision;
    let said = "DryRunOperation: Request would have succeeded, but DryRun flag is set.";
    assert_eq!(world.ec2_refuses("CreateVpc", json!({ "CidrBlock": "10.0.0.0/16", "DryRun": true })), said);
    assert_eq!(world.ec2_refuses("DescribeVpcs", json!({ "DryRun": true })), said);
    let wrong = world.ec2_refuses("CreateVpc", json!({ "CidrBlock": "10.0.0.0/8", "DryRun": true }));
    assert_eq!(wrong, "InvalidVpc.Range: The CIDR '10.0.0.0/8' is invalid.");
    assert_eq!(world.state.revision, revision);
}

#[test]
fn the_sixth_vpc_is_one_too_many() {
    let mut world = World::founded();
    (0..4).for_each(|n| drop(world.vpc(&format!("10.{n}.0.0/16"))));
    let refused = world.ec2_refuses("CreateVpc", json!({ "CidrBlock": "10.9.0.0/16" }));
    assert_eq!(refused, "VpcLimitExceeded: The maximum number of VPCs has been reached.");
}

#[test]
fn a_vpc_in_use_is_not_deleted() {
    let mut world = World::founded();
    let vpc = world.vpc("10.0.0.0/16");
    let refusal = format!("DependencyViolation: The vpc '{vpc}' has dependencies and cannot be deleted.");
    let subnet = world.subnet(&vpc, "10.0.0.0/24");
    assert_eq!(world.ec2_refuses("DeleteVpc", json!({ "VpcId": vpc })), refusal);
    world.ec2("DeleteSubnet", json!({ "SubnetId": subnet }));
    let group = world.group(&vpc, "web");
    assert_eq!(world.ec2_refuses("DeleteVpc", json!({ "VpcId": vpc })), refusal);
    world.ec2("DeleteSecurityGroup", json!({ "GroupId": group }));
    world.ec2("DeleteVpc", json!({ "VpcId": vpc }));
    assert_eq!(
        world.ec2_refuses("DeleteVpc", json!({ "VpcId": vpc })),
        format!("InvalidVpcID.NotFound: The vpc ID '{vpc}' does not exist")
    );
    assert_eq!(
        world.ec2_refuses("DeleteVpc", json!({ "VpcId": "web" })),
        "InvalidVpcID.Malformed: Invalid id: \"web\" (expecting \"vpc-...\")"
    );
}

#[test]
fn one_attribute_is_changed_at_a_time() {
    let mut world = World::founded();
    let vpc = world.vpc("10.0.0.0/16");
    let on = json!({ "Value": true });
    let both = world
        .ec2_refuses("ModifyVpcAttribute", json!({ "VpcId": vpc, "EnableDnsHostnames": on, "EnableDnsSupport": on }));
    assert_eq!(
        both,
        "InvalidParameterCombination: Fields for multiple attribute types specified: enableDnsHostnames, enableDnsSupport"
    );
    let none = world.ec2_refuses("ModifyVpcAttribute", json!({ "VpcId": vpc }));
    assert_eq!(none, "InvalidParameterCombination: No attributes specified.");
    let metrics =
        world.ec2_refuses("ModifyVpcAttribute", json!({ "VpcId": vpc, "EnableNetworkAddressUsageMetrics": on }));
    assert_eq!(
        metrics,
        "UnsupportedOperation: The parameter EnableNetworkAddressUsageMetrics is not supported by neargate."
    );
    world.ec2("ModifyVpcAttribute", json!({ "VpcId": vpc, "EnableDnsHostnames": on }));
    let answer = world.ec2("DescribeVpcAttribute", json!({ "VpcId": vpc, "Attribute": "enableDnsHostnames" }));
    assert_eq!(answer, json!({ "vpcId": vpc, "enableDnsHostnames": { "value": true } }));
}
