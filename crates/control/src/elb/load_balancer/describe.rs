//! DescribeLoadBalancers, and DescribeCapacityReservation, of which no load balancer has any.

use super::super::{arn, invalid, names, page::page};
use crate::{
    State, View,
    state::{LoadBalancer, LoadBalancerKind},
};
use aws::{
    api::elbv2::{
        AvailabilityZone, DescribeCapacityReservationInput, DescribeCapacityReservationOutput,
        DescribeLoadBalancersInput, DescribeLoadBalancersOutput, IpAddressType, LoadBalancer as Shape,
        LoadBalancerAddress, LoadBalancerSchemeEnum, LoadBalancerState, LoadBalancerStateEnum, LoadBalancerTypeEnum,
    },
    fault::Fault,
};
use vpc::InterfaceId;

/// DescribeLoadBalancers.
pub(in crate::elb) fn describe(
    view: &View<'_>,
    input: DescribeLoadBalancersInput,
) -> Result<DescribeLoadBalancersOutput, Fault> {
    let DescribeLoadBalancersInput { load_balancer_arns, names, marker, page_size } = input;
    let state = view.state;
    let (arns, names) = (load_balancer_arns.unwrap_or_default(), names.unwrap_or_default());
    if !arns.is_empty() && !names.is_empty() {
        return Err(invalid("Load balancer names and load balancer ARNs cannot be specified at the same time"));
    }
    let found = if !arns.is_empty() {
        all(&arns, |arn| arn::maybe_load_balancer(state, arn))?
    } else if !names.is_empty() {
        all(&names, |name| Ok(state.load_balancers.iter().find(|known| known.name == *name)))?
    } else {
        state.load_balancers.iter().collect()
    };
    let (found, next_marker) = page(found, |found| found.id.to_string(), marker.as_deref(), page_size)?;
    let load_balancers = found.into_iter().map(|found| show(state, found)).collect();
    Ok(DescribeLoadBalancersOutput { load_balancers: Some(load_balancers), next_marker })
}

/// Everything that was asked for.
///
/// # Errors
/// `LoadBalancerNotFound` naming all that is not there.
fn all<'a>(
    asked: &[String],
    find: impl Fn(&String) -> Result<Option<&'a LoadBalancer>, Fault>,
) -> Result<Vec<&'a LoadBalancer>, Fault> {
    let (mut found, mut missing): (Vec<&LoadBalancer>, Vec<&str>) = (Vec::new(), Vec::new());
    for name in asked {
        match find(name)? {
            Some(there) if found.iter().any(|other| other.id == there.id) => {}
            Some(there) => found.push(there),
            None => missing.push(name),
        }
    }
    if missing.is_empty() {
        return Ok(found);
    }
    Err(Fault::new("LoadBalancerNotFound", format!("Load balancers '[{}]' not found", missing.join(", "))))
}

/// A load balancer as a reply shows it.
pub(super) fn show(state: &State, of: &LoadBalancer) -> Shape {
    let LoadBalancer {
        id: _,
        kind,
        name,
        number: _,
        internal,
        vpc,
        nodes,
        security_groups,
        provisioning: _,
        unhealthy: _,
        created_at,
        attributes: _,
        tags: _,
    } = of;
    let shown = *kind == LoadBalancerKind::Application || !security_groups.is_empty();
    let mut zones: Vec<AvailabilityZone> = nodes
        .iter()
        .map(|(subnet, node)| AvailabilityZone {
            zone_name: state.subnets.get(subnet).map(|subnet| subnet.zone.clone()),
            subnet_id: Some(subnet.to_string()),
            load_balancer_addresses: Some(addresses(state, of, node)),
            ..AvailabilityZone::default()
        })
        .collect();
    zones.sort_by(|one, other| one.zone_name.cmp(&other.zone_name));
    Shape {
        load_balancer_arn: Some(arn::load_balancer(&state.region, of)),
        dns_name: Some(names::dns_name(&state.region, of)),
        canonical_hosted_zone_id: names::hosted_zone(&state.region, *kind),
        created_time: Some(*created_at),
        load_balancer_name: Some(name.clone()),
        scheme: Some(match internal {
            true => LoadBalancerSchemeEnum::Internal,
            false => LoadBalancerSchemeEnum::InternetFacing,
        }),
        vpc_id: Some(vpc.to_string()),
        state: Some(state_of(state, of)),
        r#type: Some(match kind {
            LoadBalancerKind::Application => LoadBalancerTypeEnum::Application,
            LoadBalancerKind::Network => LoadBalancerTypeEnum::Network,
        }),
        availability_zones: Some(zones),
        security_groups: shown.then(|| security_groups.iter().map(ToString::to_string).collect()),
        enforce_security_group_inbound_rules_on_private_link_traffic: (shown && *kind == LoadBalancerKind::Network)
            .then(|| "on".to_owned()),
        ip_address_type: Some(IpAddressType::Ipv4),
        ..Shape::default()
    }
}

/// The addresses of a Network Load Balancer's node: an Elastic IP address that was asked for, or an internal one's private address.
fn addresses(state: &State, of: &LoadBalancer, node: &InterfaceId) -> Vec<LoadBalancerAddress> {
    let interface = state.network_interfaces.get(node).filter(|_| of.kind == LoadBalancerKind::Network);
    let Some(interface) = interface else { return Vec::new() };
    let elastic = interface.public_ips.values().filter(|public| public.allocation.is_some());
    let elastic = elastic.map(|public| LoadBalancerAddress {
        ip_address: Some(public.ip.to_string()),
        allocation_id: public.allocation.clone(),
        ..LoadBalancerAddress::default()
    });
    let private = of.internal.then(|| LoadBalancerAddress {
        private_i_pv4_address: Some(interface.private_ip.to_string()),
        ..LoadBalancerAddress::default()
    });
    elastic.chain(private).collect()
}

/// Where in its life it is. What a host says stands in the way of a node or a listener is its reason.
fn state_of(state: &State, of: &LoadBalancer) -> LoadBalancerState {
    let balancers = state.balancing.values();
    let failure = balancers
        .flat_map(|host| &host.failures)
        .find_map(|(node, why)| of.nodes.values().any(|known| known == node).then(|| why.clone()));
    let code = match (&of.provisioning, &failure) {
        (Some(_), _) => LoadBalancerStateEnum::Provisioning,
        (None, Some(_)) => LoadBalancerStateEnum::ActiveImpaired,
        (None, None) => LoadBalancerStateEnum::Active,
    };
    LoadBalancerState { code: Some(code), reason: failure }
}

/// DescribeCapacityReservation.
pub(in crate::elb) fn capacity(
    view: &View<'_>,
    input: DescribeCapacityReservationInput,
) -> Result<DescribeCapacityReservationOutput, Fault> {
    let DescribeCapacityReservationInput { load_balancer_arn } = input;
    arn::find_load_balancer(view.state, &load_balancer_arn)?;
    Ok(DescribeCapacityReservationOutput { decrease_requests_remaining: Some(2), ..Default::default() })
}
