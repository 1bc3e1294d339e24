//! Amazon EC2: networks. One file a resource, with what only connects it to others (associations, attachments, rules).

mod cidr_block;
mod dhcp_options;
mod elastic_ip;
mod flow_log;
mod internet_gateway;
mod nat_gateway;
mod network_acl;
mod network_interface;
mod peering;
mod prefix_list;
mod route;
mod route_table;
mod security_group;
mod security_group_rule;
mod subnet;
mod tags;
#[cfg(test)]
mod tests;
mod vpc;
mod vpc_endpoint;

use super::{
    Types, ask,
    words::{self, items, texts},
};
use crate::View;
use aws::{api::ec2::API, fault::Fault};
use serde_json::{Value, json};

/// This service's types.
pub(super) const TYPES: Types = &[
    ("AWS::EC2::DHCPOptions", &dhcp_options::DhcpOptions),
    ("AWS::EC2::EIP", &elastic_ip::ElasticIp),
    ("AWS::EC2::EIPAssociation", &elastic_ip::Association),
    ("AWS::EC2::FlowLog", &flow_log::FlowLog),
    ("AWS::EC2::InternetGateway", &internet_gateway::InternetGateway),
    ("AWS::EC2::NatGateway", &nat_gateway::NatGateway),
    ("AWS::EC2::NetworkAcl", &network_acl::NetworkAcl),
    ("AWS::EC2::NetworkAclEntry", &network_acl::Entry),
    ("AWS::EC2::NetworkInterface", &network_interface::NetworkInterface),
    ("AWS::EC2::PrefixList", &prefix_list::PrefixList),
    ("AWS::EC2::Route", &route::Route),
    ("AWS::EC2::RouteTable", &route_table::RouteTable),
    ("AWS::EC2::SecurityGroup", &security_group::SecurityGroup),
    ("AWS::EC2::SecurityGroupEgress", &security_group_rule::EGRESS),
    ("AWS::EC2::SecurityGroupIngress", &security_group_rule::INGRESS),
    ("AWS::EC2::Subnet", &subnet::Subnet),
    ("AWS::EC2::SubnetNetworkAclAssociation", &network_acl::Association),
    ("AWS::EC2::SubnetRouteTableAssociation", &route_table::Association),
    ("AWS::EC2::VPC", &vpc::Vpc),
    ("AWS::EC2::VPCCidrBlock", &cidr_block::CidrBlock),
    ("AWS::EC2::VPCDHCPOptionsAssociation", &dhcp_options::Association),
    ("AWS::EC2::VPCEndpoint", &vpc_endpoint::Endpoint),
    ("AWS::EC2::VPCGatewayAttachment", &internet_gateway::Attachment),
    ("AWS::EC2::VPCPeeringConnection", &peering::Peering),
];

/// What a Describe operation tells of one: the first of the list that its answer has under this name. `None`: it is not there.
///
/// # Errors
/// The operation's refusal, other than that it is missing.
fn described(view: &View<'_>, operation: &str, input: Value, list: &str) -> Result<Option<Value>, Fault> {
    words::first(ask(view, &API, operation, input), &format!("/{list}"))
}

/// One of a Describe operation's filters, with one value.
fn filter(name: &str, value: &str) -> Value {
    json!({ "Name": name, "Value": [value] })
}

/// One member of each of a list, as a list.
fn each(list: &Value, member: &str) -> Value {
    items(list).map(|one| one[member].clone()).collect()
}

/// Those of one list that are not in the other.
fn without(list: &[String], other: &[String]) -> Vec<String> {
    list.iter().filter(|one| !other.contains(one)).cloned().collect()
}

/// A physical id of two parts, as primary identifiers of several properties are written ("Resource type schema", AWS CloudFormation CLI
/// User Guide).
///
/// # Errors
/// `InvalidRequest`: it is no such id.
fn parts(id: &str) -> Result<(&str, &str), Fault> {
    id.split_once('|').ok_or_else(|| Fault::new("InvalidRequest", format!("The identifier {id} has not two parts")))
}
