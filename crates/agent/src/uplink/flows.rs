//! The flows of a protocol that are under way: so many in all, and so many of each public address.

use super::packet::Flow;
use shares::{Client, Place, Places};
use std::{
    collections::HashMap,
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Flows, with what is known of each.
pub(super) struct Flows<T> {
    places: Arc<Places>,
    known: Mutex<HashMap<Flow, T>>,
}

impl<T> Flows<T> {
    /// Room for so many flows, and for so many of one public address.
    pub(super) fn new(all: usize, each: usize) -> Self {
        Self { places: Places::new(all, each), known: Mutex::default() }
    }

    /// Whether a flow is one of these.
    pub(super) fn knows(&self, flow: &Flow) -> bool {
        self.lock().contains_key(flow)
    }

    /// A place for one more, which another loses if there is no room. Whose a flow is, its public address says, which may be a NAT gateway's.
    pub(super) fn place(&self, flow: &Flow) -> Place {
        self.places.take(Client { namespace: 0, address: (*flow.from.ip()).into() })
    }

    /// Forgets a flow.
    pub(super) fn remove(&self, flow: &Flow) -> Option<T> {
        self.lock().remove(flow)
    }

    /// All of them, for as long as they are looked at.
    pub(super) fn lock(&self) -> MutexGuard<'_, HashMap<Flow, T>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: Clone> Flows<T> {
    /// What is known of a flow. A new one is opened, and carried on for as long as it holds its place.
    ///
    /// # Errors
    /// What `open` returns.
    pub(super) fn open(
        &self,
        flow: Flow,
        open: impl FnOnce(&Place) -> io::Result<T>,
        carry: impl FnOnce(T, Place),
    ) -> io::Result<T> {
        let mut known = self.lock();
        if let Some(known) = known.get(&flow) {
            return Ok(known.clone());
        }
        let place = self.place(&flow);
        let new = open(&place)?;
        known.insert(flow, new.clone());
        carry(new.clone(), place);
        Ok(new)
    }
}
