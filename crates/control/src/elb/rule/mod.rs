//! Rules of listeners ("Listener rules for your Application Load Balancer", Application Load Balancers guide).

pub(super) mod action;
mod condition;
pub(super) mod create;
pub(super) mod describe;
pub(super) mod modify;
pub(super) mod priorities;
mod transform;

use super::arn;
use crate::{Tx, state::Record};
use aws::{
    api::elbv2::{DeleteRuleInput, DeleteRuleOutput},
    fault::Fault,
};

/// DeleteRule.
pub(super) fn delete(tx: &mut Tx<'_>, input: DeleteRuleInput) -> Result<DeleteRuleOutput, Fault> {
    let DeleteRuleInput { rule_arn } = input;
    let (_, rule) = arn::find_rule(&tx.state, &rule_arn)?;
    if rule.priority.is_none() {
        return Err(Fault::new("OperationNotPermitted", format!("Default rule '{rule_arn}' cannot be deleted")));
    }
    let key = rule.key();
    tx.state.listener_rules.remove(&key);
    Ok(DeleteRuleOutput {})
}
