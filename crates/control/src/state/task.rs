//! Tasks: those that are somewhere in their life, and those that have stopped.
//!
//! The two are in different tables, so that what looks at every live task never pays for the dead ones.

use super::{Record, Standing, TaskRegistry, TaskTarget};
use aws::{
    api::ecs::{HealthStatus, Tag, TaskOverride, TaskStopCode},
    doc::Timestamp,
};
use serde::{Deserialize, Serialize};
use spec::{ContainerSpec, Desired, HostId, Phase, Revision, TaskFailure, TaskId, connect::TaskConnect};
use std::{net::IpAddr, sync::Arc};
use vpc::{InterfaceId, Mac, SecurityGroupId, SubnetId, VpcId};

/// A task that has not stopped yet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Task {
    /// The 32 hexadecimal digits at the end of its ARN.
    pub id: TaskId,
    /// The name of its cluster.
    pub cluster: String,
    /// What it was started with.
    pub launch: Arc<Launch>,
    /// What should become of it.
    pub desired: Desired,
    /// Where in its life it is (`lastStatus`).
    pub status: Status,
    /// Grows with every change a client could see.
    pub version: i64,
    /// Its containers, in the order of the task definition.
    pub containers: Vec<Container>,
    /// Its elastic network interface.
    pub attachment: Attachment,
    /// The host it was placed on. Never changes.
    pub host: Option<HostId>,
    /// What its host has said of it.
    pub word: Word,
    /// The commit that made `desired` stopped.
    pub stopping: Option<Revision>,
    /// The commit that took it out of its host's spec.
    pub withdrawn: Option<Revision>,
    /// When it came how far.
    pub times: Times,
    /// Why it stops.
    pub stop: Option<Stop>,
    /// Its tags, in the order they were set.
    pub tags: Vec<Tag>,
    /// What its service knows of it, if it is a service's.
    #[serde(default)]
    pub standing: Standing,
}

/// A task that has stopped: described for an hour, then forgotten.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StoppedTask(pub Task);

/// What a task was started with: its task definition and the overrides, resolved. Nothing of it ever changes, whatever
/// becomes of the task definition.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Launch {
    /// The ARN of the revision.
    pub task_definition: String,
    /// Its family.
    pub family: String,
    /// CPU units, as text on the wire.
    pub cpu: u32,
    /// MiB of memory, as text on the wire.
    pub memory: u32,
    /// GiB of ephemeral storage.
    pub ephemeral_storage: u32,
    /// In OCI's words: `amd64` or `arm64`.
    pub architecture: String,
    /// Names of its volumes.
    pub volumes: Vec<String>,
    /// `pidMode: task`.
    pub shared_pid_namespace: bool,
    /// Its containers as a host runs them.
    pub containers: Vec<ContainerSpec>,
    /// Where its interface is made.
    pub subnet: SubnetId,
    /// That subnet's Availability Zone.
    pub zone: String,
    /// The groups of its interface.
    pub security_groups: Vec<SecurityGroupId>,
    /// Whether its interface gets a public address.
    pub assign_public_ip: bool,
    /// `FARGATE` or `FARGATE_SPOT` where a capacity provider strategy chose it.
    pub capacity_provider: Option<String>,
    /// Such as `1.4.0`.
    pub platform_version: String,
    /// The task group, such as `family:web`.
    pub group: String,
    /// Who started it, in the caller's words.
    pub started_by: Option<String>,
    /// The overrides as they were given.
    pub overrides: TaskOverride,
    /// The client token of the call that started it.
    pub client_token: Option<String>,
    /// The ARN of the role its containers act as.
    #[serde(default)]
    pub task_role: Option<String>,
    /// The ARN of the role that acts for it.
    #[serde(default)]
    pub execution_role: Option<String>,
    /// What its containers ask for their role's credentials by. Hard to guess.
    #[serde(default)]
    pub credentials_id: Option<String>,
    /// Whether its containers are pointed to AWS's services over plain HTTP.
    #[serde(default)]
    pub plain_http: bool,
    /// The target groups of its service.
    #[serde(default)]
    pub targets: Vec<TaskTarget>,
    /// The registries of its service, those of what it offers by Service Connect among them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub registries: Vec<TaskRegistry>,
    /// What its Service Connect proxy does, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connect: Option<TaskConnect>,
}

/// Where in its life a task is ("Task lifecycle", Amazon ECS Developer Guide).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Status {
    /// Its network interface is being made.
    Provisioning,
    /// It waits for a host, and there for its images.
    Pending,
    /// The first of its containers has started.
    Activating,
    /// All of its containers have started.
    Running,
    /// It is taken out of what points at it before its containers are stopped.
    Deactivating,
    /// Its containers are being stopped.
    Stopping,
    /// Its containers have ended; its network interface is being taken away.
    Deprovisioning,
    /// Nothing of it is left.
    Stopped,
}

impl Status {
    /// As on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Provisioning => "PROVISIONING",
            Self::Pending => "PENDING",
            Self::Activating => "ACTIVATING",
            Self::Running => "RUNNING",
            Self::Deactivating => "DEACTIVATING",
            Self::Stopping => "STOPPING",
            Self::Deprovisioning => "DEPROVISIONING",
            Self::Stopped => "STOPPED",
        }
    }
}

/// A container of a task, as its host last reported it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Container {
    /// The UUID at the end of its ARN.
    pub id: String,
    /// Where in its life it is.
    pub phase: Phase,
    /// Whether its first process ever started.
    pub started: bool,
    /// The runtime's id of it.
    pub runtime_id: Option<String>,
    /// The digest of its image's manifest.
    pub image_digest: Option<String>,
    /// How it ended.
    pub exit_code: Option<i32>,
    /// Why it did not start or was killed.
    pub reason: Option<String>,
    /// What its health check says.
    pub health: HealthStatus,
}

/// A task's network interface as an attachment of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attachment {
    /// A UUID.
    pub id: String,
    /// How far it is.
    pub status: AttachmentStatus,
    /// The interface, from when it was made. Kept for `DescribeTasks` when it is gone.
    pub interface: Option<Interface>,
}

/// How far an attachment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AttachmentStatus {
    /// There is no interface yet.
    Precreated,
    /// It was made and is on its way to the host.
    Attaching,
    /// The task's host uses it.
    Attached,
    /// It waits for the host to be done with it.
    Detaching,
    /// It is gone, and its address may be another's.
    Deleted,
}

impl AttachmentStatus {
    /// As on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Precreated => "PRECREATED",
            Self::Attaching => "ATTACHING",
            Self::Attached => "ATTACHED",
            Self::Detaching => "DETACHING",
            Self::Deleted => "DELETED",
        }
    }
}

/// What a task shows of its network interface.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Interface {
    /// Its id.
    pub id: InterfaceId,
    /// Its VPC.
    pub vpc: VpcId,
    /// Its hardware address.
    pub mac: Mac,
    /// Its primary private address.
    pub private_ip: IpAddr,
    /// The name of that address, such as `ip-10-0-1-12.ec2.internal`; none where the VPC's DNS hostnames are off.
    pub private_dns_name: Option<String>,
}

/// What a task's host has said of it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Word {
    /// Whether a report ever listed it.
    pub listed: bool,
    /// The revision at which a report did not list it, from when that meant something: after it had been listed, or
    /// when its host knew that it should stop.
    pub absent: Option<Revision>,
    /// Why it can't run, if so.
    pub failure: Option<TaskFailure>,
    /// Whether its containers have ended and their output is still on its way through its interface.
    #[serde(default)]
    pub shipping: bool,
}

/// When a task came how far.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Times {
    /// When `RunTask` made it.
    pub created_at: Timestamp,
    /// When its host first spoke of it.
    pub connectivity_at: Option<Timestamp>,
    /// When the first image pull began.
    pub pull_started_at: Option<Timestamp>,
    /// When the last image pull ended.
    pub pull_stopped_at: Option<Timestamp>,
    /// When it became `RUNNING`.
    pub started_at: Option<Timestamp>,
    /// When it became `STOPPING`.
    pub stopping_at: Option<Timestamp>,
    /// When its first essential container ended or it was told to stop.
    pub execution_stopped_at: Option<Timestamp>,
    /// When it became `STOPPED`.
    pub stopped_at: Option<Timestamp>,
}

/// Why a task stops.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stop {
    /// AWS's word for it.
    pub code: TaskStopCode,
    /// `stoppedReason`.
    pub reason: String,
}

impl Launch {
    /// Whether it is registered somewhere while it runs.
    pub fn is_registered_somewhere(&self) -> bool {
        !self.targets.is_empty() || !self.registries.is_empty()
    }
}

impl Task {
    /// Each container with what it was started as.
    pub fn each_container(&self) -> impl Iterator<Item = (&ContainerSpec, &Container)> {
        self.launch.containers.iter().zip(&self.containers)
    }

    /// Whether it was placed on that host.
    pub fn is_on(&self, host: &HostId) -> bool {
        self.host.as_ref() == Some(host)
    }
}

impl Record for Task {
    const TABLE: &'static str = "task";
    fn key(&self) -> String {
        self.id.to_string()
    }
}

impl Record for StoppedTask {
    const TABLE: &'static str = "stopped_task";
    fn key(&self) -> String {
        self.0.key()
    }
}
