//! Customer managed policies. Those of AWS are no records: they are the same everywhere (`control::iam::aws_managed`).

use super::folded;
use crate::state::{Record, Tags};
use aws::doc::Timestamp;
use serde::{Deserialize, Serialize};

/// A customer managed policy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Policy {
    /// Unique in the account, whatever its path.
    pub name: String,
    /// Begins and ends with a slash.
    pub path: String,
    /// Such as `ANPA0123456789ABCDEFG`.
    pub id: String,
    /// When it was made.
    pub created: Timestamp,
    /// When it got its latest version.
    pub updated: Timestamp,
    /// What it is for. Never changes.
    pub description: Option<String>,
    /// Its versions, oldest first.
    pub versions: Vec<PolicyVersion>,
    /// The number of the version that counts.
    pub default: u32,
    /// The number of the latest version there ever was.
    pub last: u32,
    /// Its tags.
    pub tags: Tags,
}

/// A version of a managed policy. It never changes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PolicyVersion {
    /// From 1 on; `v1` on the wire.
    pub number: u32,
    /// As it was given.
    pub document: String,
    /// When it was made.
    pub created: Timestamp,
}

impl Policy {
    /// What the policy of a name is found by.
    pub fn key_of(name: &str) -> String {
        folded(name)
    }
}

impl Record for Policy {
    const TABLE: &'static str = "iam_policy";
    fn key(&self) -> String {
        Self::key_of(&self.name)
    }
}
