//! Secondary addresses of NAT gateways: AssociateNatGatewayAddress and DisassociateNatGatewayAddress for public ones,
//! AssignPrivateNatGatewayAddress and UnassignPrivateNatGatewayAddress for private ones ("Edit secondary IP address associations",
//! Amazon VPC User Guide).
//!
//! Connections through an address that is taken away end at once: that is within whatever time a call allows them
//! (`MaxDrainDurationSeconds`).

use super::{
    create_nat_gateway::{address_all, check_number},
    describe_nat_gateways::{show_address, status},
    elastic_ip,
    interface_address::{add, take_from},
    nat_gateway::{get, lives},
    parameter::{combination, done, invalid, missing, unsupported},
    private_address,
};
use crate::{
    State, Tx,
    state::{NatAddress, NatGateway},
};
use aws::{
    api::ec2::{
        AssignPrivateNatGatewayAddressRequest, AssignPrivateNatGatewayAddressResult, AssociateNatGatewayAddressRequest,
        AssociateNatGatewayAddressResult, DisassociateNatGatewayAddressRequest, DisassociateNatGatewayAddressResult,
        NatGatewayAddress, NatGatewayAddressStatus, UnassignPrivateNatGatewayAddressRequest,
        UnassignPrivateNatGatewayAddressResult,
    },
    fault::Fault,
};
use std::net::IpAddr;

/// AssociateNatGatewayAddress.
pub(super) fn associate(
    tx: &mut Tx<'_>,
    input: AssociateNatGatewayAddressRequest,
) -> Result<AssociateNatGatewayAddressResult, Fault> {
    let AssociateNatGatewayAddressRequest {
        nat_gateway_id: id,
        allocation_ids,
        private_ip_addresses,
        dry_run,
        availability_zone,
        availability_zone_id,
    } = input;
    unsupported("AvailabilityZone", availability_zone)?;
    unsupported("AvailabilityZoneId", availability_zone_id)?;
    let gateway = changeable(&tx.state, &id, true)?;
    if allocation_ids.is_empty() {
        return Err(missing("AllocationId"));
    }
    for (n, allocation) in allocation_ids.iter().enumerate() {
        let used = elastic_ip::get(&tx.state, allocation)?.association.is_some();
        if used || allocation_ids.iter().skip(n + 1).any(|other| other == allocation) {
            let message = format!("Elastic IP address [{allocation}] is already associated");
            return Err(Fault::new("Resource.AlreadyAssociated", message));
        }
    }
    let listed = read_all(private_ip_addresses.as_deref().unwrap_or_default())?;
    if !listed.is_empty() && listed.len() != allocation_ids.len() {
        return Err(combination("There must be as many PrivateIpAddresses as AllocationIds, or none of them."));
    }
    let more = allocation_ids.len() - listed.len();
    let added = extend(tx, &gateway, &listed, more, &allocation_ids)?;
    let answer = AssociateNatGatewayAddressResult {
        nat_gateway_id: Some(id.clone()),
        nat_gateway_addresses: Some(show_added(&tx.state, &id, &added)),
    };
    done(dry_run, answer)
}

/// AssignPrivateNatGatewayAddress: certain addresses, or as many that are free; one if the call does not say.
pub(super) fn assign(
    tx: &mut Tx<'_>,
    input: AssignPrivateNatGatewayAddressRequest,
) -> Result<AssignPrivateNatGatewayAddressResult, Fault> {
    let AssignPrivateNatGatewayAddressRequest {
        nat_gateway_id: id,
        private_ip_addresses,
        private_ip_address_count,
        dry_run,
    } = input;
    let gateway = changeable(&tx.state, &id, false)?;
    let listed = read_all(private_ip_addresses.as_deref().unwrap_or_default())?;
    let more = private_address::count("PrivateIpAddressCount", private_ip_address_count)?;
    let more = match (listed.is_empty(), more) {
        (true, 0) => 1,
        (false, 1..) => {
            return Err(combination(
                "The parameter PrivateIpAddresses cannot be used with the parameter PrivateIpAddressCount",
            ));
        }
        (_, more) => more,
    };
    let added = extend(tx, &gateway, &listed, more, &[])?;
    let answer = AssignPrivateNatGatewayAddressResult {
        nat_gateway_id: Some(id.clone()),
        nat_gateway_addresses: Some(show_added(&tx.state, &id, &added)),
    };
    done(dry_run, answer)
}

/// DisassociateNatGatewayAddress. The private address goes with the Elastic IP address.
pub(super) fn disassociate(
    tx: &mut Tx<'_>,
    input: DisassociateNatGatewayAddressRequest,
) -> Result<DisassociateNatGatewayAddressResult, Fault> {
    let DisassociateNatGatewayAddressRequest {
        nat_gateway_id: id,
        association_ids,
        max_drain_duration_seconds: _,
        dry_run,
    } = input;
    let gateway = changeable(&tx.state, &id, true)?;
    if association_ids.is_empty() {
        return Err(missing("AssociationId"));
    }
    let find = |association: &String| {
        let is = |address: &&NatAddress| address.elastic_ip.as_ref().is_some_and(|ip| ip.association == *association);
        gateway.addresses.iter().find(is).map(|address| address.private_ip).ok_or_else(|| {
            let message = format!("The association ID '{association}' does not exist");
            Fault::new("InvalidAssociationID.NotFound", message)
        })
    };
    let gone: Vec<IpAddr> = association_ids.iter().map(find).collect::<Result<_, _>>()?;
    let shown = shrink(tx, &gateway, &gone, NatGatewayAddressStatus::Disassociating)?;
    done(dry_run, DisassociateNatGatewayAddressResult { nat_gateway_id: Some(id), nat_gateway_addresses: Some(shown) })
}

/// UnassignPrivateNatGatewayAddress.
pub(super) fn unassign(
    tx: &mut Tx<'_>,
    input: UnassignPrivateNatGatewayAddressRequest,
) -> Result<UnassignPrivateNatGatewayAddressResult, Fault> {
    let UnassignPrivateNatGatewayAddressRequest {
        nat_gateway_id: id,
        private_ip_addresses,
        max_drain_duration_seconds: _,
        dry_run,
    } = input;
    let gateway = changeable(&tx.state, &id, false)?;
    let gone = read_all(&private_ip_addresses)?;
    if gone.is_empty() {
        return Err(missing("PrivateIpAddress"));
    }
    let has = |ip: &IpAddr| gateway.addresses.iter().any(|address| address.private_ip == *ip);
    if let Some(other) = gone.iter().find(|ip| !has(ip)) {
        return Err(invalid(format!("The private IP address {other} is not assigned to NAT gateway {id}")));
    }
    let shown = shrink(tx, &gateway, &gone, NatGatewayAddressStatus::Unassigning)?;
    done(
        dry_run,
        UnassignPrivateNatGatewayAddressResult { nat_gateway_id: Some(id), nat_gateway_addresses: Some(shown) },
    )
}

/// A gateway of the kind that a call is for, that is there to be changed.
fn changeable(state: &State, id: &str, public: bool) -> Result<NatGateway, Fault> {
    let gateway = get(state, id)?;
    lives(gateway)?;
    if gateway.public == public {
        return Ok(gateway.clone());
    }
    let kind = if gateway.public { "public" } else { "private" };
    Err(invalid(format!("The operation is not valid for the {kind} NAT gateway {id}.")))
}

fn read_all(texts: &[String]) -> Result<Vec<IpAddr>, Fault> {
    texts.iter().map(|text| private_address::read("PrivateIpAddress", text)).collect()
}

fn extend(
    tx: &mut Tx<'_>,
    gateway: &NatGateway,
    listed: &[IpAddr],
    more: usize,
    allocations: &[String],
) -> Result<Vec<NatAddress>, Fault> {
    check_number(gateway.addresses.len() + listed.len() + more)?;
    let Some(interface) = &gateway.interface else { return Ok(Vec::new()) };
    let private = add(&mut tx.state, interface, listed, more)?;
    let added = address_all(tx, interface, &private, allocations);
    tx.state.nat_gateways.update(&gateway.id, |gateway| gateway.addresses.extend(added.clone()));
    Ok(added)
}

/// Takes addresses away and shows them as they go. The primary one stays.
fn shrink(
    tx: &mut Tx<'_>,
    gateway: &NatGateway,
    gone: &[IpAddr],
    status: NatGatewayAddressStatus,
) -> Result<Vec<NatGatewayAddress>, Fault> {
    let goes = |address: &&NatAddress| gone.contains(&address.private_ip);
    if gateway.addresses.first().as_ref().is_some_and(goes) {
        return Err(invalid(format!("The primary address of NAT gateway {} cannot be taken away.", gateway.id)));
    }
    if let Some(interface) = &gateway.interface {
        gone.iter().for_each(|ip| take_from(tx, interface, *ip));
    }
    tx.state.nat_gateways.update(&gateway.id, |gateway| gateway.addresses.retain(|address| !goes(&address)));
    Ok(gateway.addresses.iter().filter(goes).map(|address| show_address(gateway, address, status)).collect())
}

fn show_added(state: &State, id: &str, added: &[NatAddress]) -> Vec<NatGatewayAddress> {
    let Some(gateway) = state.nat_gateways.get(id) else { return Vec::new() };
    added.iter().map(|address| show_address(gateway, address, status(state, gateway, address))).collect()
}
