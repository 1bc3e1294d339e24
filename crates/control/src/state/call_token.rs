//! Client tokens of Amazon EC2's calls, so that a repeated call makes nothing twice.

use super::Record;
use aws::doc::Timestamp;
use serde::{Deserialize, Serialize};

/// A client token in use ("Ensuring idempotency in Amazon EC2 API requests", Amazon EC2 Developer Guide).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CallToken {
    /// The operation; tokens of different operations are different.
    pub operation: String,
    /// The token.
    pub token: String,
    /// The call it stands for, as JSON, without `DryRun`.
    pub request: serde_json::Value,
    /// The id of what that call made.
    pub made: String,
    /// When it is forgotten.
    pub expires: Timestamp,
}

impl CallToken {
    /// The key of a token.
    pub fn key_of(operation: &str, token: &str) -> String {
        format!("{operation}/{token}")
    }
}

impl Record for CallToken {
    const TABLE: &'static str = "call_token";
    fn key(&self) -> String {
        Self::key_of(&self.operation, &self.token)
    }
}
