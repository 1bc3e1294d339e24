use super::*;

#[test]
fn what_neargate_does_not_have_is_refused_by_name() {
    let mut world = World::founded();
    let vpc = world.vpc("10.0.0.0/16");
    let requests = [
        ("AssociateSubnetCidrBlock", json!({ "SubnetId": "subnet-0", "Ipv6CidrBlock": "2001:db8::/64" })),
        ("DisassociateSubnetCidrBlock", json!({ "AssociationId": "subnet-cidr-assoc-0" })),
        ("CreateEgressOnlyInternetGateway", json!({ "VpcId": vpc })),
    ];
    for (operation, request) in requests {
        assert_eq!(
            world.ec2_refuses(operation, request),
            format!("UnsupportedOperation: The operation {operation} is not supported by neargate.")
        );
    }
}

#[test]
fn there_is_none_of_what_can_t_be_made() {
    let mut world = World::founded();
    let none = world.ec2("DescribeEgressOnlyInternetGateways", json!({}));
    assert_eq!(none["egressOnlyInternetGatewaySet"], json!([]));
    assert_eq!(
        world.ec2_refuses("DescribeEgressOnlyInternetGateways", json!({ "EgressOnlyInternetGatewayId": ["eigw-0"] })),
        "InvalidEgressOnlyInternetGatewayId.NotFound: The egressOnlyInternetGateway ID 'eigw-0' does not exist"
    );
}

#[test]
fn every_vpc_has_the_one_set_of_dhcp_options() {
    let mut world = World::founded();
    let vpc = world.vpc("10.0.0.0/16");
    let set = text(&world.ec2("DescribeDhcpOptions", json!({})), "/dhcpOptionsSet/0/dhcpOptionsId");
    for id in [set.as_str(), "default"] {
        world.ec2("AssociateDhcpOptions", json!({ "VpcId": vpc, "DhcpOptionsId": id }));
    }
    assert_eq!(
        world.ec2_refuses("AssociateDhcpOptions", json!({ "VpcId": vpc, "DhcpOptionsId": "dopt-0" })),
        "InvalidDhcpOptionID.NotFound: The dhcpOption ID 'dopt-0' does not exist"
    );
    assert_eq!(
        world.ec2_refuses("DeleteDhcpOptions", json!({ "DhcpOptionsId": set })),
        format!("DependencyViolation: The dhcpOptions '{set}' has dependencies and cannot be deleted.")
    );
}

#[test]
fn another_set_of_dhcp_options_says_the_same() {
    let mut world = World::founded();
    let servers = json!({ "Key": "domain-name-servers", "Value": ["AmazonProvidedDNS"] });
    let domain = |name: &str| json!({ "Key": "domain-name", "Value": [name] });
    let made = world.ec2("CreateDhcpOptions", json!({ "DhcpConfiguration": [servers, domain("ec2.internal")] }));
    let id = text(&made, "/dhcpOptions/dhcpOptionsId");
    let shown = world.ec2("DescribeDhcpOptions", json!({ "DhcpOptionsId": [id] }));
    assert_eq!(shown["dhcpOptionsSet"][0], made["dhcpOptions"]);
    let vpc = world.vpc("10.0.0.0/16");
    world.ec2("AssociateDhcpOptions", json!({ "VpcId": vpc, "DhcpOptionsId": id }));
    for (given, named) in [
        (json!([servers, domain("example.com")]), "domain-name=example.com"),
        (json!([servers]), "without domain-name"),
        (json!([{ "Key": "ntp-servers", "Value": ["169.254.169.123"] }]), "ntp-servers=169.254.169.123"),
    ] {
        assert_eq!(
            world.ec2_refuses("CreateDhcpOptions", json!({ "DhcpConfiguration": given })),
            format!("UnsupportedOperation: The parameter DhcpConfiguration {named} is not supported by neargate.")
        );
    }
}
