//! Client tokens of Amazon EC2's calls that make something, so that a repeated call makes nothing twice.

use super::Record;
use serde::{Deserialize, Serialize};

/// A client token in use ("Ensuring idempotency in Amazon EC2 API requests", Amazon EC2 Developer Guide).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ec2ClientToken {
    /// The operation; tokens of different operations are different.
    pub operation: String,
    /// The token.
    pub token: String,
    /// The call it stands for, as JSON.
    pub request: String,
    /// The id of what that call made.
    pub made: String,
}

impl Ec2ClientToken {
    /// The key of a token.
    pub fn key_of(operation: &str, token: &str) -> String {
        format!("{operation}/{token}")
    }
}

impl Record for Ec2ClientToken {
    const TABLE: &'static str = "ec2_client_token";
    fn key(&self) -> String {
        Self::key_of(&self.operation, &self.token)
    }
}
