//! Elastic IP addresses: AllocateAddress and ReleaseAddress, and what maps them to private addresses ("Elastic IP addresses",
//! Amazon EC2 User Guide). Absent: addresses of one's own (BYOIP), of IPAM pools, of other border groups; transfers.

use super::{
    kind::Kind,
    parameter::{combination, done, invalid, missing, not_supported, unsupported},
    private_address, public_address, quota, tags, withdrawal,
};
use crate::{
    State, Tx,
    state::{Address, EipAssociation, ElasticIp, NetworkInterface, PublicIp},
};
use aws::{
    api::ec2::{AllocateAddressRequest, AllocateAddressResult, DomainType, ReleaseAddressRequest, ResourceType},
    fault::Fault,
    shape::Nothing,
};
use std::net::IpAddr;
use vpc::Holder;

/// The pool that Amazon's own addresses are in, as replies name it.
pub(super) const POOL: &str = "amazon";

/// AllocateAddress. An address that was released can be had again while nobody else has it (`Address`).
pub(super) fn allocate(tx: &mut Tx<'_>, input: AllocateAddressRequest) -> Result<AllocateAddressResult, Fault> {
    let AllocateAddressRequest {
        domain,
        address,
        public_ipv4_pool,
        network_border_group,
        customer_owned_ipv4_pool,
        tag_specifications,
        ipam_pool_id,
        dry_run,
    } = input;
    if domain == Some(DomainType::Standard) {
        return Err(not_supported("Domain=standard"));
    }
    unsupported("PublicIpv4Pool", public_ipv4_pool.filter(|pool| pool != POOL))?;
    unsupported("NetworkBorderGroup", network_border_group.filter(|group| *group != tx.state.region.name))?;
    unsupported("CustomerOwnedIpv4Pool", customer_owned_ipv4_pool)?;
    unsupported("IpamPoolId", ipam_pool_id)?;
    let tags = tags::at_creation(tag_specifications, ResourceType::ElasticIp)?;
    if tx.state.elastic_ips.len() >= quota::ELASTIC_IPS {
        return Err(Fault::new("AddressLimitExceeded", "The maximum number of addresses has been reached."));
    }
    let public_ip = match address {
        Some(text) => recover(&tx.state, &text)?,
        None => public_address::next(tx)?,
    };
    let address = Address { scope: Address::PUBLIC.to_owned(), ip: public_ip, interface: None };
    tx.state.addresses.put(address);
    let allocation = tx.ec2_id("eipalloc");
    tx.state.elastic_ips.put(ElasticIp { allocation: allocation.clone(), public_ip, association: None, tags });
    let answer = AllocateAddressResult {
        allocation_id: Some(allocation),
        public_ipv4_pool: Some(POOL.to_owned()),
        network_border_group: Some(tx.state.region.name.clone()),
        domain: Some(DomainType::Vpc),
        customer_owned_ip: None,
        customer_owned_ipv4_pool: None,
        carrier_ip: None,
        public_ip: Some(public_ip.to_string()),
    };
    done(dry_run, answer)
}

/// An address of the pool that nobody has. One that is being given up is somebody's until no host can have it.
fn recover(state: &State, text: &str) -> Result<IpAddr, Fault> {
    let ip = private_address::read("address", text)?;
    let key = Address::key_of(Address::PUBLIC, ip);
    let free = !state.addresses.contains(&key);
    if public_address::is_of_pool(ip) && free { Ok(ip) } else { Err(no_address(text)) }
}

/// ReleaseAddress.
pub(super) fn release(tx: &mut Tx<'_>, input: ReleaseAddressRequest) -> Result<Nothing, Fault> {
    let ReleaseAddressRequest { allocation_id, public_ip, network_border_group, dry_run } = input;
    unsupported("NetworkBorderGroup", network_border_group.filter(|group| *group != tx.state.region.name))?;
    let id = match (allocation_id, public_ip) {
        (Some(id), None) => id,
        (None, Some(ip)) => {
            by_ip(&tx.state, &ip)?;
            return Err(invalid("You must specify an allocation id when releasing a VPC elastic IP address"));
        }
        (None, None) => return Err(missing("allocationId")),
        (Some(_), Some(_)) => return Err(both()),
    };
    let address = get(&tx.state, &id)?.clone();
    if let Some(association) = &address.association {
        managed(&tx.state, association)?;
        let message = format!("Address {} is in use.", address.public_ip);
        return Err(Fault::new("InvalidIPAddress.InUse", message));
    }
    tx.state.elastic_ips.remove(&id);
    withdrawal::withdraw(tx, Address::PUBLIC, address.public_ip);
    done(dry_run, Nothing)
}

/// An Elastic IP address by its allocation.
///
/// # Errors
/// `InvalidAllocationID.NotFound`, `InvalidAllocationID.Malformed`.
pub(super) fn get<'a>(state: &'a State, allocation: &str) -> Result<&'a ElasticIp, Fault> {
    state.elastic_ips.get(allocation).ok_or_else(|| Kind::ElasticIp.missing(allocation))
}

/// An Elastic IP address by the address itself.
///
/// # Errors
/// `InvalidAddress.NotFound`.
pub(super) fn by_ip<'a>(state: &'a State, text: &str) -> Result<&'a ElasticIp, Fault> {
    state.elastic_ips.iter().find(|address| address.public_ip.to_string() == text).ok_or_else(|| no_address(text))
}

/// The interface of an association that a user may end.
///
/// # Errors
/// `AuthFailure` for an address that a service uses.
pub(super) fn managed(state: &State, association: &EipAssociation) -> Result<(), Fault> {
    match state.network_interfaces.get(&association.interface) {
        Some(interface) => may_change(interface),
        None => Ok(()),
    }
}

/// Whether a user may change an interface. Those of NAT gateways and endpoints are the services' alone ("Requester-managed network
/// interfaces", Amazon EC2 User Guide).
///
/// # Errors
/// `AuthFailure`.
pub(super) fn may_change(interface: &NetworkInterface) -> Result<(), Fault> {
    match interface.holder {
        Holder::User => Ok(()),
        Holder::Task | Holder::NatGateway(_) | Holder::Endpoint(_) | Holder::LoadBalancer(_) => {
            Err(Fault::new("AuthFailure", "You do not have permission to access the specified resource."))
        }
    }
}

/// Maps an Elastic IP address to a private one and returns the association. What that private address had before is unmapped: another
/// Elastic IP address stays its owner's, a public address that came with the interface is given up.
pub(super) fn map(tx: &mut Tx<'_>, allocation: &str, interface: &NetworkInterface, private_ip: IpAddr) -> String {
    unmap(&mut tx.state, allocation);
    match interface.public_ips.get(&private_ip) {
        Some(PublicIp { allocation: Some(before), .. }) => unmap(&mut tx.state, before),
        Some(PublicIp { ip, allocation: None }) => withdrawal::withdraw(tx, Address::PUBLIC, *ip),
        None => {}
    }
    let id = tx.ec2_id("eipassoc");
    let Some(public_ip) = tx.state.elastic_ips.get(allocation).map(|address| address.public_ip) else { return id };
    let association = EipAssociation { id: id.clone(), interface: interface.id.clone(), private_ip };
    tx.state.elastic_ips.update(allocation, |address| address.association = Some(association));
    let public = PublicIp { ip: public_ip, allocation: Some(allocation.to_owned()) };
    tx.state
        .network_interfaces
        .update(&interface.id, |interface| drop(interface.public_ips.insert(private_ip, public)));
    let holder = Some(interface.id.clone());
    tx.state.addresses.update(&Address::key_of(Address::PUBLIC, public_ip), |address| address.interface = holder);
    id
}

/// Lets an Elastic IP address stand for nothing.
pub(super) fn unmap(state: &mut State, allocation: &str) {
    let Some(address) = state.elastic_ips.get(allocation).cloned() else { return };
    let Some(association) = address.association else { return };
    state.elastic_ips.update(allocation, |address| address.association = None);
    state
        .network_interfaces
        .update(&association.interface, |interface| drop(interface.public_ips.remove(&association.private_ip)));
    let key = Address::key_of(Address::PUBLIC, address.public_ip);
    state.addresses.update(&key, |address| address.interface = None);
}

/// A call names an address in one way.
pub(super) fn both() -> Fault {
    combination("You may specify public IP or allocation id, but not both in the same call")
}

fn no_address(text: &str) -> Fault {
    Fault::new("InvalidAddress.NotFound", format!("Address '{text}' not found."))
}
