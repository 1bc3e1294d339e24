//! Network ACLs: an entry that is missing, or comes too late.

use super::{Fix, Scene};
use crate::cli::explain::replay::Moment;
use std::{collections::BTreeMap, net::IpAddr};
use vpc::{
    AclRule, Vpc,
    verdict::{AclDecision, EPHEMERAL, Transport},
};

/// The highest number that an entry may have (`CreateNetworkAclEntry`, Amazon EC2 API Reference).
const LAST: u16 = 32766;
/// What is between the numbers of entries, so that others fit in.
const BETWEEN: u16 = 10;

pub fn entry(scene: &Scene, moment: &Moment, decision: &AclDecision, egress: bool) -> Fix {
    let AclDecision { subnet, acl, rule } = decision;
    let (direction, other) = if egress { ("egress", moment.destination) } else { ("ingress", moment.source) };
    let said =
        rule.as_ref().map_or_else(|| "no entry allows".to_owned(), |(number, _)| format!("entry {number} denies"));
    let what = if moment.answer { "the answer" } else { "it" };
    let why = format!("In network ACL {acl} of {subnet}, {said} {what} ({direction}).");
    let found = scene.topology.vpcs.iter().find(|(_, vpc)| vpc.network_acls.contains_key(acl));
    let Some((vpc_id, vpc)) = found else { return Fix { why, commands: Vec::new() } };
    let rules = vpc.network_acls.get(acl).map(|acl| if egress { &acl.egress } else { &acl.ingress });
    let (command, number) = number(rules.unwrap_or(&BTreeMap::new()), rule.as_ref().map(|(number, _)| *number));
    let range = scene.near(vpc_id).find_map(|vpc| subnet_of(vpc, other)).unwrap_or_else(|| scene.range(other));
    let command = format!(
        "aws ec2 {command}-network-acl-entry --network-acl-id {acl} --{direction} --rule-number {number} {} \
         --cidr-block {range} --rule-action allow",
        traffic(&moment.transport)
    );
    Fix { why, commands: vec![command] }
}

/// Where the entry goes: a free number below the one that denies, as near to it as possible; where rule `*` denies, after the last
/// one. Where no number is free, in place of the one that denies.
fn number(rules: &BTreeMap<u16, AclRule>, denied_by: Option<u16>) -> (&'static str, u16) {
    let free = |number: &u16| !rules.contains_key(number);
    match denied_by {
        Some(denied) => match (1..denied).rev().find(free) {
            Some(number) => ("create", number),
            None => ("replace", denied),
        },
        None => {
            let after = rules.keys().next_back().map_or(100, |last| last.saturating_add(BETWEEN));
            let number = Some(after).filter(|number| *number <= LAST).or_else(|| (1..=LAST).rev().find(free));
            ("create", number.unwrap_or(LAST))
        }
    }
}

/// The subnet that holds a private address: entries speak of subnets rather than of machines, whose addresses change.
fn subnet_of(vpc: &Vpc, address: IpAddr) -> Option<String> {
    let (_, interface) = vpc.interface_at(address)?;
    vpc.subnets.get(&interface.subnet).map(|subnet| subnet.cidr.to_string())
}

/// Protocol and ports, by number. What goes to a port that a system chose may go to any of those that systems choose from: 1024 and
/// above, as NAT gateways do ("Ephemeral ports", Amazon VPC User Guide).
fn traffic(transport: &Transport) -> String {
    let protocol = transport.protocol();
    match transport {
        Transport::Tcp { to: EPHEMERAL, .. } | Transport::Udp { to: EPHEMERAL, .. } => {
            format!("--protocol {protocol} --port-range From=1024,To=65535")
        }
        Transport::Tcp { to, .. } | Transport::Udp { to, .. } => {
            format!("--protocol {protocol} --port-range From={to},To={to}")
        }
        Transport::Icmp(kind, _) => format!("--protocol {protocol} --icmp-type-code Type={kind},Code=-1"),
        Transport::Other(_) => format!("--protocol {protocol}"),
    }
}
