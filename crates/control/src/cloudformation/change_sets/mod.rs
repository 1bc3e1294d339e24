//! Change sets: what a deployment would do to a stack, told before it is done ("Update CloudFormation stacks using change sets", AWS
//! CloudFormation User Guide).
//!
//! | module | what |
//! |---|---|
//! | `create` | a change set is made, all at once: what is asynchronous at AWS is done when the call is answered |
//! | `plan` | what a deployment does to each resource |
//! | `details` | what of one resource's properties changes, and what that requires |
//! | `causes` | the parameters and resources that a value of a template comes from |
//! | `describe` | change sets as they are shown |
//! | `execute` | a change set becomes the stack's deployment, or goes |
//!
//! Absent: change sets of nested stacks, imports of resources, and changes that undo drift.

mod causes;
mod create;
mod describe;
mod details;
mod execute;
mod plan;

pub(super) use create::create;
pub(super) use describe::{describe, list};
pub(super) use execute::{delete, execute};

use super::{find, prepare, validation};
use crate::{
    State, Tx,
    state::{ChangeSet, Record},
};
use aws::{
    api::cloudformation::{ExecutionStatus, StackStatus},
    fault::Fault,
};
use template::Setting;

/// The change sets of a stack.
fn of<'s>(state: &'s State, stack: &str) -> impl Iterator<Item = &'s ChangeSet> {
    let stack = stack.to_owned();
    state.change_sets.iter().filter(move |set| set.stack == stack)
}

/// Whether a change set was executed, or is: it is found, but is none of those that can be chosen from any more.
fn is_executed(set: &ChangeSet) -> bool {
    matches!(
        set.execution,
        ExecutionStatus::ExecuteInProgress | ExecutionStatus::ExecuteComplete | ExecutionStatus::ExecuteFailed
    )
}

/// The change set of a name or an ARN; those that were not executed first.
///
/// # Errors
/// `ValidationError`: a name without a stack, or a stack that is not there; `ChangeSetNotFound`.
fn found<'s>(state: &'s State, name: &str, stack: Option<&str>) -> Result<&'s ChangeSet, Fault> {
    let missing = || Fault::new("ChangeSetNotFound", format!("ChangeSet [{name}] does not exist")).with_status(404);
    if name.starts_with("arn:") {
        return state.change_sets.get(name).ok_or_else(missing);
    }
    let Some(stack) = stack else {
        return Err(validation("StackName must be specified if ChangeSetName is not specified as an ARN."));
    };
    let stack =
        find::stack(state, stack).ok_or_else(|| validation(format!("Stack [{stack}] does not exist")))?.id.clone();
    of(state, &stack).filter(|set| set.name == name).min_by_key(|set| is_executed(set)).ok_or_else(missing)
}

/// A change set's template, and what its functions know of the world.
///
/// # Errors
/// As of DescribeChangeSet.
pub(super) fn template(state: &State, name: &str, stack: Option<&str>) -> Result<(String, Setting), Fault> {
    let set = found(state, name, stack)?;
    let stack = find::shown(state, &set.stack)?;
    Ok((set.deployment.template.clone(), prepare::setting_of(state, stack, &set.deployment)))
}

/// Forgets the change sets of a stack that is deleted.
pub(super) fn forget(tx: &mut Tx<'_>, stack: &str) {
    forget_those(tx, stack, |_| true);
}

fn forget_those(tx: &mut Tx<'_>, stack: &str, unwanted: impl Fn(&ChangeSet) -> bool) {
    let keys: Vec<String> = of(&tx.state, stack).filter(|set| unwanted(set)).map(Record::key).collect();
    for key in keys {
        tx.state.change_sets.remove(&key);
    }
}

/// What is done to a stack makes the change sets that could be executed obsolete: they were made for another one.
pub(super) fn outdate(tx: &mut Tx<'_>, stack: &str) {
    mark(tx, stack, ExecutionStatus::Available, ExecutionStatus::Obsolete);
}

/// An operation on a stack is over: the change set that began it is executed.
pub(super) fn ended(tx: &mut Tx<'_>, stack: &str, status: StackStatus) {
    let execution = match status {
        StackStatus::CreateComplete | StackStatus::UpdateComplete => ExecutionStatus::ExecuteComplete,
        _ => ExecutionStatus::ExecuteFailed,
    };
    mark(tx, stack, ExecutionStatus::ExecuteInProgress, execution);
}

fn mark(tx: &mut Tx<'_>, stack: &str, from: ExecutionStatus, to: ExecutionStatus) {
    let keys: Vec<String> = of(&tx.state, stack).filter(|set| set.execution == from).map(Record::key).collect();
    for key in keys {
        tx.state.change_sets.update(&key, |set| set.execution = to);
    }
}
