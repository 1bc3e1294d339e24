//! Drift of stacks of AWS CloudFormation: what was found when their resources were held against their templates.

use super::Record;
use aws::{
    api::cloudformation::{PropertyDifference, StackDriftDetectionStatus, StackDriftStatus, StackResourceDriftStatus},
    doc::Timestamp,
};
use serde::{Deserialize, Serialize};

/// How far a stack's resources were from their template.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct StackDrift {
    /// What was found.
    pub status: StackDriftStatus,
    /// When.
    pub checked: Timestamp,
}

/// A detection of drift.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DriftDetection {
    /// Its id, a UUID.
    pub id: String,
    /// The ARN of the stack.
    pub stack: String,
    /// How it ended.
    pub status: StackDriftDetectionStatus,
    /// Why it failed.
    pub reason: Option<String>,
    /// What was found.
    pub drift: StackDrift,
    /// How many resources have drifted.
    pub drifted: i32,
}

impl Record for DriftDetection {
    const TABLE: &'static str = "drift_detection";
    fn key(&self) -> String {
        self.id.clone()
    }
}

/// What was found of a resource.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ResourceDrift {
    /// The ARN of its stack.
    pub stack: String,
    /// Its name in the template.
    pub logical_id: String,
    /// What the service calls it; what is found of one does not hold for its successor.
    pub physical_id: String,
    /// Its type.
    pub kind: String,
    /// Whether it has drifted.
    pub status: StackResourceDriftStatus,
    /// Why that can't be told.
    pub reason: Option<String>,
    /// When it was looked at.
    pub checked: Timestamp,
    /// The properties that the template sets and that can be compared, as JSON.
    pub expected: Option<String>,
    /// The same as they are; none for a resource that is gone.
    pub actual: Option<String>,
    /// Where they differ.
    pub differences: Vec<PropertyDifference>,
}

impl ResourceDrift {
    /// The key of what was found of the resource of a name.
    pub fn key_of(stack: &str, logical_id: &str) -> String {
        format!("{stack}/{logical_id}")
    }
}

impl Record for ResourceDrift {
    const TABLE: &'static str = "resource_drift";
    const SECRET: bool = true; // properties are in it
    fn key(&self) -> String {
        Self::key_of(&self.stack, &self.logical_id)
    }
}
