//! Tasks' credentials, fetched from the server when they are asked for and kept until half of their time is over.

use crate::client::{self, CallError, Client};
use http::Method;
use spec::{Credentials, CredentialsRequest, Millis, TaskId, TaskRole};
use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// What was fetched.
#[derive(Debug, Default)]
pub(super) struct Cache(Mutex<HashMap<TaskId, Kept>>);

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

impl Cache {
    /// The credentials of a task's role. What is kept is given as long as it is worth something, when the server gives no other.
    ///
    /// # Errors
    /// What the server says, or that it can't be reached.
    pub(super) async fn get(&self, client: &Client, task: &TaskId, now: Millis) -> Result<Credentials, CallError> {
        if let Some(kept) = self.kept().get(task).filter(|kept| now < kept.until) {
            return Ok(kept.credentials.clone());
        }
        match fetch(client, task, TaskRole::Task).await {
            Ok(credentials) => {
                let expires = expiry(&credentials).unwrap_or(now);
                let kept = Kept { credentials: credentials.clone(), until: now + (expires - now) / 2, expires };
                self.kept().insert(task.clone(), kept);
                Ok(credentials)
            }
            Err(error) => {
                let usable =
                    self.kept().get(task).filter(|kept| now < kept.expires).map(|kept| kept.credentials.clone());
                usable.ok_or(error)
            }
        }
    }

    /// Forgets those of all tasks but some.
    pub(super) fn retain(&self, is_wanted: impl Fn(&TaskId) -> bool) {
        self.kept().retain(|task, _| is_wanted(task));
    }

    fn kept(&self) -> MutexGuard<'_, HashMap<TaskId, Kept>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn expiry(credentials: &Credentials) -> Option<Millis> {
    credentials.expiration.parse().ok().map(|at: jiff::Timestamp| at.as_millisecond())
}

/// Credentials of one of a task's roles, from the server.
///
/// # Errors
/// What the server says, or that it can't be reached.
pub(crate) async fn fetch(client: &Client, task: &TaskId, role: TaskRole) -> Result<Credentials, CallError> {
    let request = CredentialsRequest { task: task.clone(), role };
    let unreadable = |error: serde_json::Error| CallError::Refused {
        status: http::StatusCode::INTERNAL_SERVER_ERROR,
        code: "SerializationException".to_owned(),
        message: error.to_string(),
    };
    let body = serde_json::to_vec(&request).map_err(unreadable)?;
    let answer = client.call(Method::POST, "/_neargate/credentials", &[], client::bytes(body)).await?;
    serde_json::from_slice(&answer).map_err(unreadable)
}
