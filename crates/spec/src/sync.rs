//! The one call a host makes, and the streams beside it.

use crate::{HostSpec, HostStatus, Millis};
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

/// `POST /_neargate/logs`: lines for one log stream. Sent again when no answer comes; `first` makes that harmless.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LogBatch {
    /// The log group's name.
    pub group: String,
    /// The log stream's name.
    pub stream: String,
    /// Whether the group is made when it is missing.
    pub create_group: bool,
    /// The number of the first line since the stream began, so that what was already stored is not stored twice.
    pub first: u64,
    /// The lines, oldest first.
    pub lines: Vec<LogLine>,
}

/// One line of output.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LogLine {
    /// When it was written.
    pub at: Millis,
    /// The text without its line end. Bytes that are not UTF-8 are replaced.
    pub message: String,
}
