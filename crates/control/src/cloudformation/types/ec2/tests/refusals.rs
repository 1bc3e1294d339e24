//! What the types refuse.

use super::*;
use crate::cloudformation::types::find;

#[test]
fn what_is_not_supported_is_said_before_anything_is_made() {
    for (kind, path) in [
        ("AWS::EC2::VPC", "Ipv4IpamPoolId"),
        ("AWS::EC2::Subnet", "Ipv6CidrBlock"),
        ("AWS::EC2::SecurityGroup", "SecurityGroupIngress/*/CidrIpv6"),
        ("AWS::EC2::SecurityGroupEgress", "CidrIpv6"),
        ("AWS::EC2::Route", "TransitGatewayId"),
        ("AWS::EC2::VPCGatewayAttachment", "VpnGatewayId"),
        ("AWS::EC2::EIP", "InstanceId"),
        ("AWS::EC2::EIPAssociation", "InstanceId"),
        ("AWS::EC2::NatGateway", "AvailabilityZoneAddresses"),
        ("AWS::EC2::NetworkAclEntry", "Ipv6CidrBlock"),
        ("AWS::EC2::NetworkInterface", "Ipv6Addresses"),
        ("AWS::EC2::VPCEndpoint", "ResourceConfigurationArn"),
        ("AWS::EC2::VPCCidrBlock", "AmazonProvidedIpv6CidrBlock"),
        ("AWS::EC2::VPCPeeringConnection", "PeerRoleArn"),
        ("AWS::EC2::DHCPOptions", "NtpServers"),
        ("AWS::EC2::FlowLog", "DeliverCrossAccountRole"),
    ] {
        let known = find(kind).unwrap_or_else(|| panic!("no type {kind}"));
        assert!(known.unsupported().contains(&path), "{kind}: {path}");
    }
}

#[test]
fn values_that_are_not_supported_are_refused_by_name() {
    let mut world = founded();
    let vpc = vpc(&mut world, "10.0.0.0/16");
    let subnet = subnet(&mut world, &vpc, "10.0.1.0/24");
    for (kind, properties, says) in [
        ("AWS::EC2::VPC", json!({ "CidrBlock": "10.1.0.0/16", "InstanceTenancy": "dedicated" }), "InstanceTenancy"),
        ("AWS::EC2::Subnet", json!({ "VpcId": vpc, "CidrBlock": "10.0.2.0/24", "EnableDns64": true }), "EnableDns64"),
        ("AWS::EC2::NatGateway", json!({ "SubnetId": subnet, "AvailabilityMode": "regional" }), "AvailabilityMode"),
        ("AWS::EC2::DHCPOptions", json!({ "DomainNameServers": ["10.0.0.2"] }), "domain-name-servers"),
        ("AWS::EC2::DHCPOptions", json!({ "DomainName": "example.com" }), "domain-name"),
        (
            "AWS::EC2::PrefixList",
            json!({ "PrefixListName": "six", "AddressFamily": "IPv6", "MaxEntries": 1 }),
            "AddressFamily",
        ),
    ] {
        let fault = try_make(&mut world, kind, &properties).expect_err("a refusal");
        assert!(fault.message.contains(says), "{kind}: {fault}");
    }
}
