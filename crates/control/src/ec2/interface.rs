//! Network interfaces as services make them. Absent: interfaces a user makes, moves or attaches.

use super::{
    address::{capacity, next_free},
    names, public_address, quota, security_group, subnet,
};
use crate::{
    State, Tx,
    state::{Address, InterfaceAttachment, NetworkInterface, PublicIp, Requester, Tags},
};
use aws::fault::Fault;
use std::{collections::BTreeSet, net::IpAddr};
use vpc::{InterfaceId, Mac, SecurityGroupId, SubnetId, VpcId};

/// What an interface is to be.
#[derive(Debug, Clone)]
pub(crate) struct NewInterface {
    /// Where its address is taken from.
    pub(crate) subnet: SubnetId,
    /// Its security groups, of the subnet's VPC; without any it gets the VPC's default group.
    pub(crate) groups: Vec<SecurityGroupId>,
    /// What it is for.
    pub(crate) description: String,
    /// On whose behalf it is made.
    pub(crate) requester: Requester,
    /// Whether it gets a public address.
    pub(crate) public_ip: bool,
    /// Its tags.
    pub(crate) tags: Tags,
}

/// Makes an interface and takes its addresses.
///
/// # Errors
/// `InsufficientFreeAddressesInSubnet`, `InsufficientAddressCapacity`, `InvalidSubnetID.NotFound`, `InvalidGroup.NotFound`,
/// `SecurityGroupsPerInterfaceLimitExceeded`.
pub(crate) fn create(tx: &mut Tx<'_>, new: NewInterface) -> Result<NetworkInterface, Fault> {
    let NewInterface { subnet, groups, description, requester, public_ip, tags } = new;
    let vpc = subnet::get(&tx.state, &subnet)?.vpc.clone();
    let security_groups = choose_groups(&tx.state, &vpc, groups)?;
    let private_ip = next_private(&tx.state, &subnet)?;
    let public_ip = if public_ip { Some(public_address::next(tx)?) } else { None };
    let interface = NetworkInterface {
        id: InterfaceId::from(tx.ec2_id("eni")),
        mac: mac(&vpc, private_ip),
        vpc,
        subnet,
        private_ip,
        secondary_ips: BTreeSet::new(),
        public_ips: public_ip.map(|ip| (private_ip, PublicIp { ip, allocation: None })).into_iter().collect(),
        security_groups,
        description,
        requester,
        attachment: Some(InterfaceAttachment { id: tx.ec2_id("eni-attach"), at: tx.now }),
        source_dest_check: true,
        withdrawn: None,
        tags,
    };
    take(&mut tx.state, &interface);
    Ok(interface)
}

/// Removes an interface and frees its addresses; one that is gone stays gone.
///
/// Its address may be given again from now on: call it when no host can have the interface any more.
pub(crate) fn delete(tx: &mut Tx<'_>, id: &InterfaceId) {
    let Some(gone) = tx.state.network_interfaces.remove(id) else { return };
    tx.state.addresses.remove(&Address::key_of(&gone.subnet, gone.private_ip));
    for public in gone.public_ips.values() {
        tx.state.addresses.remove(&Address::key_of(Address::PUBLIC, public.ip));
    }
    tx.state.subnets.update(&gone.subnet, |subnet| subnet.in_use = subnet.in_use.saturating_sub(1));
}

/// The private DNS name of an interface, such as `ip-10-0-1-12.ec2.internal`; none where the VPC's DNS hostnames are off.
pub(crate) fn private_dns_name(state: &State, interface: &NetworkInterface) -> Option<String> {
    names::private(state.vpcs.get(&interface.vpc)?, &state.region.name, interface.private_ip)
}

/// The interfaces of a subnet.
pub(super) fn of_subnet<'a>(state: &'a State, prefix: &'a str) -> impl Iterator<Item = &'a NetworkInterface> {
    state.addresses.prefixed(prefix).filter_map(|address| state.network_interfaces.get(address.interface.as_ref()?))
}

fn choose_groups(state: &State, vpc: &VpcId, groups: Vec<SecurityGroupId>) -> Result<BTreeSet<SecurityGroupId>, Fault> {
    if groups.is_empty() {
        let none = || {
            Fault::new("InvalidGroup.NotFound", format!("The security group 'default' does not exist in VPC '{vpc}'"))
        };
        let default = security_group::default_of(state, vpc).ok_or_else(none)?;
        return Ok(BTreeSet::from([default.id.clone()]));
    }
    for id in &groups {
        security_group::get_in(state, vpc, id)?;
    }
    let groups: BTreeSet<_> = groups.into_iter().collect();
    if groups.len() > quota::GROUPS_PER_INTERFACE {
        let message = "The maximum number of security groups per interface has been reached.";
        return Err(Fault::new("SecurityGroupsPerInterfaceLimitExceeded", message));
    }
    Ok(groups)
}

fn next_private(state: &State, id: &SubnetId) -> Result<IpAddr, Fault> {
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

/// Puts an interface with what follows from it: its addresses are taken.
fn take(state: &mut State, interface: &NetworkInterface) {
    let address = |scope: &str, ip| Address { scope: scope.to_owned(), ip, interface: Some(interface.id.clone()) };
    state.addresses.put(address(&interface.subnet, interface.private_ip));
    for public in interface.public_ips.values() {
        state.addresses.put(address(Address::PUBLIC, public.ip));
    }
    state.subnets.update(&interface.subnet, |subnet| {
        subnet.in_use += 1;
        subnet.last_given = Some(interface.private_ip);
    });
    state.network_interfaces.put(interface.clone());
}

/// A locally administered address, unique in its VPC because the IPv4 address is, and as good as unique elsewhere:
/// the last 46 bits of the VPC's id, which are random, changed by the address.
fn mac(vpc: &VpcId, ip: IpAddr) -> Mac {
    let digits = vpc.get(vpc.len().saturating_sub(12)..).unwrap_or_default();
    let bits = u64::from_str_radix(digits, 16).unwrap_or_default() ^ (super::cidr::number(ip) as u64 & 0xffff_ffff);
    let [_, _, a, b, c, d, e, f] = bits.to_be_bytes();
    Mac([(a & 0xfc) | 0x02, b, c, d, e, f])
}
