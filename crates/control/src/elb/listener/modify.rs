//! ModifyListener.

use super::{
    super::{arn, rule::action},
    check_free, default_rule,
    describe::show,
    port,
    protocol::{self, Protocol},
    tls::Asked,
};
use crate::{
    Tx,
    state::{ListenerRule, Record},
};
use aws::{
    api::elbv2::{ModifyListenerInput, ModifyListenerOutput},
    fault::Fault,
};
use spec::balancing::{FlowListener, FlowProtocol};

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
    let asked = Asked { ssl_policy, certificates, alpn_policy, mutual_authentication };
    let Protocol { flows, tls } = protocol::read(&tx.state, &load_balancer, protocol, asked, Some(&listener))?;
    (listener.flows, listener.tls) = (flows, tls);
    if listener.flows != Some(FlowProtocol::Tcp) || listener.tls.is_some() {
        listener.idle_timeout = FlowListener::IDLE_TIMEOUT;
    }
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
        tx.state.listener_rules.update(&rule, |rule| (rule.action, rule.order) = (action, order));
    }
    let prefix = ListenerRule::prefix(&load_balancer.id, &listener.id);
    for rule in tx.state.listener_rules.prefixed(&prefix) {
        protocol::check_action(&tx.state, listener.flows, listener.tls.as_ref(), &rule.action)?;
    }
    tx.state.listeners.put(listener.clone());
    Ok(ModifyListenerOutput { listeners: Some(vec![show(&tx.state, &load_balancer, &listener)]) })
}
