//! A container of a task. Members mean what `ContainerDefinition` in the Amazon ECS API Reference says, with overrides already applied.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One container. `Default` is for tests and for building with `..`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ContainerSpec {
    /// Unique in its task.
    pub name: String,
    /// The image reference as the user wrote it.
    pub image: String,
    /// Whether the task stops when this container does.
    pub essential: bool,
    /// Replaces the image's entry point (and, as Docker does, drops the image's command).
    pub entry_point: Option<Vec<String>>,
    /// Replaces the image's command.
    pub command: Option<Vec<String>>,
    /// Set on top of the image's environment.
    pub environment: BTreeMap<String, String>,
    /// Environment variables whose values the host fetches before the container starts. They are never written down.
    #[serde(default)]
    pub secrets: Vec<Secret>,
    /// The secret of Secrets Manager, by ARN or name, with the user name and password for the image's registry.
    #[serde(default)]
    pub repository_credentials: Option<String>,
    /// Replaces the image's working directory.
    pub working_directory: Option<String>,
    /// Replaces the image's user: `user`, `user:group`, `uid`, `uid:gid`, `uid:group`, `user:gid`.
    pub user: Option<String>,
    /// Relative share of the task's CPU in CPU units; 0 means the least share, as on Fargate.
    pub cpu: u32,
    /// Hard memory limit in bytes. Passing it kills the container.
    pub memory: Option<u64>,
    /// Soft memory limit in bytes.
    pub memory_reservation: Option<u64>,
    /// Resource limits beyond Fargate's defaults.
    pub ulimits: Vec<Ulimit>,
    /// Runs an init process that forwards signals and reaps processes.
    pub init_process: bool,
    /// Capabilities beyond the default set (on Fargate only `SYS_PTRACE`).
    pub add_capabilities: Vec<String>,
    /// Capabilities taken from the default set; `ALL` takes every one.
    pub drop_capabilities: Vec<String>,
    /// Whether the root file system is mounted read-only.
    pub readonly_root: bool,
    /// A terminal is allocated (`pseudoTerminal`).
    pub terminal: bool,
    /// Standard input stays open (`interactive`).
    pub interactive: bool,
    /// The task's volumes mounted in it.
    pub mounts: Vec<Mount>,
    /// Containers whose mounts it also gets.
    pub volumes_from: Vec<VolumesFrom>,
    /// Containers that must have come so far before this one starts.
    pub depends_on: Vec<Dependency>,
    /// How its health is found out. The image's own health check is not used, as on Amazon ECS.
    pub health_check: Option<HealthCheck>,
    /// Seconds to wait for its dependencies to be resolved before giving up.
    pub start_timeout: Option<u32>,
    /// Seconds between the stop signal and SIGKILL.
    pub stop_timeout: u32,
    /// Namespaced kernel parameters (`net.*`), by name.
    pub system_controls: BTreeMap<String, String>,
    /// Where its output goes. Without it the output is discarded, as on Fargate.
    pub log: Option<LogSpec>,
    /// `dockerLabels`: told of it by the task metadata endpoint.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
}

/// An environment variable that is fetched ("Secret", Amazon ECS API Reference).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Secret {
    /// The variable's name.
    pub name: String,
    /// Where its value is: a parameter of SSM Parameter Store by name or ARN, or a secret of Secrets Manager by ARN, with a JSON key,
    /// staging label and version behind it.
    pub value_from: String,
}

/// A resource limit of setrlimit(2) by its Docker name, such as `nofile`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ulimit {
    /// `core`, `cpu`, `data`, `fsize`, `locks`, `memlock`, `msgqueue`, `nice`, `nofile`, `nproc`, `rss`, `rtprio`, `rttime`, `sigpending` or `stack`.
    pub name: String,
    /// The soft limit, -1 for none.
    pub soft: i64,
    /// The hard limit, -1 for none.
    pub hard: i64,
}

/// A volume of the task mounted in a container.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mount {
    /// One of the task's volumes.
    pub volume: String,
    /// The absolute path in the container.
    pub path: String,
    /// Whether the container may only read it.
    pub read_only: bool,
}

/// Mounts taken over from another container.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VolumesFrom {
    /// The other container of the same task.
    pub container: String,
    /// Whether they become read-only here.
    pub read_only: bool,
}

/// One entry of `dependsOn`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dependency {
    /// The container depended on.
    pub container: String,
    /// How far it must have come.
    pub condition: Condition,
}

/// How far a container must have come for another to start ("ContainerDependency", Amazon ECS API Reference).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Condition {
    /// It has started.
    Start,
    /// It has ended, with any exit code.
    Complete,
    /// It has ended with exit code 0.
    Success,
    /// Its health check has passed.
    Healthy,
}

/// A container health check ("HealthCheck", Amazon ECS API Reference). Times in seconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HealthCheck {
    /// What is run in the container, as an argument vector; `CMD-SHELL` is already `/bin/sh -c …`.
    pub command: Vec<String>,
    /// Between the end of one check and the start of the next: 5 to 300.
    pub interval: u32,
    /// A check that takes longer has failed: 2 to 60.
    pub timeout: u32,
    /// Failures in a row until the container is unhealthy: 1 to 10.
    pub retries: u32,
    /// Failures this soon after the start don't count: 0 to 300.
    pub start_period: u32,
}

/// Where a container's output goes: a CloudWatch Logs stream (the `awslogs` driver).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogSpec {
    /// The log group's name.
    pub group: String,
    /// The log stream's name.
    pub stream: String,
    /// Whether to make the group when it is missing (`awslogs-create-group`).
    pub create_group: bool,
    /// Whether a full buffer drops lines (`non-blocking`) instead of stopping the writer (`blocking`).
    pub non_blocking: bool,
    /// The buffer between the container and the log service, in bytes.
    pub buffer: u64,
    /// Which lines begin an event; every line is one if there is none.
    pub multiline: Option<Multiline>,
}

/// Which lines begin a log event of several lines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Multiline {
    /// Those in which a regular expression is found (`awslogs-multiline-pattern`).
    Pattern(String),
    /// Those with a time in this format of strftime(3) (`awslogs-datetime-format`).
    Datetime(String),
}
