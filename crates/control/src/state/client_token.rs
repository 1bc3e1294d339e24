//! Client tokens of `RunTask`, so that a repeated call starts nothing twice.

use super::Record;
use aws::{api::ecs::RunTaskRequest, doc::Timestamp};
use serde::{Deserialize, Serialize};
use spec::TaskId;

/// A client token in use ("Ensuring idempotency", Amazon ECS API Reference).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClientToken {
    /// The name of the cluster; tokens of different clusters are different.
    pub cluster: String,
    /// The token.
    pub token: String,
    /// The call it stands for.
    pub request: RunTaskRequest,
    /// The tasks that call started.
    pub tasks: Vec<TaskId>,
    /// When it is forgotten at the latest.
    pub expires: Timestamp,
}

impl ClientToken {
    /// The key of a token.
    pub fn key_of(cluster: &str, token: &str) -> String {
        format!("{cluster}/{token}")
    }
}

impl Record for ClientToken {
    const TABLE: &'static str = "client_token";
    fn key(&self) -> String {
        Self::key_of(&self.cluster, &self.token)
    }
}
