//! What a task's containers are.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Milliseconds since 1970-01-01T00:00:00Z.
pub type Millis = i64;

/// Where a container is in its life. A container that was never started, or whose start failed, is not listed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ContainerState {
    /// It is being set up.
    Created,
    /// Its process runs.
    Running(Started),
    /// Its process has ended.
    Exited(Exit),
}

/// A started process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Started {
    /// The container's first process, as the host's pid.
    pub pid: u32,
    /// When its command was executed.
    pub at: Millis,
}

/// How a container ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exit {
    /// Its exit code; 128 + signal when a signal ended it.
    pub code: i32,
    /// Whether the kernel killed one of its processes for want of memory.
    pub oom: bool,
    /// When it was started; none if it was lost while being set up.
    pub started_at: Option<Millis>,
    /// When its end was seen.
    pub finished_at: Millis,
    /// Set when the end was not observed but inferred: why.
    pub reason: Option<String>,
}

/// Everything a shim knows of its containers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Grows with every change.
    pub seq: u64,
    /// By container name.
    pub containers: BTreeMap<String, ContainerState>,
    /// Log lines dropped because a non-blocking log was full or the disk was, by container name.
    pub dropped_lines: BTreeMap<String, u64>,
}

/// What became of a command run in a container.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExecResult {
    /// Its exit code; 128 + signal when a signal ended it.
    pub code: i32,
    /// The start of its output, standard output and error together.
    pub output: Vec<u8>,
    /// Whether it was killed for taking longer than its timeout.
    pub timed_out: bool,
}
