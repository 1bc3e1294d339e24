//! One event, one transaction: the event's own change, then the controllers until none has anything left to do.

use crate::{
    Caller, Change, State, Tx,
    controllers::{CONTROLLERS, Controller},
};
use aws::{doc::Timestamp, fault::Fault};

/// A transaction that changed something: the next state and the records to keep.
pub struct Commit {
    /// The state after it.
    pub state: State,
    /// The records it changed, in the order of their tables and keys.
    pub changes: Vec<Change>,
}

/// More rounds than any chain of controllers needs; reaching it means two of them undo each other's work.
const ROUNDS: usize = 100;

/// Runs `event` on a copy of `state` and settles what follows from it.
///
/// Returns what the event answers, and the commit if anything changed. A refused event changes nothing.
///
/// # Errors
/// The event's own refusal, or `InternalFailure` when the controllers don't settle; nothing is changed by either.
pub fn transact<T>(
    state: &State,
    now: Timestamp,
    caller: &Caller,
    seed: u128,
    event: impl FnOnce(&mut Tx<'_>) -> Result<T, Fault>,
) -> Result<(T, Option<Commit>), Fault> {
    let mut tx = Tx::seeded(state.clone(), now, caller, seed);
    let answer = event(&mut tx)?;
    settle(&mut tx, &CONTROLLERS)?;
    Ok((answer, close(state, tx.state)?))
}

/// Runs controllers until a whole round of them changes nothing.
///
/// # Errors
/// `InternalFailure` naming the controller that still changed something after a hundred rounds.
pub fn settle(tx: &mut Tx<'_>, controllers: &[(&'static str, Controller)]) -> Result<(), Fault> {
    let mut last = "";
    for _ in 0..ROUNDS {
        let mut quiet = true;
        for (name, controller) in controllers {
            let before = tx.state.clone();
            controller(tx);
            if !tx.state.same_as(&before) {
                (quiet, last) = (false, name);
            }
        }
        if quiet {
            return Ok(());
        }
    }
    Err(Fault::new("InternalFailure", format!("controller {last} does not settle")).with_status(500))
}

fn close(before: &State, mut after: State) -> Result<Option<Commit>, Fault> {
    let unwritable = |error| Fault::new("InternalFailure", format!("writing a record: {error}")).with_status(500);
    let changes = before.changes_to(&after).map_err(unwritable)?;
    if changes.is_empty() {
        // Only what is not kept has changed (when a host was last seen): a new state, but no new revision.
        return Ok((!after.same_as(before)).then_some(Commit { state: after, changes }));
    }
    after.revision += 1;
    Ok(Some(Commit { state: after, changes }))
}
