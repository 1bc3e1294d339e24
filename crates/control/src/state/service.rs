//! ECS services: what keeps so many tasks of one kind running, and what was heard of it.

use super::{ConnectRevision, Record, ServiceConnect};
use aws::{
    api::ecs::{
        CapacityProviderStrategyItem, CreateServiceRequest, DeploymentConfiguration, DeploymentRolloutState,
        LaunchType, LoadBalancer, NetworkConfiguration, PropagateTags, ServiceDeploymentStatus, ServiceRegistry, Tag,
    },
    doc::Timestamp,
};
use serde::{Deserialize, Serialize};
use spec::{Millis, Revision, balancing::TargetGroupId};

/// A service. One that was deleted stays for an hour as inactive.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Service {
    /// The name of its cluster.
    pub cluster: String,
    /// Its name, unique in the cluster.
    pub name: String,
    /// Whether it runs tasks.
    pub status: ServiceStatus,
    /// When it was made.
    pub created_at: Timestamp,
    /// The ARN of who made it.
    pub created_by: String,
    /// The call that made it: the same again is answered by it.
    pub request: CreateServiceRequest,
    /// How many tasks it is to run.
    pub desired_count: u32,
    /// `deploymentConfiguration` with every default filled in.
    pub configuration: DeploymentConfiguration,
    /// For how many seconds after a task has started its health checks count for nothing.
    pub grace_period: u32,
    /// `availabilityZoneRebalancing`.
    pub rebalancing: bool,
    /// `enableECSManagedTags`.
    pub managed_tags: bool,
    /// Whose tags its tasks are given.
    pub propagate_tags: PropagateTags,
    /// Its tags, in the order they were set.
    pub tags: Vec<Tag>,
    /// Its deployments that have tasks or are to have some: the `PRIMARY` one, then the others, newest first. Never empty.
    pub deployments: Vec<Deployment>,
    /// The revision that a failed deployment is rolled back to: that of the last deployment that was completed.
    pub last_completed: Option<String>,
    /// Whether it has all that it should have, and nothing besides.
    pub steady: bool,
    /// Whether tasks are being moved between zones.
    pub moving: bool,
}

/// Whether a service runs tasks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ServiceStatus {
    /// It does.
    Active,
    /// It was deleted, and the last of its tasks has not stopped yet.
    Draining,
    /// It was deleted, and nothing of it is left.
    Inactive,
}

impl ServiceStatus {
    /// As on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::Draining => "DRAINING",
            Self::Inactive => "INACTIVE",
        }
    }
}

/// The tasks of one revision of a service.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Deployment {
    /// The revision. Its id is that of the deployment, too: `ecs-svc/REVISION`.
    pub revision: String,
    /// The id of the service deployment that it belongs to.
    pub rollout: String,
    /// When it was begun.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// `rolloutState`.
    pub state: DeploymentRolloutState,
    /// `rolloutStateReason`.
    pub reason: String,
    /// How many of its tasks failed since one was last healthy.
    pub failed_tasks: u32,
    /// Whether it is the primary one because the deployment after it failed.
    pub rollback: bool,
    /// When it may start tasks again after some have failed.
    pub retry: Retry,
    /// Whether no alarm fails it: one was in `ALARM` when it began.
    #[serde(default)]
    pub unwatched: bool,
    /// When it had everything, and began to be watched on for a while.
    #[serde(default)]
    pub baking_since: Option<Timestamp>,
}

/// How long a deployment waits before it starts tasks ("Service throttle logic", Amazon ECS Developer Guide).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retry {
    /// How many attempts in a row ended without a task that ran.
    pub round: u32,
    /// When the last of them ended.
    pub since: Millis,
    /// No task is started before.
    pub not_before: Millis,
}

impl Service {
    /// The key of a service.
    pub fn key_of(cluster: &str, name: &str) -> String {
        format!("{cluster}/{name}")
    }

    /// The task group of its tasks.
    pub fn group(&self) -> String {
        format!("service:{}", self.name)
    }

    /// The deployment that its tasks are to be of.
    pub fn primary(&self) -> Option<&Deployment> {
        self.deployments.first()
    }
}

impl Deployment {
    /// Such as `ecs-svc/0123456789012345678`.
    pub fn id(&self) -> String {
        deployment_id(&self.revision)
    }
}

/// The id of the deployment of a revision: who started its tasks.
pub fn deployment_id(revision: &str) -> String {
    format!("ecs-svc/{revision}")
}

impl Record for Service {
    const TABLE: &'static str = "service";
    fn key(&self) -> String {
        Self::key_of(&self.cluster, &self.name)
    }
}

/// Something that the service scheduler has said of a service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceEvent {
    /// The name of its cluster.
    pub cluster: String,
    /// The name of the service.
    pub service: String,
    /// Its place among the service's events.
    pub number: u64,
    /// A UUID.
    pub id: String,
    /// When.
    pub created_at: Timestamp,
    /// What.
    pub message: String,
}

impl ServiceEvent {
    /// What the keys of a service's events start with; they are in the order of their numbers.
    pub fn prefix(cluster: &str, service: &str) -> String {
        format!("{cluster}/{service}/")
    }
}

impl Record for ServiceEvent {
    const TABLE: &'static str = "service_event";
    fn key(&self) -> String {
        format!("{}{:020}", Self::prefix(&self.cluster, &self.service), self.number)
    }
}

/// What the tasks of one deployment are started with. Never changes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ServiceRevision {
    /// The name of its cluster.
    pub cluster: String,
    /// The name of the service.
    pub service: String,
    /// Nineteen digits.
    pub id: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// What is deployed.
    pub what: Deployed,
    /// What Service Connect is for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connect: Option<ConnectRevision>,
}

/// The parameters of a service that a new deployment is begun for when they change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Deployed {
    /// The ARN of the task definition.
    pub task_definition: String,
    /// `FARGATE`, unless there is a strategy.
    pub launch_type: Option<LaunchType>,
    /// The strategy, with its defaults filled in.
    pub strategy: Vec<CapacityProviderStrategyItem>,
    /// The platform version as it was asked for, such as `LATEST`.
    pub platform_version: String,
    /// Where its tasks' interfaces are.
    pub network: NetworkConfiguration,
    /// The target groups that its tasks are registered with.
    pub load_balancers: Vec<LoadBalancer>,
    /// The services of AWS Cloud Map that they are registered with.
    #[serde(default)]
    pub registries: Vec<ServiceRegistry>,
    /// Service Connect, if anything was said of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connect: Option<ServiceConnect>,
}

impl ServiceRevision {
    /// What the keys of a service's revisions start with.
    pub fn prefix(cluster: &str, service: &str) -> String {
        format!("{cluster}/{service}/")
    }

    /// The key of a revision.
    pub fn key_of(cluster: &str, service: &str, id: &str) -> String {
        format!("{}{id}", Self::prefix(cluster, service))
    }
}

impl Record for ServiceRevision {
    const TABLE: &'static str = "service_revision";
    fn key(&self) -> String {
        Self::key_of(&self.cluster, &self.service, &self.id)
    }
}

/// How a revision of a service came into use, or did not.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ServiceDeployment {
    /// The name of its cluster.
    pub cluster: String,
    /// The name of the service.
    pub service: String,
    /// The last part of its ARN.
    pub id: String,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// When it was over, however.
    pub finished_at: Option<Timestamp>,
    /// When it was stopped.
    pub stopped_at: Option<Timestamp>,
    /// The revisions in use before it.
    pub sources: Vec<String>,
    /// The revision it brings.
    pub target: String,
    /// How far it is.
    pub status: ServiceDeploymentStatus,
    /// Why.
    pub reason: Option<String>,
    /// The deployment configuration it began with.
    pub configuration: DeploymentConfiguration,
    /// The revision it goes back to, when and why.
    pub rollback: Option<(String, Timestamp, String)>,
    /// How many tasks of the target had failed when it was over.
    pub failed_tasks: u32,
    /// The alarms that failed it.
    #[serde(default)]
    pub alarmed: Vec<String>,
    /// Whether no alarm could: one was in `ALARM` when it began.
    #[serde(default)]
    pub unwatched: bool,
}

impl ServiceDeployment {
    /// What the keys of a service's deployments start with.
    pub fn prefix(cluster: &str, service: &str) -> String {
        format!("{cluster}/{service}/")
    }

    /// The key of a service deployment.
    pub fn key_of(cluster: &str, service: &str, id: &str) -> String {
        format!("{}{id}", Self::prefix(cluster, service))
    }
}

impl Record for ServiceDeployment {
    const TABLE: &'static str = "service_deployment";
    fn key(&self) -> String {
        Self::key_of(&self.cluster, &self.service, &self.id)
    }
}

/// A target group that a task is registered with while it runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskTarget {
    /// The group.
    pub group: TargetGroupId,
    /// Its ARN.
    pub arn: String,
    /// The port of the task.
    pub port: u16,
}

/// A service of AWS Cloud Map that a task is registered with while it runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskRegistry {
    /// Its id.
    pub service: String,
    /// Its ARN.
    pub arn: String,
    /// The port of the task, where one is told.
    pub port: Option<u16>,
}

/// What a task's service knows of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// What its health checks say.
    pub health: Proof,
    /// Whether it was registered with its target groups and registries, and not taken out again.
    pub registered: bool,
    /// The health that its registries were told last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told_healthy: Option<bool>,
    /// The revision that took its names away. It goes on until no resolver answers with them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unnamed: Option<Revision>,
    /// Whether its end was taken note of.
    pub counted: bool,
    /// Until when it is not stopped to have fewer tasks or others.
    pub protected_until: Option<Timestamp>,
}

/// Whether a task of a service is as it should be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Proof {
    /// Nothing is known yet.
    #[default]
    None,
    /// It counts as healthy.
    Healthy,
    /// Its container health checks fail.
    Unhealthy,
    /// Those of a load balancer fail, in the target group at that place of its list.
    UnhealthyTarget(u8),
}
