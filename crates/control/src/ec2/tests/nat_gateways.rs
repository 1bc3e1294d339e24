//! NAT gateways, and what hosts have to do with their life.

use super::*;
use crate::{host::must_observe, state::Lifecycle};
use spec::HostId;
use vpc::Holder;

impl World {
    /// A VPC with an internet gateway and a subnet.
    fn public_subnet(&mut self) -> (String, String) {
        let vpc = self.vpc("10.0.0.0/16");
        self.attached_gateway(&vpc);
        let subnet = self.subnet(&vpc, "10.0.0.0/24");
        (vpc, subnet)
    }

    fn nat_gateway(&mut self, subnet: &str, allocation: &str) -> String {
        let made = self.ec2("CreateNatGateway", json!({ "SubnetId": subnet, "AllocationId": allocation }));
        text(&made, "/natGateway/natGatewayId")
    }

    fn private_nat_gateway(&mut self, subnet: &str) -> String {
        let made = self.ec2("CreateNatGateway", json!({ "SubnetId": subnet, "ConnectivityType": "private" }));
        text(&made, "/natGateway/natGatewayId")
    }

    fn nat(&mut self, id: &str) -> Value {
        self.ec2("DescribeNatGateways", json!({ "NatGatewayId": [id] }))["natGatewaySet"][0].clone()
    }
}

#[test]
fn a_nat_gateway_from_first_to_last_call() {
    let mut world = World::founded();
    let (vpc, subnet) = world.public_subnet();
    let (allocation, public) = world.elastic_ip();
    let tags = json!([{ "ResourceType": "natgateway", "Tag": [{ "Key": "neargate:bandwidth", "Value": "100M" }] }]);
    let request = json!({
        "SubnetId": subnet, "AllocationId": allocation, "PrivateIpAddress": "10.0.0.77", "ClientToken": "t",
        "TagSpecification": tags,
    });
    let made = world.ec2("CreateNatGateway", request.clone());
    let id = text(&made, "/natGateway/natGatewayId");
    assert_eq!(text(&world.ec2("CreateNatGateway", request), "/natGateway/natGatewayId"), id, "the same call again");
    assert_eq!(made["natGateway"]["state"], "pending");
    let shown = world.nat(&id);
    assert_eq!(shown["state"], "available", "there is no host to wait for");
    assert_eq!((&shown["connectivityType"], &shown["vpcId"]), (&json!("public"), &json!(vpc)));
    let address = &shown["natGatewayAddressSet"][0];
    assert_eq!(
        (&address["allocationId"], &address["privateIp"], &address["publicIp"], &address["isPrimary"]),
        (&json!(allocation), &json!("10.0.0.77"), &json!(public), &json!(true))
    );
    assert_eq!(address["status"], "succeeded");
    let interface = text(address, "/networkInterfaceId");
    let eni = world.shown_interface(&interface);
    assert_eq!(
        (&eni["interfaceType"], &eni["status"], &eni["sourceDestCheck"], &eni["requesterManaged"], &eni["groupSet"]),
        (&json!("nat_gateway"), &json!("in-use"), &json!(false), &json!(true), &json!([]))
    );
    assert_eq!(eni["description"], json!(format!("Interface for NAT Gateway {id}")));
    assert_eq!(eni["association"]["allocationId"], json!(allocation));
    let told = crate::ec2::topology(&world.state).vpcs[vpc.as_str()].clone();
    assert_eq!(told.nat_gateways[id.as_str()].bandwidth, 100_000_000);
    assert_eq!(told.interfaces[interface.as_str()].holder, Holder::NatGateway(id.as_str().into()));

    let table = world.route_table(&vpc);
    let route = json!({ "RouteTableId": table, "DestinationCidrBlock": "0.0.0.0/0", "NatGatewayId": id });
    world.ec2("CreateRoute", route);
    assert_eq!(world.table(&table)["routeSet"][1]["state"], "active");
    for (operation, request) in [
        ("ReleaseAddress", json!({ "AllocationId": allocation })),
        ("DisassociateAddress", json!({ "AssociationId": address["associationId"] })),
        (
            "ModifyNetworkInterfaceAttribute",
            json!({ "NetworkInterfaceId": interface, "SourceDestCheck": { "Value": true } }),
        ),
    ] {
        let refused = world.ec2_refuses(operation, request);
        assert_eq!(refused, "AuthFailure: You do not have permission to access the specified resource.", "{operation}");
    }
    assert_eq!(
        world.ec2_refuses("DeleteNetworkInterface", json!({ "NetworkInterfaceId": interface })),
        format!("InvalidParameterValue: Network interface '{interface}' is currently in use.")
    );
    assert!(world.ec2_refuses("DeleteSubnet", json!({ "SubnetId": subnet })).starts_with("DependencyViolation: "));

    assert_eq!(world.ec2("DeleteNatGateway", json!({ "NatGatewayId": id }))["natGatewayId"], json!(id));
    let shown = world.nat(&id);
    assert_eq!((&shown["state"], shown["deleteTime"].is_null()), (&json!("deleted"), false));
    assert_eq!(world.table(&table)["routeSet"][1]["state"], "blackhole");
    world.ec2("DeleteSubnet", json!({ "SubnetId": subnet }));
    world.ec2("ReleaseAddress", json!({ "AllocationId": allocation }));
    assert_eq!(
        world.ec2_refuses("DeleteNatGateway", json!({ "NatGatewayId": id })),
        format!("NatGatewayNotFound: The Nat Gateway {id} was not found")
    );
    world.now += 60 * 60 * 1000;
    world.transact(|_| Ok(())).unwrap();
    assert_eq!(world.ec2("DescribeNatGateways", json!({}))["natGatewaySet"], json!([]), "shown for an hour");
}

#[test]
fn a_gateway_waits_for_the_kernel_of_every_host() {
    let mut world = World::founded();
    let (_, subnet) = world.public_subnet();
    let (allocation, _) = world.elastic_ip();
    world.host_has(world.state.revision, world.state.revision);
    let id = world.nat_gateway(&subnet, &allocation);
    let host = HostId::from("host");
    let asked = world.state.revision;
    assert!(must_observe(&world.state, &host) >= asked, "the host is told at once");
    let status = |world: &mut World| {
        let shown = world.nat(&id);
        let address = shown["natGatewayAddressSet"][0]["status"].clone();
        (text(&shown, "/state"), address.as_str().unwrap().to_owned())
    };
    assert_eq!(status(&mut world), ("pending".into(), "associating".into()));
    world.host_has(asked, asked - 1);
    assert_eq!(status(&mut world).0, "pending", "it was told, but its kernel is not so far");
    world.host_has(asked, asked);
    assert_eq!(status(&mut world), ("available".into(), "succeeded".into()));

    world.ec2("DeleteNatGateway", json!({ "NatGatewayId": id }));
    let withdrawn = world.state.revision;
    assert_eq!(status(&mut world), ("deleting".into(), "disassociating".into()));
    let told = crate::ec2::topology(&world.state);
    assert!(told.vpcs.values().all(|vpc| vpc.interfaces.is_empty() && vpc.nat_gateways.is_empty()));
    assert_eq!(world.ec2("DescribeNetworkInterfaces", json!({}))["networkInterfaceSet"].as_array().unwrap().len(), 1);
    world.host_has(withdrawn, withdrawn - 1);
    assert!(!world.address(&allocation)["associationId"].is_null(), "its addresses are its own until it is gone");
    world.host_has(withdrawn, withdrawn);
    assert_eq!(status(&mut world).0, "deleted");
    assert!(world.address(&allocation)["associationId"].is_null());
    assert!(world.state.network_interfaces.is_empty());
    world.ec2("DeleteSubnet", json!({ "SubnetId": subnet }));
}

#[test]
fn a_host_that_was_given_up_is_not_waited_for() {
    let mut world = World::founded();
    let vpc = world.vpc("10.0.0.0/16");
    let subnet = world.subnet(&vpc, "10.0.0.0/24");
    world.host_has(world.state.revision, world.state.revision);
    let id = world.private_nat_gateway(&subnet);
    world.now += 120_000;
    world.transact(|_| Ok(())).unwrap();
    assert_eq!(world.nat(&id)["state"], "pending", "it may come back");
    world.now += 1;
    world.transact(|_| Ok(())).unwrap();
    assert_eq!(world.nat(&id)["state"], "available");
}

#[test]
fn a_gateway_that_can_t_be_made_fails_and_says_why() {
    let mut world = World::founded();
    let vpc = world.vpc("10.0.0.0/16");
    let (subnet, small) = (world.subnet(&vpc, "10.0.0.0/24"), world.subnet(&vpc, "10.0.1.0/28"));
    let (allocation, _) = world.elastic_ip();
    let failed = |world: &mut World, subnet: &str| {
        let id = world.nat_gateway(subnet, &allocation);
        let shown = world.nat(&id);
        assert_eq!(shown["state"], "failed");
        assert_eq!(shown["natGatewayAddressSet"][0]["allocationId"], json!(allocation));
        (id, text(&shown, "/failureCode"), text(&shown, "/failureMessage"))
    };
    let (id, code, message) = failed(&mut world, &subnet);
    assert_eq!(
        (code.as_str(), message),
        ("Gateway.NotAttached", format!("Network {vpc} has no Internet gateway attached"))
    );
    world.attached_gateway(&vpc);
    for _ in 0..11 {
        world.user_interface(&small);
    }
    let (_, code, _) = failed(&mut world, &small);
    assert_eq!(code, "InsufficientFreeAddressesInSubnet");
    assert!(world.address(&allocation)["associationId"].is_null(), "what failed took nothing");
    world.nat_gateway(&subnet, &allocation);
    let (_, code, message) = failed(&mut world, &subnet);
    assert_eq!(
        (code.as_str(), message),
        ("Resource.AlreadyAssociated", format!("Elastic IP address [{allocation}] is already associated"))
    );
    world.ec2("DeleteNatGateway", json!({ "NatGatewayId": id }));
    assert_eq!(world.nat(&id)["state"], "deleted");
    let found = world.ec2("DescribeNatGateways", json!({ "Filter": [{ "Name": "state", "Value": ["failed"] }] }));
    assert_eq!(found["natGatewaySet"].as_array().unwrap().len(), 2);
    world.now += 60 * 60 * 1000;
    world.transact(|_| Ok(())).unwrap();
    assert_eq!(world.state.nat_gateways.len(), 1);
}

#[test]
fn requests_that_make_no_sense_make_no_gateway() {
    let mut world = World::founded();
    let (_, subnet) = world.public_subnet();
    let (allocation, _) = world.elastic_ip();
    for (request, refused) in [
        (
            json!({ "SubnetId": subnet }),
            "MissingParameter: The request must include the AllocationId parameter. Add the required parameter and retry the request.",
        ),
        (json!({ "AllocationId": allocation }), "MissingParameter: The request must contain the parameter SubnetId"),
        (
            json!({ "SubnetId": subnet, "AllocationId": "eipalloc-0" }),
            "InvalidElasticIpID.NotFound: The elastic-ip ID 'eipalloc-0' does not exist",
        ),
        (
            json!({ "SubnetId": "subnet-0", "AllocationId": allocation }),
            "InvalidSubnetID.NotFound: The subnet ID 'subnet-0' does not exist",
        ),
        (
            json!({ "SubnetId": subnet, "AllocationId": allocation, "AvailabilityMode": "regional" }),
            "UnsupportedOperation: The parameter AvailabilityMode=regional is not supported by neargate.",
        ),
    ] {
        assert_eq!(world.ec2_refuses("CreateNatGateway", request), refused);
    }
    let private = json!({ "SubnetId": subnet, "AllocationId": allocation, "ConnectivityType": "private" });
    assert!(world.ec2_refuses("CreateNatGateway", private).starts_with("InvalidParameterCombination: "));
    let many = json!({ "SubnetId": subnet, "ConnectivityType": "private", "SecondaryPrivateIpAddressCount": 8 });
    assert!(world.ec2_refuses("CreateNatGateway", many).starts_with("PrivateIpAddressLimitExceeded: "));
    assert!(world.state.nat_gateways.is_empty() && world.state.network_interfaces.is_empty());
}

#[test]
fn a_zone_has_five_gateways() {
    let mut world = World::founded();
    let vpc = world.vpc("10.0.0.0/16");
    let subnet = world.subnet(&vpc, "10.0.0.0/24");
    let elsewhere = json!({ "VpcId": vpc, "CidrBlock": "10.0.1.0/24", "AvailabilityZone": "us-east-1c" });
    let elsewhere = text(&world.ec2("CreateSubnet", elsewhere), "/subnet/subnetId");
    let made: Vec<String> = (0..5).map(|_| world.private_nat_gateway(&subnet)).collect();
    assert_eq!(
        world.ec2_refuses("CreateNatGateway", json!({ "SubnetId": subnet, "ConnectivityType": "private" })),
        "NatGatewayLimitExceeded: Performing this operation would exceed the limit of 5 NAT gateways"
    );
    world.private_nat_gateway(&elsewhere);
    world.ec2("DeleteNatGateway", json!({ "NatGatewayId": made[0] }));
    world.private_nat_gateway(&subnet);
}

#[test]
fn a_public_gateway_has_more_elastic_ips() {
    let mut world = World::founded();
    let (_, subnet) = world.public_subnet();
    let ips: Vec<(String, String)> = (0..3).map(|_| world.elastic_ip()).collect();
    let request = json!({
        "SubnetId": subnet, "AllocationId": ips[0].0, "SecondaryAllocationId": [ips[1].0],
        "SecondaryPrivateIpAddress": ["10.0.0.99"],
    });
    let id = text(&world.ec2("CreateNatGateway", request), "/natGateway/natGatewayId");
    let shown = world.nat(&id);
    assert_eq!(shown["natGatewayAddressSet"][1]["privateIp"], "10.0.0.99");
    assert_eq!(shown["natGatewayAddressSet"][1]["publicIp"], json!(ips[1].1));
    let added = world.ec2("AssociateNatGatewayAddress", json!({ "NatGatewayId": id, "AllocationId": [ips[2].0] }));
    let association = text(&added, "/natGatewayAddressSet/0/associationId");
    assert_eq!(added["natGatewayAddressSet"][0]["isPrimary"], false);
    assert_eq!(world.nat(&id)["natGatewayAddressSet"].as_array().unwrap().len(), 3);
    assert_eq!(
        world.ec2_refuses("AssociateNatGatewayAddress", json!({ "NatGatewayId": id, "AllocationId": [ips[2].0] })),
        format!("Resource.AlreadyAssociated: Elastic IP address [{}] is already associated", ips[2].0)
    );
    let gone = json!({ "NatGatewayId": id, "AssociationId": [association], "MaxDrainDurationSeconds": 1 });
    let gone = world.ec2("DisassociateNatGatewayAddress", gone);
    assert_eq!(gone["natGatewayAddressSet"][0]["status"], "disassociating");
    assert!(world.address(&ips[2].0)["associationId"].is_null());
    let first = text(&world.nat(&id), "/natGatewayAddressSet/0/associationId");
    let primary = json!({ "NatGatewayId": id, "AssociationId": [first] });
    assert!(world.ec2_refuses("DisassociateNatGatewayAddress", primary).starts_with("InvalidParameterValue: "));
    let wrong = json!({ "NatGatewayId": id, "PrivateIpAddressCount": 1 });
    assert!(world.ec2_refuses("AssignPrivateNatGatewayAddress", wrong).contains("public NAT gateway"));
}

#[test]
fn a_private_gateway_has_up_to_eight_addresses() {
    let mut world = World::founded();
    let vpc = world.vpc("10.0.0.0/16");
    let subnet = world.subnet(&vpc, "10.0.0.0/24");
    let id = world.private_nat_gateway(&subnet);
    let interface = text(&world.nat(&id), "/natGatewayAddressSet/0/networkInterfaceId");
    let assign = |more: Value| {
        let mut request = json!({ "NatGatewayId": id });
        more.as_object().unwrap().iter().for_each(|(name, value)| request[name] = value.clone());
        request
    };
    let one = world.ec2("AssignPrivateNatGatewayAddress", assign(json!({ "PrivateIpAddress": ["10.0.0.60"] })));
    assert_eq!(one["natGatewayAddressSet"][0]["privateIp"], "10.0.0.60");
    assert_eq!(one["natGatewayAddressSet"][0].get("allocationId"), None);
    world.ec2("AssignPrivateNatGatewayAddress", assign(json!({ "PrivateIpAddressCount": 6 })));
    let refused = world.ec2_refuses("AssignPrivateNatGatewayAddress", assign(json!({})));
    assert!(refused.starts_with("PrivateIpAddressLimitExceeded: "), "{refused}");
    let told = crate::ec2::topology(&world.state).vpcs[vpc.as_str()].interfaces[interface.as_str()].clone();
    assert_eq!(told.secondary_ips.len(), 7);
    world.ec2("UnassignPrivateNatGatewayAddress", assign(json!({ "PrivateIpAddress": ["10.0.0.60"] })));
    assert_eq!(world.nat(&id)["natGatewayAddressSet"].as_array().unwrap().len(), 7);
    let unknown = assign(json!({ "PrivateIpAddress": ["10.0.0.60"] }));
    assert!(world.ec2_refuses("UnassignPrivateNatGatewayAddress", unknown).starts_with("InvalidParameterValue: "));
    world.ec2("DeleteNatGateway", json!({ "NatGatewayId": id }));
    assert!(world.state.addresses.is_empty());
    let gone = world.ec2_refuses("AssignPrivateNatGatewayAddress", assign(json!({})));
    assert!(gone.starts_with("NatGatewayNotFound: "), "{gone}");
}

#[test]
fn what_a_gateway_carries_is_a_tag_that_can_be_read() {
    let mut world = World::founded();
    let vpc = world.vpc("10.0.0.0/16");
    let subnet = world.subnet(&vpc, "10.0.0.0/24");
    let id = world.private_nat_gateway(&subnet);
    let carries = |world: &World| {
        let told = crate::ec2::topology(&world.state);
        told.vpcs[vpc.as_str()].nat_gateways[id.as_str()].bandwidth
    };
    let tag = |value: &str| json!({ "ResourceId": [id], "Tag": [{ "Key": "neargate:bandwidth", "Value": value }] });
    assert_eq!(carries(&world), 10_000_000_000);
    world.ec2("CreateTags", tag("1G"));
    assert_eq!(carries(&world), 1_000_000_000);
    let refused = world.ec2_refuses("CreateTags", tag("fast"));
    assert!(refused.starts_with("InvalidParameterValue: Value (fast) for tag neargate:bandwidth"), "{refused}");
    let tags = json!([{ "ResourceType": "natgateway", "Tag": [{ "Key": "neargate:bandwidth", "Value": "0" }] }]);
    let request = json!({ "SubnetId": subnet, "ConnectivityType": "private", "TagSpecification": tags });
    assert!(world.ec2_refuses("CreateNatGateway", request).starts_with("InvalidParameterValue: Value (0)"));
    world.ec2("DeleteTags", json!({ "ResourceId": [id], "Tag": [{ "Key": "neargate:bandwidth" }] }));
    assert_eq!(carries(&world), 10_000_000_000);
}

#[test]
fn an_endpoint_lives_and_goes_the_same_way() {
    let mut world = World::founded();
    let vpc = world.vpc("10.0.0.0/16");
    let subnet = world.subnet(&vpc, "10.0.0.0/24");
    world.host_has(world.state.revision, world.state.revision);
    let asked = json!({
        "VpcId": vpc, "VpcEndpointType": "Interface", "ServiceName": "com.amazonaws.us-east-1.logs", "SubnetId": [subnet],
        "PrivateDnsEnabled": false
    });
    let id = text(&world.ec2("CreateVpcEndpoint", asked), "/vpcEndpoint/vpcEndpointId");
    let interfaces = world.state.network_interfaces.iter();
    let interface = interfaces.map(|interface| interface.id.clone()).next().unwrap();
    let asked = world.state.revision;
    assert_eq!(world.state.vpc_endpoints.get(&id).unwrap().state, Lifecycle::Pending);
    world.host_has(asked, asked);
    assert_eq!(world.state.vpc_endpoints.get(&id).unwrap().state, Lifecycle::Available);
    world.ec2("DeleteVpcEndpoints", json!({ "VpcEndpointId": [id] }));
    let withdrawn = world.state.revision;
    assert!(world.state.network_interfaces.contains(&interface));
    world.host_has(withdrawn, withdrawn);
    assert!(!world.state.vpc_endpoints.contains(&id) && !world.state.network_interfaces.contains(&interface));
}
