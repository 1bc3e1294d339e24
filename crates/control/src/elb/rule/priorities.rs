//! SetRulePriorities.

use super::{
    super::{arn, invalid},
    create::{in_use, priority},
    describe::show,
};
use crate::{
    Tx,
    state::{ListenerRule, LoadBalancer, Record},
};
use aws::{
    api::elbv2::{RulePriorityPair, SetRulePrioritiesInput, SetRulePrioritiesOutput},
    fault::Fault,
};

/// SetRulePriorities: all of them at once, so that rules can change places.
pub(in crate::elb) fn set(tx: &mut Tx<'_>, input: SetRulePrioritiesInput) -> Result<SetRulePrioritiesOutput, Fault> {
    let SetRulePrioritiesInput { rule_priorities } = input;
    let mut moved: Vec<(LoadBalancer, ListenerRule)> = Vec::new();
    for RulePriorityPair { rule_arn, priority: wanted } in rule_priorities {
        let rule_arn = rule_arn.ok_or_else(|| invalid("A rule ARN must be specified"))?;
        let wanted = priority(wanted.ok_or_else(|| invalid("A rule priority must be specified"))?)?;
        let (load_balancer, rule) = arn::find_rule(&tx.state, &rule_arn)?;
        if rule.priority.is_none() {
            let message = format!("The priority of default rule '{rule_arn}' cannot be modified");
            return Err(Fault::new("OperationNotPermitted", message));
        }
        if moved.iter().any(|(_, other)| other.key() == rule.key()) {
            return Err(invalid(format!("Rule '{rule_arn}' has been specified more than once")));
        }
        if moved.iter().any(|(_, other)| other.listener != rule.listener) {
            return Err(invalid("All rules must belong to the same listener"));
        }
        moved.push((load_balancer.clone(), ListenerRule { priority: Some(wanted), ..rule.clone() }));
    }
    if moved.is_empty() {
        return Err(invalid("At least one rule priority must be specified"));
    }
    for (_, rule) in &moved {
        tx.state.listener_rules.put(rule.clone());
    }
    for (_, rule) in &moved {
        let prefix = ListenerRule::prefix(&rule.load_balancer, &rule.listener);
        let same = tx.state.listener_rules.prefixed(&prefix).filter(|other| other.priority == rule.priority).count();
        if same > 1 {
            return Err(in_use(rule.priority.unwrap_or_default()));
        }
    }
    let rules = moved.iter().map(|(of, rule)| show(&tx.state, of, rule)).collect();
    Ok(SetRulePrioritiesOutput { rules: Some(rules) })
}
