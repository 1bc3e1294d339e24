//! Routes: CreateRoute, ReplaceRoute, DeleteRoute ("Route table concepts", Amazon VPC User Guide). Absent: IPv6, routes more
//! specific than a local one, other targets for the local route.

use super::{
    cidr,
    parameter::{combination, done, invalid, missing, not_supported, unsupported},
    prefix_list, quota, route_table,
    route_target::{Named, Unsupported},
};
use crate::{
    State, Tx,
    state::{Route, RouteTable, RouteTarget},
};
use aws::{
    api::ec2::{CreateRouteRequest, CreateRouteResult, DeleteRouteRequest, ReplaceRouteRequest},
    fault::Fault,
    shape::Nothing,
};
use std::net::IpAddr;
use vpc::{Destination, IpNet, PrefixListId, Target};

/// What a call that sets a route says.
struct Wanted {
    table: RouteTable,
    destination: Destination,
    target: Named,
    dry_run: Option<bool>,
}

/// CreateRoute.
pub(super) fn create(tx: &mut Tx<'_>, input: CreateRouteRequest) -> Result<CreateRouteResult, Fault> {
    let Wanted { table, destination, target, dry_run } = read(&tx.state, input)?;
    if table.routes.iter().any(|route| route.destination == destination) {
        let message = format!("The route identified by {} already exists.", name(&destination));
        return Err(Fault::new("RouteAlreadyExists", message));
    }
    let target = target.read(&tx.state, &table)?;
    check_destination(&table, &destination, &target)?;
    let size: usize =
        table.routes.iter().filter(|route| !route.built_in).map(|r| size(&tx.state, &r.destination)).sum();
    if size + self::size(&tx.state, &destination) > quota::ROUTES_PER_TABLE {
        return Err(Fault::new("RouteLimitExceeded", "The maximum number of routes has been reached."));
    }
    let route = Route { destination, target: RouteTarget::Out(target), built_in: false };
    tx.state.route_tables.update(&table.id, |table| table.routes.push(route));
    done(dry_run, CreateRouteResult { r#return: Some(true) })
}

/// ReplaceRoute. Of the local route only the target it already has can be asked for (`LocalTarget`).
pub(super) fn replace(tx: &mut Tx<'_>, input: ReplaceRouteRequest) -> Result<Nothing, Fault> {
    let ReplaceRouteRequest {
        destination_prefix_list_id,
        vpc_endpoint_id,
        local_target,
        transit_gateway_id,
        local_gateway_id,
        carrier_gateway_id,
        core_network_arn,
        odb_network_arn,
        dry_run,
        route_table_id,
        destination_cidr_block,
        gateway_id,
        destination_ipv6_cidr_block,
        egress_only_internet_gateway_id,
        instance_id,
        network_interface_id,
        vpc_peering_connection_id,
        nat_gateway_id,
    } = input;
    let as_new = CreateRouteRequest {
        destination_prefix_list_id,
        vpc_endpoint_id,
        transit_gateway_id,
        local_gateway_id,
        carrier_gateway_id,
        core_network_arn,
        odb_network_arn,
        dry_run,
        route_table_id,
        destination_cidr_block,
        gateway_id,
        destination_ipv6_cidr_block,
        egress_only_internet_gateway_id,
        instance_id,
        network_interface_id,
        vpc_peering_connection_id,
        nat_gateway_id,
    };
    let Wanted { table, destination, target, dry_run } = read(&tx.state, as_new)?;
    let name = name(&destination);
    let Some(route) = table.routes.iter().find(|route| route.destination == destination) else {
        return Err(invalid(format!(
            "There is no route defined for '{name}' in the route table. Use CreateRoute instead."
        )));
    };
    match (&route.target, local_target == Some(true)) {
        (RouteTarget::Local, true) if target.is_empty() => return done(dry_run, Nothing),
        (_, true) if !target.is_empty() => {
            return Err(combination("The parameter localTarget cannot be used with another target"));
        }
        (_, true) => return Err(invalid(format!("The route for '{name}' is not a local route of the VPC."))),
        (RouteTarget::Local, false) => {
            return Err(not_supported(&format!("DestinationCidrBlock={name} (local route)")));
        }
        (RouteTarget::Out(Target::Endpoint(_)), false) => {
            return Err(invalid("Cannot create or replace a prefix list route targeting a VPC Endpoint."));
        }
        (RouteTarget::Out(_), false) => {}
    }
    let target = target.read(&tx.state, &table)?;
    tx.state.route_tables.update(&table.id, |table| {
        table
            .routes
            .iter_mut()
            .filter(|route| route.destination == destination)
            .for_each(|route| route.target = RouteTarget::Out(target.clone()));
    });
    done(dry_run, Nothing)
}

/// Reads a call that sets a route: which one, of which table, and to where.
fn read(state: &State, input: CreateRouteRequest) -> Result<Wanted, Fault> {
    let CreateRouteRequest {
        destination_prefix_list_id,
        vpc_endpoint_id,
        transit_gateway_id,
        local_gateway_id,
        carrier_gateway_id,
        core_network_arn,
        odb_network_arn,
        dry_run,
        route_table_id,
        destination_cidr_block,
        gateway_id,
        destination_ipv6_cidr_block,
        egress_only_internet_gateway_id,
        instance_id,
        network_interface_id,
        vpc_peering_connection_id,
        nat_gateway_id,
    } = input;
    unsupported("DestinationIpv6CidrBlock", destination_ipv6_cidr_block)?;
    let unsupported = Unsupported {
        vpc_endpoint: vpc_endpoint_id,
        egress_only_internet_gateway: egress_only_internet_gateway_id,
        transit_gateway: transit_gateway_id,
        local_gateway: local_gateway_id,
        carrier_gateway: carrier_gateway_id,
        core_network: core_network_arn,
        odb_network: odb_network_arn,
    };
    unsupported.refuse()?;
    let target = Named {
        gateway: gateway_id,
        nat_gateway: nat_gateway_id,
        interface: network_interface_id,
        peering: vpc_peering_connection_id,
        instance: instance_id,
    };
    let table = route_table::get(state, &route_table_id)?.clone();
    let destination = destination(state, destination_cidr_block, destination_prefix_list_id)?;
    Ok(Wanted { table, destination, target, dry_run })
}

/// DeleteRoute.
pub(super) fn delete(tx: &mut Tx<'_>, input: DeleteRouteRequest) -> Result<Nothing, Fault> {
    let DeleteRouteRequest {
        destination_prefix_list_id,
        dry_run,
        route_table_id,
        destination_cidr_block,
        destination_ipv6_cidr_block,
    } = input;
    unsupported("DestinationIpv6CidrBlock", destination_ipv6_cidr_block)?;
    let table = route_table::get(&tx.state, &route_table_id)?.clone();
    let by = if destination_prefix_list_id.is_some() { "destination-prefix-list-id" } else { "destination-cidr-block" };
    let destination = destination(&tx.state, destination_cidr_block, destination_prefix_list_id)?;
    let name = name(&destination);
    match table.routes.iter().find(|route| route.destination == destination).map(|route| &route.target) {
        Some(RouteTarget::Local) => {
            return Err(invalid(format!("cannot remove local route {name} in route table {route_table_id}")));
        }
        Some(RouteTarget::Out(Target::Endpoint(_))) => {
            return Err(invalid(format!("cannot remove VPC endpoint route {name} in route table {route_table_id}")));
        }
        Some(RouteTarget::Out(_)) => {}
        None => {
            let message = format!("no route with {by} {name} in route table {route_table_id}");
            return Err(Fault::new("InvalidRoute.NotFound", message));
        }
    }
    tx.state.route_tables.update(&table.id, |table| table.routes.retain(|route| route.destination != destination));
    done(dry_run, Nothing)
}

/// The one destination a call names. A prefix list that is named must be there.
fn destination(state: &State, cidr: Option<String>, list: Option<String>) -> Result<Destination, Fault> {
    match (cidr, list) {
        (Some(text), None) => cidr::read_ipv4("destinationCidrBlock", &text).map(Destination::Net),
        (None, Some(id)) => {
            prefix_list::weight(state, &id)?;
            Ok(Destination::PrefixList(PrefixListId::from(id)))
        }
        (None, None) => Err(missing("destinationCidrBlock or destinationPrefixListId")),
        (Some(_), Some(_)) => Err(combination(
            "The parameter destinationCidrBlock cannot be used with the parameter destinationPrefixListId",
        )),
    }
}

/// A destination as messages name it.
fn name(destination: &Destination) -> String {
    match destination {
        Destination::Net(net) => net.to_string(),
        Destination::PrefixList(id) => id.to_string(),
    }
}

/// What goes to addresses of the VPC itself goes there directly. AWS lets some of it take another way ("Middlebox routing").
fn check_destination(table: &RouteTable, destination: &Destination, target: &Target) -> Result<(), Fault> {
    let Destination::Net(net) = destination else { return Ok(()) };
    if is_reserved(net) {
        return Err(invalid(format!("The destination CIDR block {net} is reserved for use by AWS services.")));
    }
    let local = |route: &Route| match (&route.target, &route.destination) {
        (RouteTarget::Local, Destination::Net(range)) => range.contains(net),
        _ => false,
    };
    match target {
        _ if !table.routes.iter().any(local) => Ok(()),
        Target::Interface(_) | Target::NatGateway(_) => {
            Err(not_supported(&format!("DestinationCidrBlock={net} (more specific than the local route)")))
        }
        Target::InternetGateway(_) | Target::Peering(_) | Target::Endpoint(_) => Err(invalid(format!(
            "The destination CIDR block {net} is equal to or more specific than one of this VPC's CIDR blocks. This route can target only an interface or an instance."
        ))),
    }
}

/// Whether a range is within 169.254.168.0/22, which AWS's own services use ("Route table concepts", Amazon VPC User Guide).
fn is_reserved(net: &IpNet) -> bool {
    let IpAddr::V4(first) = net.network() else { return false };
    let [a, b, c, _] = first.octets();
    net.prefix_len() >= 22 && (a, b, c & 0xfc) == (169, 254, 168)
}

/// How many routes a destination counts as: a customer's prefix list as its maximum entries ("Quotas for customer-managed prefix
/// lists"), AWS's own as the one range it has here.
fn size(state: &State, destination: &Destination) -> usize {
    match destination {
        Destination::Net(_) => 1,
        Destination::PrefixList(id) => {
            state.prefix_lists.get(id).map_or(1, |list| usize::try_from(list.max_entries).unwrap_or(usize::MAX))
        }
    }
}
