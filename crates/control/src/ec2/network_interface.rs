//! Interfaces that users make: CreateNetworkInterface, DeleteNetworkInterface, and the calls that attach them to instances, of which
//! there are none ("Elastic network interfaces", Amazon EC2 User Guide). Absent: IPv6, prefixes, EFA, trunks and branches.

use super::{
    client_token::Call,
    describe_interfaces::show,
    interface::{self, NewInterface, PrivateAddresses},
    kind::Kind,
    parameter::{combination, done, invalid, missing, not_supported, only_false, unsupported},
    private_address, quota,
    route_target::no_instance,
    tags,
};
use crate::{State, Tx, state::NetworkInterface};
use aws::{
    api::ec2::{
        AttachNetworkInterfaceRequest, AttachNetworkInterfaceResult, CreateNetworkInterfaceRequest,
        CreateNetworkInterfaceResult, DeleteNetworkInterfaceRequest, DetachNetworkInterfaceRequest,
        NetworkInterfaceCreationType, PrivateIpAddressSpecification, ResourceType,
    },
    fault::Fault,
    shape::Nothing,
};
use vpc::{Holder, SecurityGroupId, SubnetId};

/// An interface by its id.
///
/// # Errors
/// `InvalidNetworkInterfaceID.NotFound`, `InvalidNetworkInterfaceId.Malformed`.
pub(super) fn get<'a>(state: &'a State, id: &str) -> Result<&'a NetworkInterface, Fault> {
    state.network_interfaces.get(id).ok_or_else(|| Kind::NetworkInterface.missing(id))
}

/// CreateNetworkInterface. A token whose interface is gone makes another.
pub(super) fn create(
    tx: &mut Tx<'_>,
    input: CreateNetworkInterfaceRequest,
) -> Result<CreateNetworkInterfaceResult, Fault> {
    let call = Call::new("CreateNetworkInterface", input.client_token.as_ref(), &input)?;
    let CreateNetworkInterfaceRequest {
        ipv4_prefixes,
        ipv4_prefix_count,
        ipv6_prefixes,
        ipv6_prefix_count,
        interface_type,
        tag_specifications,
        client_token,
        enable_primary_ipv6,
        connection_tracking_specification,
        operator,
        subnet_id,
        description,
        private_ip_address,
        groups,
        private_ip_addresses,
        secondary_private_ip_address_count,
        ipv6_addresses,
        ipv6_address_count,
        dry_run,
    } = input;
    unsupported("Ipv4Prefixes", ipv4_prefixes)?;
    unsupported("Ipv4PrefixCount", ipv4_prefix_count.filter(|count| *count != 0))?;
    unsupported("Ipv6Prefixes", ipv6_prefixes)?;
    unsupported("Ipv6PrefixCount", ipv6_prefix_count.filter(|count| *count != 0))?;
    unsupported("Ipv6Addresses", ipv6_addresses)?;
    unsupported("Ipv6AddressCount", ipv6_address_count.filter(|count| *count != 0))?;
    only_false("EnablePrimaryIpv6", enable_primary_ipv6)?;
    unsupported("ConnectionTrackingSpecification", connection_tracking_specification)?;
    unsupported("Operator", operator)?;
    if let Some(kind) = interface_type.filter(|kind| *kind != NetworkInterfaceCreationType::Interface) {
        return Err(not_supported(&format!("InterfaceType={kind}")));
    }
    let answer = |state: &State, interface: &NetworkInterface| CreateNetworkInterfaceResult {
        network_interface: Some(show(state, interface)),
        client_token: client_token.clone(),
    };
    if let Some(made) = call.made_before(&tx.state)?
        && let Some(interface) = tx.state.network_interfaces.get(&made)
    {
        return done(dry_run, answer(&tx.state, interface));
    }
    let new = NewInterface {
        subnet: SubnetId::from(subnet_id),
        groups: groups.into_iter().flatten().map(SecurityGroupId::from).collect(),
        description: description.unwrap_or_default(),
        holder: Holder::User,
        public_ip: false,
        tags: tags::at_creation(tag_specifications, ResourceType::NetworkInterface)?,
    };
    let addresses = addresses(private_ip_address, private_ip_addresses, secondary_private_ip_address_count)?;
    let interface = interface::create_with(tx, new, addresses)?;
    call.remember(tx, &interface.id);
    done(dry_run, answer(&tx.state, &interface))
}

/// The private addresses a call asks for: by number or by name, and the primary one in one of two ways.
fn addresses(
    primary: Option<String>,
    listed: Option<Vec<PrivateIpAddressSpecification>>,
    count: Option<i32>,
) -> Result<PrivateAddresses, Fault> {
    let mut wanted = PrivateAddresses::default();
    if let Some(text) = primary {
        wanted.primary = Some(private_address::read("privateIpAddress", &text)?);
    }
    for PrivateIpAddressSpecification { primary, private_ip_address } in listed.into_iter().flatten() {
        let text = private_ip_address.ok_or_else(|| missing("privateIpAddresses.n.privateIpAddress"))?;
        let ip = private_address::read("privateIpAddresses", &text)?;
        if primary != Some(true) {
            wanted.secondary.push(ip);
        } else if wanted.primary.replace(ip).is_some_and(|before| before != ip) {
            return Err(combination("Only one primary private IP address can be specified."));
        }
    }
    wanted.more = private_address::count("secondaryPrivateIpAddressCount", count)?;
    if wanted.more > 0 && !wanted.secondary.is_empty() {
        return Err(combination(
            "The parameter privateIpAddresses cannot be used with the parameter secondaryPrivateIpAddressCount",
        ));
    }
    check_number(1 + wanted.secondary.len() + wanted.more)?;
    Ok(wanted)
}

/// Refuses more private addresses than an interface can have.
///
/// # Errors
/// `PrivateIpAddressLimitExceeded`.
pub(super) fn check_number(addresses: usize) -> Result<(), Fault> {
    if addresses <= quota::ADDRESSES_PER_INTERFACE {
        return Ok(());
    }
    Err(Fault::new("PrivateIpAddressLimitExceeded", "Number of private addresses will exceed limit."))
}

/// DeleteNetworkInterface. Routes to it become black holes; its Elastic IP addresses stand for nothing.
pub(super) fn delete(tx: &mut Tx<'_>, input: DeleteNetworkInterfaceRequest) -> Result<Nothing, Fault> {
    let DeleteNetworkInterfaceRequest { dry_run, network_interface_id } = input;
    let interface = get(&tx.state, &network_interface_id)?;
    if interface.holder != Holder::User {
        return Err(invalid(format!("Network interface '{network_interface_id}' is currently in use.")));
    }
    let id = interface.id.clone();
    interface::withdraw(tx, &id);
    done(dry_run, Nothing)
}

/// AttachNetworkInterface: there is no instance to attach anything to.
pub(super) fn attach(
    tx: &mut Tx<'_>,
    input: AttachNetworkInterfaceRequest,
) -> Result<AttachNetworkInterfaceResult, Fault> {
    let AttachNetworkInterfaceRequest {
        network_card_index: _,
        ena_srd_specification: _,
        ena_queue_count: _,
        dry_run: _,
        network_interface_id,
        instance_id,
        device_index: _,
    } = input;
    get(&tx.state, &network_interface_id)?;
    Err(no_instance(&instance_id))
}

/// DetachNetworkInterface: every attachment is a service's.
pub(super) fn detach(tx: &mut Tx<'_>, input: DetachNetworkInterfaceRequest) -> Result<Nothing, Fault> {
    let DetachNetworkInterfaceRequest { dry_run: _, attachment_id, force: _ } = input;
    let of = |interface: &NetworkInterface| interface.attachment.as_ref().is_some_and(|at| at.id == attachment_id);
    if tx.state.network_interfaces.iter().any(of) {
        let message = "You are not allowed to manage 'ela-attach' attachments.";
        return Err(Fault::new("OperationNotPermitted", message));
    }
    Err(no_attachment(&attachment_id))
}

/// There is no such attachment.
pub(super) fn no_attachment(id: &str) -> Fault {
    Fault::new("InvalidAttachmentID.NotFound", format!("The attachment ID '{id}' does not exist"))
}
