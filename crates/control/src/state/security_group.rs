//! Security groups.

use super::{Record, Tags};
use serde::{Deserialize, Serialize};
use vpc::{SecurityGroupId, VpcId};

/// A security group ("SecurityGroup", Amazon EC2 API Reference). Its rules are records of their own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SecurityGroup {
    /// `sg-…`.
    pub id: SecurityGroupId,
    /// The VPC it is in; never changes.
    pub vpc: VpcId,
    /// Unique in its VPC; never changes. `default` is the group every VPC comes with.
    pub name: String,
    /// Never changes.
    pub description: String,
    /// Its tags.
    pub tags: Tags,
}

impl SecurityGroup {
    /// The name of the group every VPC comes with, which can't be deleted.
    pub const DEFAULT: &'static str = "default";

    /// Whether it is the group its VPC came with.
    pub fn is_default(&self) -> bool {
        self.name == Self::DEFAULT
    }
}

impl Record for SecurityGroup {
    const TABLE: &'static str = "security_group";
    fn key(&self) -> String {
        self.id.to_string()
    }
}
