//! Targets of target groups.

use crate::state::Record;
use serde::{Deserialize, Serialize};
use spec::{
    Millis, Revision,
    balancing::{TargetAddress, TargetGroupId},
};

/// A registered target, or one that is being taken out ("TargetDescription", Elastic Load Balancing API Reference).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Target {
    /// Its group.
    pub group: TargetGroupId,
    /// Where it is.
    pub address: TargetAddress,
    /// Its Availability Zone; none for an address outside of the VPC, registered for all.
    pub zone: Option<String>,
    /// When it was registered, later than any earlier registration of the same address.
    pub since: Millis,
    /// Set when it is deregistered.
    pub draining: Option<Draining>,
}

/// How far the taking out of a target has come.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Draining {
    /// When what is still under way to it is cut.
    pub until: Millis,
    /// The revision that took it away from hosts, after that time. It is gone when every host has applied it.
    pub withdrawn: Option<Revision>,
}

impl Target {
    /// What the keys of a group's targets start with.
    pub fn prefix(group: &str) -> String {
        format!("{group}/")
    }

    /// The key of a target.
    pub fn key_of(group: &str, address: TargetAddress) -> String {
        format!("{group}/{}", address.0)
    }

    /// Whether it is registered, and not being taken out.
    pub fn is_registered(&self) -> bool {
        self.draining.is_none()
    }
}

impl Record for Target {
    const TABLE: &'static str = "target";
    fn key(&self) -> String {
        Self::key_of(&self.group, self.address)
    }
}
