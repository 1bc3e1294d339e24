//! What a host has measured: its balancer's nodes, its NAT gateways, and what its tasks use.

use crate::{HostId, Millis, TaskId, balancing::TargetGroupId, connect::ConnectCounts};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use vpc::{InterfaceId, NatGatewayId};

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
    /// What NAT gateways carried.
    #[serde(default)]
    pub nat_gateways: BTreeMap<NatGatewayId, NatCounts>,
    /// What tasks' proxies counted.
    #[serde(default)]
    pub connect: BTreeMap<TaskId, ConnectCounts>,
}

/// Whether a load balancer is a Network Load Balancer, by its name in metrics.
pub fn is_network(load_balancer: &str) -> bool {
    load_balancer.starts_with("net/")
}

/// What one node of a load balancer counted since the last time.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct NodeCounts {
    /// The load balancer as metrics name it: `app/NAME/ID` or `net/NAME/ID`.
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
    /// What a Network Load Balancer's node counted, and all that is told of one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<NetworkCounts>,
}

/// What a node of a Network Load Balancer counted since the last time.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct NetworkCounts {
    /// Flows by what they are.
    pub flows: BTreeMap<FlowKind, FlowCounts>,
    /// Resets that clients sent.
    pub client_resets: u64,
    /// Resets that targets sent.
    pub target_resets: u64,
    /// Resets of the load balancer's own.
    pub own_resets: u64,
    /// Handshakes of TLS with clients that failed.
    pub client_handshakes: u64,
    /// Handshakes of TLS with targets that failed.
    pub target_handshakes: u64,
    /// Flows for which no port was left.
    pub port_allocation_errors: u64,
    /// Packets from clients and from targets, those of health checks included.
    #[serde(default)]
    pub packets: u64,
    /// In how many milliseconds.
    #[serde(default)]
    pub time: u64,
}

/// What a flow is, by its listener.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum FlowKind {
    /// A TCP connection.
    Tcp,
    /// A connection to a TLS listener.
    Tls,
    /// Datagrams.
    Udp,
}

/// What was counted of flows of a kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlowCounts {
    /// Those that have begun.
    pub new: u64,
    /// Those that are there, if this is the last time in its minute.
    pub active: Option<u64>,
    /// Bytes either way.
    pub bytes: u64,
}

impl NetworkCounts {
    /// Adds what somebody else counted of the same node.
    pub fn add(&mut self, more: Self) {
        let Self {
            flows,
            client_resets,
            target_resets,
            own_resets,
            client_handshakes,
            target_handshakes,
            port_allocation_errors,
            packets,
            time,
        } = more;
        for (kind, more) in flows {
            let of = self.flows.entry(kind).or_default();
            of.new += more.new;
            of.active = of.active.into_iter().chain(more.active).reduce(|one, other| one + other);
            of.bytes += more.bytes;
        }
        self.client_resets += client_resets;
        self.target_resets += target_resets;
        self.own_resets += own_resets;
        self.client_handshakes += client_handshakes;
        self.target_handshakes += target_handshakes;
        self.port_allocation_errors += port_allocation_errors;
        self.packets += packets;
        self.time = self.time.max(time);
    }
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
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TaskUsage {
    /// Processor time in nanoseconds, of all its containers.
    pub cpu: u64,
    /// In how many nanoseconds.
    pub time: u64,
    /// Bytes of memory now, without what is cached of files and can be dropped.
    pub memory: u64,
    /// Bytes that came in by its interface.
    #[serde(default)]
    pub received: u64,
    /// Bytes that it sent by its interface.
    #[serde(default)]
    pub sent: u64,
    /// Bytes that it has on disk now, if that is measured.
    #[serde(default)]
    pub storage: Option<u64>,
    /// Its containers, by their names.
    #[serde(default)]
    pub containers: BTreeMap<String, ContainerUsage>,
}

/// What one container of a task has used since the last time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContainerUsage {
    /// Processor time in nanoseconds.
    pub cpu: u64,
    /// Bytes of memory now, as the task's.
    pub memory: u64,
    /// Bytes that were read from disks since it was started.
    pub read: u64,
    /// Bytes that were written to disks since it was started.
    pub written: u64,
}

/// What a NAT gateway has done since the last time ("Monitor NAT gateways with Amazon CloudWatch", Amazon VPC User Guide).
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct NatCounts {
    /// From the VPC.
    pub in_from_source: Carried,
    /// From the destination.
    pub in_from_destination: Carried,
    /// On to the destination.
    pub out_to_destination: Carried,
    /// On to the VPC.
    pub out_to_source: Carried,
    /// The most TCP connections that there were at once.
    pub active_connections: u64,
    /// TCP connections that were begun.
    pub connection_attempts: u64,
    /// TCP connections that the destination took.
    pub connections_established: u64,
    /// TCP connections that were forgotten because they were idle for too long.
    pub idle_timeouts: u64,
    /// Connections that got no port.
    pub port_allocation_errors: u64,
    /// Packets that were lost.
    pub packets_dropped: u64,
    /// The most bytes a second in a sixth of the time.
    pub peak_bytes: f64,
    /// The most packets a second in a sixth of the time.
    pub peak_packets: f64,
}

/// What was carried.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Carried {
    /// Packets.
    pub packets: u64,
    /// Bytes.
    pub bytes: u64,
}
