//! Gateways, route tables and routes.

use super::*;
use crate::cloudformation::types::{Progress, testing::ready};

#[test]
fn a_gateway_is_attached_to_one_vpc_after_the_other() {
    const KIND: &str = "AWS::EC2::VPCGatewayAttachment";
    let mut world = founded();
    let vpc = vpc(&mut world, "10.0.0.0/16");
    let first = make(&mut world, "AWS::EC2::InternetGateway", &json!({}));
    let second = make(&mut world, "AWS::EC2::InternetGateway", &json!({}));
    let (before, after) =
        (json!({ "VpcId": vpc, "InternetGatewayId": first }), json!({ "VpcId": vpc, "InternetGatewayId": second }));
    let id = make(&mut world, KIND, &before);
    assert_eq!(id, format!("IGW|{vpc}"));
    assert_eq!(attribute(&world, KIND, &id, &before, "AttachmentType"), "IGW");
    change(&mut world, KIND, &id, &before, &after);
    assert_eq!(there(&world, KIND, &id, &after), after);
    gone(&mut world, KIND, &id, &after);
    remove(&mut world, KIND, &id, &after);
    gone(&mut world, "AWS::EC2::InternetGateway", &first, &json!({}));
}

#[test]
fn a_route_leads_elsewhere_without_being_made_anew() {
    const KIND: &str = "AWS::EC2::Route";
    let mut world = founded();
    let vpc = vpc(&mut world, "10.0.0.0/16");
    let (gateway, subnet) = (gateway(&mut world, &vpc), subnet(&mut world, &vpc, "10.0.1.0/24"));
    let private = json!({ "SubnetId": subnet, "ConnectivityType": "private" });
    let nat = make(&mut world, "AWS::EC2::NatGateway", &private);
    assert_eq!(ready(&world, "AWS::EC2::NatGateway", &nat, &private), Progress::Done);
    let properties = json!({ "VpcId": vpc });
    let table = make(&mut world, "AWS::EC2::RouteTable", &properties);
    assert_eq!(attribute(&world, "AWS::EC2::RouteTable", &table, &properties, "RouteTableId"), json!(table));
    let out = json!({ "RouteTableId": table, "DestinationCidrBlock": "0.0.0.0/0", "GatewayId": gateway });
    let through = json!({ "RouteTableId": table, "DestinationCidrBlock": "0.0.0.0/0", "NatGatewayId": nat });
    let id = make(&mut world, KIND, &out);
    assert_eq!(id, format!("{table}|0.0.0.0/0"));
    assert_eq!(attribute(&world, KIND, &id, &out, "CidrBlock"), "0.0.0.0/0");
    change(&mut world, KIND, &id, &out, &through);
    let now = there(&world, KIND, &id, &through);
    assert_eq!((&now["GatewayId"], &now["NatGatewayId"]), (&Value::Null, &json!(nat)));
    gone(&mut world, KIND, &id, &through);
    gone(&mut world, "AWS::EC2::RouteTable", &table, &properties);
    gone(&mut world, "AWS::EC2::NatGateway", &nat, &private);
}

#[test]
fn a_subnet_is_associated_with_a_table() {
    const KIND: &str = "AWS::EC2::SubnetRouteTableAssociation";
    let mut world = founded();
    let vpc = vpc(&mut world, "10.0.0.0/16");
    let subnet = subnet(&mut world, &vpc, "10.0.1.0/24");
    let table = make(&mut world, "AWS::EC2::RouteTable", &json!({ "VpcId": vpc }));
    let properties = json!({ "RouteTableId": table, "SubnetId": subnet });
    let id = make(&mut world, KIND, &properties);
    assert!(id.starts_with("rtbassoc-"), "{id}");
    assert_eq!(there(&world, KIND, &id, &properties), properties);
    gone(&mut world, KIND, &id, &properties);
}

#[test]
fn a_nat_gateway_gets_and_loses_addresses() {
    const KIND: &str = "AWS::EC2::NatGateway";
    let mut world = founded();
    let vpc = vpc(&mut world, "10.0.0.0/16");
    gateway(&mut world, &vpc);
    let subnet = subnet(&mut world, &vpc, "10.0.1.0/24");
    let address = |world: &mut World| {
        let ip = make(world, "AWS::EC2::EIP", &json!({ "Domain": "vpc" }));
        attribute(world, "AWS::EC2::EIP", &ip, &json!({}), "AllocationId")
    };
    let (first, second) = (address(&mut world), address(&mut world));
    let one = json!({ "SubnetId": subnet, "AllocationId": first });
    let two = json!({ "SubnetId": subnet, "AllocationId": first, "SecondaryAllocationIds": [second] });
    let id = make(&mut world, KIND, &one);
    let interface = attribute(&world, KIND, &id, &one, "EniId");
    assert!(interface.as_str().is_some_and(|id| id.starts_with("eni-")), "{interface}");
    change(&mut world, KIND, &id, &one, &two);
    assert_eq!(ready(&world, KIND, &id, &two), Progress::Done);
    assert_eq!(there(&world, KIND, &id, &two)["SecondaryAllocationIds"], json!([second]));
    change(&mut world, KIND, &id, &two, &one);
    assert_eq!(there(&world, KIND, &id, &one)["SecondaryAllocationIds"], json!([]));
    gone(&mut world, KIND, &id, &one);

    let private = |count: u8| json!({ "SubnetId": subnet, "ConnectivityType": "private", "SecondaryPrivateIpAddressCount": count });
    let id = make(&mut world, KIND, &private(1));
    for count in [3, 2] {
        change(&mut world, KIND, &id, &private(1), &private(count));
        assert_eq!(there(&world, KIND, &id, &private(count))["SecondaryPrivateIpAddressCount"], count);
    }
}

#[test]
fn a_nat_gateway_that_fails_says_why() {
    const KIND: &str = "AWS::EC2::NatGateway";
    let mut world = founded();
    let vpc = vpc(&mut world, "10.0.0.0/16");
    let subnet = subnet(&mut world, &vpc, "10.0.1.0/24");
    let ip = make(&mut world, "AWS::EC2::EIP", &json!({}));
    let allocation = attribute(&world, "AWS::EC2::EIP", &ip, &json!({}), "AllocationId");
    let properties = json!({ "SubnetId": subnet, "AllocationId": allocation });
    let id = make(&mut world, KIND, &properties);
    let Progress::Failed(fault) = ready(&world, KIND, &id, &properties) else { panic!("it did not fail") };
    assert_eq!(
        fault.message,
        format!(
            "NatGateway {id} is in state failed and hence failed to stabilize. Detailed failure message: Network {vpc} has no Internet gateway attached"
        )
    );
    gone(&mut world, KIND, &id, &properties);
}
