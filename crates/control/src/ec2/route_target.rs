//! What a route can lead to ("Example routing options", Amazon VPC User Guide).

use super::{
    kind::Kind,
    parameter::{combination, invalid, missing, unsupported},
};
use crate::{
    State,
    state::{Lifecycle, PeeringStatus, RouteTable},
};
use aws::fault::Fault;
use vpc::{Target, VpcId};

/// What a call names as a route's target: exactly one of these.
pub(super) struct Named {
    pub(super) gateway: Option<String>,
    pub(super) nat_gateway: Option<String>,
    pub(super) interface: Option<String>,
    pub(super) peering: Option<String>,
    pub(super) instance: Option<String>,
}

/// The targets AWS has and neargate does not; each is refused by name.
pub(super) struct Unsupported {
    pub(super) vpc_endpoint: Option<String>,
    pub(super) egress_only_internet_gateway: Option<String>,
    pub(super) transit_gateway: Option<String>,
    pub(super) local_gateway: Option<String>,
    pub(super) carrier_gateway: Option<String>,
    pub(super) core_network: Option<String>,
    pub(super) odb_network: Option<String>,
}

impl Unsupported {
    /// Refuses any that is there. `VpcEndpointId` is for Gateway Load Balancer endpoints; a gateway endpoint makes its routes itself.
    pub(super) fn refuse(self) -> Result<(), Fault> {
        let Self {
            vpc_endpoint,
            egress_only_internet_gateway,
            transit_gateway,
            local_gateway,
            carrier_gateway,
            core_network,
            odb_network,
        } = self;
        unsupported("VpcEndpointId", vpc_endpoint)?;
        unsupported("EgressOnlyInternetGatewayId", egress_only_internet_gateway)?;
        unsupported("TransitGatewayId", transit_gateway)?;
        unsupported("LocalGatewayId", local_gateway)?;
        unsupported("CarrierGatewayId", carrier_gateway)?;
        unsupported("CoreNetworkArn", core_network)?;
        unsupported("OdbNetworkArn", odb_network)
    }
}

impl Named {
    /// Whether nothing is named.
    pub(super) fn is_empty(&self) -> bool {
        let Self { gateway, nat_gateway, interface, peering, instance } = self;
        [gateway, nat_gateway, interface, peering, instance].iter().all(|name| name.is_none())
    }

    /// The target for a route of a table: it exists, and in the table's VPC.
    ///
    /// # Errors
    /// `MissingParameter`, `InvalidParameterCombination`, the target's `NotFound` error, `InvalidParameterValue` for one of
    /// another VPC.
    pub(super) fn read(self, state: &State, table: &RouteTable) -> Result<Target, Fault> {
        let Self { gateway, nat_gateway, interface, peering, instance } = self;
        match (gateway, nat_gateway, interface, peering, instance) {
            (Some(id), None, None, None, None) => gateway_at(state, table, &id),
            (None, Some(id), None, None, None) => nat_gateway_at(state, table, &id),
            (None, None, Some(id), None, None) => interface_at(state, table, &id),
            (None, None, None, Some(id), None) => peering_at(state, table, &id),
            (None, None, None, None, Some(id)) => Err(no_instance(&id)),
            (None, None, None, None, None) => {
                Err(missing("gatewayId, natGatewayId, networkInterfaceId, vpcPeeringConnectionId or instanceId"))
            }
            _ => Err(combination(
                "The request must contain exactly one of gatewayId, natGatewayId, networkInterfaceId, vpcPeeringConnectionId or instanceId",
            )),
        }
    }
}

/// There are no instances.
pub(super) fn no_instance(id: &str) -> Fault {
    Fault::new("InvalidInstanceID.NotFound", format!("The instance ID '{id}' does not exist"))
}

fn gateway_at(state: &State, table: &RouteTable, id: &str) -> Result<Target, Fault> {
    if state.vpc_endpoints.contains(id) {
        return Err(invalid("Cannot create or replace a prefix list route targeting a VPC Endpoint."));
    }
    let missing = || Fault::new("InvalidGatewayID.NotFound", format!("The gateway ID '{id}' does not exist"));
    let gateway = state.internet_gateways.get(id).ok_or_else(missing)?;
    same_network(table, gateway.vpc.as_ref(), "network gateway", id)?;
    Ok(Target::InternetGateway(gateway.id.clone()))
}

/// One that goes or failed is as good as none.
fn nat_gateway_at(state: &State, table: &RouteTable, id: &str) -> Result<Target, Fault> {
    let lives = |gateway: &&crate::state::NatGateway| gateway.state.lives();
    let missing = || Fault::new("InvalidNatGatewayID.NotFound", format!("The natGateway ID '{id}' does not exist"));
    let gateway = state.nat_gateways.get(id).filter(lives).ok_or_else(missing)?;
    same_network(table, Some(&gateway.vpc), "NAT gateway", id)?;
    Ok(Target::NatGateway(gateway.id.clone()))
}

fn interface_at(state: &State, table: &RouteTable, id: &str) -> Result<Target, Fault> {
    let interface = state.network_interfaces.get(id).ok_or_else(|| Kind::NetworkInterface.missing(id))?;
    same_network(table, Some(&interface.vpc), "interface", id)?;
    Ok(Target::Interface(interface.id.clone()))
}

/// One that waits to be accepted can be a target, and is a black hole until then ("Update your route tables for a VPC peering
/// connection", Amazon VPC Peering Guide).
fn peering_at(state: &State, table: &RouteTable, id: &str) -> Result<Target, Fault> {
    let usable = |status| matches!(status, PeeringStatus::PendingAcceptance | PeeringStatus::Active);
    let peering = state.vpc_peerings.get(id).filter(|peering| usable(peering.status));
    let peering = peering.ok_or_else(|| Kind::Peering.missing(id))?;
    let end = [&peering.requester.vpc, &peering.accepter.vpc].into_iter().find(|vpc| **vpc == table.vpc);
    same_network(table, end, "VPC peering connection", id)?;
    Ok(Target::Peering(peering.id.clone()))
}

fn same_network(table: &RouteTable, vpc: Option<&VpcId>, noun: &str, id: &str) -> Result<(), Fault> {
    if vpc == Some(&table.vpc) {
        return Ok(());
    }
    Err(invalid(format!("route table {} and {noun} {id} belong to different networks", table.id)))
}

/// Whether a target takes packets from a VPC: it is there, attached and available. A route to any other is a black hole.
pub(super) fn is_active(state: &State, vpc: &VpcId, target: &Target) -> bool {
    match target {
        Target::InternetGateway(id) => {
            state.internet_gateways.get(id).is_some_and(|gateway| gateway.vpc.as_ref() == Some(vpc))
        }
        Target::NatGateway(id) => {
            state.nat_gateways.get(id).is_some_and(|gateway| gateway.state == Lifecycle::Available)
        }
        Target::Interface(id) => state.network_interfaces.contains(id),
        Target::Peering(id) => state.vpc_peerings.get(id).is_some_and(|p| p.status == PeeringStatus::Active),
        Target::Endpoint(id) => {
            state.vpc_endpoints.get(id).is_some_and(|endpoint| endpoint.state == Lifecycle::Available)
        }
    }
}
