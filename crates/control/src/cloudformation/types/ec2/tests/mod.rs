//! The types as a stack makes, changes and deletes them.

mod addresses;
mod networks;
mod refusals;
mod routing;
mod security;
mod waiting;

use super::super::testing::{attribute, change, make, read, remove, try_make};
use crate::testing::World;
use serde_json::{Value, json};

/// A region as it is at its start, with a default VPC.
fn founded() -> World {
    let mut world = World::new();
    world.transact(crate::ec2::found).expect("a region");
    world
}

/// Makes a VPC of this range.
fn vpc(world: &mut World, range: &str) -> String {
    make(world, "AWS::EC2::VPC", &json!({ "CidrBlock": range }))
}

/// Makes a subnet of this range.
fn subnet(world: &mut World, vpc: &str, range: &str) -> String {
    make(world, "AWS::EC2::Subnet", &json!({ "VpcId": vpc, "CidrBlock": range }))
}

/// Makes an internet gateway and attaches it.
fn gateway(world: &mut World, vpc: &str) -> String {
    let gateway = make(world, "AWS::EC2::InternetGateway", &json!({}));
    make(world, "AWS::EC2::VPCGatewayAttachment", &json!({ "VpcId": vpc, "InternetGatewayId": gateway }));
    gateway
}

/// Calls an operation of Amazon EC2 that must succeed.
#[track_caller]
fn ec2(world: &mut World, operation: &str, input: Value) -> Value {
    world.call(&aws::api::ec2::API, operation, input).unwrap_or_else(|fault| panic!("{operation}: {fault}"))
}

/// The properties of one that is there.
#[track_caller]
fn there(world: &World, kind: &str, id: &str, properties: &Value) -> Value {
    read(world, kind, id, properties).unwrap_or_else(|| panic!("{kind} {id} is not there"))
}

/// Deletes one and sees that it is gone.
#[track_caller]
fn gone(world: &mut World, kind: &str, id: &str, properties: &Value) {
    remove(world, kind, id, properties);
    assert_eq!(read(world, kind, id, properties), None, "{kind} {id}");
}
