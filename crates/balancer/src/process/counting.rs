//! What the engine has counted, a few times a minute, until an agent says that it is taken in: so an agent that is restarted costs nothing.

use super::protocol::Counted;
use crate::Engine;
use spec::MINUTE;
use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use tokio::sync::watch;

/// How often is counted up, in milliseconds: at the full ten seconds.
const EVERY: i64 = 10_000;
/// How much is kept for an agent that does not come: an hour. Beyond that the oldest goes.
const KEPT: usize = 360;

/// What was counted and nobody has taken in yet.
pub(super) struct Counting {
    by: String,
    number: Cell<u64>,
    /// With their places, which grow.
    pending: RefCell<VecDeque<(u64, Counted)>>,
    place: watch::Sender<u64>,
}

impl Counting {
    /// With what another process left.
    pub(super) fn new(left: Vec<Counted>) -> Self {
        let by = format!("balancer {} {}", std::process::id(), now());
        let counting = Self { by, number: Cell::new(0), pending: RefCell::default(), place: watch::Sender::new(0) };
        left.into_iter().for_each(|counted| counting.push(counted));
        counting
    }

    /// Counts, for ever.
    pub(super) async fn run(&self, engine: &Engine) {
        loop {
            let due = (now().div_euclid(EVERY) + 1) * EVERY;
            tokio::time::sleep(Duration::from_millis((due - now()).max(1).unsigned_abs())).await;
            // It is of the time that is over.
            self.take(engine, due - 1).await;
        }
    }

    /// Takes what the engine has counted until that time.
    pub(super) async fn take(&self, engine: &Engine, at: i64) {
        let mut nodes = engine.counts().await;
        if at.rem_euclid(MINUTE) != MINUTE - 1 {
            // That is told once a minute.
            for node in nodes.values_mut() {
                node.active_connections = None;
                node.network.iter_mut().flat_map(|of| of.flows.values_mut()).for_each(|of| of.active = None);
            }
        }
        if !nodes.is_empty() {
            let number = self.number.get() + 1;
            self.number.set(number);
            self.push(Counted { by: self.by.clone(), number, at, nodes });
        }
    }

    fn push(&self, counted: Counted) {
        let mut pending = self.pending.borrow_mut();
        if pending.len() == KEPT {
            pending.pop_front();
        }
        let place = *self.place.borrow() + 1;
        pending.push_back((place, counted));
        self.place.send_replace(place);
    }

    /// The place of the last one, as it changes.
    pub(super) fn watch(&self) -> watch::Receiver<u64> {
        self.place.subscribe()
    }

    /// The first one after a place, and its own.
    pub(super) fn after(&self, place: u64) -> Option<(u64, Counted)> {
        self.pending.borrow().iter().find(|(at, _)| *at > place).cloned()
    }

    /// All of them.
    pub(super) fn all(&self) -> Vec<Counted> {
        self.pending.borrow().iter().map(|(_, counted)| counted.clone()).collect()
    }

    /// One is taken in.
    pub(super) fn taken(&self, by: &str, number: u64) {
        self.pending.borrow_mut().retain(|(_, counted)| counted.by != by || counted.number > number);
    }
}

/// Milliseconds since 1970.
pub(super) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
