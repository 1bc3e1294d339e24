//! Private addresses: how one is taken.

use super::{
    address::{capacity, is_usable, next_free},
    parameter::invalid,
    subnet,
};
use crate::{State, state::Address};
use aws::fault::Fault;
use std::net::IpAddr;
use vpc::{InterfaceId, SubnetId};

/// Takes an address of a subnet for an interface: the one that is wanted, or the next free one.
///
/// # Errors
/// `InvalidParameterValue` for one the subnet can't give, `InvalidIPAddress.InUse`, `InsufficientFreeAddressesInSubnet`.
pub(super) fn take(
    state: &mut State,
    id: &SubnetId,
    interface: &InterfaceId,
    wanted: Option<IpAddr>,
) -> Result<IpAddr, Fault> {
    let ip = match wanted {
        Some(ip) => check(state, id, ip)?,
        None => next(state, id)?,
    };
    state.addresses.put(Address { scope: id.to_string(), ip, interface: Some(interface.clone()) });
    state.subnets.update(id, |subnet| {
        subnet.in_use += 1;
        // One that was asked for says nothing of which come next.
        subnet.last_given = if wanted.is_none() { Some(ip) } else { subnet.last_given };
    });
    Ok(ip)
}

/// Reads an IPv4 address of a request.
///
/// # Errors
/// `InvalidParameterValue` naming the parameter.
pub(super) fn read(parameter: &str, text: &str) -> Result<IpAddr, Fault> {
    let ip = text.parse::<IpAddr>().ok().filter(IpAddr::is_ipv4);
    ip.ok_or_else(|| invalid(format!("Value ({text}) for parameter {parameter} is invalid. Invalid IPv4 address.")))
}

fn check(state: &State, id: &SubnetId, ip: IpAddr) -> Result<IpAddr, Fault> {
    let subnet = subnet::get(state, id)?;
    if !subnet.cidr.contains(&ip) {
        return Err(invalid(format!("Address {ip} does not fall within the subnet's address range")));
    }
    if !is_usable(&subnet.cidr, ip) {
        return Err(invalid(format!("Address {ip} is in subnet's reserved address range")));
    }
    if state.addresses.contains(&Address::key_of(id, ip)) {
        return Err(Fault::new("InvalidIPAddress.InUse", format!("Address {ip} is in use.")));
    }
    Ok(ip)
}

fn next(state: &State, id: &SubnetId) -> Result<IpAddr, Fault> {
    let subnet = subnet::get(state, id)?;
    let free = subnet.in_use < capacity(&subnet.cidr);
    let taken = |ip| state.addresses.contains(&Address::key_of(id, ip));
    let next = if free { next_free(&subnet.cidr, subnet.last_given, taken) } else { None };
    next.ok_or_else(|| {
        let message =
            format!("The specified subnet '{id}' does not have enough free addresses to satisfy the request.");
        Fault::new("InsufficientFreeAddressesInSubnet", message)
    })
}

/// Reads how many addresses a request asks for; none if it does not say.
///
/// # Errors
/// `InvalidParameterValue` for a negative number.
pub(super) fn count(parameter: &str, count: Option<i32>) -> Result<usize, Fault> {
    let count = count.unwrap_or(0);
    usize::try_from(count).map_err(|_| invalid(format!("Value ({count}) for parameter {parameter} is invalid.")))
}
