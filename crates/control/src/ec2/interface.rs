//! Network interfaces: how one is made, whoever it is for, and how it goes ("Elastic network interfaces", Amazon EC2 User Guide).

use super::{
    address::capacity, elastic_ip, flow_log, names, private_address, public_address, quota, security_group, subnet,
    withdrawal,
};
use crate::{
    State, Tx,
    state::{Address, InterfaceAttachment, NetworkInterface, PublicIp, Subnet, Tags},
};
use aws::fault::Fault;
use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};
use vpc::{Holder, InterfaceId, Mac, SecurityGroupId, SubnetId, VpcId};

/// What an interface is to be.
#[derive(Debug, Clone)]
pub(crate) struct NewInterface {
    /// Where its address is taken from.
    pub(crate) subnet: SubnetId,
    /// Its security groups, of the subnet's VPC; without any it gets the VPC's default group. A NAT gateway's has none.
    pub(crate) groups: Vec<SecurityGroupId>,
    /// What it is for.
    pub(crate) description: String,
    /// On whose behalf it is made.
    pub(crate) holder: Holder,
    /// Whether it gets a public address.
    pub(crate) public_ip: bool,
    /// Its tags.
    pub(crate) tags: Tags,
}

/// Which private addresses an interface is to have.
#[derive(Debug, Clone, Default)]
pub(super) struct PrivateAddresses {
    /// The primary one; the next free one if it does not matter.
    pub(super) primary: Option<IpAddr>,
    /// Others.
    pub(super) secondary: Vec<IpAddr>,
    /// How many more that are free.
    pub(super) more: usize,
}

/// Makes an interface with one private address and takes its addresses.
///
/// # Errors
/// Those of [`create_with`].
pub(crate) fn create(tx: &mut Tx<'_>, new: NewInterface) -> Result<NetworkInterface, Fault> {
    create_with(tx, new, PrivateAddresses::default())
}

/// Makes the interface of a Network Load Balancer's node: it has the security groups that are asked for, which may be none, forwards what
/// others send, and may have a certain address.
///
/// # Errors
/// Those of [`create_with`].
pub(crate) fn create_forwarding(
    tx: &mut Tx<'_>,
    new: NewInterface,
    primary: Option<IpAddr>,
) -> Result<NetworkInterface, Fault> {
    let security_groups: BTreeSet<SecurityGroupId> = new.groups.iter().cloned().collect();
    let addresses = PrivateAddresses { primary, ..PrivateAddresses::default() };
    let made = NetworkInterface { security_groups, source_dest_check: false, ..create_with(tx, new, addresses)? };
    tx.state.network_interfaces.put(made.clone());
    Ok(made)
}

/// Gives an interface's private address an Elastic IP address.
///
/// # Errors
/// `AllocationIdNotFound`, as Elastic Load Balancing calls it, for one that is not there, `InvalidConfigurationRequest` for one in use.
pub(crate) fn give_elastic(tx: &mut Tx<'_>, allocation: &str, to: &NetworkInterface) -> Result<(), Fault> {
    match tx.state.elastic_ips.get(allocation) {
        None => {
            let message = format!("The allocation ID '{allocation}' does not exist");
            Err(Fault::new("AllocationIdNotFound", message))
        }
        Some(address) if address.association.is_some() => {
            let message = format!("The allocation ID '{allocation}' is already associated");
            Err(Fault::new("InvalidConfigurationRequest", message))
        }
        Some(_) => {
            elastic_ip::map(tx, allocation, to, to.private_ip);
            Ok(())
        }
    }
}

/// Makes an interface with certain private addresses and takes its addresses.
///
/// # Errors
/// `NetworkInterfaceLimitExceeded`, `InsufficientAddressCapacity`, `InvalidSubnetID.NotFound`, `InvalidGroup.NotFound`,
/// `SecurityGroupsPerInterfaceLimitExceeded` and those of [`private_address::take`].
pub(super) fn create_with(
    tx: &mut Tx<'_>,
    new: NewInterface,
    addresses: PrivateAddresses,
) -> Result<NetworkInterface, Fault> {
    let NewInterface { subnet, groups, description, holder, public_ip, tags } = new;
    let vpc = subnet::get(&tx.state, &subnet)?.vpc.clone();
    let filtered = !matches!(holder, Holder::NatGateway(_));
    let security_groups = if filtered { choose_groups(&tx.state, &vpc, groups)? } else { BTreeSet::new() };
    if tx.state.network_interfaces.len() >= quota::INTERFACES {
        let message = "The maximum number of network interfaces has been reached.";
        return Err(Fault::new("NetworkInterfaceLimitExceeded", message));
    }
    let id = InterfaceId::from(tx.ec2_id("eni"));
    let PrivateAddresses { primary, secondary, more } = addresses;
    // Those that were asked for first, so that none of them is given otherwise.
    let mut take = |wanted| private_address::take(&mut tx.state, &subnet, &id, wanted);
    let asked: Vec<IpAddr> = primary.into_iter().chain(secondary).map(|ip| take(Some(ip))).collect::<Result<_, _>>()?;
    let private_ip = primary.map_or_else(|| take(None), Ok)?;
    let given: Vec<IpAddr> = (0..more).map(|_| take(None)).collect::<Result<_, _>>()?;
    let secondary_ips = asked.into_iter().chain(given).filter(|ip| *ip != private_ip).collect();
    let public_ip = if public_ip { Some(public_address::next(tx)?) } else { None };
    if let Some(ip) = public_ip {
        tx.state.addresses.put(Address { scope: Address::PUBLIC.to_owned(), ip, interface: Some(id.clone()) });
    }
    let attachment = match holder {
        Holder::User => None,
        Holder::Task | Holder::NatGateway(_) | Holder::Endpoint(_) | Holder::LoadBalancer(_) => {
            Some(InterfaceAttachment { id: tx.ec2_id("eni-attach"), at: tx.now })
        }
    };
    let interface = NetworkInterface {
        mac: mac(&vpc, private_ip),
        id,
        vpc,
        subnet,
        private_ip,
        secondary_ips,
        public_ips: public_ip.map(|ip| (private_ip, PublicIp { ip, allocation: None })).into_iter().collect(),
        security_groups,
        description,
        holder,
        attachment,
        source_dest_check: filtered,
        tags,
    };
    tx.state.network_interfaces.put(interface.clone());
    Ok(interface)
}

/// Removes an interface and frees its addresses; one that is gone stays gone. Its Elastic IP addresses stand for nothing then.
///
/// Its addresses may be given again from now on: call it when no host can have the interface any more.
pub(crate) fn delete(tx: &mut Tx<'_>, id: &InterfaceId) {
    remove(tx, id, |tx, scope, ip| withdrawal::free(&mut tx.state, scope, ip));
}

/// Removes an interface that hosts may still have. Its addresses are free once they have it no more.
pub(crate) fn withdraw(tx: &mut Tx<'_>, id: &InterfaceId) {
    remove(tx, id, withdrawal::withdraw);
}

fn remove(tx: &mut Tx<'_>, id: &InterfaceId, give_up: fn(&mut Tx<'_>, &str, IpAddr)) {
    let Some(gone) = tx.state.network_interfaces.get(id).cloned() else { return };
    let (elastic, given): (BTreeMap<_, _>, BTreeMap<_, _>) =
        gone.public_ips.iter().partition(|(_, public)| public.allocation.is_some());
    elastic.values().flat_map(|public| &public.allocation).for_each(|id| elastic_ip::unmap(&mut tx.state, id));
    tx.state.network_interfaces.remove(id);
    flow_log::forget(&mut tx.state, id);
    gone.private_ips().for_each(|ip| give_up(tx, &gone.subnet, ip));
    given.values().for_each(|public| give_up(tx, Address::PUBLIC, public.ip));
}

/// The private DNS name of an interface, such as `ip-10-0-1-12.ec2.internal`; none where the VPC's DNS hostnames are off.
pub(crate) fn private_dns_name(state: &State, interface: &NetworkInterface) -> Option<String> {
    names::private(state.vpcs.get(&interface.vpc)?, &state.region.name, interface.private_ip)
}

/// The interfaces of a subnet, by the prefix of the keys of its addresses.
pub(super) fn of_subnet<'a>(state: &'a State, prefix: &'a str) -> impl Iterator<Item = &'a NetworkInterface> {
    state.addresses.prefixed(prefix).filter_map(|address| {
        let interface = state.network_interfaces.get(address.interface.as_ref()?)?;
        (interface.private_ip == address.ip).then_some(interface)
    })
}

/// How many addresses of a subnet are free.
pub(crate) fn free_addresses(state: &State, subnet: &SubnetId) -> u64 {
    let free = |subnet: &Subnet| capacity(&subnet.cidr).saturating_sub(subnet.in_use);
    state.subnets.get(subnet).map_or(0, free)
}

/// The security group that a VPC came with.
pub(crate) fn default_group(state: &State, vpc: &VpcId) -> Option<SecurityGroupId> {
    security_group::default_of(state, vpc).map(|group| group.id.clone())
}

/// The groups an interface gets: those that are asked for, else the VPC's default one.
///
/// # Errors
/// `InvalidGroup.NotFound`, `SecurityGroupsPerInterfaceLimitExceeded`.
pub(crate) fn choose_groups(
    state: &State,
    vpc: &VpcId,
    groups: Vec<SecurityGroupId>,
) -> Result<BTreeSet<SecurityGroupId>, Fault> {
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

/// A locally administered address, unique in its VPC because the IPv4 address is, and as good as unique elsewhere:
/// the last 46 bits of the VPC's id, which are random, changed by the address.
fn mac(vpc: &VpcId, ip: IpAddr) -> Mac {
    let digits = vpc.get(vpc.len().saturating_sub(12)..).unwrap_or_default();
    let bits = u64::from_str_radix(digits, 16).unwrap_or_default() ^ (super::cidr::number(ip) as u64 & 0xffff_ffff);
    let [_, _, a, b, c, d, e, f] = bits.to_be_bytes();
    Mac([(a & 0xfc) | 0x02, b, c, d, e, f])
}
