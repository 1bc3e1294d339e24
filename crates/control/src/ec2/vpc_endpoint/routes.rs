//! The routes of a gateway endpoint: in each of its tables one to the service's prefix list ("Gateway endpoints", AWS PrivateLink
//! Guide). They come and go with the endpoint alone.

use super::wrong;
use crate::{
    Tx,
    ec2::kind::Kind,
    state::{Route, RouteTarget},
};
use ::vpc::{Destination, EndpointId, PrefixListId, RouteTableId, Target, VpcId};
use aws::fault::Fault;
use std::collections::BTreeSet;

/// Adds the route to some tables of the endpoint's VPC.
///
/// # Errors
/// `InvalidRouteTableID.NotFound`, `InvalidParameter` for one of another VPC, `RouteAlreadyExists`.
pub(super) fn add(
    tx: &mut Tx<'_>,
    endpoint: &EndpointId,
    vpc: &VpcId,
    list: &PrefixListId,
    tables: &[String],
) -> Result<BTreeSet<RouteTableId>, Fault> {
    let mut added = BTreeSet::new();
    let destination = Destination::PrefixList(list.clone());
    for id in tables {
        let table = tx.state.route_tables.get(id).ok_or_else(|| Kind::RouteTable.missing(id))?.clone();
        if table.vpc != *vpc {
            return Err(wrong(format!("Route table {id} does not belong to VPC {vpc}")));
        }
        if !added.insert(table.id.clone()) {
            continue;
        }
        if table.routes.iter().any(|route| route.destination == destination) {
            return Err(Fault::new(
                "RouteAlreadyExists",
                format!("route table {id} already has a route with destination-prefix-list-id {list}"),
            ));
        }
        let target = RouteTarget::Out(Target::Endpoint(endpoint.clone()));
        let route = Route { destination: destination.clone(), target, built_in: false };
        tx.state.route_tables.update(&table.id, |table| table.routes.push(route));
    }
    Ok(added)
}

/// Takes the endpoint's route out of a table.
pub(super) fn remove(tx: &mut Tx<'_>, endpoint: &EndpointId, table: &str) {
    let target = RouteTarget::Out(Target::Endpoint(endpoint.clone()));
    tx.state.route_tables.update(table, |table| table.routes.retain(|route| route.target != target));
}
