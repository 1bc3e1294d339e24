//! Secondary private addresses: AssignPrivateIpAddresses and UnassignPrivateIpAddresses ("Secondary IP addresses for your EC2
//! instances", Amazon EC2 User Guide). Absent: prefixes.

use super::{
    elastic_ip::{may_change, unmap},
    network_interface::{check_number, get},
    parameter::{combination, invalid, missing, unsupported},
    private_address, withdrawal,
};
use crate::{
    State, Tx,
    state::{Address, NetworkInterface},
};
use aws::{
    api::ec2::{
        AssignPrivateIpAddressesRequest, AssignPrivateIpAddressesResult, AssignedPrivateIpAddress,
        UnassignPrivateIpAddressesRequest,
    },
    fault::Fault,
    shape::Nothing,
};
use std::net::IpAddr;
use vpc::InterfaceId;

/// AssignPrivateIpAddresses: certain addresses, or as many that are free.
pub(super) fn assign(
    tx: &mut Tx<'_>,
    input: AssignPrivateIpAddressesRequest,
) -> Result<AssignPrivateIpAddressesResult, Fault> {
    let AssignPrivateIpAddressesRequest {
        ipv4_prefixes,
        ipv4_prefix_count,
        network_interface_id,
        private_ip_addresses,
        secondary_private_ip_address_count,
        allow_reassignment,
    } = input;
    unsupported("Ipv4Prefixes", ipv4_prefixes)?;
    unsupported("Ipv4PrefixCount", ipv4_prefix_count)?;
    let interface = get(&tx.state, &network_interface_id)?.clone();
    may_change(&interface)?;
    let listed = private_ip_addresses.unwrap_or_default();
    let more = private_address::count("secondaryPrivateIpAddressCount", secondary_private_ip_address_count)?;
    match (listed.is_empty(), more) {
        (true, 0) => return Err(missing("privateIpAddress or secondaryPrivateIpAddressCount")),
        (false, 1..) => {
            return Err(combination(
                "The parameter privateIpAddresses cannot be used with the parameter secondaryPrivateIpAddressCount",
            ));
        }
        _ => {}
    }
    check_number(1 + interface.secondary_ips.len() + listed.len() + more)?;
    let listed: Vec<IpAddr> =
        listed.iter().map(|text| private_address::read("privateIpAddresses", text)).collect::<Result<_, _>>()?;
    for ip in &listed {
        if allow_reassignment == Some(true) {
            take_away(tx, &interface, *ip)?;
        }
    }
    let assigned = add(&mut tx.state, &interface.id, &listed, more)?;
    let shown = assigned.iter().map(|ip| AssignedPrivateIpAddress { private_ip_address: Some(ip.to_string()) });
    Ok(AssignPrivateIpAddressesResult {
        network_interface_id: Some(network_interface_id),
        assigned_private_ip_addresses: Some(shown.collect()),
        assigned_ipv4_prefixes: Some(Vec::new()),
    })
}

/// Gives an interface more private addresses: these, and as many that are free. Returns them.
///
/// # Errors
/// Those of [`private_address::take`].
pub(super) fn add(state: &mut State, id: &InterfaceId, listed: &[IpAddr], more: usize) -> Result<Vec<IpAddr>, Fault> {
    let subnet = get(state, id)?.subnet.clone();
    let wanted = listed.iter().copied().map(Some).chain(std::iter::repeat_n(None, more));
    let added: Vec<IpAddr> =
        wanted.map(|ip| private_address::take(state, &subnet, id, ip)).collect::<Result<_, _>>()?;
    state.network_interfaces.update(id, |interface| interface.secondary_ips.extend(&added));
    Ok(added)
}

/// Frees a secondary address of another interface for this one. An Elastic IP address that is mapped to it goes with it
/// ("AssignPrivateIpAddresses", Amazon EC2 API Reference), so it is mapped anew.
fn take_away(tx: &mut Tx<'_>, to: &NetworkInterface, ip: IpAddr) -> Result<(), Fault> {
    let holder = tx.state.addresses.get(&Address::key_of(&to.subnet, ip)).and_then(|address| address.interface.clone());
    let Some(holder) = holder.filter(|holder| *holder != to.id) else { return Ok(()) };
    let holder = get(&tx.state, &holder)?.clone();
    may_change(&holder)?;
    if holder.private_ip == ip {
        return Err(invalid(format!("The primary private IP address {ip} of {} cannot be reassigned", holder.id)));
    }
    let elastic = holder.public_ips.get(&ip).cloned();
    tx.state.network_interfaces.update(&holder.id, |interface| {
        interface.secondary_ips.remove(&ip);
        interface.public_ips.remove(&ip);
    });
    if let Some(public) = elastic {
        tx.state.network_interfaces.update(&to.id, |interface| drop(interface.public_ips.insert(ip, public.clone())));
        let at = Some(to.id.clone());
        tx.state
            .addresses
            .update(&Address::key_of(Address::PUBLIC, public.ip), |address| address.interface = at.clone());
        tx.state.elastic_ips.update(&public.allocation.unwrap_or_default(), |address| {
            if let (Some(association), Some(to)) = (&mut address.association, at) {
                association.interface = to;
            }
        });
    }
    withdrawal::free(&mut tx.state, &to.subnet, ip);
    Ok(())
}

/// UnassignPrivateIpAddresses. Elastic IP addresses that were mapped to them stand for nothing then.
pub(super) fn unassign(tx: &mut Tx<'_>, input: UnassignPrivateIpAddressesRequest) -> Result<Nothing, Fault> {
    let UnassignPrivateIpAddressesRequest { ipv4_prefixes, network_interface_id, private_ip_addresses } = input;
    unsupported("Ipv4Prefixes", ipv4_prefixes)?;
    let interface = get(&tx.state, &network_interface_id)?.clone();
    may_change(&interface)?;
    let listed = private_ip_addresses.unwrap_or_default();
    if listed.is_empty() {
        return Err(missing("privateIpAddress"));
    }
    let listed: Vec<IpAddr> =
        listed.iter().map(|text| private_address::read("privateIpAddresses", text)).collect::<Result<_, _>>()?;
    if listed.contains(&interface.private_ip) {
        let message = format!("The primary private IP address {} cannot be unassigned", interface.private_ip);
        return Err(invalid(message));
    }
    if listed.iter().any(|ip| !interface.secondary_ips.contains(ip)) {
        let message = format!("Some of the specified addresses are not assigned to interface {network_interface_id}");
        return Err(invalid(message));
    }
    listed.iter().for_each(|ip| take_from(tx, &interface.id, *ip));
    Ok(Nothing)
}

/// Takes a secondary address from an interface, with the Elastic IP address that is mapped to it.
pub(super) fn take_from(tx: &mut Tx<'_>, id: &InterfaceId, ip: IpAddr) {
    let Some(interface) = tx.state.network_interfaces.get(id).cloned() else { return };
    if let Some(allocation) = interface.public_ips.get(&ip).and_then(|public| public.allocation.as_ref()) {
        unmap(&mut tx.state, allocation);
    }
    tx.state.network_interfaces.update(id, |interface| interface.secondary_ips.retain(|own| *own != ip));
    withdrawal::withdraw(tx, &interface.subnet, ip);
}
