//! What a task and its containers are to be. Plain data: the caller has applied defaults and overrides.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// A task's sandbox. It is kept in the task's directory, so it holds no secrets.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SandboxSpec {
    /// The task's id: names its cgroup. Letters, digits, `-`, `_` and `.`.
    pub id: String,
    /// Path of the task's network namespace, complete before any container starts.
    pub netns: PathBuf,
    /// The host name containers see.
    pub hostname: String,
    /// The cgroup the task's cgroup is made in, relative to each hierarchy's root, such as `neargate/main`.
    pub cgroup_parent: String,
    /// Hard CPU limit of the whole task in CPU units (1024 is one CPU); 0 is no limit.
    pub cpu_units: u32,
    /// Hard memory limit of the whole task in bytes.
    pub memory: Option<u64>,
    /// Most processes and threads in the whole task.
    pub pids: Option<u32>,
    /// Whether its containers share one pid namespace (`pidMode: task`).
    pub shared_pid: bool,
    /// What starts the containers.
    pub runtime: RuntimeKind,
}

/// What starts containers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RuntimeKind {
    /// The launcher of this crate.
    #[default]
    Native,
    /// `crun`, from the host's PATH.
    Crun,
    /// `runc`, from the host's PATH.
    Runc,
}

/// One container, ready to start. It never touches the disk: the environment may hold secrets.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContainerConfig {
    /// Unique in its task: 1 to 255 letters, digits, `-` and `_`.
    pub name: String,
    /// The image's unpacked layers, base first. They are never written to.
    pub layers: Vec<PathBuf>,
    /// Command and arguments. A command without `/` is looked up in the container's PATH.
    pub argv: Vec<String>,
    /// Environment. `PATH`, `HOME`, `HOSTNAME` and, with a terminal, `TERM` are added when missing, as Docker does.
    pub env: BTreeMap<String, String>,
    /// Working directory, made when missing. Empty is `/`.
    pub cwd: String,
    /// `user`, `uid`, `user:group`, `uid:gid`, `uid:group` or `user:gid`. Empty is root.
    pub user: String,
    /// Relative share of CPU among the task's containers; 0 and 1 are Linux's least, 2.
    pub cpu_shares: u32,
    /// Hard memory limit in bytes. Passing it kills processes of the container.
    pub memory: Option<u64>,
    /// Memory in bytes that is kept for the container when memory is short.
    pub memory_reservation: Option<u64>,
    /// Resource limits beyond the defaults.
    pub rlimits: Vec<Rlimit>,
    /// Runs an init process as PID 1, which forwards signals and reaps.
    pub init: bool,
    /// Capabilities added to the default set, by name with or without `CAP_`; `ALL` is every one.
    pub add_capabilities: Vec<String>,
    /// Capabilities taken from the default set; `ALL` is every one.
    pub drop_capabilities: Vec<String>,
    /// Whether the root file system is read-only.
    pub readonly_root: bool,
    /// Whether standard streams are a terminal.
    pub terminal: bool,
    /// Whether standard input stays open (nothing is ever written to it) instead of being `/dev/null`.
    pub interactive: bool,
    /// The task's volumes mounted in it.
    pub volumes: Vec<VolumeMount>,
    /// Files of the host bound into it, such as `/etc/hosts`.
    pub files: Vec<FileMount>,
    /// Namespaced kernel parameters by name: `net.*`, `kernel.msg*`, `kernel.sem`, `kernel.shm*`, `fs.mqueue.*`.
    pub sysctls: BTreeMap<String, String>,
    /// Where standard output and error go.
    pub log: LogSink,
}

/// A resource limit of setrlimit(2) by its Docker name, such as `nofile`. -1 is unlimited.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rlimit {
    /// `core`, `cpu`, `data`, `fsize`, `locks`, `memlock`, `msgqueue`, `nice`, `nofile`, `nproc`, `rss`, `rtprio`, `rttime`, `sigpending` or `stack`.
    pub name: String,
    /// The soft limit.
    pub soft: i64,
    /// The hard limit.
    pub hard: i64,
}

/// A volume of the task in a container.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VolumeMount {
    /// Its name, unique in the task: it lives in the task's directory. Letters, digits, `-`, `_` and `.`.
    pub volume: String,
    /// Absolute path in the container. What the image has there is copied into a volume that is still empty.
    pub path: String,
    /// Whether the container may only read it.
    pub read_only: bool,
}

/// A host file bound into a container.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileMount {
    /// The host's file.
    pub source: PathBuf,
    /// Absolute path in the container; an empty file is made when missing.
    pub path: String,
    /// Whether the container may only read it.
    pub read_only: bool,
}

/// Where a container's output goes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum LogSink {
    /// Nowhere.
    #[default]
    Discard,
    /// Into the container's log directory, to be read by [`crate::log::Reader`].
    File {
        /// Most bytes kept that the reader has not acknowledged.
        max_bytes: u64,
        /// Whether lines are dropped when that is full, instead of stopping the writer.
        non_blocking: bool,
    },
}

/// A command run in a running container.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exec {
    /// Command and arguments.
    pub argv: Vec<String>,
    /// Set on top of the container's environment.
    pub env: BTreeMap<String, String>,
    /// Instead of the container's user.
    pub user: Option<String>,
    /// Instead of the container's working directory.
    pub cwd: Option<String>,
    /// After so many milliseconds the command is killed; 0 is never.
    pub timeout_ms: u64,
    /// How many bytes of output (standard output and error together) are kept from its start.
    pub output_limit: u32,
}

/// How large a terminal is, in characters.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WindowSize {
    /// Its lines.
    pub rows: u16,
    /// The characters of a line.
    pub columns: u16,
}
