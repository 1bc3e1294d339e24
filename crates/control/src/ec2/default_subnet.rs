//! CreateDefaultSubnet ("Create a default subnet", Amazon VPC User Guide). Absent: IPv6.

use super::{
    cidr::{address, number, overlap},
    parameter::{done, missing, only_false},
    subnet,
    vpc::default_vpc,
};
use crate::{
    State, Tx,
    state::{Tags, Vpc},
};
use ::vpc::IpNet;
use aws::{
    api::ec2::{CreateDefaultSubnetRequest, CreateDefaultSubnetResult},
    fault::Fault,
};

/// The size of a default subnet.
pub(super) const PREFIX: u8 = 20;

/// CreateDefaultSubnet: the zone's /20 in the default VPC, in a range that is free.
pub(super) fn create(tx: &mut Tx<'_>, input: CreateDefaultSubnetRequest) -> Result<CreateDefaultSubnetResult, Fault> {
    let CreateDefaultSubnetRequest { availability_zone, dry_run, ipv6_native, availability_zone_id } = input;
    only_false("Ipv6Native", ipv6_native)?;
    if availability_zone.is_none() && availability_zone_id.is_none() {
        return Err(missing("availabilityZone"));
    }
    let none = || Fault::new("DefaultVpcDoesNotExist", "No default VPC exists for this account in this region.");
    let vpc = default_vpc(&tx.state).ok_or_else(none)?.clone();
    let zone = subnet::choose_zone(&tx.state, &vpc.id, availability_zone, availability_zone_id)?;
    let there = |subnet: &crate::state::Subnet| subnet.vpc == vpc.id && subnet.zone == zone && subnet.default_for_zone;
    if let Some(subnet) = tx.state.subnets.iter().find(|subnet| there(subnet)) {
        return Err(Fault::new(
            "DefaultSubnetAlreadyExistsInAvailabilityZone",
            format!("'{}' is already the default subnet in {zone}.", subnet.id),
        ));
    }
    let free = free_range(&tx.state, &vpc).ok_or_else(|| {
        let message = format!("The VPC '{}' has no free /{PREFIX} for a default subnet.", vpc.id);
        Fault::new("InvalidSubnet.Conflict", message)
    })?;
    let mut made = subnet::make(tx, &vpc.id, zone, free, Tags::new())?;
    (made.default_for_zone, made.map_public_ip) = (true, true);
    tx.state.subnets.put(made.clone());
    done(dry_run, CreateDefaultSubnetResult { subnet: Some(subnet::show(&tx.state, &made)) })
}

/// The first /20 of the VPC that meets no subnet.
fn free_range(state: &State, vpc: &Vpc) -> Option<IpNet> {
    let within = |range: &IpNet| {
        let (first, last) = (number(range.network()), number(range.broadcast()));
        let range = *range;
        (first..=last)
            .step_by(1 << (32 - PREFIX))
            .filter_map(move |base| IpNet::new(address(&range, base), PREFIX).ok())
    };
    let wide = vpc.cidrs.iter().map(|range| &range.cidr).filter(|range| range.prefix_len() <= PREFIX);
    let taken = |net: &IpNet| state.subnets.iter().any(|other| other.vpc == vpc.id && overlap(&other.cidr, net));
    wide.flat_map(within).find(|net| !taken(net))
}
