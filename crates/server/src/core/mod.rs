//! The one thread that owns the state. It takes what waits (writes, reports of hosts, ticks), runs each through
//! [`control::transact`] in turn, keeps what they changed with one commit to the journal, publishes the state, and only then answers.
//!
//! Reads don't come here: they are answered from the published state ([`Core::state`]), which is always a committed one.

mod event;
#[cfg(test)]
mod tests;
mod worker;

use crate::Error;
use crate::clock::Clock;
use crate::journal::Journal;
use aws::fault::Fault;
use control::{Caller, Region, State, Tx};
use event::{Call, Event};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use tokio::sync::{mpsc, oneshot, watch};

/// How many events may wait. A caller beyond that waits before its event does.
const QUEUE: usize = 1024;

/// What goes through the queue.
enum Message {
    Event(Box<dyn Event>),
    Stop,
}

/// The way to the state.
pub struct Core {
    queue: mpsc::Sender<Message>,
    published: watch::Receiver<Arc<State>>,
    clock: Arc<Clock>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Core {
    /// Loads the state and starts the thread. On an empty journal `found` makes the first commit.
    ///
    /// # Errors
    /// When the journal can't be read, holds records this version can't read, or can't take the first commit.
    pub fn start(
        mut journal: Box<dyn Journal>,
        region: Region,
        clock: Arc<Clock>,
        found: impl FnOnce(&mut Tx<'_>) -> Result<(), Fault> + Send + 'static,
    ) -> Result<Self, Error> {
        let empty = State { region: Arc::new(region), ..State::default() };
        let mut state = worker::load(&mut *journal, empty)?;
        if state.revision == 0 {
            state = worker::found(&mut *journal, state, &clock, found)?;
        }
        let (queue, waiting) = mpsc::channel(QUEUE);
        let (publish, published) = watch::channel(Arc::new(state));
        let worker = worker::Worker::new(journal, publish, clock.clone());
        let thread = std::thread::Builder::new().name("core".to_owned()).spawn(move || worker.run(waiting));
        let thread = thread.map_err(|error| Error::new("starting the core thread").because(error))?;
        Ok(Self { queue, published, clock, thread: Mutex::new(Some(thread)) })
    }

    /// The last committed state.
    pub fn state(&self) -> Arc<State> {
        self.published.borrow().clone()
    }

    /// Tells of every newly published state. Each has already been seen when this returns it.
    pub fn watch(&self) -> watch::Receiver<Arc<State>> {
        self.published.clone()
    }

    /// The clock of its transactions.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Runs an event in a transaction and returns its answer once what it did is kept.
    ///
    /// # Errors
    /// The event's own refusal; `InternalFailure` (503) when it can't be kept or the server is stopping.
    pub async fn run<T: Send + 'static>(
        &self,
        caller: Caller,
        event: impl FnOnce(&mut Tx<'_>) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Fault> {
        let (reply, answer) = oneshot::channel();
        let stopping = || unavailable("The region is stopping.");
        let message = Message::Event(Box::new(Call::new(caller, event, reply)));
        self.queue.send(message).await.map_err(|_| stopping())?;
        answer.await.unwrap_or_else(|_| Err(stopping()))
    }

    /// Answers what waits and ends the thread. Later events are refused.
    pub async fn stop(&self) {
        let _ = self.queue.send(Message::Stop).await;
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            let _ = tokio::task::spawn_blocking(move || thread.join()).await;
        }
    }
}

/// The refusal of what could be done another time.
pub(crate) fn unavailable(why: impl Into<String>) -> Fault {
    Fault::new("InternalFailure", why).with_status(503)
}
