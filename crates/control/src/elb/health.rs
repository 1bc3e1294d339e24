//! How targets are, told from what every node of every host in use has seen of them ("Target health status", Application Load Balancers
//! guide).

use super::target_group;
use crate::{
    State,
    state::{ListenerRule, LoadBalancer, Target, TargetGroup},
};
use aws::api::elbv2::{TargetHealthReasonEnum as Reason, TargetHealthStateEnum as Health};
use spec::balancing::{BalancingStatus, TargetGroupId, TargetHealth, TargetStatus, Unhealthy};
use std::collections::BTreeSet;
use vpc::{InterfaceId, SubnetId};

/// A target's health, with why it is not healthy.
pub(super) struct Seen {
    pub(super) state: Health,
    pub(super) reason: Option<Reason>,
    pub(super) description: Option<String>,
}

fn seen(state: Health, reason: Reason, description: impl Into<String>) -> Seen {
    Seen { state, reason: Some(reason), description: Some(description.into()) }
}

/// What the balancers of hosts in use have said.
fn said(state: &State) -> impl Iterator<Item = Option<&BalancingStatus>> {
    let live = state.hosts.iter().filter(|host| host.lost.is_none());
    live.map(|host| state.balancing.get(&host.id).map(AsRef::as_ref))
}

/// Why a target of a load balancer's group gets nothing, whatever its health.
pub(super) fn obstacle(state: &State, of: &LoadBalancer, target: &Target) -> Option<Seen> {
    let zone = |subnet: &SubnetId| state.subnets.get(subnet).map(|subnet| subnet.zone.as_str());
    if target.zone.as_deref().is_some_and(|own| !of.nodes.keys().any(|subnet| zone(subnet) == Some(own))) {
        let why = "Target is in an Availability Zone that is not enabled for the load balancer";
        return Some(seen(Health::Unused, Reason::TargetNotInUse, why));
    }
    let address = |node: &InterfaceId| state.network_interfaces.get(node).map(|interface| interface.private_ip);
    if of.nodes.values().any(|node| address(node) == Some(target.address.0.ip())) {
        let why = "The IP address cannot be used as a target, as it is in use by a load balancer";
        return Some(seen(Health::Unused, Reason::TargetIpUnusable, why));
    }
    None
}

/// How a target is.
pub(super) fn of(state: &State, target: &Target) -> Seen {
    if !target.is_registered() {
        let why = "Target deregistration is in progress";
        return seen(Health::Draining, Reason::TargetDeregistrationInProgress, why);
    }
    let user = target_group::load_balancer_of(state, &target.group).zip(state.target_groups.get(&target.group));
    let Some((balancer, group)) = user else {
        let why = "Target group is not configured to receive traffic from the load balancer";
        return seen(Health::Unused, Reason::TargetNotInUse, why);
    };
    obstacle(state, balancer, target).unwrap_or_else(|| checked(state, balancer, group, target))
}

/// What nodes' checks say: it is healthy when every node that uses it has found it so.
fn checked(state: &State, balancer: &LoadBalancer, group: &TargetGroup, target: &Target) -> Seen {
    let nodes: Vec<&InterfaceId> = nodes_using(state, balancer, group, target).collect();
    let found: Vec<Option<&TargetHealth>> = said(state)
        .flat_map(|host| nodes.iter().map(move |node| host.and_then(|host| told(host, group, node, target))))
        .collect();
    let unhealthy = found.iter().find_map(|health| match health {
        Some(TargetHealth::Unhealthy(why)) => Some((Health::Unhealthy, why)),
        _ => None,
    });
    let draining = || {
        found.iter().find_map(|health| match health {
            Some(TargetHealth::Draining(why)) => Some((Health::UnhealthyDraining, why)),
            _ => None,
        })
    };
    if let Some((state, why)) = unhealthy.or_else(draining) {
        return match why {
            Unhealthy::ResponseCodeMismatch(code) => {
                let why = format!("Health checks failed with these codes: [{code}]");
                seen(state, Reason::TargetResponseCodeMismatch, why)
            }
            Unhealthy::Timeout => seen(state, Reason::TargetTimeout, "Request timed out"),
            Unhealthy::FailedHealthChecks => seen(state, Reason::TargetFailedHealthChecks, "Health checks failed"),
        };
    }
    if found.iter().all(Option::is_none) {
        let why = "Target registration is in progress";
        return seen(Health::Initial, Reason::ElbRegistrationInProgress, why);
    }
    if found.iter().any(|health| !matches!(health, Some(TargetHealth::Healthy))) {
        let why = "Initial health checks in progress";
        return seen(Health::Initial, Reason::ElbInitialHealthChecking, why);
    }
    Seen { state: Health::Healthy, reason: None, description: None }
}

/// The nodes that may send to a target: all, or without cross-zone load balancing those of its zone.
fn nodes_using<'a>(
    state: &'a State,
    balancer: &'a LoadBalancer,
    group: &'a TargetGroup,
    target: &'a Target,
) -> impl Iterator<Item = &'a InterfaceId> {
    let uses = move |subnet: &SubnetId| {
        let zone = state.subnets.get(subnet).map(|subnet| &subnet.zone);
        group.crosses_zones(balancer) || target.zone.is_none() || zone == target.zone.as_ref()
    };
    balancer.nodes.iter().filter(move |(subnet, _)| uses(subnet)).map(|(_, node)| node)
}

/// What a host's node says of this registration of a target.
fn told<'a>(
    host: &'a BalancingStatus,
    group: &TargetGroup,
    node: &InterfaceId,
    target: &Target,
) -> Option<&'a TargetHealth> {
    let status: &TargetStatus = host.health.get(&group.id)?.get(node)?.get(&target.address)?;
    (status.since == target.since).then_some(&status.health)
}

/// The nodes of a load balancer to which its DNS name should not lead while others are better: some group has too few targets that the node
/// found healthy. A group without targets says nothing of any node; one that has its targets in other zones only does, unless the node may use
/// those.
pub(crate) fn unhealthy_nodes(state: &State, balancer: &LoadBalancer) -> BTreeSet<InterfaceId> {
    let prefix = format!("{}/", balancer.id);
    let groups: BTreeSet<&TargetGroupId> =
        state.listener_rules.prefixed(&prefix).flat_map(ListenerRule::groups).collect();
    let groups: Vec<&TargetGroup> = groups.into_iter().filter_map(|id| state.target_groups.get(id)).collect();
    let serves = |node: &InterfaceId, group: &TargetGroup| {
        let prefix = Target::prefix(&group.id);
        let mut targets = state
            .targets
            .prefixed(&prefix)
            .filter(|target| target.is_registered() && obstacle(state, balancer, target).is_none())
            .peekable();
        let (is_empty, mut healthy, mut all) = (targets.peek().is_none(), 0, 0);
        for target in targets.filter(|of| nodes_using(state, balancer, group, of).any(|user| user == node)) {
            let agrees = |host: Option<&BalancingStatus>| {
                host.and_then(|host| told(host, group, node, target)) == Some(&TargetHealth::Healthy)
            };
            all += 1;
            healthy += usize::from(said(state).all(agrees));
        }
        is_empty || group.attributes.dns_failover.met(healthy, all)
    };
    let fails = |node: &&InterfaceId| !groups.iter().all(|group| serves(node, group));
    balancer.nodes.values().filter(fails).cloned().collect()
}
