//! Which listeners of Network Load Balancers the kernel can't forward packets for: the bytes of their connections go through the balancer,
//! so their targets see the node's address and not the client's.

use super::super::{configuration, not_supported};
use crate::{
    State,
    state::{Listener, ListenerRule, TargetGroup},
};
use aws::fault::Fault;
use spec::balancing::TargetGroupId;

/// Why the bytes of a listener's connections go through the balancer, if they do: by its TLS, its idle timeout and its groups.
pub(in crate::elb) fn reason(tls: bool, idle_timeout: u32, groups: &[&TargetGroup]) -> Option<&'static str> {
    if tls || groups.iter().any(|group| group.tls) {
        Some("TLS")
    } else if groups.iter().any(|group| group.attributes.flows.proxy_protocol) {
        Some("'proxy_protocol_v2.enabled'")
    } else if idle_timeout != Listener::IDLE_TIMEOUT {
        Some("another 'tcp.idle_timeout.seconds' than 350")
    } else if groups.len() > 1 {
        Some("several target groups")
    } else {
        None
    }
}

/// Refuses what does not go together: clients' addresses with anything of that kind, and stickiness with TLS ("Sticky sessions", Network Load
/// Balancers guide).
///
/// # Errors
/// `InvalidConfigurationRequest`.
pub(super) fn check(tls: bool, idle_timeout: u32, groups: &[&TargetGroup]) -> Result<(), Fault> {
    let kept = groups.iter().any(|group| group.attributes.flows.preserve_client_ip);
    if let Some(reason) = reason(tls, idle_timeout, groups).filter(|_| kept) {
        return Err(not_supported(format_args!("'preserve_client_ip.enabled' together with {reason}")));
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
    check(false, Listener::IDLE_TIMEOUT, &groups(state, std::iter::once(id)))?;
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
    check(of.tls.is_some(), of.idle_timeout, &groups_of(state, of))
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
