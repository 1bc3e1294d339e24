//! Tasks' credentials, fetched from the server when they are asked for and kept until half of their time is over.

use crate::client::{self, CallError, Client};
use http::Method;
use spec::{Credentials, CredentialsRequest, Millis, TaskId, TaskRole};
use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// Gets credentials of tasks' roles, and keeps them.
#[derive(Debug)]
pub(crate) struct TaskCredentials {
    server: Client,
    kept: Mutex<BTreeMap<(TaskId, TaskRole), Kept>>,
}

struct Kept {
    credentials: Credentials,
    /// When new ones are to be fetched.
    until: Millis,
    /// When these are worth nothing.
    expires: Millis,
}

impl std::fmt::Debug for Kept {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Kept").field("until", &self.until).finish_non_exhaustive()
    }
}

impl TaskCredentials {
    /// Of the server whose socket that is.
    pub(crate) fn new(socket: &Path) -> Self {
        Self { server: Client::new(socket), kept: Mutex::default() }
    }

    /// The credentials of one of a task's roles. What is kept is given as long as it is worth something, when the server gives no other.
    ///
    /// # Errors
    /// What the server says, or that it can't be reached.
    pub(crate) async fn get(&self, task: &TaskId, role: TaskRole, now: Millis) -> Result<Credentials, CallError> {
        let key = (task.clone(), role);
        if let Some(kept) = self.kept().get(&key).filter(|kept| now < kept.until) {
            return Ok(kept.credentials.clone());
        }
        match self.fetch(task, role).await {
            Ok(credentials) => {
                let expires = expiry(&credentials).unwrap_or(now);
                let kept = Kept { credentials: credentials.clone(), until: now + (expires - now) / 2, expires };
                self.kept().insert(key, kept);
                Ok(credentials)
            }
            Err(error) => {
                let usable =
                    self.kept().get(&key).filter(|kept| now < kept.expires).map(|kept| kept.credentials.clone());
                usable.ok_or(error)
            }
        }
    }

    /// Forgets those of one role, which somebody refused.
    pub(crate) fn forget(&self, task: &TaskId, role: TaskRole) {
        self.kept().remove(&(task.clone(), role));
    }

    /// Forgets those of all tasks but some.
    pub(crate) fn retain(&self, is_wanted: impl Fn(&TaskId) -> bool) {
        self.kept().retain(|(task, _), _| is_wanted(task));
    }

    async fn fetch(&self, task: &TaskId, role: TaskRole) -> Result<Credentials, CallError> {
        let request = CredentialsRequest { task: task.clone(), role };
        let unreadable = |error: serde_json::Error| CallError::Refused {
            status: http::StatusCode::INTERNAL_SERVER_ERROR,
            code: "SerializationException".to_owned(),
            message: error.to_string(),
        };
        let body = serde_json::to_vec(&request).map_err(unreadable)?;
        let answer = self.server.call(Method::POST, "/_neargate/credentials", &[], client::bytes(body)).await?;
        serde_json::from_slice(&answer).map_err(unreadable)
    }

    fn kept(&self) -> MutexGuard<'_, BTreeMap<(TaskId, TaskRole), Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn expiry(credentials: &Credentials) -> Option<Millis> {
    credentials.expiration.parse().ok().map(|at: jiff::Timestamp| at.as_millisecond())
}
