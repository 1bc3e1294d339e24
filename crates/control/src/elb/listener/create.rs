//! CreateListener.

use super::{
    super::{arn, invalid, limits, rule::action, tags},
    check_free, default_rule,
    describe::show,
    port,
    protocol::{self, Protocol},
    tls::Asked,
};
use crate::{
    Tx,
    state::{Listener, ListenerRule, Tags},
};
use aws::{
    api::elbv2::{CreateListenerInput, CreateListenerOutput},
    fault::Fault,
};
use spec::balancing::FlowListener;

/// CreateListener. One that is there already with the same settings is answered as it is.
pub(in crate::elb) fn create(tx: &mut Tx<'_>, input: CreateListenerInput) -> Result<CreateListenerOutput, Fault> {
    let CreateListenerInput {
        load_balancer_arn,
        protocol,
        port: given_port,
        ssl_policy,
        certificates,
        default_actions,
        alpn_policy,
        tags: given_tags,
        mutual_authentication,
    } = input;
    let load_balancer = arn::find_load_balancer(&tx.state, &load_balancer_arn)?.clone();
    let protocol = protocol.ok_or_else(|| invalid("A listener protocol must be specified"))?;
    let port = port(given_port.ok_or_else(|| invalid("A listener port must be specified"))?)?;
    let asked = Asked { ssl_policy, certificates, alpn_policy, mutual_authentication };
    let Protocol { flows, tls } = protocol::read(&tx.state, &load_balancer, Some(protocol), asked, None)?;
    let tags = tags::at_creation(given_tags)?;
    let (action, order) = action::read(&tx.state, &load_balancer, default_actions, None)?;
    protocol::check_action(&tx.state, flows, tls.as_ref(), &action)?;
    let others = || tx.state.listeners.prefixed(&Listener::prefix(&load_balancer.id)).collect::<Vec<_>>();
    if let Some(same) = others().into_iter().find(|other| other.port == port)
        && (&same.tags, &same.tls, same.flows) == (&tags, &tls, flows)
        && default_rule(&tx.state, same).is_some_and(|rule| rule.action == action)
    {
        return Ok(CreateListenerOutput { listeners: Some(vec![show(&tx.state, &load_balancer, same)]) });
    }
    check_free(&tx.state, &load_balancer, port)?;
    if others().len() >= limits::LISTENERS {
        return Err(Fault::new("TooManyListeners", "The maximum number of listeners has been reached"));
    }
    let (of, idle_timeout) = (load_balancer.id.clone(), FlowListener::IDLE_TIMEOUT);
    let listener = Listener { load_balancer: of, id: tx.hex(16), port, flows, tls, idle_timeout, tags };
    let rule = ListenerRule {
        load_balancer: load_balancer.id.clone(),
        listener: listener.id.clone(),
        id: tx.hex(16),
        priority: None,
        conditions: Vec::new(),
        transforms: Vec::new(),
        action,
        order,
        tags: Tags::new(),
    };
    tx.state.listeners.put(listener.clone());
    tx.state.listener_rules.put(rule);
    Ok(CreateListenerOutput { listeners: Some(vec![show(&tx.state, &load_balancer, &listener)]) })
}
