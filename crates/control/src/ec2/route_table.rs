//! Route tables: CreateRouteTable and DeleteRouteTable ("Configure route tables", Amazon VPC User Guide).

use super::{client_token::Call, describe_route_tables::show, kind::Kind, parameter::done, quota, tags, vpc};
use crate::{
    State, Tx,
    state::{Route, RouteTable, Tags, VpcEndpointKind},
};
use ::vpc::{IpNet, RouteTableId, VpcId};
use aws::{
    api::ec2::{CreateRouteTableRequest, CreateRouteTableResult, DeleteRouteTableRequest, ResourceType},
    fault::Fault,
    shape::Nothing,
};
use std::collections::BTreeMap;

/// A route table by its id.
///
/// # Errors
/// `InvalidRouteTableID.NotFound`, `InvalidRouteTableId.Malformed`.
pub(super) fn get<'a>(state: &'a State, id: &str) -> Result<&'a RouteTable, Fault> {
    state.route_tables.get(id).ok_or_else(|| Kind::RouteTable.missing(id))
}

/// Makes a VPC's main route table, with the local route.
pub(super) fn create_main(tx: &mut Tx<'_>, vpc: &VpcId, cidr: IpNet) -> RouteTableId {
    let main = Some(tx.ec2_id("rtbassoc"));
    let table = new(tx, vpc, main, &[cidr], Tags::new());
    let id = table.id.clone();
    tx.state.route_tables.put(table);
    id
}

/// CreateRouteTable. A token whose table is gone makes another.
pub(super) fn create(tx: &mut Tx<'_>, input: CreateRouteTableRequest) -> Result<CreateRouteTableResult, Fault> {
    let call = Call::new("CreateRouteTable", input.client_token.as_ref(), &input)?;
    let CreateRouteTableRequest { tag_specifications, client_token, dry_run, vpc_id } = input;
    let answer = |state: &State, table: &RouteTable| CreateRouteTableResult {
        route_table: Some(show(state, table)),
        client_token: client_token.clone(),
    };
    if let Some(made) = call.made_before(&tx.state)?
        && let Some(table) = tx.state.route_tables.get(&made)
    {
        return done(dry_run, answer(&tx.state, table));
    }
    let vpc = vpc::get(&tx.state, &vpc_id)?.clone();
    let tags = tags::at_creation(tag_specifications, ResourceType::RouteTable)?;
    if tx.state.route_tables.iter().filter(|table| table.vpc == vpc.id).count() >= quota::ROUTE_TABLES_PER_VPC {
        return Err(Fault::new("RouteTableLimitExceeded", "The maximum number of route tables has been reached."));
    }
    let ranges: Vec<IpNet> = vpc.cidrs.iter().map(|range| range.cidr).collect();
    let table = new(tx, &vpc.id, None, &ranges, tags);
    tx.state.route_tables.put(table.clone());
    call.remember(tx, &table.id);
    done(dry_run, answer(&tx.state, &table))
}

/// A table with a local route for each range.
fn new(tx: &mut Tx<'_>, vpc: &VpcId, main: Option<String>, ranges: &[IpNet], tags: Tags) -> RouteTable {
    RouteTable {
        id: RouteTableId::from(tx.ec2_id("rtb")),
        vpc: vpc.clone(),
        main,
        subnets: BTreeMap::new(),
        routes: ranges.iter().copied().map(Route::local).collect(),
        tags,
    }
}

/// DeleteRouteTable. Gateway endpoints that had a route in it go on without.
pub(super) fn delete(tx: &mut Tx<'_>, input: DeleteRouteTableRequest) -> Result<Nothing, Fault> {
    let DeleteRouteTableRequest { dry_run, route_table_id: id } = input;
    let table = get(&tx.state, &id)?;
    if table.main.is_some() || !table.subnets.is_empty() {
        let message = format!("The routeTable '{id}' has dependencies and cannot be deleted.");
        return Err(Fault::new("DependencyViolation", message));
    }
    tx.state.route_tables.remove(&id);
    let names = |kind: &VpcEndpointKind| matches!(kind, VpcEndpointKind::Gateway { route_tables } if route_tables.contains(id.as_str()));
    let endpoints: Vec<_> =
        tx.state.vpc_endpoints.iter().filter(|endpoint| names(&endpoint.kind)).map(|found| found.id.clone()).collect();
    for endpoint in endpoints {
        tx.state.vpc_endpoints.update(&endpoint, |endpoint| {
            if let VpcEndpointKind::Gateway { route_tables } = &mut endpoint.kind {
                route_tables.remove(id.as_str());
            }
        });
    }
    done(dry_run, Nothing)
}
