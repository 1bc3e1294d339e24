use super::*;

#[test]
fn a_subnet_lies_in_its_vpc_and_meets_no_other() {
    let mut world = World::founded();
    let vpc = world.vpc("10.0.0.0/16");
    let subnet = world
        .ec2("CreateSubnet", json!({ "VpcId": vpc, "CidrBlock": "10.0.1.0/24", "AvailabilityZone": "us-east-1b" }));
    assert_eq!(
        (text(&subnet, "/subnet/availabilityZoneId"), text(&subnet, "/subnet/state")),
        ("use1-az2".into(), "available".into())
    );
    assert_eq!(subnet["subnet"]["availableIpAddressCount"], json!(251));
    assert_eq!(subnet["subnet"]["mapPublicIpOnLaunch"], json!(false));
    let id = text(&subnet, "/subnet/subnetId");
    assert_eq!(text(&subnet, "/subnet/subnetArn"), format!("arn:aws:ec2:us-east-1:123456789012:subnet/{id}"));
    let mut refused = |cidr: &str| world.ec2_refuses("CreateSubnet", json!({ "VpcId": vpc, "CidrBlock": cidr }));
    assert_eq!(
        refused("10.0.1.128/25"),
        "InvalidSubnet.Conflict: The CIDR '10.0.1.128/25' conflicts with another subnet"
    );
    assert_eq!(refused("10.0.0.0/20"), "InvalidSubnet.Conflict: The CIDR '10.0.0.0/20' conflicts with another subnet");
    assert_eq!(refused("10.1.0.0/24"), "InvalidSubnet.Range: The CIDR '10.1.0.0/24' is invalid.");
    assert_eq!(refused("10.0.2.0/29"), "InvalidSubnet.Range: The CIDR '10.0.2.0/29' is invalid.");
}

#[test]
fn zones_are_chosen_by_name_by_id_or_evenly() {
    let mut world = World::founded();
    let vpc = world.vpc("10.0.0.0/16");
    (0..6).for_each(|n| drop(world.subnet(&vpc, &format!("10.0.{n}.0/24"))));
    let all = world.ec2("DescribeSubnets", json!({ "Filter": [{ "Name": "vpc-id", "Value": [vpc] }] }));
    let zones = texts(&all, "/subnetSet", "/availabilityZone");
    assert_eq!(zones, ["us-east-1a", "us-east-1a", "us-east-1b", "us-east-1b", "us-east-1c", "us-east-1c"]);
    let refused = world.ec2_refuses(
        "CreateSubnet",
        json!({ "VpcId": vpc, "CidrBlock": "10.0.9.0/24", "AvailabilityZone": "us-east-1x" }),
    );
    assert_eq!(
        refused,
        "InvalidParameterValue: Value (us-east-1x) for parameter availabilityZone is invalid. Subnets can currently only be created in the following availability zones: us-east-1a, us-east-1b, us-east-1c."
    );
    let by_id = world
        .ec2("CreateSubnet", json!({ "VpcId": vpc, "CidrBlock": "10.0.9.0/24", "AvailabilityZoneId": "use1-az3" }));
    assert_eq!(text(&by_id, "/subnet/availabilityZone"), "us-east-1c");
}

#[test]
fn only_the_public_address_switch_changes() {
    let mut world = World::founded();
    let vpc = world.vpc("10.0.0.0/16");
    let subnet = world.subnet(&vpc, "10.0.0.0/24");
    world.ec2("ModifySubnetAttribute", json!({ "SubnetId": subnet, "MapPublicIpOnLaunch": { "Value": true } }));
    let answer = world.ec2("DescribeSubnets", json!({ "SubnetId": [subnet] }));
    assert_eq!(answer["subnetSet"][0]["mapPublicIpOnLaunch"], json!(true));
    for name in ["AssignIpv6AddressOnCreation", "EnableDns64", "EnableResourceNameDnsARecordOnLaunch"] {
        let refused =
            world.ec2_refuses("ModifySubnetAttribute", json!({ "SubnetId": subnet, name: { "Value": true } }));
        assert_eq!(refused, format!("UnsupportedOperation: The parameter {name} is not supported by neargate."));
        world.ec2("ModifySubnetAttribute", json!({ "SubnetId": subnet, name: { "Value": false } }));
    }
    let missing = world.ec2_refuses(
        "ModifySubnetAttribute",
        json!({ "SubnetId": "subnet-0", "MapPublicIpOnLaunch": { "Value": true } }),
    );
    assert_eq!(missing, "InvalidSubnetID.NotFound: The subnet ID 'subnet-0' does not exist");
}
