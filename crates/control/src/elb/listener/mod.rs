//! Listeners ("Listeners for your Application Load Balancers", Application Load Balancers guide; "Listeners for your Network Load
//! Balancers", Network Load Balancers guide). What one does with a request that no rule is for is its default rule's action.

pub(super) mod attributes;
pub(super) mod certificates;
pub(super) mod create;
pub(super) mod describe;
pub(super) mod modify;
pub(super) mod protocol;
pub(super) mod stream;
pub(super) mod tls;

use super::arn;
use crate::{
    State, Tx,
    state::{Listener, ListenerRule, LoadBalancer, Record},
};
use aws::{
    api::elbv2::{DeleteListenerInput, DeleteListenerOutput},
    fault::Fault,
};
use std::num::NonZeroU16;

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
