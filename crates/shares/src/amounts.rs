//! Shares of what there is only so much of: so much in all, and of that so much for each client.

use crate::Client;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Something of which everybody may have a share. Who has used up its own waits for itself; others don't wait for it.
pub struct Shares {
    free: Arc<Semaphore>,
    each: u32,
    clients: Mutex<HashMap<Option<Client>, Arc<Semaphore>>>,
}

/// What somebody was given. It is free again when this goes out of scope.
pub struct Share {
    _own: Option<OwnedSemaphorePermit>,
    _all: Option<OwnedSemaphorePermit>,
}

impl Shares {
    /// So much in all, and so much for each client.
    pub fn new(all: u32, each: u32) -> Self {
        Self { free: Arc::new(Semaphore::new(all as usize)), each: each.min(all), clients: Mutex::default() }
    }

    /// Waits for so much, or for as much as a client may have. Nobody's name is the user's.
    pub async fn take(&self, client: Option<Client>, amount: u32) -> Share {
        let amount = amount.min(self.each);
        // Neither is ever closed. Only one's own is waited for in line with one's own, so that in the other line nobody stands twice.
        let own = self.of(client).acquire_many_owned(amount).await.ok();
        let all = self.free.clone().acquire_many_owned(amount).await.ok();
        Share { _own: own, _all: all }
    }

    fn of(&self, client: Option<Client>) -> Arc<Semaphore> {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if !clients.contains_key(&client) {
            // Who has nothing and waits for nothing is forgotten.
            clients.retain(|_, own| Arc::strong_count(own) > 1);
        }
        clients.entry(client).or_insert_with(|| Arc::new(Semaphore::new(self.each as usize))).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::{Duration, timeout};

    fn client(n: u8) -> Option<Client> {
        Some(Client { namespace: 1, address: [10, 0, 0, n].into() })
    }

    #[tokio::test]
    async fn who_wants_everything_leaves_others_their_share() {
        let shares = Shares::new(10, 4);
        let mut greedy: Vec<_> = (0..20).map(|_| Box::pin(shares.take(client(1), 3))).collect();
        let first = greedy.remove(0).await;
        for more in &mut greedy {
            assert!(timeout(Duration::from_millis(1), more).await.is_err(), "its own share is used up");
        }
        let other = timeout(Duration::from_millis(1), shares.take(client(2), 4)).await;
        assert!(other.is_ok(), "nobody waits for the greedy one");
        drop(first);
        let next = timeout(Duration::from_millis(1), greedy.remove(0)).await;
        assert!(next.is_ok());
        drop((next, other, greedy));
        let _all = shares.take(client(3), 100).await;
        assert_eq!(shares.clients.lock().unwrap().len(), 1, "who has nothing takes no memory");
    }
}
