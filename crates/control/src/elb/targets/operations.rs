//! RegisterTargets and DeregisterTargets.

use super::{
    super::{arn, invalid, limits, target_group, unsupported},
    deregister as take_out, put, zone_of,
};
use crate::{
    State, Tx,
    state::{ListenerRule, Target, TargetGroup},
};
use aws::{
    api::elbv2::{
        DeregisterTargetsInput, DeregisterTargetsOutput, RegisterTargetsInput, RegisterTargetsOutput, TargetDescription,
    },
    fault::Fault,
};
use spec::balancing::{TargetAddress, TargetGroupId};
use std::{
    collections::BTreeSet,
    net::{IpAddr, SocketAddr},
};
use vpc::PRIVATE_RANGES;

/// What stands for every zone.
const ALL: &str = "all";

/// A target as a request names it, with the port that its group has for it. No instance exists.
pub(super) fn address(group: &TargetGroup, id: Option<String>, port: Option<i32>) -> Result<TargetAddress, Fault> {
    let id = id.unwrap_or_default();
    if group.instances {
        return Err(if id.starts_with("i-") {
            Fault::new("InvalidTarget", format!("The following instances do not exist: '{id}'"))
        } else {
            invalid(format!("Instance ID '{id}' is not valid"))
        });
    }
    let ip = id.parse::<IpAddr>().ok().filter(IpAddr::is_ipv4);
    let ip = ip.ok_or_else(|| invalid(format!("The IP address '{id}' is not a valid IPv4 address")))?;
    let port = port.map_or(Some(group.port.get()), |port| u16::try_from(port).ok());
    let port = port.ok_or_else(|| invalid("A target port must be between 1 and 65535"))?;
    Ok(TargetAddress(SocketAddr::new(ip, port)))
}

/// RegisterTargets.
pub(in crate::elb) fn register(tx: &mut Tx<'_>, input: RegisterTargetsInput) -> Result<RegisterTargetsOutput, Fault> {
    let RegisterTargetsInput { target_group_arn, targets } = input;
    let group = arn::find_target_group(&tx.state, &target_group_arn)?.clone();
    if targets.is_empty() {
        return Err(invalid("At least one target must be specified"));
    }
    for TargetDescription { id, port, availability_zone, quic_server_id } in targets {
        unsupported("QuicServerId", quic_server_id)?;
        let address = address(&group, id, port)?;
        let zone = zone(&tx.state, &group, address.0.ip(), availability_zone)?;
        put(tx, &group.id, address, zone);
    }
    check_number(&tx.state, &group)?;
    Ok(RegisterTargetsOutput {})
}

/// The zone a target is in: an address of the VPC's is in its subnet's; any other is for all, which has to be said.
fn zone(state: &State, group: &TargetGroup, ip: IpAddr, asked: Option<String>) -> Result<Option<String>, Fault> {
    let refuse = |message: String| Err(Fault::new("InvalidTarget", message));
    let within = state.vpcs.get(&group.vpc).is_some_and(|vpc| vpc.cidrs.iter().any(|range| range.cidr.contains(&ip)));
    match (zone_of(state, &group.vpc, ip), asked) {
        (Some(zone), Some(asked)) if asked != zone => {
            refuse(format!("The Availability Zone of the target '{ip}' is '{zone}', not '{asked}'"))
        }
        (Some(zone), _) => Ok(Some(zone)),
        (None, _) if within => refuse(format!("The IP address '{ip}' is not in a subnet of the VPC '{}'", group.vpc)),
        (None, _) if !is_private(ip) => refuse(format!(
            "The IP address '{ip}' is not allowed, as it must be an address from a VPC subnet, RFC1918, or RFC6598"
        )),
        (None, Some(asked)) if asked == ALL => Ok(None),
        (None, _) => {
            refuse(format!("The Availability Zone must be '{ALL}' for the target '{ip}', which is outside of the VPC"))
        }
    }
}

/// RFC 1918 and RFC 6598; link-local addresses are not among them.
fn is_private(ip: IpAddr) -> bool {
    let IpAddr::V4(ip) = ip else { return false };
    !ip.is_link_local() && PRIVATE_RANGES.iter().any(|range| range.contains(&ip))
}

fn check_number(state: &State, group: &TargetGroup) -> Result<(), Fault> {
    let registered =
        |id: &TargetGroupId| state.targets.prefixed(&Target::prefix(id)).filter(|t| t.is_registered()).count();
    if registered(&group.id) > limits::TARGETS_PER_GROUP {
        return Err(Fault::new("TooManyTargets", "The maximum number of targets per target group has been reached"));
    }
    let Some(user) = target_group::load_balancer_of(state, &group.id) else { return Ok(()) };
    let prefix = format!("{}/", user.id);
    let rules = state.listener_rules.prefixed(&prefix);
    let groups: BTreeSet<&TargetGroupId> = rules.flat_map(ListenerRule::groups).collect();
    if groups.into_iter().map(registered).sum::<usize>() > limits::targets(user.kind) {
        return Err(Fault::new("TooManyTargets", "The maximum number of targets per load balancer has been reached"));
    }
    Ok(())
}

/// DeregisterTargets. A target without a port is any that has its address; one that is not registered is deregistered already.
pub(in crate::elb) fn deregister(
    tx: &mut Tx<'_>,
    input: DeregisterTargetsInput,
) -> Result<DeregisterTargetsOutput, Fault> {
    let DeregisterTargetsInput { target_group_arn, targets } = input;
    let group = arn::find_target_group(&tx.state, &target_group_arn)?.clone();
    if targets.is_empty() {
        return Err(invalid("At least one target must be specified"));
    }
    for TargetDescription { id, port, availability_zone: _, quic_server_id } in targets {
        unsupported("QuicServerId", quic_server_id)?;
        let named = address(&group, id, port)?;
        let prefix = Target::prefix(&group.id);
        let is_meant = |target: &&Target| match port {
            Some(_) => target.address == named,
            None => target.address.0.ip() == named.0.ip(),
        };
        let meant = tx.state.targets.prefixed(&prefix).filter(is_meant).map(|target| target.address);
        let meant: Vec<TargetAddress> = meant.collect();
        meant.into_iter().for_each(|address| take_out(tx, &group.id, address));
    }
    Ok(DeregisterTargetsOutput {})
}
