//! Whole clusters in one thread from one seed: the real control plane, the real decisions of the agents, and everything
//! between and below them made up, with every fault there is.
//!
//! | module | what |
//! |---|---|
//! | [`cluster`] | the cluster and its clock: one step after another |
//! | `server` | the control plane in its shell: state, journal, restarts |
//! | `machine` | a host: its kernel, its disk, its agent |
//! | `network` | messages, lost and late |
//! | `workload` | a user who starts and stops tasks |
//! | `services` | a user of services, and what their scheduler must never do |
//! | `properties` | what must never and what must in the end be so |
//!
//! Equal seeds make equal runs. A failure names its seed; [`run`] with it plays it again.
//!
//! Absent on purpose: packets (the network's own tests have them), images, and time other than the cluster's own.

#![forbid(unsafe_code)]

pub mod cluster;
mod machine;
mod network;
mod properties;
mod server;
mod services;
mod workload;

pub use cluster::{Cluster, Outcome, run};

/// What keeps a cluster safe. Each can be switched off, to show that it is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Protections {
    /// A withdrawal counts once the host says that it has *observed* it. Off: whatever a host does not list counts as gone.
    pub observed: bool,
    /// A host runs nothing past its lease, whether its agent lives or not. Off: it goes on.
    pub lease: bool,
    /// The lease is kept by what holds the containers. Off: only a living agent looks at it.
    pub lease_without_agent: bool,
    /// A host never goes back to an older spec. Off: it takes them as they come.
    pub forward_only: bool,
    /// Reports that arrive out of order are dropped. Off: each counts as the newest.
    pub ordered_reports: bool,
    /// A host has on disk what it has started until the server has heard of it. Off: a power cut makes it forget.
    pub started_once: bool,
}

impl Protections {
    /// All of them.
    pub const ALL: Self = Self {
        observed: true,
        lease: true,
        lease_without_agent: true,
        forward_only: true,
        ordered_reports: true,
        started_once: true,
    };
}
