//! Which listeners of Network Load Balancers the kernel can't forward packets for: the bytes of their connections go through the balancer.

use super::super::{configuration, not_supported};
use crate::{
    State,
    state::{Listener, ListenerRule, TargetGroup},
};
use aws::fault::Fault;
use spec::balancing::TargetGroupId;

/// Whether the bytes of a listener's connections go through the balancer: because of TLS, a header of the proxy protocol, or weights.
pub(in crate::elb) fn is_stream(tls: bool, groups: &[&TargetGroup]) -> bool {
    let of_balancer = |group: &&TargetGroup| group.tls || group.attributes.flows.proxy_protocol;
    tls || groups.iter().any(of_balancer) || groups.len() > 1
}

/// Refuses what does not go together: stickiness with TLS ("Sticky sessions", Network Load Balancers guide), and groups of one listener of which
/// only some see clients' addresses.
///
/// # Errors
/// `InvalidConfigurationRequest`.
pub(super) fn check(tls: bool, groups: &[&TargetGroup]) -> Result<(), Fault> {
    let kept = |group: &&TargetGroup| group.attributes.flows.preserve_client_ip;
    if groups.iter().any(kept) && !groups.iter().all(kept) {
        return Err(not_supported("A listener with target groups that differ in 'preserve_client_ip.enabled'"));
    }
    let tls = tls || groups.iter().any(|group| group.tls);
    if tls && groups.iter().any(|group| group.attributes.stickiness.enabled) {
        return Err(configuration("Stickiness type 'source_ip' is not supported with the TLS protocol"));
    }
    Ok(())
}

/// The same for a group of a Network Load Balancer and all listeners that lead to it.
///
/// # Errors
/// `InvalidConfigurationRequest`.
pub(in crate::elb) fn check_group(state: &State, id: &TargetGroupId) -> Result<(), Fault> {
    check(false, &groups(state, std::iter::once(id)))?;
    for rule in state.listener_rules.iter().filter(|rule| rule.groups().any(|of| of == id)) {
        if let Some(listener) = state.listeners.get(&Listener::key_of(&rule.load_balancer, &rule.listener)) {
            check_listener(state, listener)?;
        }
    }
    Ok(())
}

/// The same for a listener, if it is a Network Load Balancer's, and the groups that it leads to.
///
/// # Errors
/// `InvalidConfigurationRequest`.
pub(super) fn check_listener(state: &State, of: &Listener) -> Result<(), Fault> {
    if of.flows.is_none() {
        return Ok(());
    }
    check(of.tls.is_some(), &groups_of(state, of))
}

/// The groups that the rules of a listener lead to.
pub(in crate::elb) fn groups_of<'a>(state: &'a State, of: &Listener) -> Vec<&'a TargetGroup> {
    let prefix = ListenerRule::prefix(&of.load_balancer, &of.id);
    let rules: Vec<&ListenerRule> = state.listener_rules.prefixed(&prefix).collect();
    groups(state, rules.into_iter().flat_map(ListenerRule::groups))
}

fn groups<'a, 'b>(state: &'a State, ids: impl Iterator<Item = &'b TargetGroupId>) -> Vec<&'a TargetGroup> {
    ids.filter_map(|id| state.target_groups.get(id)).collect()
}
