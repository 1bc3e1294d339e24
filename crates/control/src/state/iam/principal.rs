//! Roles and users.

use super::folded;
use crate::state::{Record, Tags};
use aws::doc::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What a role or a user may do, as policies. Kept; nothing evaluates it yet.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Grants {
    /// Inline policies' documents by their names.
    pub inline: BTreeMap<String, String>,
    /// ARNs of the managed policies that are attached.
    pub attached: BTreeSet<String>,
    /// The ARN of the managed policy that bounds them.
    pub boundary: Option<String>,
}

/// A role: what others may become for a time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Role {
    /// Unique in the account, whatever its path.
    pub name: String,
    /// Begins and ends with a slash.
    pub path: String,
    /// Such as `AROA0123456789ABCDEFG`. Another role of the same name has another.
    pub id: String,
    /// When it was made.
    pub created: Timestamp,
    /// Who may assume it: the trust policy's document, as it was given.
    pub trust: String,
    /// What it is for.
    pub description: Option<String>,
    /// Seconds that its sessions last at most.
    pub max_session_duration: i32,
    /// What it may do.
    pub grants: Grants,
    /// Its tags.
    pub tags: Tags,
}

/// A user.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct User {
    /// Unique in the account, whatever its path.
    pub name: String,
    /// Begins and ends with a slash.
    pub path: String,
    /// Such as `AIDA0123456789ABCDEFG`.
    pub id: String,
    /// When it was made.
    pub created: Timestamp,
    /// What it may do.
    pub grants: Grants,
    /// Its tags.
    pub tags: Tags,
}

impl Role {
    /// What the role of a name is found by.
    pub fn key_of(name: &str) -> String {
        folded(name)
    }
}
impl User {
    /// What the user of a name is found by.
    pub fn key_of(name: &str) -> String {
        folded(name)
    }
}

impl Record for Role {
    const TABLE: &'static str = "iam_role";
    fn key(&self) -> String {
        Self::key_of(&self.name)
    }
}
impl Record for User {
    const TABLE: &'static str = "iam_user";
    fn key(&self) -> String {
        Self::key_of(&self.name)
    }
}
