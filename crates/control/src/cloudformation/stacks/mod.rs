//! Operations on stacks.

mod create;
mod delete;
mod describe;
mod rollback;
mod update;

pub(super) use create::{MOST, check_name, create, record, refuse};
pub(super) use delete::{delete, protect};
pub(super) use describe::{describe, list, parameters, tags};
pub(super) use rollback::{cancel, continue_rollback, roll_back};
pub(super) use update::{begin, check_kinds, differs, in_progress, template, update};

use super::validation;
use crate::state::Stack;
use aws::{api::cloudformation::RollbackConfiguration, fault::Fault};

/// Rollback triggers would have to watch alarms while a stack is made; refused by name. One that asks for nothing is not.
pub(super) fn check_rollback(configuration: Option<RollbackConfiguration>) -> Result<(), Fault> {
    let Some(RollbackConfiguration { rollback_triggers, monitoring_time_in_minutes }) = configuration else {
        return Ok(());
    };
    if rollback_triggers.is_some_and(|triggers| !triggers.is_empty())
        || monitoring_time_in_minutes.is_some_and(|minutes| minutes > 0)
    {
        return Err(unsupported("RollbackConfiguration"));
    }
    Ok(())
}

/// Whether a call asks for what is being done already: it has the token that began it ("Ensuring idempotency" of ClientRequestToken). It is
/// answered as that one was.
pub(super) fn repeats(stack: &Stack, token: Option<&str>) -> bool {
    let begun = stack.operation.as_ref().and_then(|operation| operation.token.as_deref());
    token.is_some() && begun == token
}

/// A parameter AWS has and neargate does not.
pub(super) fn unsupported(what: &str) -> Fault {
    validation(format!("neargate does not support {what} yet."))
}
