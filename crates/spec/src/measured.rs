//! What a host has measured: its balancer's nodes, and what its tasks use.

use crate::{HostId, Millis, TaskId, balancing::TargetGroupId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use vpc::InterfaceId;

/// `POST /_neargate/measured`: what was measured since the report before. Answered once it is taken in; until then it is sent again, and
/// counted once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// The host.
    pub host: HostId,
    /// Who has measured: no other process of the host, before or after, has that name.
    pub by: String,
    /// Grows with each report of it, from 1.
    pub number: u64,
    /// When, in the minute that it counts for.
    pub at: Millis,
    /// What nodes of load balancers counted.
    #[serde(default)]
    pub nodes: BTreeMap<InterfaceId, NodeCounts>,
    /// What tasks used.
    #[serde(default)]
    pub tasks: BTreeMap<TaskId, TaskUsage>,
}

/// What one node of a load balancer counted since the last time.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct NodeCounts {
    /// The load balancer as metrics name it: `app/NAME/ID`.
    pub load_balancer: String,
    /// The node's Availability Zone.
    pub zone: String,
    /// Requests for which a target was chosen.
    pub requests: u64,
    /// Connections from clients and to targets that were made.
    pub new_connections: u64,
    /// Connections that are there, if this is the last time in its minute.
    pub active_connections: Option<u64>,
    /// Connections that could not be taken because there were too many.
    pub rejected_connections: u64,
    /// Bytes from and to clients, heads and bodies.
    pub processed_bytes: u64,
    /// Rules that requests were held against, the default ones apart.
    pub rule_evaluations: u64,
    /// Fixed responses.
    pub fixed_responses: u64,
    /// Redirects.
    pub redirects: u64,
    /// Answers of the load balancer's own, by their status codes.
    pub answers: BTreeMap<u16, u64>,
    /// Requests of clients that could not stay with a target, where they should.
    pub non_sticky: u64,
    /// Requests that are not compliant with RFC 7230.
    pub non_compliant: u64,
    /// Requests of which header fields were dropped because of their names.
    pub dropped_invalid_headers: u64,
    /// Requests that were forwarded with such header fields.
    pub forwarded_invalid_headers: u64,
    /// What is counted for each target group.
    pub groups: BTreeMap<TargetGroupId, GroupCounts>,
}

/// What a node counted for one target group since the last time.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GroupCounts {
    /// The group as metrics name it: `targetgroup/NAME/ID`.
    pub target_group: String,
    /// Requests for which a target of it was chosen.
    pub requests: u64,
    /// Targets' answers by the first digit of their status codes.
    pub answers: BTreeMap<u16, u64>,
    /// Connections that could not be made.
    pub connection_errors: u64,
    /// Seconds from the request's last byte to the head of the answer: how often each was measured.
    pub times: Vec<(f64, u64)>,
}

/// What a task has used since the last time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct TaskUsage {
    /// Processor time in nanoseconds, of all its containers.
    pub cpu: u64,
    /// In how many nanoseconds.
    pub time: u64,
    /// Bytes of memory now, without what is cached of files and can be dropped.
    pub memory: u64,
}
