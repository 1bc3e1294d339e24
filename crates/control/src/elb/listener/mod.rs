//! Listeners ("Listeners for your Application Load Balancers", Application Load Balancers guide). What one does with a request that no rule
//! is for is its default rule's action.

pub(super) mod attributes;
pub(super) mod create;
pub(super) mod describe;
pub(super) mod modify;

use super::{arn, configuration, not_supported, unsupported};
use crate::{
    State, Tx,
    state::{Listener, ListenerRule, Record},
};
use aws::{
    api::elbv2::{
        Certificate, DeleteListenerInput, DeleteListenerOutput, MutualAuthenticationAttributes, ProtocolEnum,
    },
    fault::Fault,
};
use std::num::NonZeroU16;

/// What a call says of TLS.
struct Tls {
    ssl_policy: Option<String>,
    certificates: Option<Vec<Certificate>>,
    alpn_policy: Option<Vec<String>>,
    mutual_authentication: Option<MutualAuthenticationAttributes>,
}

/// Refuses protocols that a load balancer does not have, and of the two that it has the one that neargate has not.
fn check_protocol(protocol: ProtocolEnum) -> Result<(), Fault> {
    match protocol {
        ProtocolEnum::Http => Ok(()),
        ProtocolEnum::Https => Err(not_supported("The listener protocol 'HTTPS'")),
        other => Err(super::invalid(format!("Listener protocol '{other}' must be one of 'HTTP, HTTPS'"))),
    }
}

/// Refuses what only an HTTPS listener can have.
fn check_no_tls(tls: Tls) -> Result<(), Fault> {
    let Tls { ssl_policy, certificates, alpn_policy, mutual_authentication } = tls;
    if ssl_policy.is_some() {
        // AWS's own spelling.
        return Err(configuration("An SSL policy cannot be specifed for HTTP listeners"));
    }
    if certificates.is_some_and(|list| !list.is_empty()) {
        return Err(configuration("A certificate cannot be specified for HTTP listeners"));
    }
    if alpn_policy.is_some_and(|list| !list.is_empty()) {
        return Err(configuration("You cannot set ALPN policy on load balancers of type 'application'"));
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
fn check_free(state: &State, load_balancer: &crate::state::LoadBalancer, port: NonZeroU16) -> Result<(), Fault> {
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
