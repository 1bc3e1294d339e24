//! Giving up what is under way for a task that is to stop: nobody waits for a registry that never answers, and no thread is kept by it.

use tokio::sync::watch;

/// Held by a task. What is under way for it is given up when it says so, or is dropped.
#[derive(Debug)]
pub(crate) struct Cancel(watch::Sender<bool>);

impl Default for Cancel {
    fn default() -> Self {
        Self(watch::Sender::new(false))
    }
}

impl Cancel {
    /// Gives up whatever is under way, and what would be from now on.
    pub(crate) fn cancel(&self) {
        self.0.send_replace(true);
    }

    /// For something that is to be given up with the task.
    pub(crate) fn token(&self) -> Cancelled {
        Cancelled(self.0.subscribe())
    }
}

/// Tells whether something is still wanted.
#[derive(Debug, Clone)]
pub(crate) struct Cancelled(watch::Receiver<bool>);

impl Cancelled {
    /// What work comes to, or `None` once it is not wanted any more.
    pub(crate) async fn or<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        let mut told = self.0.clone();
        let cancelled = async {
            // An error means that the task is gone.
            let _ = told.wait_for(|cancelled| *cancelled).await;
        };
        tokio::select! {
            biased;
            () = cancelled => None,
            done = work => Some(done),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_ends_when_it_is_cancelled_or_its_task_is_gone() {
        let cancel = Cancel::default();
        let token = cancel.token();
        assert_eq!(token.or(async { 1 }).await, Some(1));
        let waiting = tokio::spawn({
            let token = token.clone();
            async move { token.or(std::future::pending::<()>()).await }
        });
        cancel.cancel();
        assert_eq!(waiting.await.unwrap(), None);
        assert_eq!(token.or(async { 1 }).await, None);
        let other = Cancel::default();
        let token = other.token();
        drop(other);
        assert_eq!(token.or(std::future::pending::<()>()).await, None);
    }
}
