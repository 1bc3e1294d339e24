//! Rules of security groups.

use super::{Record, Tags};
use serde::{Deserialize, Serialize};
use vpc::{PeeringId, Rule, SecurityGroupId, VpcId};

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
    /// Where the group is that it names, if that is of another VPC. Kept for when that group or the connection is gone and the
    /// rule is stale.
    pub peered: Option<PeeredGroup>,
    /// What the user says of it.
    pub description: Option<String>,
    /// Its tags.
    pub tags: Tags,
}

/// Where a group of another VPC is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeeredGroup {
    /// The VPC the group is in.
    pub vpc: VpcId,
    /// The peering connection that led there when the rule was made.
    pub peering: PeeringId,
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
