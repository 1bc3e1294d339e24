//! The thread's loop: a batch of events, one commit, one publication, the answers.

use super::{Message, event::Event, unavailable};
use crate::Error;
use crate::clock::Clock;
use crate::journal::Journal;
use aws::doc::Timestamp;
use aws::fault::Fault;
use control::{Caller, Change, State, Tx, host, transact};
use std::sync::Arc;
use tokio::sync::{mpsc, watch};

/// How many events share a commit.
const BATCH: usize = 256;
/// There is a tick every second. When nothing came for so long, this machine slept or its clock was set: no host could be heard.
const SLEPT: i64 = 5_000;

pub(super) struct Worker {
    journal: Box<dyn Journal>,
    publish: watch::Sender<Arc<State>>,
    clock: Arc<Clock>,
    /// Set by a failed commit: what the journal holds must be read before anything more is written to it.
    doubt: bool,
    /// When the last batch was taken.
    last: Timestamp,
}

impl Worker {
    pub(super) fn new(journal: Box<dyn Journal>, publish: watch::Sender<Arc<State>>, clock: Arc<Clock>) -> Self {
        let last = clock.now();
        Self { journal, publish, clock, doubt: false, last }
    }

    pub(super) fn run(mut self, mut waiting: mpsc::Receiver<Message>) {
        let mut stop = false;
        while !stop {
            let Some(first) = waiting.blocking_recv() else { return };
            let mut batch = Vec::new();
            let mut next = Some(first);
            while let Some(message) = next {
                match message {
                    Message::Event(event) => batch.push(event),
                    Message::Stop => stop = true,
                }
                next = if batch.len() < BATCH && !stop { waiting.try_recv().ok() } else { None };
            }
            self.batch(batch);
        }
    }

    /// Every event of a batch is answered after the commit, a refused one too: what it saw may not be kept.
    fn batch(&mut self, mut batch: Vec<Box<dyn Event>>) {
        let failure = self.settle(&mut batch).err().map(|error| {
            crate::complain(format_args!("{error}"));
            self.doubt = true;
            unavailable(format!("The change could not be kept: {error}"))
        });
        for event in batch {
            event.answer(failure.as_ref());
        }
    }

    fn settle(&mut self, batch: &mut [Box<dyn Event>]) -> Result<(), Error> {
        let before = self.certain()?;
        let mut state = State::clone(&before);
        let now = self.clock.now();
        if now.millis - self.last.millis > SLEPT {
            host::all_heard(&mut state, now);
        }
        self.last = now;
        let mut changes: Vec<Change> = Vec::new();
        for event in batch.iter_mut() {
            let seed = seed().map_err(|error| Error::new("drawing random numbers").because(error))?;
            if let Some(commit) = event.run(&state, self.clock.now(), seed) {
                changes.extend(commit.changes);
                state = commit.state;
            }
        }
        if !changes.is_empty() {
            self.journal.commit(state.revision, &changes)?;
        }
        if !state.same_as(&before) {
            self.publish.send_replace(Arc::new(state));
        }
        Ok(())
    }

    /// The state that is surely in the journal. After a failed commit nobody knows whether it was kept (the failure may have come
    /// after the write), so the journal is asked.
    fn certain(&mut self) -> Result<Arc<State>, Error> {
        let known = self.publish.borrow().clone();
        if !self.doubt {
            return Ok(known);
        }
        let empty = State { region: known.region.clone(), seen: known.seen.clone(), ..State::default() };
        let state = Arc::new(load(&mut *self.journal, empty)?);
        if state.revision != known.revision {
            self.publish.send_replace(state.clone());
        }
        self.doubt = false;
        Ok(state)
    }
}

/// Fills an empty state with what the journal holds.
pub(super) fn load(journal: &mut dyn Journal, mut state: State) -> Result<State, Error> {
    let fix = "It was written by another version of neargate: use that one, or another --data-dir.";
    let revision = journal.load(&mut |table, key, value| {
        state.load(table, key, value).map_err(|error| Error::new("loading the journal").because(error).fix(fix))
    })?;
    state.revision = revision;
    Ok(state)
}

/// Draws what a transaction's ids and secrets come from.
fn seed() -> Result<u128, getrandom::Error> {
    Ok(u128::from(getrandom::u64()?) << 64 | u128::from(getrandom::u64()?))
}

/// The first commit.
pub(super) fn found(
    journal: &mut dyn Journal,
    state: State,
    clock: &Clock,
    found: impl FnOnce(&mut Tx<'_>) -> Result<(), Fault>,
) -> Result<State, Error> {
    let step = || Error::new("founding the region");
    let seed = seed().map_err(|error| step().because(error))?;
    let ((), commit) =
        transact(&state, clock.now(), &Caller::default(), seed, found).map_err(|fault| step().because(fault))?;
    let Some(commit) = commit else { return Ok(state) };
    journal.commit(commit.state.revision, &commit.changes)?;
    Ok(commit.state)
}
