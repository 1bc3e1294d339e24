//! Finding stacks by what calls name them with.

use super::validation;
use crate::{State, state::Stack};
use aws::fault::Fault;

/// The stack of a name or an ARN. A name stands for the one that is not deleted; an ARN for that one, deleted or not.
pub(super) fn stack<'s>(state: &'s State, name: &str) -> Option<&'s Stack> {
    if name.starts_with("arn:") {
        return state.stacks.get(name);
    }
    live(state, name)
}

/// The stack of that name that is not deleted.
pub(super) fn live<'s>(state: &'s State, name: &str) -> Option<&'s Stack> {
    state.stacks.iter().find(|stack| stack.name == name && stack.deleted.is_none())
}

/// The same for operations that show something of a stack.
///
/// # Errors
/// `ValidationError`: "Stack with id X does not exist".
pub(super) fn shown<'s>(state: &'s State, name: &str) -> Result<&'s Stack, Fault> {
    stack(state, name).ok_or_else(|| validation(format!("Stack with id {name} does not exist")))
}

/// The same for operations that change one: it must not be deleted.
///
/// # Errors
/// `ValidationError`: "Stack [X] does not exist".
pub(super) fn changed<'s>(state: &'s State, name: &str) -> Result<&'s Stack, Fault> {
    let found = stack(state, name).filter(|stack| stack.deleted.is_none());
    found.ok_or_else(|| validation(format!("Stack [{name}] does not exist")))
}
