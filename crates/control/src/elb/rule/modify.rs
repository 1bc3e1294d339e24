//! ModifyRule.

use super::{
    super::{arn, invalid, listener::tls::check_action},
    action, condition,
    describe::show,
    transform,
};
use crate::{
    Tx,
    state::{Listener, Record},
};
use aws::{
    api::elbv2::{ModifyRuleInput, ModifyRuleOutput},
    fault::Fault,
};

/// ModifyRule: what is not said stays.
pub(in crate::elb) fn modify(tx: &mut Tx<'_>, input: ModifyRuleInput) -> Result<ModifyRuleOutput, Fault> {
    let ModifyRuleInput { rule_arn, conditions, actions, transforms, reset_transforms } = input;
    let (load_balancer, rule) = arn::find_rule(&tx.state, &rule_arn)?;
    let (load_balancer, mut rule) = (load_balancer.clone(), rule.clone());
    if rule.priority.is_none() {
        return Err(Fault::new("OperationNotPermitted", format!("Default rule '{rule_arn}' cannot be modified")));
    }
    if let Some(conditions) = conditions.filter(|conditions| !conditions.is_empty()) {
        rule.conditions = condition::read(conditions)?;
    }
    if let Some(actions) = actions.filter(|actions| !actions.is_empty()) {
        (rule.action, rule.order) = action::read(&tx.state, &load_balancer, actions, Some(&rule.key()))?;
        let of = tx.state.listeners.get(&Listener::key_of(&rule.load_balancer, &rule.listener));
        check_action(&tx.state, of.and_then(|listener| listener.tls.as_ref()), &rule.action)?;
    }
    let transforms = transforms.filter(|transforms| !transforms.is_empty());
    match (transforms, reset_transforms == Some(true)) {
        (Some(_), true) => {
            return Err(invalid("'Transforms' and 'ResetTransforms' cannot be specified at the same time"));
        }
        (Some(transforms), false) => rule.transforms = transform::read(transforms)?,
        (None, true) => rule.transforms.clear(),
        (None, false) => {}
    }
    tx.state.listener_rules.put(rule.clone());
    Ok(ModifyRuleOutput { rules: Some(vec![show(&tx.state, &load_balancer, &rule)]) })
}
