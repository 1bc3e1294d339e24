//! What the control plane tells a host ([`HostSpec`]) and what a host tells it ([`HostStatus`]).
//!
//! Both are whole every time: there is no "change", so nothing is lost when a message is. No I/O and no decisions live here.

#![forbid(unsafe_code)]

pub mod access_log;
pub mod balancing;
pub mod connect;
mod container;
pub mod measured;
mod status;
mod sync;
mod task;

pub use container::{
    Condition, ContainerSpec, Dependency, HealthCheck, LogSpec, Mount, Multiline, Secret, Ulimit, VolumesFrom,
};
pub use status::{ContainerStatus, Health, HostStatus, Phase, TaskFailure, TaskStatus};
pub use sync::{
    Capacity, CertificatesRequest, Credentials, CredentialsRequest, FIRST_LINE, InterruptRequest, SyncReply,
    SyncRequest, TaskRole,
};
pub use task::{Desired, TaskMetadata, TaskSpec};

use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, sync::Arc};
use vpc::{Topology, Zones};

vpc::identifiers! {
    /// A task: the 32 hexadecimal digits at the end of its ARN.
    TaskId;
    /// A host: one Linux machine's agent.
    HostId;
}

/// The number of a commit of the control plane. It only grows.
pub type Revision = u64;

/// Milliseconds since 1970-01-01T00:00:00Z.
pub type Millis = i64;
/// A minute in milliseconds.
pub const MINUTE: Millis = 60 * 1000;
/// A day in milliseconds.
pub const DAY: Millis = 24 * 60 * MINUTE;

/// Everything one host should be, as of a revision.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct HostSpec {
    /// The commit this was read from. A host never goes back to an older one.
    pub revision: Revision,
    /// The region's VPCs, whole, and what is between them. NAT gateways, endpoints and interfaces of no task's are on every host that
    /// has their VPC.
    pub topology: Arc<Topology>,
    /// The hosted zones that resolvers answer from.
    #[serde(default)]
    pub zones: Arc<Zones>,
    /// The certificate of the authority that AWS's names are certified by, in PEM: every task is given it to trust.
    #[serde(default)]
    pub authority: Arc<str>,
    /// The Application Load Balancers with a node on this host.
    #[serde(default)]
    pub balancing: Arc<balancing::Balancing>,
    /// The endpoints of Service Connect that tasks of this host use.
    #[serde(default)]
    pub endpoints: Arc<connect::Endpoints>,
    /// The tasks placed on this host. One that is absent must not exist there: neither processes nor network nor files.
    pub tasks: BTreeMap<TaskId, TaskSpec>,
}
