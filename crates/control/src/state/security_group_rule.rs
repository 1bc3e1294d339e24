//! Rules of security groups.

use super::{Record, Tags};
use serde::{Deserialize, Serialize};
use vpc::{Rule, SecurityGroupId};

/// One rule ("SecurityGroupRule", Amazon EC2 API Reference).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SecurityGroupRule {
    /// `sgr-…`.
    pub id: String,
    /// The group it is a rule of; never changes.
    pub group: SecurityGroupId,
    /// Whether it speaks of what goes out; never changes.
    pub egress: bool,
    /// What it allows; unique in its group and direction.
    pub rule: Rule,
    /// What the user says of it.
    pub description: Option<String>,
    /// Its tags.
    pub tags: Tags,
}

impl SecurityGroupRule {
    /// What the keys of a group's rules start with.
    pub fn prefix(group: &SecurityGroupId) -> String {
        format!("{group}/")
    }
}

impl Record for SecurityGroupRule {
    const TABLE: &'static str = "security_group_rule";
    fn key(&self) -> String {
        format!("{}/{}", self.group, self.id)
    }
}
