//! Security groups: a rule that is missing.

use super::{Fix, Scene, port};
use crate::cli::explain::replay::Moment;
use std::net::IpAddr;
use vpc::{
    AWS_SERVICES, Interface, InterfaceId, SecurityGroupId, Target, Vpc,
    verdict::{Step, Transport},
};

/// An egress rule. A group of a peered VPC counts for what is routed there, which the next decision shows.
pub fn egress(scene: &Scene, moment: &Moment, id: &InterfaceId, next: Option<&Moment>) -> Fix {
    let peering = |step: &Step| matches!(step, Step::Route { route: Some((.., Target::Peering(_))), usable: true, .. });
    let peered = next.is_some_and(|next| peering(next.step));
    missing(scene, moment, id, "egress", moment.destination, peered)
}

/// An ingress rule.
pub fn ingress(scene: &Scene, moment: &Moment, id: &InterfaceId) -> Fix {
    missing(scene, moment, id, "ingress", moment.source, true)
}

fn missing(scene: &Scene, moment: &Moment, id: &InterfaceId, direction: &str, other: IpAddr, peered: bool) -> Fix {
    let preposition = if direction == "egress" { "to" } else { "from" };
    let what = match moment.transport {
        Transport::Tcp { to, .. } => format!("TCP port {to}"),
        Transport::Udp { to, .. } => format!("UDP port {to}"),
        _ => "an ICMP echo request".to_owned(),
    };
    let why = format!("No {direction} rule of {id}'s security groups allows {what} {preposition} {other}.");
    let Some((vpc_id, vpc, interface)) = scene.interface(id) else { return Fix { why, commands: Vec::new() } };
    let Some(group) = smallest(vpc, interface) else {
        let why = format!("{id} has no security group, so nothing is allowed.");
        let give = format!(
            "aws ec2 modify-network-interface-attribute --network-interface-id {id} --groups {}",
            vpc.security_groups.keys().next().map_or("sg-…", |id| id.as_str())
        );
        return Fix { why, commands: vec![give] };
    };
    let member = scene
        .near(vpc_id)
        .take(if peered { usize::MAX } else { 1 })
        .find_map(|vpc| Some((vpc, vpc.interface_at(other)?.1)));
    let member = member.and_then(|(vpc, interface)| smallest(vpc, interface));
    let peer = peer(scene, member, other, &moment.transport);
    Fix { why, commands: vec![format!("aws ec2 authorize-security-group-{direction} --group-id {group} {peer}")] }
}

/// The narrowest rule that lets the packet through: for the group of whoever has the address, for the prefix list that holds it, or
/// for the address.
fn peer(scene: &Scene, group: Option<&SecurityGroupId>, other: IpAddr, transport: &Transport) -> String {
    let (protocol, port) = (protocol(transport), port(transport));
    if let Some(group) = group {
        return format!("--protocol {protocol} --port {port} --source-group {group}");
    }
    let listed = AWS_SERVICES.iter().find(|service| service.range().contains(&other));
    if let Some(list) = listed.and_then(|service| service.prefix_list) {
        // Here an ICMP message's type and code are two parameters, where `--port` takes them as one.
        let (from, to) = match transport {
            Transport::Icmp(kind, code) => (kind.to_string(), code.to_string()),
            _ => (port.clone(), port),
        };
        return format!(
            "--ip-permissions 'IpProtocol={protocol},FromPort={from},ToPort={to},PrefixListIds=[{{PrefixListId={list}}}]'"
        );
    }
    format!("--protocol {protocol} --port {port} --cidr {}", scene.range(other))
}

/// Of an interface's groups the one that the fewest others carry, for a rule in it to open the least.
fn smallest<'a>(vpc: &Vpc, interface: &'a Interface) -> Option<&'a SecurityGroupId> {
    let members =
        |group: &SecurityGroupId| vpc.interfaces.values().filter(|i| i.security_groups.contains(group)).count();
    interface.security_groups.iter().min_by_key(|group| members(group))
}

fn protocol(transport: &Transport) -> String {
    match transport {
        Transport::Tcp { .. } => "tcp".to_owned(),
        Transport::Udp { .. } => "udp".to_owned(),
        Transport::Icmp(..) => "icmp".to_owned(),
        Transport::Other(number) => number.to_string(),
    }
}
