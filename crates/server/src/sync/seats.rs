//! What is remembered of each host between its calls.

use super::asks_the_same;
use spec::{HostId, HostSpec, Millis, Revision};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// Every host that called since the server started.
#[derive(Default)]
pub(crate) struct Seats {
    seats: Mutex<BTreeMap<HostId, Seat>>,
    /// How many calls there were.
    pub(crate) syncs: AtomicU64,
    /// Sent to with every call.
    called: watch::Sender<()>,
}

/// One host.
struct Seat {
    /// The call that is held: the agent's incarnation and its number.
    turn: watch::Sender<(Millis, u64)>,
    /// The revision it last said it acts on.
    observed: Revision,
    /// How many tasks it last said it has.
    tasks: usize,
    /// What it was last told.
    told: Option<HostSpec>,
}

impl Seats {
    /// Notes a call and ends the one before it. What is returned tells when this one is superseded; `None` when it already is.
    pub(crate) fn take(
        &self,
        host: &HostId,
        turn: (Millis, u64),
        observed: Revision,
        tasks: usize,
    ) -> Option<watch::Receiver<(Millis, u64)>> {
        self.syncs.fetch_add(1, Ordering::Relaxed);
        let mut seats = self.lock();
        let seat = seats.entry(host.clone()).or_insert_with(|| Seat {
            turn: watch::Sender::new((0, 0)),
            observed,
            tasks,
            told: None,
        });
        if *seat.turn.borrow() > turn {
            return None;
        }
        seat.turn.send_replace(turn);
        (seat.observed, seat.tasks) = (observed, tasks);
        let receiver = seat.turn.subscribe();
        drop(seats);
        self.called.send_replace(());
        Some(receiver)
    }

    /// Whether a host that acts on a revision does not know this spec.
    pub(crate) fn is_news(&self, host: &HostId, observed: Revision, spec: &HostSpec) -> bool {
        let seats = self.lock();
        let told = seats.get(host).and_then(|seat| seat.told.as_ref()).filter(|told| told.revision == observed);
        told.is_none_or(|told| !asks_the_same(told, spec))
    }

    /// Notes what a host is told.
    pub(crate) fn tell(&self, host: &HostId, spec: HostSpec) -> HostSpec {
        if let Some(seat) = self.lock().get_mut(host) {
            seat.told = Some(spec.clone());
        }
        spec
    }

    /// Whether a host has no tasks and acts on this spec, which has none either.
    pub(crate) fn is_empty(&self, host: &HostId, spec: &HostSpec) -> bool {
        let seats = self.lock();
        seats.get(host).is_some_and(|seat| {
            let acts_on = seat.told.as_ref().filter(|told| told.revision == seat.observed);
            seat.tasks == 0 && spec.tasks.is_empty() && acts_on.is_some_and(|told| asks_the_same(told, spec))
        })
    }

    /// Tells of every call.
    pub(crate) fn calls(&self) -> watch::Receiver<()> {
        self.called.subscribe()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<HostId, Seat>> {
        self.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
