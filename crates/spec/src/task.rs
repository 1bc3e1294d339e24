//! A task as a host runs it: everything resolved, nothing left to look up.

use crate::{ContainerSpec, connect::TaskConnect};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use vpc::{InterfaceId, VpcId};

/// A task placed on a host.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TaskSpec {
    /// Its ARN, for logs and messages.
    pub arn: String,
    /// Whether it should run. A task that should stop stays in the spec until its containers' ends are reported.
    pub desired: Desired,
    /// The VPC of its interface.
    pub vpc: VpcId,
    /// Its elastic network interface, to be found in that VPC.
    pub interface: InterfaceId,
    /// The host name its containers see, such as `ip-10-0-1-12.ec2.internal`.
    pub hostname: String,
    /// The task's CPU limit in CPU units: 1,024 to a processor. A hard limit over all containers together.
    pub cpu: u32,
    /// The task's memory limit in bytes, over all containers together.
    pub memory: u64,
    /// What all its containers together may write to their root file systems and to volumes, in bytes.
    pub ephemeral_storage: u64,
    /// Names of the volumes its containers share.
    pub volumes: Vec<String>,
    /// Whether all containers see each other's processes (`pidMode: task`).
    pub shared_pid_namespace: bool,
    /// The architecture its images must be for, in OCI's words: `amd64` or `arm64`.
    pub architecture: String,
    /// Its containers in the order of the task definition.
    pub containers: Vec<ContainerSpec>,
    /// What it is told of itself.
    #[serde(default)]
    pub metadata: TaskMetadata,
    /// Whether what it has on disk is measured, which means to look at every file: its cluster has Container Insights.
    #[serde(default)]
    pub insights: bool,
    /// What its proxy does, if its service uses Service Connect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connect: Option<TaskConnect>,
}

impl TaskSpec {
    /// The name of its region.
    pub fn region(&self) -> &str {
        self.arn.split(':').nth(3).unwrap_or_default()
    }
}

/// What a task's containers may ask of their task, and nothing else needs ("Amazon ECS task metadata endpoint version 4 for tasks on
/// Fargate", Amazon ECS Developer Guide).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TaskMetadata {
    /// The ARN of its cluster.
    pub cluster: String,
    /// The family of its task definition.
    pub family: String,
    /// The revision of its task definition.
    pub revision: String,
    /// The Availability Zone of its subnet.
    pub zone: String,
    /// The ARNs of its containers, in their order.
    pub containers: Vec<String>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// The id that its containers ask for their role's credentials by; none without a task role.
    pub credentials: Option<String>,
    /// Whether its containers are pointed to AWS's services over plain HTTP.
    #[serde(default)]
    pub plain_http: bool,
}

/// What should become of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Desired {
    /// Start it if it never ran; keep it if it runs. A task is never started twice.
    Running,
    /// Stop it gracefully and report how its containers ended.
    Stopped,
}
