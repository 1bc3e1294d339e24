//! Change sets of AWS CloudFormation: what a stack would become, kept until it is wanted or not.

use super::{Record, StackDeployment};
use aws::{
    api::cloudformation::{Change, ChangeSetStatus, ChangeSetType, ExecutionStatus, OnStackFailure},
    doc::Timestamp,
};
use serde::{Deserialize, Serialize};

/// A change set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChangeSet {
    /// Its ARN, which ends in a UUID.
    pub id: String,
    /// Its name; of the change sets of a stack that were not executed only one has it.
    pub name: String,
    /// The ARN of the stack it changes.
    pub stack: String,
    /// Whether it makes the stack or changes one that is there.
    pub kind: ChangeSetType,
    /// When it was made.
    pub created: Timestamp,
    /// What its author says of it.
    pub description: Option<String>,
    /// The token of the call that made it.
    pub token: Option<String>,
    /// Whether it can be used.
    pub status: ChangeSetStatus,
    /// Why it can't be.
    pub reason: Option<String>,
    /// Whether it was executed.
    pub execution: ExecutionStatus,
    /// What is done when the stack can't be made.
    pub on_stack_failure: Option<OnStackFailure>,
    /// What the stack becomes.
    pub deployment: StackDeployment,
    /// What that does to its resources, in the order of their names, with all values.
    pub changes: Vec<Change>,
}

impl Record for ChangeSet {
    const TABLE: &'static str = "change_set";
    const SECRET: bool = true; // templates and parameters are in it
    fn key(&self) -> String {
        self.id.clone()
    }
}
