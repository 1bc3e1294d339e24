//! Something that happens to the state, and who waits for its answer.

use crate::app::guarded;
use aws::{doc::Timestamp, fault::Fault};
use control::{Caller, Commit, State, Tx, transact};
use tokio::sync::oneshot;

/// An event in the queue, whatever it answers.
pub(super) trait Event: Send {
    /// Runs it in a transaction over `state` and remembers its answer. Returns what is to be kept.
    fn run(&mut self, state: &State, now: Timestamp, seed: u128) -> Option<Commit>;
    /// Gives its answer, or the failure in its place.
    fn answer(self: Box<Self>, failure: Option<&Fault>);
}

/// An event with an answer of type `T`.
pub(super) struct Call<T, F> {
    caller: Caller,
    event: Option<F>,
    outcome: Option<Result<T, Fault>>,
    reply: oneshot::Sender<Result<T, Fault>>,
}

impl<T, F> Call<T, F> {
    pub(super) fn new(caller: Caller, event: F, reply: oneshot::Sender<Result<T, Fault>>) -> Self {
        Self { caller, event: Some(event), outcome: None, reply }
    }
}

impl<T, F> Event for Call<T, F>
where
    T: Send,
    F: FnOnce(&mut Tx<'_>) -> Result<T, Fault> + Send,
{
    fn run(&mut self, state: &State, now: Timestamp, seed: u128) -> Option<Commit> {
        let event = self.event.take()?;
        let result = guarded(|| transact(state, now, &self.caller, seed, event));
        let (outcome, commit) = match result {
            Ok((answer, commit)) => (Ok(answer), commit),
            Err(fault) => (Err(fault), None),
        };
        self.outcome = Some(outcome);
        commit
    }

    fn answer(self: Box<Self>, failure: Option<&Fault>) {
        let outcome = match (failure, self.outcome) {
            (Some(failure), _) => Err(failure.clone()),
            (None, Some(outcome)) => outcome,
            (None, None) => Err(super::unavailable("The call was not run.")),
        };
        // Whoever asked may have gone; what was done stays done.
        let _ = self.reply.send(outcome);
    }
}
