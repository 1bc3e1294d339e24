//! DescribeNatGateways.

use super::{
    describe::{Asked, Described, describe as describe_all},
    filter::{Field, one},
    kind::Kind,
    tags,
};
use crate::{
    State, View,
    controllers::gateways::reached,
    state::{Lifecycle, NatAddress, NatFailure, NatGateway},
};
use aws::{
    api::ec2::{
        AvailabilityMode, ConnectivityType, DescribeNatGatewaysRequest, DescribeNatGatewaysResult, NatGateway as Shape,
        NatGatewayAddress, NatGatewayAddressStatus, NatGatewayState, Tag,
    },
    fault::Fault,
};

/// DescribeNatGateways.
pub(super) fn describe(view: &View<'_>, input: DescribeNatGatewaysRequest) -> Result<DescribeNatGatewaysResult, Fault> {
    let DescribeNatGatewaysRequest { dry_run, filter, max_results, nat_gateway_ids, next_token } = input;
    let state = view.state;
    let asked = Asked { ids: nat_gateway_ids, filters: filter, max_results, next_token, dry_run };
    let all = state.nat_gateways.iter().map(|gateway| show(state, gateway));
    let (nat_gateways, next_token) =
        describe_all(asked, |id| state.nat_gateways.get(id).map(|gateway| show(state, gateway)), all)?;
    Ok(DescribeNatGatewaysResult { nat_gateways, next_token })
}

/// A gateway as a reply shows it.
pub(super) fn show(state: &State, gateway: &NatGateway) -> Shape {
    let NatGateway {
        id,
        vpc,
        subnet,
        public,
        state: lifecycle,
        since: _,
        interface: _,
        addresses,
        failure,
        created_at,
        deleted_at,
        tags,
    } = gateway;
    let shown = addresses.iter().map(|address| show_address(gateway, address, status(state, gateway, address)));
    let failed = failure.iter().map(show_failed);
    Shape {
        create_time: Some(*created_at),
        delete_time: *deleted_at,
        failure_code: failure.as_ref().map(|failure| failure.code.clone()),
        failure_message: failure.as_ref().map(|failure| failure.message.clone()),
        nat_gateway_addresses: Some(shown.chain(failed).collect()),
        nat_gateway_id: Some(id.to_string()),
        provisioned_bandwidth: None,
        state: Some(state_of(*lifecycle)),
        subnet_id: Some(subnet.to_string()),
        vpc_id: Some(vpc.to_string()),
        tags: Some(tags::list(tags)),
        connectivity_type: Some(if *public { ConnectivityType::Public } else { ConnectivityType::Private }),
        availability_mode: Some(AvailabilityMode::Zonal),
        auto_scaling_ips: None,
        auto_provision_zones: None,
        attached_appliances: None,
        route_table_id: None,
    }
}

/// AWS's word for where a gateway is in its life.
pub(super) fn state_of(state: Lifecycle) -> NatGatewayState {
    match state {
        Lifecycle::Pending => NatGatewayState::Pending,
        Lifecycle::Available => NatGatewayState::Available,
        Lifecycle::Deleting => NatGatewayState::Deleting,
        Lifecycle::Deleted => NatGatewayState::Deleted,
        Lifecycle::Failed => NatGatewayState::Failed,
    }
}

/// An address that was added is there when every host has it.
pub(super) fn status(state: &State, gateway: &NatGateway, address: &NatAddress) -> NatGatewayAddressStatus {
    match (gateway.state, address.since <= reached(state), gateway.public) {
        (Lifecycle::Pending | Lifecycle::Available, false, true) => NatGatewayAddressStatus::Associating,
        (Lifecycle::Pending | Lifecycle::Available, false, false) => NatGatewayAddressStatus::Assigning,
        (Lifecycle::Deleting, _, true) => NatGatewayAddressStatus::Disassociating,
        (Lifecycle::Deleting, _, false) => NatGatewayAddressStatus::Unassigning,
        _ => NatGatewayAddressStatus::Succeeded,
    }
}

/// An address of a gateway as a reply shows it.
pub(super) fn show_address(
    gateway: &NatGateway,
    address: &NatAddress,
    status: NatGatewayAddressStatus,
) -> NatGatewayAddress {
    let NatAddress { private_ip, elastic_ip, since: _ } = address;
    let elastic_ip = elastic_ip.as_ref();
    let primary = gateway.addresses.first().is_some_and(|first| first.private_ip == *private_ip);
    NatGatewayAddress {
        allocation_id: elastic_ip.map(|elastic| elastic.allocation.clone()),
        network_interface_id: gateway.interface.as_ref().map(ToString::to_string),
        private_ip: Some(private_ip.to_string()),
        public_ip: elastic_ip.map(|elastic| elastic.public_ip.to_string()),
        association_id: elastic_ip.map(|elastic| elastic.association.clone()),
        is_primary: Some(primary),
        failure_message: None,
        status: Some(status),
        availability_zone: None,
        availability_zone_id: None,
    }
}

/// The address that a gateway would have had.
fn show_failed(failure: &NatFailure) -> NatGatewayAddress {
    NatGatewayAddress {
        allocation_id: failure.allocation.clone(),
        is_primary: Some(true),
        failure_message: Some(failure.message.clone()),
        status: Some(NatGatewayAddressStatus::Failed),
        ..NatGatewayAddress::default()
    }
}

impl Described for Shape {
    const KIND: Kind = Kind::NatGateway;
    const IDS: &'static str = "NatGatewayIds";
    const FILTERS: &'static [Field<Self>] = &[
        ("nat-gateway-id", |n| one(&n.nat_gateway_id)),
        ("state", |n| one(&n.state)),
        ("subnet-id", |n| one(&n.subnet_id)),
        ("vpc-id", |n| one(&n.vpc_id)),
    ];
    fn id(&self) -> &str {
        self.nat_gateway_id.as_deref().unwrap_or_default()
    }
    fn tags(&self) -> &Option<Vec<Tag>> {
        &self.tags
    }
}
