//! The one call a host makes, and what it says beside it.

use crate::{HostSpec, HostStatus, Millis, TaskId};
use serde::{Deserialize, Serialize};

/// `POST /_neargate/sync`: held until the host's spec differs from the one it observed, another call of the same host comes in, or the time is up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SyncRequest {
    /// What the host runs.
    pub status: HostStatus,
    /// What it could run.
    pub capacity: Capacity,
}

/// What a host has to give.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capacity {
    /// CPU units: 1,024 to a processor.
    pub cpu: u32,
    /// Bytes of memory.
    pub memory: u64,
    /// In OCI's words: `amd64` or `arm64`.
    pub architecture: String,
}

/// The answer to a sync.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SyncReply {
    /// What the host should be. `None` where nothing has changed since the observed revision.
    pub spec: Option<HostSpec>,
    /// For how many milliseconds after *sending* the request the host may go on running tasks without another answer.
    pub lease: Millis,
}

/// The header of `PutLogEvents` by which a host numbers the lines of a container: it has the number of the first since the stream began.
/// A batch that is sent again, for want of an answer, is stored once. Only the execution role of the stream's own task may say so.
pub const FIRST_LINE: &str = "x-neargate-first-line";

/// `POST /_neargate/credentials`: credentials for one of a task's roles.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CredentialsRequest {
    /// The task.
    pub task: TaskId,
    /// Which of its roles.
    pub role: TaskRole,
}

/// `POST /_neargate/certificates`: certificates of listeners with their keys, which no spec has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CertificatesRequest {
    /// Their ARNs.
    pub arns: Vec<String>,
}

/// `POST /_neargate/interrupt`: a task on Fargate Spot loses its capacity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InterruptRequest {
    /// The task.
    pub task: TaskId,
}

/// Which of a task's two roles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TaskRole {
    /// `taskRoleArn`: what its containers act as.
    Task,
    /// `executionRoleArn`: what acts for it, and its containers never see.
    Execution,
}

/// Credentials for a time, as containers get them. Absent: `Debug`, for they are nobody's to print.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Credentials {
    /// The role they are of.
    pub role_arn: String,
    /// The access key's id.
    pub access_key_id: String,
    /// What requests are signed with.
    pub secret_access_key: String,
    /// What has to come with every request.
    pub token: String,
    /// From when on they are worth nothing, such as `2026-01-31T12:00:00Z`.
    pub expiration: String,
}
