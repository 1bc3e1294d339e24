//! Operations on stacks.

mod create;
mod delete;
mod describe;
mod rollback;
mod update;

pub(super) use create::{create, record};
pub(super) use delete::{delete, protect};
pub(super) use describe::{describe, list};
pub(super) use rollback::{cancel, continue_rollback, roll_back};
pub(super) use update::{differs, update};

use super::validation;
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

/// A parameter AWS has and neargate does not.
pub(super) fn unsupported(what: &str) -> Fault {
    validation(format!("neargate does not support {what} yet."))
}
