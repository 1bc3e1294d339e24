use super::*;

#[test]
fn a_region_starts_with_the_default_vpc_as_aws_makes_it() {
    let mut world = World::founded();
    let vpcs = world.ec2("DescribeVpcs", json!({}));
    let vpc = vpcs.pointer("/vpcSet/0").unwrap();
    let id = text(vpc, "/vpcId");
    assert_eq!(vpcs.pointer("/vpcSet").unwrap().as_array().unwrap().len(), 1);
    assert_eq!(
        (text(vpc, "/cidrBlock"), vpc["isDefault"].clone(), text(vpc, "/state")),
        ("172.31.0.0/16".into(), json!(true), "available".into())
    );
    assert_eq!(text(vpc, "/cidrBlockAssociationSet/0/cidrBlockState/state"), "associated");
    assert_eq!(text(vpc, "/instanceTenancy"), "default");

    let subnets = world.ec2("DescribeSubnets", json!({}));
    assert_eq!(texts(&subnets, "/subnetSet", "/cidrBlock"), ["172.31.0.0/20", "172.31.16.0/20", "172.31.32.0/20"]);
    assert_eq!(texts(&subnets, "/subnetSet", "/availabilityZone"), ["us-east-1a", "us-east-1b", "us-east-1c"]);
    for subnet in subnets["subnetSet"].as_array().unwrap() {
        assert_eq!((&subnet["defaultForAz"], &subnet["mapPublicIpOnLaunch"]), (&json!(true), &json!(true)));
        assert_eq!(subnet["availableIpAddressCount"], json!(4091));
    }

    let gateways = world.ec2("DescribeInternetGateways", json!({}));
    assert_eq!(text(&gateways, "/internetGatewaySet/0/attachmentSet/0/vpcId"), id);
    assert_eq!(text(&gateways, "/internetGatewaySet/0/attachmentSet/0/state"), "available");
    let gateway = text(&gateways, "/internetGatewaySet/0/internetGatewayId");
    let tables = world.ec2("DescribeRouteTables", json!({}));
    assert_eq!(tables["routeTableSet"][0]["associationSet"][0]["main"], json!(true));
    let routes = &tables["routeTableSet"][0]["routeSet"];
    assert_eq!(
        (text(&routes[0], "/destinationCidrBlock"), text(&routes[0], "/gatewayId")),
        ("172.31.0.0/16".into(), "local".into())
    );
    assert_eq!((text(&routes[0], "/origin"), text(&routes[0], "/state")), ("CreateRouteTable".into(), "active".into()));
    assert_eq!(
        (text(&routes[1], "/destinationCidrBlock"), text(&routes[1], "/gatewayId")),
        ("0.0.0.0/0".into(), gateway)
    );
    assert_eq!((text(&routes[1], "/origin"), text(&routes[1], "/state")), ("CreateRoute".into(), "active".into()));

    let groups = world.ec2("DescribeSecurityGroups", json!({}));
    let group = &groups["securityGroupInfo"][0];
    assert_eq!(
        (text(group, "/groupName"), text(group, "/groupDescription")),
        ("default".into(), "default VPC security group".into())
    );
    assert_eq!(text(group, "/ipPermissions/0/ipProtocol"), "-1");
    assert_eq!(text(group, "/ipPermissions/0/groups/0/groupId"), text(group, "/groupId"), "members reach each other");
    assert_eq!(group["ipPermissions"][0].get("fromPort"), None);
    assert_eq!(text(group, "/ipPermissionsEgress/0/ipRanges/0/cidrIp"), "0.0.0.0/0");

    let acls = world.ec2("DescribeNetworkAcls", json!({}));
    let acl = &acls["networkAclSet"][0];
    assert_eq!(acl["default"], json!(true));
    assert_eq!(acl["associationSet"].as_array().unwrap().len(), 3);
    let entries = acl["entrySet"].as_array().unwrap();
    let entry =
        |e: &Value| format!("{} {} {} {}", e["egress"], e["ruleNumber"], text(e, "/ruleAction"), text(e, "/cidrBlock"));
    let mut entries: Vec<String> = entries.iter().map(entry).collect();
    entries.sort();
    assert_eq!(
        entries,
        [
            "false 100 allow 0.0.0.0/0",
            "false 32767 deny 0.0.0.0/0",
            "true 100 allow 0.0.0.0/0",
            "true 32767 deny 0.0.0.0/0"
        ]
    );

    let options = world.ec2("DescribeDhcpOptions", json!({ "DhcpOptionsId": [text(vpc, "/dhcpOptionsId")] }));
    let options = &options["dhcpOptionsSet"][0]["dhcpConfigurationSet"];
    assert_eq!(texts(&json!({ "o": options }), "/o", "/valueSet/0/value"), ["AmazonProvidedDNS", "ec2.internal"]);

    for (attribute, member) in [("enableDnsSupport", "enableDnsSupport"), ("enableDnsHostnames", "enableDnsHostnames")]
    {
        let answer = world.ec2("DescribeVpcAttribute", json!({ "VpcId": id, "Attribute": attribute }));
        assert_eq!(answer[member]["value"], json!(true));
    }
}

#[test]
fn founding_a_region_twice_changes_nothing() {
    let mut world = World::founded();
    let revision = world.state.revision;
    world.transact(super::super::found).unwrap();
    assert_eq!(world.state.revision, revision);
}

#[test]
fn the_default_vpc_can_be_made_again_once_it_is_gone() {
    let mut world = World::founded();
    let again = world.ec2_refuses("CreateDefaultVpc", json!({}));
    assert_eq!(again, "DefaultVpcAlreadyExists: A Default VPC already exists for this account in this region.");
    let mut world = World::new();
    let made = world.ec2("CreateDefaultVpc", json!({}));
    assert_eq!(made["vpc"]["isDefault"], json!(true));
    assert_eq!(world.ec2("DescribeSubnets", json!({}))["subnetSet"].as_array().unwrap().len(), 3);
}

#[test]
fn regions_zones_and_account_tell_of_this_region() {
    let mut world = World::founded();
    let regions = world.ec2("DescribeRegions", json!({}));
    assert_eq!(texts(&regions, "/regionInfo", "/regionEndpoint"), ["ec2.us-east-1.amazonaws.com"]);
    let refused = world.ec2_refuses("DescribeRegions", json!({ "RegionName": ["mars-north-1"] }));
    assert_eq!(refused, "InvalidParameterValue: Invalid region provided: [mars-north-1]");
    let zones = world.ec2(
        "DescribeAvailabilityZones",
        json!({ "Filter": [{ "Name": "zone-id", "Value": ["use1-az[12]", "use1-az2"] }] }),
    );
    assert_eq!(texts(&zones, "/availabilityZoneInfo", "/zoneName"), ["us-east-1b"]);
    let zones = world.ec2("DescribeAvailabilityZones", json!({ "ZoneName": ["us-east-1c"] }));
    assert_eq!(texts(&zones, "/availabilityZoneInfo", "/zoneState"), ["available"]);
    let refused = world.ec2_refuses("DescribeAvailabilityZones", json!({ "ZoneName": ["us-east-1z"] }));
    assert_eq!(refused, "InvalidParameterValue: Invalid availability zone: [us-east-1z]");
    let account = world.ec2("DescribeAccountAttributes", json!({ "AttributeName": ["default-vpc"] }));
    let vpcs = world.ec2("DescribeVpcs", json!({}));
    assert_eq!(
        text(&account, "/accountAttributeSet/0/attributeValueSet/0/attributeValue"),
        text(&vpcs, "/vpcSet/0/vpcId")
    );
    let caller = world.call(&aws::api::sts::API, "GetCallerIdentity", json!({})).unwrap();
    assert_eq!(
        caller,
        json!({ "UserId": "123456789012", "Account": "123456789012", "Arn": "arn:aws:iam::123456789012:root" })
    );
}
