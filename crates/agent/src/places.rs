//! The connections of a listener, and room for them: so many in all, and of those so many for each client, so that nobody can hold all of them
//! against the others.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    task::JoinSet,
};

/// Places for connections.
#[derive(Debug)]
pub(crate) struct Places {
    free: Arc<Semaphore>,
    each: usize,
    held: Mutex<HashMap<IpAddr, usize>>,
}

/// One place, free again when it goes out of scope.
#[derive(Debug)]
pub(crate) struct Place {
    places: Arc<Places>,
    client: IpAddr,
    _one: OwnedSemaphorePermit,
}

impl Places {
    /// So many places in all, and so many for each client.
    pub(crate) fn new(all: usize, each: usize) -> Arc<Self> {
        Arc::new(Self { free: Arc::new(Semaphore::new(all)), each, held: Mutex::default() })
    }

    /// Waits for a place, for whoever comes next. None only if there never will be one.
    pub(crate) async fn next(&self) -> Option<OwnedSemaphorePermit> {
        self.free.clone().acquire_owned().await.ok()
    }

    /// A place for a client, if one is free now and it holds fewer than it may.
    pub(crate) fn at_once(self: &Arc<Self>, client: IpAddr) -> Option<Place> {
        let one = self.free.clone().try_acquire_owned().ok()?;
        self.take(one, client)
    }

    /// Gives a place to a client, unless it holds as many as it may.
    pub(crate) fn take(self: &Arc<Self>, one: OwnedSemaphorePermit, client: IpAddr) -> Option<Place> {
        let mut all = self.held();
        let held = all.entry(client).or_default();
        if *held >= self.each {
            return None;
        }
        *held += 1;
        Some(Place { places: self.clone(), client, _one: one })
    }

    fn held(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How long to wait when the kernel has no descriptor or memory to give.
const PAUSE: Duration = Duration::from_millis(20);

/// Takes connections for ever, as far as there are places, and has each served until it ends or `answer` does. Whoever holds too many has
/// the next one ended at once.
pub(crate) async fn serve<F>(places: Arc<Places>, listener: TcpListener, answer: impl Fn(TcpStream, IpAddr) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let mut open = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = async { (places.next().await, listener.accept().await) } => accepted,
            Some(_) = open.join_next(), if !open.is_empty() => continue,
        };
        match accepted {
            (Some(place), Ok((stream, from))) => {
                let Some(place) = places.take(place, from.ip()) else { continue };
                let answered = answer(stream, from.ip());
                open.spawn(async move {
                    answered.await;
                    drop(place);
                });
            }
            _ => tokio::time::sleep(PAUSE).await,
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut all = self.places.held();
        let left = all.get(&self.client).map_or(0, |held| held.saturating_sub(1));
        if left == 0 {
            all.remove(&self.client);
        } else {
            all.insert(self.client, left);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_client_holds_so_many_whatever_others_hold() {
        let (one, other) = (IpAddr::from([10, 0, 1, 1]), IpAddr::from([10, 0, 1, 2]));
        let places = Places::new(10, 3);
        let mut held = Vec::new();
        for _ in 0..10 {
            held.extend(places.take(places.next().await.unwrap(), one));
        }
        assert_eq!(held.len(), 3, "and what was refused took no place");
        let others = places.take(places.next().await.unwrap(), other);
        assert!(others.is_some());
        held.pop();
        held.extend(places.take(places.next().await.unwrap(), one));
        assert_eq!(held.len(), 3);
        drop((held, others));
        assert!(places.held().is_empty(), "who holds none takes no memory");
        assert_eq!(places.free.available_permits(), 10);
    }
}
