//! ModifyListener.

use super::{
    super::{arn, rule::action},
    Tls, check_free, check_groups, check_no_tls, default_rule,
    describe::show,
    port, protocol,
};
use crate::{Tx, state::Record};
use aws::{
    api::elbv2::{ModifyListenerInput, ModifyListenerOutput},
    fault::Fault,
};

/// ModifyListener: what is not said stays.
pub(in crate::elb) fn modify(tx: &mut Tx<'_>, input: ModifyListenerInput) -> Result<ModifyListenerOutput, Fault> {
    let ModifyListenerInput {
        listener_arn,
        port: given_port,
        protocol,
        ssl_policy,
        certificates,
        default_actions,
        alpn_policy,
        mutual_authentication,
    } = input;
    let (load_balancer, listener) = arn::find_listener(&tx.state, &listener_arn)?;
    let (load_balancer, mut listener) = (load_balancer.clone(), listener.clone());
    if let Some(asked) = protocol {
        listener.flows = self::protocol(&load_balancer, asked)?;
    }
    check_no_tls(&load_balancer, Tls { ssl_policy, certificates, alpn_policy, mutual_authentication })?;
    if let Some(port) = given_port.map(port).transpose()?
        && port != listener.port
    {
        check_free(&tx.state, &load_balancer, port)?;
        listener.port = port;
    }
    if let Some(actions) = default_actions.filter(|actions| !actions.is_empty())
        && let Some(rule) = default_rule(&tx.state, &listener).map(Record::key)
    {
        let (action, order) = action::read(&tx.state, &load_balancer, actions, Some(&rule))?;
        check_groups(&tx.state, listener.flows, &action)?;
        tx.state.listener_rules.update(&rule, |rule| (rule.action, rule.order) = (action, order));
    }
    if let Some(rule) = default_rule(&tx.state, &listener) {
        check_groups(&tx.state, listener.flows, &rule.action)?;
    }
    tx.state.listeners.put(listener.clone());
    Ok(ModifyListenerOutput { listeners: Some(vec![show(&tx.state, &load_balancer, &listener)]) })
}
