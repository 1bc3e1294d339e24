//! CreateRule.

use super::{
    super::{arn, configuration, invalid, limits, listener::tls::check_action, tags},
    action, condition,
    describe::show,
    transform,
};
use crate::{
    State, Tx,
    state::{ListenerRule, LoadBalancer, LoadBalancerKind},
};
use aws::{
    api::elbv2::{CreateRuleInput, CreateRuleOutput},
    fault::Fault,
};

/// CreateRule.
pub(in crate::elb) fn create(tx: &mut Tx<'_>, input: CreateRuleInput) -> Result<CreateRuleOutput, Fault> {
    let CreateRuleInput { listener_arn, conditions, priority, actions, tags: given_tags, transforms } = input;
    let (load_balancer, listener) = arn::find_listener(&tx.state, &listener_arn)?;
    let (load_balancer, listener) = (load_balancer.clone(), listener.clone());
    if load_balancer.kind == LoadBalancerKind::Network {
        return Err(configuration("Rules are not supported for load balancers with type 'network'"));
    }
    let priority = self::priority(priority)?;
    let conditions = condition::read(conditions)?;
    let transforms = transform::read(transforms.unwrap_or_default())?;
    let tags = tags::at_creation(given_tags)?;
    let (action, order) = action::read(&tx.state, &load_balancer, actions, None)?;
    check_action(&tx.state, listener.tls.as_ref(), &action)?;
    let prefix = ListenerRule::prefix(&load_balancer.id, &listener.id);
    if tx.state.listener_rules.prefixed(&prefix).any(|other| other.priority == Some(priority)) {
        return Err(in_use(priority));
    }
    check_number(&tx.state, &load_balancer)?;
    let rule = ListenerRule {
        load_balancer: load_balancer.id.clone(),
        listener: listener.id,
        id: tx.hex(16),
        priority: Some(priority),
        conditions,
        transforms,
        action,
        order,
        tags,
    };
    tx.state.listener_rules.put(rule.clone());
    Ok(CreateRuleOutput { rules: Some(vec![show(&tx.state, &load_balancer, &rule)]) })
}

/// A priority of a request, which the model keeps within 1 to 50000.
pub(super) fn priority(given: i32) -> Result<u16, Fault> {
    u16::try_from(given).map_err(|_| invalid("The rule priority must be between 1 and 50000"))
}

/// The refusal of a priority that another rule has.
pub(super) fn in_use(priority: u16) -> Fault {
    Fault::new("PriorityInUse", format!("Priority '{priority}' is currently in use"))
}

fn check_number(state: &State, load_balancer: &LoadBalancer) -> Result<(), Fault> {
    let prefix = format!("{}/", load_balancer.id);
    if state.listener_rules.prefixed(&prefix).filter(|rule| rule.priority.is_some()).count() < limits::RULES {
        return Ok(());
    }
    Err(Fault::new("TooManyRules", "The maximum number of rules has been reached"))
}
