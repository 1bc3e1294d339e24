//! DescribeRouteTables.

use super::{
    describe::{Asked, Described, describe as describe_all},
    filter::{Field, each, never, one},
    kind::Kind,
    route_target, tags,
};
use crate::{
    State, View,
    state::{Route, RouteTable, RouteTarget},
};
use aws::{
    api::ec2::{
        DescribeRouteTablesRequest, DescribeRouteTablesResult, Route as RouteShape, RouteOrigin, RouteState,
        RouteTable as Shape, RouteTableAssociation, RouteTableAssociationState, RouteTableAssociationStateCode, Tag,
    },
    fault::Fault,
};
use vpc::{Destination, SubnetId, Target};

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

/// A route table as a reply shows it.
pub(super) fn show(state: &State, table: &RouteTable) -> Shape {
    let main = table.main.iter().map(|association| show_association(table, association, None));
    let subnets = table.subnets.iter().map(|(association, subnet)| show_association(table, association, Some(subnet)));
    Shape {
        associations: Some(main.chain(subnets).collect()),
        propagating_vgws: Some(Vec::new()),
        route_table_id: Some(table.id.to_string()),
        routes: Some(table.routes.iter().map(|route| show_route(state, table, route)).collect()),
        tags: Some(tags::list(&table.tags)),
        vpc_id: Some(table.vpc.to_string()),
        owner_id: Some(state.region.account.clone()),
    }
}

/// An association with a subnet, or as the main table.
fn show_association(table: &RouteTable, association: &str, subnet: Option<&SubnetId>) -> RouteTableAssociation {
    RouteTableAssociation {
        main: Some(subnet.is_none()),
        route_table_association_id: Some(association.to_owned()),
        route_table_id: Some(table.id.to_string()),
        subnet_id: subnet.map(ToString::to_string),
        association_state: Some(associated()),
        ..RouteTableAssociation::default()
    }
}

/// The state of every association: none takes time.
pub(super) fn associated() -> RouteTableAssociationState {
    RouteTableAssociationState { state: Some(RouteTableAssociationStateCode::Associated), status_message: None }
}

/// A route whose target can't take packets is a black hole.
fn show_route(state: &State, table: &RouteTable, route: &Route) -> RouteShape {
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
        RouteTarget::Out(target) => {
            show_target(&mut shape, target);
            route_target::is_active(state, &table.vpc, target)
        }
    };
    shape.state = Some(if active { RouteState::Active } else { RouteState::Blackhole });
    shape
}

fn show_target(shape: &mut RouteShape, target: &Target) {
    match target {
        Target::InternetGateway(id) => shape.gateway_id = Some(id.to_string()),
        Target::NatGateway(id) => shape.nat_gateway_id = Some(id.to_string()),
        Target::Interface(id) => shape.network_interface_id = Some(id.to_string()),
        Target::Peering(id) => shape.vpc_peering_connection_id = Some(id.to_string()),
        Target::Endpoint(id) => shape.gateway_id = Some(id.to_string()),
    }
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
        ("route.destination-prefix-list-id", |t| each(&t.routes, |r| &r.destination_prefix_list_id)),
        ("route.egress-only-internet-gateway-id", never),
        ("route.gateway-id", |t| each(&t.routes, |r| &r.gateway_id)),
        ("route.instance-id", never),
        ("route.nat-gateway-id", |t| each(&t.routes, |r| &r.nat_gateway_id)),
        ("route.origin", |t| each(&t.routes, |r| &r.origin)),
        ("route.state", |t| each(&t.routes, |r| &r.state)),
        ("route.transit-gateway-id", never),
        ("route.vpc-peering-connection-id", |t| each(&t.routes, |r| &r.vpc_peering_connection_id)),
        ("vpc-id", |t| one(&t.vpc_id)),
    ];
    fn id(&self) -> &str {
        self.route_table_id.as_deref().unwrap_or_default()
    }
    fn tags(&self) -> &Option<Vec<Tag>> {
        &self.tags
    }
}
