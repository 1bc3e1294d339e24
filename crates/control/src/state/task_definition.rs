//! Task definitions by family and revision.

use super::Record;
use aws::{
    api::ecs::{self, ContainerDefinition, Tag, TaskDefinitionStatus},
    doc::Timestamp,
};
use serde::{Deserialize, Serialize};

/// A revision of a task definition. It never changes but for its status and tags.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TaskDefinition {
    /// Its family.
    pub family: String,
    /// Its number within the family, from 1.
    pub revision: i32,
    /// Its ARN.
    pub arn: String,
    /// As AWS describes it, checked and with every default filled in; its status included.
    pub definition: ecs::TaskDefinition,
    /// Its tags, in the order they were set.
    pub tags: Vec<Tag>,
}

impl TaskDefinition {
    /// The key of a revision: revisions of one family stand together, in order.
    pub fn key_of(family: &str, revision: i32) -> String {
        format!("{family}:{revision:010}")
    }

    /// Its status.
    pub fn status(&self) -> TaskDefinitionStatus {
        self.definition.status.unwrap_or(TaskDefinitionStatus::Active)
    }

    /// Its containers, in the order they were given.
    pub fn containers(&self) -> &[ContainerDefinition] {
        self.definition.container_definitions.as_deref().unwrap_or_default()
    }
}

impl Record for TaskDefinition {
    const TABLE: &'static str = "task_definition";
    fn key(&self) -> String {
        Self::key_of(&self.family, self.revision)
    }
}

/// A family, kept so that no revision is ever numbered again, whatever was deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskDefinitionFamily {
    /// Its name.
    pub name: String,
    /// The number of the last revision that was registered.
    pub last_revision: i32,
}

impl Record for TaskDefinitionFamily {
    const TABLE: &'static str = "task_definition_family";
    fn key(&self) -> String {
        self.name.clone()
    }
}

/// A revision that is being deleted, so that those few need not be looked for among all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskDefinitionDeletion {
    /// Its family.
    pub family: String,
    /// Its number within the family.
    pub revision: i32,
    /// Its ARN.
    pub arn: String,
    /// When it was asked for.
    pub requested_at: Timestamp,
}

impl Record for TaskDefinitionDeletion {
    const TABLE: &'static str = "task_definition_deletion";
    fn key(&self) -> String {
        TaskDefinition::key_of(&self.family, self.revision)
    }
}
