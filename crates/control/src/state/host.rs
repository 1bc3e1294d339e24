//! Hosts: Linux machines whose agents ask what they should run.

use super::Record;
use serde::{Deserialize, Serialize};
use spec::{Capacity, HostId, Millis, Revision};

/// A host that has reported at least once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Host {
    /// What it calls itself; kept in its data directory.
    pub id: HostId,
    /// What it has to give.
    pub capacity: Capacity,
    /// Set when it was given up, to the revision that did so. It must be seen to run nothing, at that revision or later, before it is used again.
    pub lost: Option<Revision>,
}

impl Record for Host {
    const TABLE: &'static str = "host";
    fn key(&self) -> String {
        self.id.to_string()
    }
}

/// When and how a host was last heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// When.
    pub at: Millis,
    /// Which start of its agent spoke.
    pub incarnation: Millis,
    /// The number of what it said.
    pub sequence: u64,
    /// The newest revision it acts on.
    pub observed: Revision,
    /// The newest revision whose network its kernel has.
    pub networked: Revision,
    /// The newest revision whose load balancers its balancer acts on.
    pub applied: Revision,
}
