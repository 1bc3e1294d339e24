//! What holds a role for an instance, and deletions of service-linked roles.

use super::folded;
use crate::state::{Record, Tags};
use aws::doc::Timestamp;
use serde::{Deserialize, Serialize};

/// An instance profile.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InstanceProfile {
    /// Unique in the account, whatever its path.
    pub name: String,
    /// Begins and ends with a slash.
    pub path: String,
    /// Such as `AIPA0123456789ABCDEFG`.
    pub id: String,
    /// When it was made.
    pub created: Timestamp,
    /// The name of its one role.
    pub role: Option<String>,
    /// Its tags.
    pub tags: Tags,
}

/// An attempt to delete a service-linked role, forgotten after some days.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RoleDeletion {
    /// Such as `task/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS/UUID`.
    pub id: String,
    /// ARNs of what still uses the role; it was deleted if there is nothing.
    pub used_by: Vec<String>,
}

impl InstanceProfile {
    /// What the instance profile of a name is found by.
    pub fn key_of(name: &str) -> String {
        folded(name)
    }
}

impl Record for InstanceProfile {
    const TABLE: &'static str = "iam_instance_profile";
    fn key(&self) -> String {
        Self::key_of(&self.name)
    }
}
impl Record for RoleDeletion {
    const TABLE: &'static str = "iam_role_deletion";
    fn key(&self) -> String {
        self.id.clone()
    }
}
