//! Where a task's network interface is to be: `networkConfiguration`.

use super::invalid;
use crate::{State, ec2};
use aws::{
    api::ecs::{AssignPublicIp, NetworkConfiguration},
    fault::Fault,
};
use vpc::{SecurityGroupId, SubnetId};

/// At most this many subnets ("AwsVpcConfiguration", Amazon ECS API Reference).
const SUBNETS: usize = 16;
/// At most this many security groups (the same page).
const SECURITY_GROUPS: usize = 5;

/// A network configuration that holds.
pub(super) struct Network {
    /// The subnets to choose from, at least one, all of one VPC, each with its Availability Zone.
    pub(super) subnets: Vec<(SubnetId, String)>,
    /// Groups of the same VPC. Without any, an interface gets the VPC's default one.
    pub(super) security_groups: Vec<SecurityGroupId>,
    /// Whether the interface gets a public address.
    pub(super) assign_public_ip: bool,
}

/// Checks a network configuration.
///
/// # Errors
/// `InvalidParameterException` in the words of Amazon ECS: none, too many, not there, of different VPCs.
pub(super) fn check(state: &State, configuration: Option<&NetworkConfiguration>) -> Result<Network, Fault> {
    let missing = || invalid("Network Configuration must be provided when networkMode 'awsvpc' is specified.");
    let configuration = configuration.and_then(|c| c.awsvpc_configuration.as_ref()).ok_or_else(missing)?;
    let subnets = configuration.subnets.as_deref().unwrap_or_default();
    let groups = configuration.security_groups.as_deref().unwrap_or_default();
    at_most("subnets", subnets, SUBNETS)?;
    at_most("securityGroups", groups, SECURITY_GROUPS)?;
    let found = ec2::validate_awsvpc(state, subnets, groups)?;
    let zone = |id: &SubnetId| state.subnets.get(id).map(|subnet| subnet.zone.clone()).unwrap_or_default();
    Ok(Network {
        subnets: found.subnets.into_iter().map(|id| (id.clone(), zone(&id))).collect(),
        security_groups: found.groups,
        assign_public_ip: configuration.assign_public_ip == Some(AssignPublicIp::Enabled),
    })
}

fn at_most(what: &str, list: &[String], limit: usize) -> Result<(), Fault> {
    if list.len() > limit { Err(invalid(format!("{what} can have at most {limit} items."))) } else { Ok(()) }
}
