//! Secrets of AWS Secrets Manager, and their versions.

use super::{Hidden, Record};
use aws::doc::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A secret. What it holds is its versions'.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Secret {
    /// Its name, unique in the region.
    pub name: String,
    /// The six letters and digits at the end of its ARN.
    pub suffix: String,
    /// What the user says of it.
    pub description: Option<String>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// Its resource policy, as JSON.
    pub policy: Option<String>,
    /// When it was made.
    pub created: Timestamp,
    /// When anything of it last changed.
    pub changed: Timestamp,
    /// The day on which its value was last read.
    pub accessed: Option<Timestamp>,
    /// Set while it waits for its end.
    pub deletion: Option<SecretDeletion>,
}

/// A secret's end.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct SecretDeletion {
    /// When it was asked for.
    pub asked: Timestamp,
    /// When the secret goes for good.
    pub due: Timestamp,
}

impl Record for Secret {
    const TABLE: &'static str = "secret";
    fn key(&self) -> String {
        self.name.clone()
    }
}

/// What a version holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum SecretValue {
    /// `SecretString`.
    Text(String),
    /// `SecretBinary`, as base64.
    Binary(String),
}

/// A version of a secret. It never changes but for its staging labels.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SecretVersion {
    /// The secret's name.
    pub secret: String,
    /// Its id: the client request token of the call that made it.
    pub id: String,
    /// What it holds.
    pub value: Hidden<SecretValue>,
    /// Its staging labels. One without any is deprecated.
    pub stages: Vec<String>,
    /// When it was made.
    pub created: Timestamp,
    /// The day on which it was last read.
    pub accessed: Option<Timestamp>,
}

impl SecretVersion {
    /// The key of a version: those of one secret stand together. No name has a colon.
    pub fn key_of(secret: &str, id: &str) -> String {
        format!("{secret}:{id}")
    }
}

impl Record for SecretVersion {
    const TABLE: &'static str = "secret_version";
    const SECRET: bool = true;
    fn key(&self) -> String {
        Self::key_of(&self.secret, &self.id)
    }
}
