//! What a host says of itself.

use crate::{HostId, Millis, Revision, TaskId, balancing::BalancingStatus};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Everything one host runs. A task that is not listed does not exist there: no process, no network, no file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HostStatus {
    /// Who speaks.
    pub host: HostId,
    /// When this agent process started. A later one speaks with more authority than an earlier one.
    pub incarnation: Millis,
    /// Grows with every status this incarnation makes, so that one that arrives late is known as such.
    pub sequence: u64,
    /// The revision of the spec it acts on. What that spec no longer names and this status does not list is gone.
    pub observed: Revision,
    /// The revision of the last spec whose network the kernel has whole.
    pub networked: Revision,
    /// The tasks there are.
    pub tasks: BTreeMap<TaskId, TaskStatus>,
    /// What its balancer has seen.
    #[serde(default)]
    pub balancing: BalancingStatus,
}

/// How far a task has come on its host.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TaskStatus {
    /// When the first image pull began.
    pub pull_started_at: Option<Millis>,
    /// When the last image pull ended.
    pub pull_stopped_at: Option<Millis>,
    /// When the first essential container stopped, or the task was told to.
    pub execution_stopped_at: Option<Millis>,
    /// Why the task as a whole can't run, if so: network, images, dependencies.
    pub failure: Option<TaskFailure>,
    /// Whether its containers have ended and their output is still on its way, through the task's interface.
    #[serde(default)]
    pub shipping: bool,
    /// Its containers by name; each container of the spec is listed.
    pub containers: BTreeMap<String, ContainerStatus>,
}

/// Why a task failed to start: the text that becomes its `stoppedReason`, such as `CannotPullContainerError: …`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskFailure {
    /// AWS's words.
    pub reason: String,
}

/// How far a container has come.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ContainerStatus {
    /// Where in its life it is.
    pub phase: Phase,
    /// The runtime's id of it, once it has been created.
    pub runtime_id: Option<String>,
    /// The digest of the image's manifest, once resolved: `sha256:…`.
    pub image_digest: Option<String>,
    /// How it ended: the exit status, or 128 plus the number of the signal that killed it.
    pub exit_code: Option<i32>,
    /// Why it did not start or was killed, in AWS's words, such as `OutOfMemoryError: Container killed due to memory usage`.
    pub reason: Option<String>,
    /// What its health check says.
    pub health: Health,
    /// When its first process started.
    pub started_at: Option<Millis>,
    /// When its first process ended.
    pub finished_at: Option<Millis>,
}

/// Where in its life a container is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Phase {
    /// Waiting for its image or its dependencies.
    #[default]
    Pending,
    /// Its first process has started.
    Running,
    /// It has ended, or will never start.
    Stopped,
}

/// What a container's health check says ("HealthCheck", Amazon ECS API Reference).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Health {
    /// No check has passed or failed for good yet, or there is none.
    #[default]
    Unknown,
    /// The last check passed.
    Healthy,
    /// As many checks as `retries` failed in a row.
    Unhealthy,
}
