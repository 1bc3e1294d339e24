//! What is done to stacks: a controller that looks at each operation under way in every transaction, and does what can be done now.
//!
//! | phase | what is done | in |
//! |---|---|---|
//! | make | resources are made and changed, each when those it needs are as wanted | [`make`] |
//! | cleanup | what an update replaced or no longer wants is deleted | [`remove`] |
//! | remove | everything is deleted, each when nothing needs it any more | [`remove`] |
//!
//! How one phase or operation leads to the next is in [`finish`]. Everything an operation knows is in records, each change of which is part
//! of the transaction that also changed the service: whenever neargate is killed, it goes on where it was.

mod change;
mod finish;
mod forget;
mod look;
mod make;
mod note;
mod refusal;
mod remove;

pub(super) use change::{Change, change_of};
pub(super) use finish::{Asked, begin, cancel, delete, nothing_to_do, refuse, roll_back};
pub use forget::forget;
pub(super) use look::Live;
pub(super) use note::{Note, STACK, masked, secrets};

use crate::{
    Tx,
    state::{Phase, Stack, StackOperation, StackResource},
};

/// Brings every stack that something is being done to as far as it gets now.
pub fn run(tx: &mut Tx<'_>) {
    let busy: Vec<String> =
        tx.state.stacks.iter().filter(|stack| stack.operation.is_some()).map(|stack| stack.id.clone()).collect();
    for id in busy {
        // Each step that is taken may be what the next one waited for.
        while advance(tx, &id) {}
    }
}

/// Does what can be done now, and says whether that was anything.
fn advance(tx: &mut Tx<'_>, id: &str) -> bool {
    let Some((stack, operation)) = under_way(tx, id) else { return false };
    match operation.phase {
        // The server does that, and says what came of it.
        Phase::Fetch { .. } => false,
        Phase::Make => make::advance(tx, &stack, &operation),
        Phase::Cleanup | Phase::Remove => remove::advance(tx, &stack, &operation),
    }
}

/// A stack and what is being done to it.
pub(super) fn under_way(tx: &Tx<'_>, id: &str) -> Option<(Stack, StackOperation)> {
    let stack = tx.state.stacks.get(id)?.clone();
    let operation = stack.operation.clone()?;
    Some((stack, operation))
}

/// The resources of a stack, those that were replaced and are still there among them.
fn resources(tx: &Tx<'_>, stack: &str) -> Vec<StackResource> {
    tx.state.stack_resources.prefixed(&StackResource::prefix(stack)).cloned().collect()
}
