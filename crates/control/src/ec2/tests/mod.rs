//! The operations as a client sees them.

mod cidrs;
mod default_vpc;
mod elastic_ips;
mod endpoints;
mod filters;
mod flow_logs;
mod gateways;
mod interfaces;
mod nat_gateways;
mod network_acls;
mod peering;
mod prefix_lists;
mod refused;
mod routing;
mod security_groups;
mod subnets;
mod tags;
mod user_interfaces;
mod vpcs;

use crate::testing::World;
use serde_json::{Value, json};

impl World {
    /// A region as it is at its start, with a default VPC.
    fn founded() -> Self {
        let mut world = Self::new();
        world.transact(super::found).unwrap();
        world
    }

    /// Calls an operation of Amazon EC2 that must succeed.
    #[track_caller]
    fn ec2(&mut self, operation: &str, request: Value) -> Value {
        self.call(&aws::api::ec2::API, operation, request).unwrap_or_else(|fault| panic!("{operation}: {fault}"))
    }

    /// Calls an operation of Amazon EC2 that must be refused, and returns code and message.
    #[track_caller]
    fn ec2_refuses(&mut self, operation: &str, request: Value) -> String {
        let answer = self.call(&aws::api::ec2::API, operation, request);
        answer.map_or_else(|fault| fault.to_string(), |answer| panic!("{operation} answered {answer}"))
    }

    /// Makes a VPC and returns its id.
    fn vpc(&mut self, cidr: &str) -> String {
        text(&self.ec2("CreateVpc", json!({ "CidrBlock": cidr })), "/vpc/vpcId")
    }

    /// Makes a subnet and returns its id.
    fn subnet(&mut self, vpc: &str, cidr: &str) -> String {
        text(&self.ec2("CreateSubnet", json!({ "VpcId": vpc, "CidrBlock": cidr })), "/subnet/subnetId")
    }

    /// Makes a security group and returns its id.
    fn group(&mut self, vpc: &str, name: &str) -> String {
        text(
            &self.ec2(
                "CreateSecurityGroup",
                json!({ "VpcId": vpc, "GroupName": name, "GroupDescription": "of a test" }),
            ),
            "/groupId",
        )
    }
}

/// The text at a JSON pointer.
#[track_caller]
fn text(value: &Value, pointer: &str) -> String {
    value
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_else(|| panic!("no text at {pointer} of {value:#}"))
        .to_owned()
}

/// The texts of a member of every item of a list, sorted.
#[track_caller]
fn texts(value: &Value, list: &str, member: &str) -> Vec<String> {
    let items =
        value.pointer(list).and_then(Value::as_array).unwrap_or_else(|| panic!("no list at {list} of {value:#}"));
    let mut texts: Vec<String> = items.iter().map(|item| text(item, member)).collect();
    texts.sort();
    texts
}
