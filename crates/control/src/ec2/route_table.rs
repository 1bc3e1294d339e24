//! Route tables. Absent: calls that change them.

use super::{
    describe::{Asked, Described, describe as describe_all},
    filter::{Field, each, never, one},
    kind::Kind,
    tags,
};
use crate::{
    State, Tx, View,
    state::{Route, RouteTable, RouteTarget, Tags},
};
use aws::{
    api::ec2::{
        DescribeRouteTablesRequest, DescribeRouteTablesResult, Route as RouteShape, RouteOrigin, RouteState,
        RouteTable as Shape, RouteTableAssociation, RouteTableAssociationState, RouteTableAssociationStateCode, Tag,
    },
    fault::Fault,
};
use std::collections::BTreeMap;
use vpc::{Destination, IpNet, RouteTableId, Target, VpcId};

/// Makes a VPC's main route table, with the local route.
pub(super) fn create_main(tx: &mut Tx<'_>, vpc: &VpcId, cidr: IpNet) -> RouteTableId {
    let id = RouteTableId::from(tx.ec2_id("rtb"));
    let main = Some(tx.ec2_id("rtbassoc"));
    tx.state.route_tables.put(RouteTable {
        id: id.clone(),
        vpc: vpc.clone(),
        main,
        subnets: BTreeMap::new(),
        routes: vec![Route::local(cidr)],
        tags: Tags::new(),
    });
    id
}

/// DescribeRouteTables.
pub(super) fn describe(view: &View<'_>, input: DescribeRouteTablesRequest) -> Result<DescribeRouteTablesResult, Fault> {
    let DescribeRouteTablesRequest { next_token, max_results, dry_run, route_table_ids, filters } = input;
    let state = view.state;
    let asked = Asked { ids: route_table_ids, filters, max_results, next_token, dry_run };
    let all = state.route_tables.iter().map(|table| show(state, table));
    let (route_tables, next_token) =
        describe_all(asked, |id| state.route_tables.get(id).map(|table| show(state, table)), all)?;
    Ok(DescribeRouteTablesResult { route_tables, next_token })
}

fn show(state: &State, table: &RouteTable) -> Shape {
    let association = table.main.iter().map(|association| RouteTableAssociation {
        main: Some(true),
        route_table_association_id: Some(association.clone()),
        route_table_id: Some(table.id.to_string()),
        association_state: Some(RouteTableAssociationState {
            state: Some(RouteTableAssociationStateCode::Associated),
            status_message: None,
        }),
        ..RouteTableAssociation::default()
    });
    Shape {
        associations: Some(association.collect()),
        propagating_vgws: Some(Vec::new()),
        route_table_id: Some(table.id.to_string()),
        routes: Some(table.routes.iter().map(|route| show_route(state, table, route)).collect()),
        tags: Some(tags::list(&table.tags)),
        vpc_id: Some(table.vpc.to_string()),
        owner_id: Some(state.region.account.clone()),
    }
}

/// A route whose gateway is gone or attached elsewhere leads nowhere: `blackhole`.
fn show_route(state: &State, table: &RouteTable, route: &Route) -> RouteShape {
    let attached = |gateway: &str| {
        state.internet_gateways.get(gateway).is_some_and(|gateway| gateway.vpc.as_ref() == Some(&table.vpc))
    };
    let mut shape = RouteShape {
        origin: Some(if route.built_in { RouteOrigin::CreateRouteTable } else { RouteOrigin::CreateRoute }),
        ..RouteShape::default()
    };
    match &route.destination {
        Destination::Net(net) if net.addr().is_ipv4() => shape.destination_cidr_block = Some(net.to_string()),
        Destination::Net(net) => shape.destination_ipv6_cidr_block = Some(net.to_string()),
        Destination::PrefixList(id) => shape.destination_prefix_list_id = Some(id.to_string()),
    }
    let active = match &route.target {
        RouteTarget::Local => {
            shape.gateway_id = Some("local".to_owned());
            true
        }
        RouteTarget::Out(Target::InternetGateway(id)) => {
            shape.gateway_id = Some(id.to_string());
            attached(id)
        }
        RouteTarget::Out(_) => false,
    };
    shape.state = Some(if active { RouteState::Active } else { RouteState::Blackhole });
    shape
}

impl Described for Shape {
    const KIND: Kind = Kind::RouteTable;
    const IDS: &'static str = "RouteTableIds";
    const FILTERS: &'static [Field<Self>] = &[
        ("association.gateway-id", |t| each(&t.associations, |a| &a.gateway_id)),
        ("association.main", |t| each(&t.associations, |a| &a.main)),
        ("association.route-table-association-id", |t| each(&t.associations, |a| &a.route_table_association_id)),
        ("association.route-table-id", |t| each(&t.associations, |a| &a.route_table_id)),
        ("association.subnet-id", |t| each(&t.associations, |a| &a.subnet_id)),
        ("owner-id", |t| one(&t.owner_id)),
        ("route-table-id", |t| one(&t.route_table_id)),
        ("route.destination-cidr-block", |t| each(&t.routes, |r| &r.destination_cidr_block)),
        ("route.destination-ipv6-cidr-block", |t| each(&t.routes, |r| &r.destination_ipv6_cidr_block)),
        ("route.destination-prefix-list-id", never),
        ("route.egress-only-internet-gateway-id", never),
        ("route.gateway-id", |t| each(&t.routes, |r| &r.gateway_id)),
        ("route.instance-id", never),
        ("route.nat-gateway-id", |t| each(&t.routes, |r| &r.nat_gateway_id)),
        ("route.origin", |t| each(&t.routes, |r| &r.origin)),
        ("route.state", |t| each(&t.routes, |r| &r.state)),
        ("route.transit-gateway-id", never),
        ("route.vpc-peering-connection-id", never),
        ("vpc-id", |t| one(&t.vpc_id)),
    ];
    fn id(&self) -> &str {
        self.route_table_id.as_deref().unwrap_or_default()
    }
    fn tags(&self) -> &Option<Vec<Tag>> {
        &self.tags
    }
}
