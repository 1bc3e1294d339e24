use super::*;

impl World {
    fn add(&mut self, vpc: &str, cidr: &str) -> Value {
        self.ec2("AssociateVpcCidrBlock", json!({ "VpcId": vpc, "CidrBlock": cidr }))
    }

    fn cannot_add(&mut self, vpc: &str, cidr: &str) -> String {
        self.ec2_refuses("AssociateVpcCidrBlock", json!({ "VpcId": vpc, "CidrBlock": cidr }))
    }

    /// The destinations of a VPC's main route table.
    fn destinations(&mut self, vpc: &str) -> Vec<String> {
        let tables = json!({ "Filter": [{ "Name": "vpc-id", "Value": [vpc] }] });
        texts(&self.ec2("DescribeRouteTables", tables), "/routeTableSet/0/routeSet", "/destinationCidrBlock")
    }
}

#[test]
fn a_secondary_range_comes_with_routes_and_goes_when_no_subnet_is_in_it() {
    let mut world = World::founded();
    let vpc = world.vpc("10.0.0.0/16");
    let added = world.add(&vpc, "100.64.0.0/16");
    let association = text(&added, "/cidrBlockAssociation/associationId");
    assert_eq!(world.destinations(&vpc), ["10.0.0.0/16", "100.64.0.0/16"]);
    let shown = world.ec2("DescribeVpcs", json!({ "VpcId": [vpc] }));
    assert_eq!(texts(&shown, "/vpcSet/0/cidrBlockAssociationSet", "/cidrBlock"), ["10.0.0.0/16", "100.64.0.0/16"]);
    let subnet = world.subnet(&vpc, "100.64.1.0/24");
    let remove = json!({ "AssociationId": association });
    let refused = world.ec2_refuses("DisassociateVpcCidrBlock", remove.clone());
    assert!(refused.starts_with("InvalidCidr.InUse: "), "{refused}");
    world.ec2("DeleteSubnet", json!({ "SubnetId": subnet }));
    let gone = world.ec2("DisassociateVpcCidrBlock", remove.clone());
    assert_eq!(text(&gone, "/cidrBlockAssociation/cidrBlockState/state"), "disassociated");
    assert_eq!(world.destinations(&vpc), ["10.0.0.0/16"]);
    assert_eq!(
        world.ec2_refuses("DisassociateVpcCidrBlock", remove),
        format!(
            "InvalidVpcCidrBlockAssociationID.NotFound: The vpc CIDR block association ID '{association}' does not exist"
        )
    );
    let primary = text(&shown, "/vpcSet/0/cidrBlockAssociationSet/0/associationId");
    assert_eq!(
        world.ec2_refuses("DisassociateVpcCidrBlock", json!({ "AssociationId": primary })),
        format!(
            "OperationNotPermitted: The vpc CIDR block with association ID {primary} may not be disassociated. It is the primary IPv4 CIDR block of the VPC"
        )
    );
}

#[test]
fn ranges_that_don_t_go_together_are_refused() {
    let mut world = World::founded();
    let (vpc, other) = (world.vpc("10.4.0.0/16"), world.vpc("10.9.0.0/16"));
    let restricted = "Use a CIDR from the same private address range as the current VPC CIDR, or use a publicly-routable CIDR. For additional restrictions, see https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html";
    for range in ["172.16.0.0/16", "192.168.0.0/16", "198.19.1.0/24"] {
        assert_eq!(
            world.cannot_add(&vpc, range),
            format!("InvalidVpc.Range: The CIDR '{range}' is restricted. {restricted}")
        );
    }
    assert_eq!(
        world.cannot_add(&vpc, "10.4.1.0/24"),
        "InvalidVpc.Range: The CIDR '10.4.1.0/24' conflicts with another CIDR block associated with the VPC."
    );
    assert_eq!(world.cannot_add(&vpc, "10.0.0.0/8"), "InvalidVpc.Range: The CIDR '10.0.0.0/8' is invalid.");
    world.peering(&vpc, &other);
    assert_eq!(
        world.cannot_add(&vpc, "10.9.3.0/24"),
        "InvalidVpc.Range: The CIDR '10.9.3.0/24' overlaps with a CIDR block of a peered VPC."
    );
    for range in ["10.5.0.0/16", "10.6.0.0/16", "10.7.0.0/16", "52.0.0.0/16"] {
        world.add(&vpc, range);
    }
    assert_eq!(
        world.cannot_add(&vpc, "10.8.0.0/16"),
        format!("CidrLimitExceeded: This network '{vpc}' has met its maximum number of allowed CIDRs: 5")
    );
    assert_eq!(
        world.ec2_refuses("AssociateVpcCidrBlock", json!({ "VpcId": other, "AmazonProvidedIpv6CidrBlock": true })),
        "UnsupportedOperation: The parameter AmazonProvidedIpv6CidrBlock is not supported by neargate."
    );
}

#[test]
fn a_default_subnet_is_made_again_where_there_is_room() {
    let mut world = World::founded();
    let zone = json!({ "AvailabilityZone": "us-east-1b" });
    let refused = world.ec2_refuses("CreateDefaultSubnet", zone.clone());
    assert!(refused.starts_with("DefaultSubnetAlreadyExistsInAvailabilityZone: "), "{refused}");
    let of_zone = json!({ "Filter": [{ "Name": "availability-zone", "Value": ["us-east-1b"] }] });
    let old = text(&world.ec2("DescribeSubnets", of_zone), "/subnetSet/0/subnetId");
    world.ec2("DeleteSubnet", json!({ "SubnetId": old }));
    let made = world.ec2("CreateDefaultSubnet", zone.clone());
    assert_eq!(
        (text(&made, "/subnet/cidrBlock"), &made["subnet"]["defaultForAz"], &made["subnet"]["mapPublicIpOnLaunch"]),
        ("172.31.16.0/20".into(), &json!(true), &json!(true))
    );
    assert_eq!(
        world.ec2_refuses("CreateDefaultSubnet", json!({})),
        "MissingParameter: The request must contain the parameter availabilityZone"
    );
    let mut without = World::new();
    assert_eq!(
        without.ec2_refuses("CreateDefaultSubnet", zone),
        "DefaultVpcDoesNotExist: No default VPC exists for this account in this region."
    );
}
