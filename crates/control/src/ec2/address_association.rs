//! What an Elastic IP address stands for: AssociateAddress and DisassociateAddress ("Associate Elastic IP addresses with resources in
//! your VPC", Amazon VPC User Guide).

use super::{
    elastic_ip::{both, by_ip, get, managed, map, may_change, unmap},
    internet_gateway,
    kind::Kind,
    parameter::{combination, done, invalid, missing},
    private_address,
    route_target::no_instance,
};
use crate::{
    State, Tx,
    state::{ElasticIp, NetworkInterface},
};
use aws::{
    api::ec2::{AssociateAddressRequest, AssociateAddressResult, DisassociateAddressRequest},
    fault::Fault,
    shape::Nothing,
};
use std::net::IpAddr;

/// AssociateAddress. An address that stands for another is moved, unless the call says that it must not (`AllowReassociation`).
pub(super) fn associate(tx: &mut Tx<'_>, input: AssociateAddressRequest) -> Result<AssociateAddressResult, Fault> {
    let AssociateAddressRequest {
        allocation_id,
        instance_id,
        public_ip,
        dry_run,
        network_interface_id,
        private_ip_address,
        allow_reassociation,
    } = input;
    let address = match (allocation_id, public_ip) {
        (Some(id), None) => get(&tx.state, &id)?.clone(),
        (None, Some(ip)) => by_ip(&tx.state, &ip)?.clone(),
        (None, None) => return Err(missing("allocationId")),
        (Some(_), Some(_)) => return Err(both()),
    };
    let interface = match (instance_id, network_interface_id) {
        (Some(id), None) => return Err(no_instance(&id)),
        (None, Some(id)) => {
            tx.state.network_interfaces.get(&id).ok_or_else(|| Kind::NetworkInterface.missing(&id))?.clone()
        }
        (None, None) => return Err(missing("networkInterfaceId")),
        (Some(_), Some(_)) => {
            return Err(combination("The parameter instanceId cannot be used with the parameter networkInterfaceId"));
        }
    };
    let private_ip = choose(&interface, private_ip_address)?;
    may_change(&interface)?;
    if internet_gateway::of_vpc(&tx.state, &interface.vpc).is_none() {
        let message = format!("Network {} is not attached to any internet gateway", interface.vpc);
        return Err(Fault::new("Gateway.NotAttached", message));
    }
    let association = match &address.association {
        Some(same) if same.interface == interface.id && same.private_ip == private_ip => same.id.clone(),
        _ => {
            check_free(&tx.state, &address, &interface, private_ip, allow_reassociation != Some(false))?;
            map(tx, &address.allocation, &interface, private_ip)
        }
    };
    done(dry_run, AssociateAddressResult { association_id: Some(association) })
}

/// The private address that is meant: the primary one if the call does not say.
fn choose(interface: &NetworkInterface, wanted: Option<String>) -> Result<IpAddr, Fault> {
    let Some(text) = wanted else { return Ok(interface.private_ip) };
    let ip = private_address::read("privateIpAddress", &text)?;
    if interface.private_ips().any(|own| own == ip) {
        return Ok(ip);
    }
    Err(invalid(format!("The private IP address {ip} is not assigned to network interface {}", interface.id)))
}

/// An address that a service uses can't be moved; any other can when the call allows it.
fn check_free(
    state: &State,
    address: &ElasticIp,
    interface: &NetworkInterface,
    private_ip: IpAddr,
    reassociate: bool,
) -> Result<(), Fault> {
    if let Some(association) = &address.association {
        managed(state, association)?;
        if !reassociate {
            let message =
                format!("resource {} is already associated with associate-id {}", address.allocation, association.id);
            return Err(Fault::new("Resource.AlreadyAssociated", message));
        }
    }
    let elastic = interface.public_ips.get(&private_ip).and_then(|public| public.allocation.as_ref());
    if elastic.is_some() && !reassociate {
        let message = format!("resource {} is already associated with an address", interface.id);
        return Err(Fault::new("Resource.AlreadyAssociated", message));
    }
    Ok(())
}

/// DisassociateAddress.
pub(super) fn disassociate(tx: &mut Tx<'_>, input: DisassociateAddressRequest) -> Result<Nothing, Fault> {
    let DisassociateAddressRequest { association_id, public_ip, dry_run } = input;
    let id = match (association_id, public_ip) {
        (Some(id), None) => id,
        (None, Some(ip)) => {
            by_ip(&tx.state, &ip)?;
            return Err(invalid("You must specify an association id when unmapping an address from a VPC instance"));
        }
        (None, None) => return Err(missing("associationId")),
        (Some(_), Some(_)) => {
            return Err(combination("You may specify public IP or association id, but not both in the same call"));
        }
    };
    let found = tx.state.elastic_ips.iter().find_map(|address| {
        let association = address.association.as_ref().filter(|association| association.id == id)?;
        Some((address.allocation.clone(), association.clone()))
    });
    let Some((allocation, association)) = found else {
        return Err(Fault::new("InvalidAssociationID.NotFound", format!("The association ID '{id}' does not exist")));
    };
    managed(&tx.state, &association)?;
    unmap(&mut tx.state, &allocation);
    done(dry_run, Nothing)
}
