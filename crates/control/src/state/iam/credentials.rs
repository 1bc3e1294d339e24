//! Access keys of users, and credentials issued for a time.

use crate::state::{Record, Tags};
use aws::doc::Timestamp;
use serde::{Deserialize, Serialize};
use spec::{TaskId, TaskRole};

/// A user's access key.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct AccessKey {
    /// Such as `AKIA0123456789ABCDEF`.
    pub id: String,
    /// What requests are signed with.
    pub secret: String,
    /// The user's name.
    pub user: String,
    /// When it was made.
    pub created: Timestamp,
    /// Whether it may be used.
    pub active: bool,
}

/// Credentials issued by AWS STS, or to a task. Forgotten when they expire, or with their task.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Session {
    /// Such as `ASIA0123456789ABCDEF`.
    pub access_key_id: String,
    /// What requests are signed with.
    pub secret: String,
    /// What has to come with every request.
    pub token: String,
    /// From when on they are worth nothing.
    pub expires: Timestamp,
    /// Whom they are for.
    pub of: SessionOf,
}

/// Whom credentials are for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum SessionOf {
    /// Somebody who assumed a role.
    Role {
        /// The role's name.
        role: String,
        /// The role's id.
        id: String,
        /// What the session calls itself.
        session: String,
        /// A policy that narrows the role's.
        policy: Option<String>,
        /// ARNs of managed policies that narrow the role's.
        policy_arns: Vec<String>,
        /// The session's tags.
        tags: Tags,
        /// Keys of those that sessions begun from this one take over.
        transitive: Vec<String>,
        /// Who is behind it, in the words of whoever assumed the role first.
        source_identity: Option<String>,
    },
    /// A user (`GetSessionToken`), by name.
    User(String),
    /// The account's root user.
    Root,
}

/// The credentials issued for one of a task's roles.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TaskCredentials {
    /// The task.
    pub task: TaskId,
    /// Which of its roles.
    pub role: TaskRole,
    /// Access key ids of sessions that have not expired, the newest last.
    pub sessions: Vec<String>,
}

impl TaskCredentials {
    /// What the credentials for a task's role are found by.
    pub fn key_of(task: &str, role: TaskRole) -> String {
        match role {
            TaskRole::Task => format!("{task}/task"),
            TaskRole::Execution => format!("{task}/execution"),
        }
    }
}

impl Record for AccessKey {
    const TABLE: &'static str = "iam_access_key";
    const SECRET: bool = true;
    fn key(&self) -> String {
        self.id.clone()
    }
}
impl Record for Session {
    const TABLE: &'static str = "sts_session";
    const SECRET: bool = true;
    fn key(&self) -> String {
        self.access_key_id.clone()
    }
}
impl Record for TaskCredentials {
    const TABLE: &'static str = "task_credentials";
    fn key(&self) -> String {
        Self::key_of(&self.task, self.role)
    }
}
