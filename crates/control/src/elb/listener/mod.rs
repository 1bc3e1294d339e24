//! Listeners ("Listeners for your Application Load Balancers", Application Load Balancers guide; "Listeners for your Network Load
//! Balancers", Network Load Balancers guide). What one does with a request that no rule
//! is for is its default rule's action.

pub(super) mod attributes;
pub(super) mod create;
pub(super) mod describe;
pub(super) mod modify;

use super::{arn, configuration, not_supported, target_group, unsupported};
use crate::{
    State, Tx,
    state::{Listener, ListenerRule, LoadBalancer, LoadBalancerKind, Record, RuleAction},
};
use aws::{
    api::elbv2::{
        Certificate, DeleteListenerInput, DeleteListenerOutput, MutualAuthenticationAttributes, ProtocolEnum,
    },
    fault::Fault,
};
use spec::balancing::FlowProtocol;
use std::num::NonZeroU16;

/// What a call says of TLS.
struct Tls {
    ssl_policy: Option<String>,
    certificates: Option<Vec<Certificate>>,
    alpn_policy: Option<Vec<String>>,
    mutual_authentication: Option<MutualAuthenticationAttributes>,
}

/// What a Network Load Balancer's listener takes, nothing for an HTTP one. Refuses protocols that a load balancer does not have, and those
/// that neargate has not.
fn protocol(of: &LoadBalancer, protocol: ProtocolEnum) -> Result<Option<FlowProtocol>, Fault> {
    match (of.kind, protocol) {
        (LoadBalancerKind::Application, ProtocolEnum::Http) => Ok(None),
        (LoadBalancerKind::Application, ProtocolEnum::Https) => Err(not_supported("The listener protocol 'HTTPS'")),
        (LoadBalancerKind::Application, other) => {
            Err(super::invalid(format!("Listener protocol '{other}' must be one of 'HTTP, HTTPS'")))
        }
        (LoadBalancerKind::Network, ProtocolEnum::Tcp) => Ok(Some(FlowProtocol::Tcp)),
        (LoadBalancerKind::Network, ProtocolEnum::Udp) => Ok(Some(FlowProtocol::Udp)),
        (LoadBalancerKind::Network, ProtocolEnum::TcpUdp) => Ok(Some(FlowProtocol::TcpUdp)),
        (LoadBalancerKind::Network, ProtocolEnum::Http | ProtocolEnum::Https) => {
            Err(super::invalid(format!("Listener protocol '{protocol}' must be one of 'UDP, TCP, TCP_UDP, TLS'")))
        }
        (LoadBalancerKind::Network, other) => Err(not_supported(format_args!("The listener protocol '{other}'"))),
    }
}

/// A protocol of a Network Load Balancer's listener as on the wire.
fn protocol_shown(of: &Listener) -> ProtocolEnum {
    of.flows.map_or(ProtocolEnum::Http, target_group::protocol_of)
}

/// Refuses groups whose targets do not take what a Network Load Balancer's listener does ("Listener configuration", Network Load Balancers
/// guide).
fn check_groups(state: &State, flows: Option<FlowProtocol>, action: &RuleAction) -> Result<(), Fault> {
    let Some(flows) = flows else { return Ok(()) };
    let RuleAction::Forward(forward) = action else { return Ok(()) };
    for group in forward.groups.iter().filter_map(|(id, _)| state.target_groups.get(id)).filter_map(|of| of.flows) {
        let fits = match flows {
            FlowProtocol::Tcp | FlowProtocol::Udp => group == flows || group == FlowProtocol::TcpUdp,
            FlowProtocol::TcpUdp => group == FlowProtocol::TcpUdp,
        };
        if !fits {
            let [listener, group] = [flows, group].map(target_group::protocol_of);
            return Err(configuration(format!(
                "Listener protocol '{listener}' is not supported with a target group with the protocol '{group}'"
            )));
        }
    }
    Ok(())
}

/// Refuses what only an HTTPS listener can have.
fn check_no_tls(of: &LoadBalancer, tls: Tls) -> Result<(), Fault> {
    let kind = if of.kind == LoadBalancerKind::Network { "non-TLS" } else { "HTTP" };
    let Tls { ssl_policy, certificates, alpn_policy, mutual_authentication } = tls;
    if ssl_policy.is_some() {
        // AWS's own spelling.
        return Err(configuration(format!("An SSL policy cannot be specifed for {kind} listeners")));
    }
    if certificates.is_some_and(|list| !list.is_empty()) {
        return Err(configuration(format!("A certificate cannot be specified for {kind} listeners")));
    }
    if alpn_policy.is_some_and(|list| !list.is_empty()) {
        return Err(configuration(match of.kind {
            LoadBalancerKind::Application => "You cannot set ALPN policy on load balancers of type 'application'",
            LoadBalancerKind::Network => "ALPN policy can only be specified for TLS listeners",
        }));
    }
    // What is off is off on every HTTP listener.
    let on = |of: &MutualAuthenticationAttributes| of.mode.as_deref().is_some_and(|mode| mode != "off");
    unsupported("MutualAuthentication", mutual_authentication.filter(on))
}

/// A port of a request, which the model keeps within 1 to 65535.
fn port(given: i32) -> Result<NonZeroU16, Fault> {
    let port = u16::try_from(given).ok().and_then(NonZeroU16::new);
    port.ok_or_else(|| super::invalid("A listener port must be specified"))
}

/// Refuses a port that another listener of the load balancer has.
fn check_free(state: &State, load_balancer: &LoadBalancer, port: NonZeroU16) -> Result<(), Fault> {
    if state.listeners.prefixed(&Listener::prefix(&load_balancer.id)).any(|other| other.port == port) {
        let arn = arn::load_balancer(&state.region, load_balancer);
        let message = format!("A listener already exists on this port for this load balancer '{arn}'");
        return Err(Fault::new("DuplicateListener", message));
    }
    Ok(())
}

/// The rule with a listener's default action.
fn default_rule<'a>(state: &'a State, of: &Listener) -> Option<&'a ListenerRule> {
    state.listener_rules.prefixed(&ListenerRule::prefix(&of.load_balancer, &of.id)).find(|rule| rule.priority.is_none())
}

/// Removes a listener with its rules.
pub(super) fn remove(state: &mut State, of: &Listener) {
    let prefix = ListenerRule::prefix(&of.load_balancer, &of.id);
    let rules: Vec<String> = state.listener_rules.prefixed(&prefix).map(Record::key).collect();
    rules.iter().for_each(|rule| drop(state.listener_rules.remove(rule)));
    state.listeners.remove(&of.key());
}

/// DeleteListener.
pub(super) fn delete(tx: &mut Tx<'_>, input: DeleteListenerInput) -> Result<DeleteListenerOutput, Fault> {
    let DeleteListenerInput { listener_arn } = input;
    let (_, listener) = arn::find_listener(&tx.state, &listener_arn)?;
    let listener = listener.clone();
    remove(&mut tx.state, &listener);
    Ok(DeleteListenerOutput {})
}
