//! Internet gateways.

use super::*;
use crate::{
    ec2::interface::{self, NewInterface},
    state::Tags,
};
use vpc::{Holder, SubnetId};

impl World {
    /// Makes an internet gateway and returns its id.
    pub(super) fn internet_gateway(&mut self) -> String {
        text(&self.ec2("CreateInternetGateway", json!({})), "/internetGateway/internetGatewayId")
    }

    /// Makes an internet gateway and attaches it.
    pub(super) fn attached_gateway(&mut self, vpc: &str) -> String {
        let gateway = self.internet_gateway();
        self.ec2("AttachInternetGateway", json!({ "InternetGatewayId": gateway, "VpcId": vpc }));
        gateway
    }
}

#[test]
fn an_internet_gateway_from_first_to_last_call() {
    let mut world = World::founded();
    let (vpc, other) = (world.vpc("10.0.0.0/16"), world.vpc("10.1.0.0/16"));
    let tags = json!([{ "ResourceType": "internet-gateway", "Tag": [{ "Key": "Name", "Value": "out" }] }]);
    let made = world.ec2("CreateInternetGateway", json!({ "TagSpecification": tags }));
    assert_eq!(made["internetGateway"]["attachmentSet"], json!([]));
    let id = text(&made, "/internetGateway/internetGatewayId");
    let at = |vpc: &str| json!({ "InternetGatewayId": id, "VpcId": vpc });
    assert_eq!(
        world.ec2_refuses("DetachInternetGateway", at(&vpc)),
        format!("Gateway.NotAttached: resource {id} is not attached to network {vpc}")
    );
    world.ec2("AttachInternetGateway", at(&vpc));
    assert_eq!(
        world.ec2_refuses("AttachInternetGateway", at(&other)),
        format!("Resource.AlreadyAssociated: resource {id} is already attached to network {vpc}")
    );
    let second = world.internet_gateway();
    assert_eq!(
        world.ec2_refuses("AttachInternetGateway", json!({ "InternetGatewayId": second, "VpcId": vpc })),
        format!("InvalidParameterValue: Network {vpc} already has an internet gateway attached")
    );
    let filter = json!([{ "Name": "attachment.vpc-id", "Value": [vpc] }, { "Name": "tag:Name", "Value": ["out"] }]);
    let found = world.ec2("DescribeInternetGateways", json!({ "Filter": filter }));
    assert_eq!(text(&found, "/internetGatewaySet/0/attachmentSet/0/state"), "available");
    assert_eq!(
        crate::ec2::topology(&world.state).vpcs[vpc.as_str()].internet_gateway.as_deref(),
        Some(id.as_str()),
        "hosts are told of it"
    );
    let refused = world.ec2_refuses("DeleteInternetGateway", json!({ "InternetGatewayId": id }));
    assert_eq!(
        refused,
        format!("DependencyViolation: The internetGateway '{id}' has dependencies and cannot be deleted.")
    );
    assert!(world.ec2_refuses("DeleteVpc", json!({ "VpcId": vpc })).starts_with("DependencyViolation: "));
    world.ec2("DetachInternetGateway", at(&vpc));
    world.ec2("DeleteInternetGateway", json!({ "InternetGatewayId": id }));
    assert_eq!(
        world.ec2_refuses("AttachInternetGateway", at(&vpc)),
        format!("InvalidInternetGatewayID.NotFound: The internetGateway ID '{id}' does not exist")
    );
    world.ec2("DeleteVpc", json!({ "VpcId": vpc }));
}

#[test]
fn a_gateway_stays_while_something_has_a_public_address() {
    let mut world = World::founded();
    let (vpc, gateway, subnet) = world.default_vpc();
    let wanted = NewInterface {
        subnet: SubnetId::from(subnet.as_str()),
        groups: Vec::new(),
        description: String::new(),
        holder: Holder::Task,
        public_ip: true,
        tags: Tags::new(),
    };
    let made = world.transact(|tx| interface::create(tx, wanted)).unwrap();
    let at = json!({ "InternetGatewayId": gateway, "VpcId": vpc });
    assert_eq!(
        world.ec2_refuses("DetachInternetGateway", at.clone()),
        format!(
            "DependencyViolation: Network {vpc} has some mapped public address(es). Please unmap those public address(es) before detaching the gateway."
        )
    );
    world
        .transact(|tx| {
            interface::delete(tx, &made.id);
            Ok(())
        })
        .unwrap();
    world.ec2("DetachInternetGateway", at);
    assert_eq!(world.main_table(&vpc)["routeSet"][1]["state"], "blackhole");
}

#[test]
fn a_region_has_five_internet_gateways() {
    let mut world = World::founded();
    let vpc = world.vpc("10.0.0.0/16");
    world.attached_gateway(&vpc);
    for _ in 0..3 {
        world.internet_gateway();
    }
    assert_eq!(
        world.ec2_refuses("CreateInternetGateway", json!({})),
        "InternetGatewayLimitExceeded: The maximum number of internet gateways has been reached."
    );
    let tried = world.ec2_refuses("CreateInternetGateway", json!({ "DryRun": true }));
    assert!(tried.starts_with("InternetGatewayLimitExceeded: "), "{tried}");
}
