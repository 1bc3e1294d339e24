//! Network interfaces that users make.

use super::*;
use crate::{
    host::{must_observe, report},
    state::Address,
};
use spec::{HostId, HostStatus, SyncRequest};

impl World {
    /// Makes an interface and returns its id.
    pub(super) fn user_interface(&mut self, subnet: &str) -> String {
        text(&self.ec2("CreateNetworkInterface", json!({ "SubnetId": subnet })), "/networkInterface/networkInterfaceId")
    }

    /// An interface as it is described.
    pub(super) fn shown_interface(&mut self, id: &str) -> Value {
        self.ec2("DescribeNetworkInterfaces", json!({ "NetworkInterfaceId": [id] }))["networkInterfaceSet"][0].clone()
    }

    /// The one host reports that it was told, and that its kernel has, certain revisions.
    pub(super) fn host_has(&mut self, observed: u64, networked: u64) {
        self.now += 1;
        let status = HostStatus {
            balancing: Default::default(),
            host: HostId::from("host"),
            incarnation: 1,
            sequence: self.now as u64,
            observed,
            networked,
            tasks: Default::default(),
        };
        let request = SyncRequest { status, capacity: crate::ecs::tasks::tests::capacity("amd64") };
        self.transact(|tx| Ok(report(tx, &request))).unwrap();
    }

    fn free_in(&mut self, subnet: &str) -> Value {
        self.ec2("DescribeSubnets", json!({ "SubnetId": [subnet] }))["subnetSet"][0]["availableIpAddressCount"].clone()
    }
}

#[test]
fn a_user_s_interface_from_first_to_last_call() {
    let mut world = World::founded();
    let vpc = world.vpc("10.0.0.0/16");
    let (subnet, group) = (world.subnet(&vpc, "10.0.0.0/24"), world.group(&vpc, "web"));
    let tags = json!([{ "ResourceType": "network-interface", "Tag": [{ "Key": "Name", "Value": "probe" }] }]);
    let request = json!({
        "SubnetId": subnet, "Description": "mine", "SecurityGroupId": [group], "PrivateIpAddress": "10.0.0.50",
        "SecondaryPrivateIpAddressCount": 2, "TagSpecification": tags, "ClientToken": "t", "InterfaceType": "interface",
    });
    let made = world.ec2("CreateNetworkInterface", request.clone());
    let id = text(&made, "/networkInterface/networkInterfaceId");
    assert_eq!(text(&world.ec2("CreateNetworkInterface", request), "/networkInterface/networkInterfaceId"), id);
    let shown = world.shown_interface(&id);
    assert_eq!(
        (&shown["status"], &shown["requesterManaged"], &shown["sourceDestCheck"], &shown["interfaceType"]),
        (&json!("available"), &json!(false), &json!(true), &json!("interface"))
    );
    assert_eq!((shown.get("attachment"), shown.get("requesterId")), (None, None));
    assert_eq!((&shown["description"], &shown["privateIpAddress"]), (&json!("mine"), &json!("10.0.0.50")));
    assert_eq!(
        texts(&shown, "/privateIpAddressesSet", "/privateIpAddress"),
        ["10.0.0.4", "10.0.0.5", "10.0.0.50"],
        "the others are the next free ones"
    );
    assert_eq!(shown["privateIpAddressesSet"][0]["primary"], true);
    assert_eq!(texts(&shown, "/groupSet", "/groupId"), [group.as_str()]);
    assert_eq!(world.free_in(&subnet), json!(248));
    let told = crate::ec2::topology(&world.state).vpcs[vpc.as_str()].interfaces[id.as_str()].clone();
    assert_eq!((told.secondary_ips.len(), told.holder.is_machine()), (2, true));
    let refused = world.ec2_refuses("DeleteSubnet", json!({ "SubnetId": subnet }));
    assert!(refused.starts_with("DependencyViolation: "), "{refused}");
    world.ec2("DeleteNetworkInterface", json!({ "NetworkInterfaceId": id }));
    assert_eq!(
        world.ec2_refuses("DeleteNetworkInterface", json!({ "NetworkInterfaceId": id })),
        format!("InvalidNetworkInterfaceID.NotFound: The networkInterface ID '{id}' does not exist")
    );
    assert_eq!(world.free_in(&subnet), json!(251));
    world.ec2("DeleteSecurityGroup", json!({ "GroupId": group }));
    world.ec2("DeleteSubnet", json!({ "SubnetId": subnet }));
    world.ec2("DeleteVpc", json!({ "VpcId": vpc }));
}

#[test]
fn addresses_are_free_when_no_host_has_them_any_more() {
    let mut world = World::founded();
    let vpc = world.vpc("10.0.0.0/16");
    let subnet = world.subnet(&vpc, "10.0.0.0/24");
    let id = world.user_interface(&subnet);
    world.host_has(world.state.revision, world.state.revision);
    world.ec2("DeleteNetworkInterface", json!({ "NetworkInterfaceId": id }));
    let withdrawn = world.state.revision;
    assert!(world.ec2("DescribeNetworkInterfaces", json!({}))["networkInterfaceSet"].as_array().unwrap().is_empty());
    assert!(must_observe(&world.state, &HostId::from("host")) >= withdrawn, "the host is told at once");
    let wanted = json!({ "SubnetId": subnet, "PrivateIpAddress": "10.0.0.4" });
    let in_use = "InvalidIPAddress.InUse: Address 10.0.0.4 is in use.";
    assert_eq!(world.ec2_refuses("CreateNetworkInterface", wanted.clone()), in_use);
    world.host_has(withdrawn, withdrawn - 1);
    assert_eq!(world.ec2_refuses("CreateNetworkInterface", wanted.clone()), in_use, "its kernel has it still");
    assert!(world.ec2_refuses("DeleteSubnet", json!({ "SubnetId": subnet })).starts_with("DependencyViolation: "));
    world.host_has(withdrawn, withdrawn);
    world.ec2("CreateNetworkInterface", wanted);
    assert!(world.state.withdrawn_addresses.is_empty());
}

#[test]
fn addresses_a_subnet_can_t_give_are_refused() {
    let mut world = World::founded();
    let vpc = world.vpc("10.0.0.0/16");
    let subnet = world.subnet(&vpc, "10.0.0.0/24");
    let id = world.user_interface(&subnet);
    let asked = |ip: &str| json!({ "SubnetId": subnet, "PrivateIpAddress": ip });
    for (ip, refused) in [
        ("10.0.1.9", "InvalidParameterValue: Address 10.0.1.9 does not fall within the subnet's address range"),
        ("10.0.0.1", "InvalidParameterValue: Address 10.0.0.1 is in subnet's reserved address range"),
        ("10.0.0.255", "InvalidParameterValue: Address 10.0.0.255 is in subnet's reserved address range"),
        ("10.0.0.4", "InvalidIPAddress.InUse: Address 10.0.0.4 is in use."),
    ] {
        assert_eq!(world.ec2_refuses("CreateNetworkInterface", asked(ip)), refused);
    }
    for ip in ["x", "fd00::1", ""] {
        assert!(world.ec2_refuses("CreateNetworkInterface", asked(ip)).starts_with("InvalidParameterValue: "));
    }
    let many = json!({ "SubnetId": subnet, "SecondaryPrivateIpAddressCount": 50 });
    assert!(world.ec2_refuses("CreateNetworkInterface", many).starts_with("PrivateIpAddressLimitExceeded: "));
    let both = json!({
        "SubnetId": subnet, "SecondaryPrivateIpAddressCount": 1,
        "PrivateIpAddresses": [{ "PrivateIpAddress": "10.0.0.9" }],
    });
    assert!(world.ec2_refuses("CreateNetworkInterface", both).starts_with("InvalidParameterCombination: "));
    for (name, value) in
        [("Ipv6AddressCount", json!(1)), ("InterfaceType", json!("efa")), ("Ipv4PrefixCount", json!(1))]
    {
        let mut request = json!({ "SubnetId": subnet });
        request[name] = value;
        let refused = world.ec2_refuses("CreateNetworkInterface", request);
        assert!(refused.starts_with("UnsupportedOperation: ") && refused.contains(name), "{refused}");
    }
    assert_eq!(world.free_in(&subnet), json!(250), "what was refused took nothing");
    world.ec2("DeleteNetworkInterface", json!({ "NetworkInterfaceId": id }));
}

#[test]
fn listed_addresses_have_one_primary() {
    let mut world = World::founded();
    let vpc = world.vpc("10.0.0.0/16");
    let subnet = world.subnet(&vpc, "10.0.0.0/24");
    let listed = json!([
        { "PrivateIpAddress": "10.0.0.20" },
        { "PrivateIpAddress": "10.0.0.10", "Primary": true },
    ]);
    let made = world.ec2("CreateNetworkInterface", json!({ "SubnetId": subnet, "PrivateIpAddresses": listed }));
    assert_eq!(made["networkInterface"]["privateIpAddress"], "10.0.0.10");
    assert_eq!(made["networkInterface"]["privateIpAddressesSet"][1]["privateIpAddress"], "10.0.0.20");
    let two = json!([
        { "PrivateIpAddress": "10.0.0.30", "Primary": true },
        { "PrivateIpAddress": "10.0.0.31", "Primary": true },
    ]);
    let refused = world.ec2_refuses("CreateNetworkInterface", json!({ "SubnetId": subnet, "PrivateIpAddresses": two }));
    assert!(refused.starts_with("InvalidParameterCombination: "), "{refused}");
}

#[test]
fn secondary_addresses_come_go_and_move() {
    let mut world = World::founded();
    let (_, _, subnet) = world.default_vpc();
    let (one, two) = (world.user_interface(&subnet), world.user_interface(&subnet));
    let assign = |id: &str, more: Value| {
        let mut request = json!({ "NetworkInterfaceId": id });
        more.as_object().unwrap().iter().for_each(|(name, value)| request[name] = value.clone());
        request
    };
    let given = world.ec2("AssignPrivateIpAddresses", assign(&one, json!({ "SecondaryPrivateIpAddressCount": 2 })));
    let given = texts(&given, "/assignedPrivateIpAddressesSet", "/privateIpAddress");
    assert_eq!(given.len(), 2);
    let (allocation, public) = world.elastic_ip();
    let to = json!({ "AllocationId": allocation, "NetworkInterfaceId": one, "PrivateIpAddress": given[0] });
    world.ec2("AssociateAddress", to);
    let moved = json!({ "PrivateIpAddress": [given[0]] });
    assert_eq!(
        world.ec2_refuses("AssignPrivateIpAddresses", assign(&two, moved.clone())),
        format!("InvalidIPAddress.InUse: Address {} is in use.", given[0])
    );
    let mut allowed = assign(&two, moved);
    allowed["AllowReassignment"] = json!(true);
    world.ec2("AssignPrivateIpAddresses", allowed);
    assert_eq!(world.address(&allocation)["networkInterfaceId"], json!(two), "its Elastic IP address went with it");
    assert_eq!(world.shown_interface(&two)["privateIpAddressesSet"][1]["association"]["publicIp"], json!(public));
    assert_eq!(world.shown_interface(&one)["privateIpAddressesSet"].as_array().unwrap().len(), 2);
    let primary = text(&world.shown_interface(&one), "/privateIpAddress");
    let mut stolen = assign(&two, json!({ "PrivateIpAddress": [primary] }));
    stolen["AllowReassignment"] = json!(true);
    assert!(world.ec2_refuses("AssignPrivateIpAddresses", stolen).starts_with("InvalidParameterValue: "));
    let gone = json!({ "PrivateIpAddress": [given[1]] });
    world.ec2("UnassignPrivateIpAddresses", assign(&one, gone.clone()));
    assert_eq!(
        world.ec2_refuses("UnassignPrivateIpAddresses", assign(&one, gone)),
        format!("InvalidParameterValue: Some of the specified addresses are not assigned to interface {one}")
    );
    let last = world.ec2_refuses("UnassignPrivateIpAddresses", assign(&one, json!({ "PrivateIpAddress": [primary] })));
    assert!(last.contains("cannot be unassigned"), "{last}");
    let key = Address::key_of(&subnet, given[0].parse().unwrap());
    assert_eq!(world.state.addresses.get(&key).unwrap().interface.as_deref(), Some(two.as_str()));
}

#[test]
fn attributes_are_changed_one_a_call() {
    let mut world = World::founded();
    let vpc = world.vpc("10.0.0.0/16");
    let (subnet, group) = (world.subnet(&vpc, "10.0.0.0/24"), world.group(&vpc, "web"));
    let id = world.user_interface(&subnet);
    let read = |world: &mut World, attribute: &str| {
        world.ec2("DescribeNetworkInterfaceAttribute", json!({ "NetworkInterfaceId": id, "Attribute": attribute }))
    };
    let modify = |world: &mut World, name: &str, value: Value| {
        let mut request = json!({ "NetworkInterfaceId": id });
        request[name] = value;
        world.ec2("ModifyNetworkInterfaceAttribute", request)
    };
    modify(&mut world, "Description", json!({ "Value": "probe" }));
    assert_eq!(read(&mut world, "description")["description"]["value"], "probe");
    modify(&mut world, "SourceDestCheck", json!({ "Value": false }));
    assert_eq!(read(&mut world, "sourceDestCheck")["sourceDestCheck"]["value"], false);
    assert!(!crate::ec2::topology(&world.state).vpcs[vpc.as_str()].interfaces[id.as_str()].source_dest_check);
    let reset = json!({ "NetworkInterfaceId": id, "SourceDestCheck": "" });
    world.ec2("ResetNetworkInterfaceAttribute", reset);
    assert_eq!(world.shown_interface(&id)["sourceDestCheck"], true);
    modify(&mut world, "SecurityGroupId", json!([group]));
    assert_eq!(texts(&read(&mut world, "groupSet"), "/groupSet", "/groupName"), ["web"]);
    assert!(read(&mut world, "attachment").get("attachment").is_none());
    let two = json!({ "NetworkInterfaceId": id, "Description": { "Value": "" }, "SourceDestCheck": { "Value": true } });
    let refused = world.ec2_refuses("ModifyNetworkInterfaceAttribute", two);
    assert_eq!(refused, "InvalidParameterCombination: Fields for multiple attribute types specified");
    assert_eq!(
        world.ec2_refuses(
            "AttachNetworkInterface",
            json!({ "NetworkInterfaceId": id, "InstanceId": "i-0", "DeviceIndex": 1 })
        ),
        "InvalidInstanceID.NotFound: The instance ID 'i-0' does not exist"
    );
    assert_eq!(
        world.ec2_refuses("DetachNetworkInterface", json!({ "AttachmentId": "eni-attach-0" })),
        "InvalidAttachmentID.NotFound: The attachment ID 'eni-attach-0' does not exist"
    );
}

#[test]
fn a_route_to_an_interface_is_a_black_hole_once_it_is_gone() {
    let mut world = World::founded();
    let vpc = world.vpc("10.0.0.0/16");
    let subnet = world.subnet(&vpc, "10.0.0.0/24");
    let (id, table) = (world.user_interface(&subnet), world.route_table(&vpc));
    let route = json!({ "RouteTableId": table, "DestinationCidrBlock": "0.0.0.0/0", "NetworkInterfaceId": id });
    world.ec2("CreateRoute", route);
    let shown = |world: &mut World| world.table(&table)["routeSet"][1].clone();
    assert_eq!((&shown(&mut world)["networkInterfaceId"], &shown(&mut world)["state"]), (&json!(id), &json!("active")));
    world.ec2("DeleteNetworkInterface", json!({ "NetworkInterfaceId": id }));
    assert_eq!(shown(&mut world)["state"], "blackhole");
}
