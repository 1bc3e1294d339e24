//! Elastic IP addresses.

use super::*;
use crate::{
    ec2::interface::{self, NewInterface},
    state::{Address, Tags},
};
use vpc::{Holder, InterfaceId, SubnetId};

impl World {
    /// Allocates an Elastic IP address and returns its allocation and the address.
    pub(super) fn elastic_ip(&mut self) -> (String, String) {
        let made = self.ec2("AllocateAddress", json!({ "Domain": "vpc" }));
        (text(&made, "/allocationId"), text(&made, "/publicIp"))
    }

    /// An Elastic IP address as it is described.
    pub(super) fn address(&mut self, allocation: &str) -> Value {
        self.ec2("DescribeAddresses", json!({ "AllocationId": [allocation] }))["addressesSet"][0].clone()
    }

    /// Who the index of addresses says has a public one.
    fn holder(&self, ip: &str) -> Option<InterfaceId> {
        self.state.addresses.get(&Address::key_of(Address::PUBLIC, ip.parse().unwrap())).unwrap().interface.clone()
    }

    /// What the network is told that a private address is mapped to.
    fn mapped(&self, vpc: &str, interface: &str) -> Vec<String> {
        let told = crate::ec2::topology(&self.state);
        told.vpcs[vpc].interfaces[interface].public_ips.values().map(ToString::to_string).collect()
    }
}

#[test]
fn an_elastic_ip_from_first_to_last_call() {
    let mut world = World::founded();
    let (vpc, _, subnet) = world.default_vpc();
    let interface = world.user_interface(&subnet);
    let (allocation, public) = world.elastic_ip();
    assert!(public.starts_with("198.18.") || public.starts_with("198.19."), "{public}");
    assert_eq!(world.holder(&public), None);
    let asked = json!({ "AllocationId": allocation, "NetworkInterfaceId": interface });
    let association = text(&world.ec2("AssociateAddress", asked.clone()), "/associationId");
    assert!(association.starts_with("eipassoc-0"));
    assert_eq!(text(&world.ec2("AssociateAddress", asked), "/associationId"), association, "the same again");
    assert_eq!(world.holder(&public).as_deref(), Some(interface.as_str()));
    assert_eq!(world.mapped(&vpc, &interface), [public.as_str()]);
    let shown = world.address(&allocation);
    assert_eq!(
        (&shown["associationId"], &shown["networkInterfaceId"], &shown["domain"]),
        (&json!(association), &json!(interface), &json!("vpc"))
    );
    let shown = world.ec2("DescribeNetworkInterfaces", json!({ "NetworkInterfaceId": [interface] }));
    let expected = &shown["networkInterfaceSet"][0]["association"];
    assert_eq!(
        (&expected["allocationId"], &expected["associationId"], &expected["ipOwnerId"], &expected["publicIp"]),
        (&json!(allocation), &json!(association), &json!("123456789012"), &json!(public))
    );
    assert_eq!(
        world.ec2_refuses("ReleaseAddress", json!({ "AllocationId": allocation })),
        format!("InvalidIPAddress.InUse: Address {public} is in use.")
    );
    world.ec2("DisassociateAddress", json!({ "AssociationId": association }));
    assert_eq!((world.holder(&public), world.mapped(&vpc, &interface)), (None, vec![]));
    world.ec2("ReleaseAddress", json!({ "AllocationId": allocation }));
    assert_eq!(
        world.ec2_refuses("DescribeAddresses", json!({ "AllocationId": [allocation] })),
        format!("InvalidAllocationID.NotFound: The allocation ID '{allocation}' does not exist")
    );
    let again = world.ec2("AllocateAddress", json!({ "Address": public }));
    assert_eq!(text(&again, "/publicIp"), public, "it can be had back");
    assert_eq!(
        world.ec2_refuses("AllocateAddress", json!({ "Address": public })),
        format!("InvalidAddress.NotFound: Address '{public}' not found.")
    );
    for wrong in ["8.8.8.8", "198.19.254.16"] {
        let refused = world.ec2_refuses("AllocateAddress", json!({ "Address": wrong }));
        assert_eq!(refused, format!("InvalidAddress.NotFound: Address '{wrong}' not found."));
    }
}

#[test]
fn an_elastic_ip_moves_unless_told_not_to() {
    let mut world = World::founded();
    let (vpc, _, subnet) = world.default_vpc();
    let (one, two) = (world.user_interface(&subnet), world.user_interface(&subnet));
    let ((a, a_ip), (b, b_ip)) = (world.elastic_ip(), world.elastic_ip());
    let first = world.ec2("AssociateAddress", json!({ "AllocationId": a, "NetworkInterfaceId": one }));
    let association = text(&first, "/associationId");
    let fixed = json!({ "AllocationId": a, "NetworkInterfaceId": two, "AllowReassociation": false });
    assert_eq!(
        world.ec2_refuses("AssociateAddress", fixed),
        format!("Resource.AlreadyAssociated: resource {a} is already associated with associate-id {association}")
    );
    world.ec2("AssociateAddress", json!({ "PublicIp": a_ip, "NetworkInterfaceId": two }));
    assert_eq!((world.mapped(&vpc, &one), world.mapped(&vpc, &two)), (vec![], vec![a_ip.clone()]));
    world.ec2("AssociateAddress", json!({ "AllocationId": b, "NetworkInterfaceId": two }));
    assert_eq!(world.mapped(&vpc, &two), [b_ip.as_str()]);
    assert_eq!(world.address(&a)["associationId"], Value::Null, "the other one stands for nothing now");
    assert_eq!((world.holder(&a_ip), world.holder(&b_ip).as_deref()), (None, Some(two.as_str())));
    world.ec2("DeleteNetworkInterface", json!({ "NetworkInterfaceId": two }));
    assert_eq!((world.holder(&b_ip), &world.address(&b)["associationId"]), (None, &Value::Null));
}

#[test]
fn each_private_address_has_an_elastic_ip_of_its_own() {
    let mut world = World::founded();
    let (vpc, _, subnet) = world.default_vpc();
    let made = json!({ "SubnetId": subnet, "SecondaryPrivateIpAddressCount": 1 });
    let made = world.ec2("CreateNetworkInterface", made)["networkInterface"].clone();
    let interface = text(&made, "/networkInterfaceId");
    let second = text(&made, "/privateIpAddressesSet/1/privateIpAddress");
    let ((a, a_ip), (b, b_ip)) = (world.elastic_ip(), world.elastic_ip());
    world.ec2("AssociateAddress", json!({ "AllocationId": a, "NetworkInterfaceId": interface }));
    let to = json!({ "AllocationId": b, "NetworkInterfaceId": interface, "PrivateIpAddress": second });
    world.ec2("AssociateAddress", to);
    let mut mapped = world.mapped(&vpc, &interface);
    mapped.sort();
    let mut both = vec![a_ip, b_ip.clone()];
    both.sort();
    assert_eq!(mapped, both);
    let filter = json!([{ "Name": "private-ip-address", "Value": [second] }]);
    let found = world.ec2("DescribeAddresses", json!({ "Filter": filter }));
    assert_eq!(texts(&found, "/addressesSet", "/publicIp"), [b_ip.as_str()]);
    let other = json!({ "AllocationId": b, "NetworkInterfaceId": interface, "PrivateIpAddress": "10.9.9.9" });
    assert!(world.ec2_refuses("AssociateAddress", other).starts_with("InvalidParameterValue: "));
    world.ec2("UnassignPrivateIpAddresses", json!({ "NetworkInterfaceId": interface, "PrivateIpAddress": [second] }));
    assert_eq!(world.address(&b)["associationId"], Value::Null);
}

#[test]
fn it_takes_the_place_of_an_address_that_came_with_the_interface() {
    let mut world = World::founded();
    let (vpc, _, subnet) = world.default_vpc();
    let wanted = NewInterface {
        subnet: SubnetId::from(subnet.as_str()),
        groups: Vec::new(),
        description: String::new(),
        holder: Holder::User,
        public_ip: true,
        tags: Tags::new(),
    };
    let made = world.transact(|tx| interface::create(tx, wanted)).unwrap();
    let given = made.public_ip().unwrap();
    let (allocation, public) = world.elastic_ip();
    world.ec2("AssociateAddress", json!({ "AllocationId": allocation, "NetworkInterfaceId": made.id.as_str() }));
    assert_eq!(world.mapped(&vpc, &made.id), [public.as_str()]);
    assert!(!world.state.addresses.contains(&Address::key_of(Address::PUBLIC, given)), "it is free again");
}

#[test]
fn what_can_t_be_associated() {
    let mut world = World::founded();
    let (_, _, subnet) = world.default_vpc();
    let vpc = world.vpc("10.0.0.0/16");
    let closed = world.subnet(&vpc, "10.0.0.0/24");
    let (inside, interface) = (world.user_interface(&closed), world.user_interface(&subnet));
    let (allocation, public) = world.elastic_ip();
    assert_eq!(
        world.ec2_refuses("AssociateAddress", json!({ "AllocationId": allocation, "NetworkInterfaceId": inside })),
        format!("Gateway.NotAttached: Network {vpc} is not attached to any internet gateway")
    );
    for (request, refused) in [
        (json!({ "AllocationId": allocation, "InstanceId": "i-0" }), "InvalidInstanceID.NotFound: "),
        (json!({ "AllocationId": allocation }), "MissingParameter: "),
        (json!({ "NetworkInterfaceId": interface }), "MissingParameter: "),
        (json!({ "AllocationId": "eipalloc-0", "NetworkInterfaceId": interface }), "InvalidAllocationID.NotFound: "),
        (json!({ "PublicIp": "198.18.0.9", "NetworkInterfaceId": interface }), "InvalidAddress.NotFound: "),
        (
            json!({ "AllocationId": allocation, "PublicIp": public, "NetworkInterfaceId": interface }),
            "InvalidParameterCombination: ",
        ),
    ] {
        let said = world.ec2_refuses("AssociateAddress", request);
        assert!(said.starts_with(refused), "{said}");
    }
    let ecs = NewInterface {
        subnet: SubnetId::from(subnet.as_str()),
        groups: Vec::new(),
        description: String::new(),
        holder: Holder::Task,
        public_ip: false,
        tags: Tags::new(),
    };
    let task = world.transact(|tx| interface::create(tx, ecs)).unwrap();
    assert_eq!(
        world.ec2_refuses(
            "AssociateAddress",
            json!({ "AllocationId": allocation, "NetworkInterfaceId": task.id.as_str() })
        ),
        "AuthFailure: You do not have permission to access the specified resource."
    );
    let unknown = world.ec2_refuses("DisassociateAddress", json!({ "AssociationId": "eipassoc-0" }));
    assert_eq!(unknown, "InvalidAssociationID.NotFound: The association ID 'eipassoc-0' does not exist");
}

#[test]
fn a_region_has_five_elastic_ips_and_shows_their_attributes() {
    let mut world = World::founded();
    let made: Vec<(String, String)> = (0..5).map(|_| world.elastic_ip()).collect();
    assert_eq!(
        world.ec2_refuses("AllocateAddress", json!({})),
        "AddressLimitExceeded: The maximum number of addresses has been reached."
    );
    let by_ip = world.ec2("DescribeAddresses", json!({ "PublicIp": [made[2].1] }));
    assert_eq!(texts(&by_ip, "/addressesSet", "/allocationId"), [made[2].0.as_str()]);
    let asked = json!({ "Attribute": "domain-name", "MaxResults": 3 });
    let page = world.ec2("DescribeAddressesAttribute", asked);
    let rest = world.ec2("DescribeAddressesAttribute", json!({ "NextToken": page["nextToken"] }));
    let mut seen = texts(&page, "/addressSet", "/allocationId");
    seen.extend(texts(&rest, "/addressSet", "/allocationId"));
    let mut all: Vec<&str> = made.iter().map(|(allocation, _)| allocation.as_str()).collect();
    all.sort();
    assert_eq!(seen, all);
    assert_eq!(page["addressSet"][0].get("ptrRecord"), None);
    let id = &made[0].0;
    world.ec2("CreateTags", json!({ "ResourceId": [id], "Tag": [{ "Key": "Name", "Value": "nat" }] }));
    let found = world.ec2("DescribeAddresses", json!({ "Filter": [{ "Name": "tag:Name", "Value": ["nat"] }] }));
    assert_eq!(texts(&found, "/addressesSet", "/allocationId"), [id.as_str()]);
}
