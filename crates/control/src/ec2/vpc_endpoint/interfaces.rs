//! The network interfaces of an interface endpoint: one a subnet, one subnet a zone.

use super::wrong;
use crate::{
    State, Tx,
    ec2::{
        interface::{self, NewInterface},
        subnet,
    },
    state::Tags,
};
use ::vpc::{EndpointId, Holder, InterfaceId, SecurityGroupId, SubnetId, VpcId};
use aws::fault::Fault;
use std::collections::{BTreeMap, BTreeSet};

/// The groups of an endpoint: those that are asked for, else the VPC's default one.
///
/// # Errors
/// `InvalidGroup.NotFound`, `InvalidGroupId.Malformed`, `SecurityGroupsPerInterfaceLimitExceeded`.
pub(super) fn groups(state: &State, vpc: &VpcId, asked: &[String]) -> Result<BTreeSet<SecurityGroupId>, Fault> {
    interface::choose_groups(state, vpc, asked.iter().map(|id| id.as_str().into()).collect())
}

/// Makes an interface in each of some subnets, beside those an endpoint has.
///
/// # Errors
/// `InvalidSubnetID.NotFound`, `InvalidParameter` for one of another VPC, `DuplicateSubnetsInSameZone`, and those of
/// [`interface::create`].
pub(super) fn add(
    tx: &mut Tx<'_>,
    endpoint: &EndpointId,
    vpc: &VpcId,
    subnets: &[String],
    groups: &BTreeSet<SecurityGroupId>,
    interfaces: &mut BTreeMap<SubnetId, InterfaceId>,
) -> Result<(), Fault> {
    for id in subnets {
        let subnet = subnet::get(&tx.state, id)?.clone();
        if subnet.vpc != *vpc {
            return Err(wrong(format!("Subnet {id} does not belong to VPC {vpc}")));
        }
        let zone = |subnet: &SubnetId| tx.state.subnets.get(subnet).map(|subnet| subnet.zone.as_str());
        if let Some(there) = interfaces.keys().find(|there| zone(there) == Some(&subnet.zone)) {
            return Err(Fault::new(
                "DuplicateSubnetsInSameZone",
                format!("Found another VPC endpoint subnet in the availability zone of {there}"),
            ));
        }
        let new = NewInterface {
            subnet: subnet.id.clone(),
            groups: groups.iter().cloned().collect(),
            description: format!("VPC Endpoint Interface {endpoint}"),
            holder: Holder::Endpoint(endpoint.clone()),
            public_ip: false,
            tags: Tags::new(),
        };
        let made = interface::create(tx, new)?;
        interfaces.insert(subnet.id, made.id);
    }
    Ok(())
}
