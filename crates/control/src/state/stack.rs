//! Stacks of AWS CloudFormation: what each was deployed with, its resources, and what became of them.

use super::{Record, StackDrift, Tags};
use aws::{
    api::cloudformation::{Capability, OnFailure, ResourceStatus, StackStatus},
    doc::Timestamp,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeSet;
use template::{Policy, Resolved};

/// A stack.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stack {
    /// Its ARN, which ends in a UUID: a name may be used again, an id never is.
    pub id: String,
    /// Its name; of the stacks that are not deleted only one has it.
    pub name: String,
    /// What is going on, or how it ended.
    pub status: StackStatus,
    /// Why, if there is more to say.
    pub reason: Option<String>,
    /// When it was made.
    pub created: Timestamp,
    /// When it was last updated.
    pub updated: Option<Timestamp>,
    /// When it was deleted.
    pub deleted: Option<Timestamp>,
    /// Whether DeleteStack is refused.
    pub termination_protection: bool,
    /// Its stack policy, as JSON.
    pub policy: Option<String>,
    /// The stack that it is a resource of.
    pub parent: Option<StackParent>,
    /// What rolls back a creation that fails, or does not.
    pub on_failure: OnFailure,
    /// The most minutes that its creation may take.
    pub timeout_in_minutes: Option<i32>,
    /// The change set it was last changed by.
    pub change_set: Option<String>,
    /// What its outputs came to at the end of the last deployment.
    pub outputs: Vec<StackOutput>,
    /// What is being done; nothing is when it has none.
    pub operation: Option<StackOperation>,
    /// How many operations there were.
    pub operations: u64,
    /// The operation that has brought it to its current deployment: what was made later is new if that is rolled back.
    #[serde(default)]
    pub deployed_in: u64,
    /// How far its resources were from their templates when that was last looked at.
    #[serde(default)]
    pub drift: Option<StackDrift>,
    /// How many events there were.
    pub events: u64,
}

/// Whose resource a nested stack is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StackParent {
    /// The stack it is a resource of.
    pub id: String,
    /// The one above all of them.
    pub root: String,
}

/// A value that a stack tells.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StackOutput {
    /// Its name in the template.
    pub key: String,
    /// Its value.
    pub value: String,
    /// What the template says of it.
    pub description: Option<String>,
    /// The name under which other stacks import it.
    pub export: Option<String>,
}

impl Record for Stack {
    const TABLE: &'static str = "stack";
    const SECRET: bool = true; // outputs may show what must not lie open
    fn key(&self) -> String {
        self.id.clone()
    }
}

/// What is being done to a stack.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StackOperation {
    /// What it is.
    pub kind: OperationKind,
    /// How far it is.
    pub phase: Phase,
    /// Its number among the stack's.
    pub number: u64,
    /// The token of the call that asked for it.
    pub token: Option<String>,
    /// When it began.
    pub began: Timestamp,
    /// What is done when something fails.
    pub on_failure: OnFailure,
    /// Resources that are left alone: those a deletion is to retain, or a rollback to skip.
    pub spared: BTreeSet<String>,
    /// The stack policy that holds for this update.
    pub policy: Option<String>,
    /// Whether what the operation makes goes when it is rolled back, whatever its `DeletionPolicy`.
    #[serde(default)]
    pub retain_except_on_create: bool,
}

/// What is done to a stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum OperationKind {
    /// It is created.
    Create,
    /// It becomes what its next deployment says.
    Update,
    /// It becomes what its current deployment says again, as an update failed.
    UpdateRollback,
    /// Everything goes, as its creation failed.
    Rollback,
    /// Everything goes.
    Delete,
}

/// A part of an operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Phase {
    /// A template is being fetched from its URL.
    Fetch {
        /// Where from.
        url: String,
    },
    /// Resources are made and changed.
    Make,
    /// What an update left behind is deleted.
    Cleanup,
    /// Everything is deleted.
    Remove,
}

/// Which deployment of a stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Slot {
    /// The last one that succeeded.
    Current,
    /// The one that is being made.
    Next,
}

/// Everything a stack is deployed with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StackDeployment {
    /// The stack.
    pub stack: String,
    /// Which of its deployments.
    pub slot: Slot,
    /// The template as it was given.
    pub template: String,
    /// Its description.
    pub description: Option<String>,
    /// Its parameters, in the order of their names.
    pub parameters: Vec<StackParameter>,
    /// The stack's tags.
    pub tags: Tags,
    /// What its user acknowledged.
    pub capabilities: Vec<Capability>,
    /// The topics that would be told.
    pub notification_arns: Vec<String>,
    /// The role it acts as.
    pub role_arn: Option<String>,
    /// The template for these parameters.
    pub resolved: Resolved,
}

/// A parameter's value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StackParameter {
    /// Its name.
    pub key: String,
    /// What was given, or the default.
    pub value: String,
    /// What the SSM parameter of that name held.
    pub resolved: Option<String>,
    /// Whether its value is shown to nobody.
    pub no_echo: bool,
}

impl StackDeployment {
    /// Its key.
    pub fn key_of(stack: &str, slot: Slot) -> String {
        format!("{stack}/{slot:?}")
    }
}

impl Record for StackDeployment {
    const TABLE: &'static str = "stack_deployment";
    const SECRET: bool = true;
    fn key(&self) -> String {
        Self::key_of(&self.stack, self.slot)
    }
}

/// A resource of a stack: the one its template's name stands for, or one that an update has replaced.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StackResource {
    /// The stack.
    pub stack: String,
    /// Its name in the template.
    pub logical_id: String,
    /// Set when another one has taken its place: the number of the operation that did so.
    pub replaced_in: Option<u64>,
    /// Its type.
    pub kind: String,
    /// What the service calls it; known once it was made.
    pub physical_id: Option<String>,
    /// What is going on, or how it ended.
    pub status: ResourceStatus,
    /// Why, if there is more to say.
    pub reason: Option<String>,
    /// When the status last changed.
    pub changed: Timestamp,
    /// What it was last made or changed to. Dynamic references stand as they are.
    pub applied: Applied,
    /// What it needs.
    pub dependencies: BTreeSet<String>,
    /// What becomes of it when it is no longer wanted.
    pub deletion_policy: Policy,
    /// What becomes of it when it is replaced.
    pub update_replace_policy: Policy,
    /// The template's `Metadata` of it.
    pub metadata: Value,
    /// The operation that made it.
    pub made_in: u64,
    /// The last operation that has brought it to what was wanted.
    pub settled_in: u64,
    /// What is being done to it.
    pub doing: Option<Doing>,
    /// Whether it is to be deleted by the operation that is under way.
    pub doomed: bool,
}

/// What a resource is made of.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Applied {
    /// Its properties.
    pub properties: Value,
    /// The stack's tags.
    pub tags: Tags,
}

/// Something that is being done to a resource.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Doing {
    /// What it is.
    pub what: Deed,
    /// Since when.
    pub since: Timestamp,
    /// How often it was tried.
    pub tries: u32,
}

/// What can be done to a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Deed {
    /// It was made and becomes ready.
    Create,
    /// It was made in another's place and becomes ready.
    Replace,
    /// It was changed and becomes ready.
    Update,
    /// It is going, or was refused to for now.
    Delete,
}

impl StackResource {
    /// The key of the resource that a name stands for.
    pub fn key_of(stack: &str, logical_id: &str) -> String {
        format!("{stack}/{logical_id}")
    }

    /// What the keys of a stack's resources begin with.
    pub fn prefix(stack: &str) -> String {
        format!("{stack}/")
    }
}

impl Record for StackResource {
    const TABLE: &'static str = "stack_resource";
    const SECRET: bool = true;
    fn key(&self) -> String {
        let key = Self::key_of(&self.stack, &self.logical_id);
        // No logical id has a tilde.
        self.replaced_in.map_or(key.clone(), |number| format!("{key}~{number}"))
    }
}

/// Something that happened to a stack or a resource of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StackEvent {
    /// The stack.
    pub stack: String,
    /// Its place among the stack's events.
    pub number: u64,
    /// Its id: a UUID for the stack itself, else the resource's name, its status and a UUID.
    pub id: String,
    /// The resource's name, or the stack's.
    pub logical_id: String,
    /// What the service calls it.
    pub physical_id: Option<String>,
    /// Its type.
    pub kind: String,
    /// When.
    pub at: Timestamp,
    /// What became of it.
    pub status: ResourceStatus,
    /// Why.
    pub reason: Option<String>,
    /// Its properties, as JSON.
    pub properties: Option<String>,
    /// The token of the call that began the operation.
    pub token: Option<String>,
}

impl StackEvent {
    /// What the keys of a stack's events begin with.
    pub fn prefix(stack: &str) -> String {
        format!("{stack}/")
    }
}

impl Record for StackEvent {
    const TABLE: &'static str = "stack_event";
    const SECRET: bool = true;
    fn key(&self) -> String {
        format!("{}/{:012}", self.stack, self.number)
    }
}

/// The values that stacks export, by their names.
pub fn exports(stacks: &super::Table<Stack>) -> impl Iterator<Item = (&str, (&Stack, &StackOutput))> {
    // What is going can't be relied on any more.
    let goes = |stack: &Stack| {
        let kind = stack.operation.as_ref().map(|operation| operation.kind);
        matches!(kind, Some(OperationKind::Delete | OperationKind::Rollback))
    };
    let live = stacks.iter().filter(move |stack| stack.deleted.is_none() && !goes(stack));
    live.flat_map(|stack| {
        stack.outputs.iter().filter_map(move |output| Some((output.export.as_deref()?, (stack, output))))
    })
}
