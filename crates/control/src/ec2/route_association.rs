//! Which table is for which subnet: AssociateRouteTable, DisassociateRouteTable, ReplaceRouteTableAssociation
//! ("Subnet route tables", Amazon VPC User Guide). Absent: associations with gateways.

use super::{
    describe_route_tables::associated,
    parameter::{done, invalid, missing, unsupported},
    route_table, subnet,
};
use crate::{State, Tx};
use aws::{
    api::ec2::{
        AssociateRouteTableRequest, AssociateRouteTableResult, DisassociateRouteTableRequest,
        ReplaceRouteTableAssociationRequest, ReplaceRouteTableAssociationResult,
    },
    fault::Fault,
    shape::Nothing,
};
use vpc::{RouteTableId, SubnetId};

/// AssociateRouteTable. A subnet that already is in the table stays so.
pub(super) fn associate(
    tx: &mut Tx<'_>,
    input: AssociateRouteTableRequest,
) -> Result<AssociateRouteTableResult, Fault> {
    let AssociateRouteTableRequest { gateway_id, public_ipv4_pool, dry_run, subnet_id, route_table_id } = input;
    unsupported("GatewayId", gateway_id)?;
    unsupported("PublicIpv4Pool", public_ipv4_pool)?;
    let subnet_id = subnet_id.ok_or_else(|| missing("subnetId"))?;
    let table = route_table::get(&tx.state, &route_table_id)?.clone();
    let subnet = subnet::get(&tx.state, &subnet_id)?.clone();
    if table.vpc != subnet.vpc {
        return Err(invalid(format!(
            "route table {route_table_id} and subnet {subnet_id} belong to different networks"
        )));
    }
    let association = match of_subnet(&tx.state, &subnet.id) {
        Some((other, _)) if other != table.id => {
            let message = format!(
                "the specified association for route table {route_table_id} conflicts with an existing association"
            );
            return Err(Fault::new("Resource.AlreadyAssociated", message));
        }
        Some((_, association)) => association,
        None => {
            let association = tx.ec2_id("rtbassoc");
            put(&mut tx.state, &table.id, &association, Some(subnet.id));
            association
        }
    };
    done(
        dry_run,
        AssociateRouteTableResult { association_id: Some(association), association_state: Some(associated()) },
    )
}

/// DisassociateRouteTable. The subnet uses the VPC's main table from then on.
pub(super) fn disassociate(tx: &mut Tx<'_>, input: DisassociateRouteTableRequest) -> Result<Nothing, Fault> {
    let DisassociateRouteTableRequest { dry_run, association_id } = input;
    let (table, subnet) = find(&tx.state, &association_id)?;
    if subnet.is_none() {
        return Err(invalid(format!("cannot disassociate the main route table association {association_id}")));
    }
    tx.state.route_tables.update(&table, |table| drop(table.subnets.remove(&association_id)));
    done(dry_run, Nothing)
}

/// ReplaceRouteTableAssociation: another table for a subnet, or another main table for the VPC.
pub(super) fn replace(
    tx: &mut Tx<'_>,
    input: ReplaceRouteTableAssociationRequest,
) -> Result<ReplaceRouteTableAssociationResult, Fault> {
    let ReplaceRouteTableAssociationRequest { dry_run, association_id, route_table_id } = input;
    let (before, subnet) = find(&tx.state, &association_id)?;
    let next = route_table::get(&tx.state, &route_table_id)?.clone();
    if route_table::get(&tx.state, &before)?.vpc != next.vpc {
        let message = format!("route table {before} and route table {route_table_id} belong to different networks");
        return Err(invalid(message));
    }
    tx.state.route_tables.update(&before, |table| match &subnet {
        Some(_) => drop(table.subnets.remove(&association_id)),
        None => table.main = None,
    });
    let association = tx.ec2_id("rtbassoc");
    put(&mut tx.state, &next.id, &association, subnet);
    done(
        dry_run,
        ReplaceRouteTableAssociationResult {
            new_association_id: Some(association),
            association_state: Some(associated()),
        },
    )
}

/// Takes a subnet out of the table it is associated with, if it is with one.
pub(super) fn forget_subnet(state: &mut State, subnet: &SubnetId) {
    if let Some((table, association)) = of_subnet(state, subnet) {
        state.route_tables.update(&table, |table| drop(table.subnets.remove(&association)));
    }
}

fn put(state: &mut State, table: &RouteTableId, association: &str, subnet: Option<SubnetId>) {
    let association = association.to_owned();
    state.route_tables.update(table, |table| match subnet {
        Some(subnet) => drop(table.subnets.insert(association, subnet)),
        None => table.main = Some(association),
    });
}

/// The table a subnet is associated with, and the association.
fn of_subnet(state: &State, subnet: &SubnetId) -> Option<(RouteTableId, String)> {
    state.route_tables.iter().find_map(|table| {
        let (association, _) = table.subnets.iter().find(|(_, found)| *found == subnet)?;
        Some((table.id.clone(), association.clone()))
    })
}

/// The table of an association, and its subnet; none where it makes the table the main one.
fn find(state: &State, association: &str) -> Result<(RouteTableId, Option<SubnetId>), Fault> {
    let of = |table: &crate::state::RouteTable| match table.main.as_deref() == Some(association) {
        true => Some((table.id.clone(), None)),
        false => table.subnets.get(association).map(|subnet| (table.id.clone(), Some(subnet.clone()))),
    };
    state.route_tables.iter().find_map(of).ok_or_else(|| {
        let message = format!("The association ID '{association}' does not exist");
        Fault::new("InvalidAssociationID.NotFound", message)
    })
}
