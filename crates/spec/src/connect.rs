//! Amazon ECS Service Connect: what the proxies of tasks serve ("Use Service Connect to connect Amazon ECS services with short names",
//! Amazon ECS Developer Guide).
//!
//! What a task uses and offers is fixed with its deployment and is in its spec ([`TaskConnect`]). Who is behind an endpoint changes all
//! the time and is said once for the host ([`Endpoints`]).

use crate::{LogSpec, TaskId};
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet},
    net::{Ipv4Addr, SocketAddr},
    num::NonZeroU16,
    sync::Arc,
};

vpc::identifiers! {
    /// An endpoint: the id of the AWS Cloud Map service that Amazon ECS made for it, such as `srv-0123456789abcdef`.
    EndpointId;
}

/// The endpoints that tasks of a host use, with those that are behind them now.
pub type Endpoints = BTreeMap<EndpointId, Arc<Endpoint>>;

/// What a discovery name stands for: everything that offers it now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Endpoint {
    /// `discoveryName`, which metrics have as `TargetDiscoveryName`.
    pub name: String,
    /// How its traffic is understood: what the port mapping says.
    pub protocol: AppProtocol,
    /// For how long clients' proxies wait.
    pub timeouts: Timeouts,
    /// Who gets connections and requests, by task. One that is to stop is taken out before its containers are told.
    pub instances: BTreeMap<TaskId, Instance>,
}

/// A task that offers an endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instance {
    /// The address of its interface, and the container port or the `ingressPortOverride`.
    pub address: SocketAddr,
    /// Its Availability Zone.
    pub zone: String,
}

/// What a task's proxy does (`ServiceConnectConfiguration`, Amazon ECS API Reference), everything resolved.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TaskConnect {
    /// The name of its container, such as `ecs-service-connect-x3kd9`.
    pub container: String,
    /// Every port that the task definition's mappings name, of whichever container: the proxy's own listeners keep off them.
    pub ports: BTreeSet<u16>,
    /// What it offers: `services`.
    pub offers: Vec<Offer>,
    /// What its containers can connect to: the client aliases of its namespace, as they were when it was deployed.
    pub uses: Vec<Alias>,
    /// Where the proxy's own lines go: `logConfiguration`.
    pub log: Option<LogSpec>,
}

/// A port that a task offers (`ServiceConnectService`, Amazon ECS API Reference).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// `discoveryName`, which metrics have as `DiscoveryName`.
    pub name: String,
    /// What the application listens at.
    pub container_port: NonZeroU16,
    /// `ingressPortOverride`: what the proxy is reached at instead of the container port, which then stays the application's own.
    pub ingress_port: Option<NonZeroU16>,
    /// How its traffic is understood: `appProtocol` of the port mapping.
    pub protocol: AppProtocol,
    /// For how long the proxy waits for the application.
    pub timeouts: Timeouts,
}

/// The first port of a proxy's own listeners.
const FIRST_PORT: u16 = 15_000;

/// The ports that a proxy itself listens at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listeners {
    /// On the loopback, for each endpoint that the task uses.
    pub uses: BTreeMap<EndpointId, NonZeroU16>,
    /// At the task's address, for each of its offers in their order.
    pub offers: Vec<NonZeroU16>,
}

impl TaskConnect {
    /// The ports that the proxy itself listens at. They keep off those that containers are known to use, and those that others reach the
    /// task at. The same for the same task, always. What finds no port any more has none.
    pub fn listeners(&self) -> Listeners {
        let is_taken = |port: &NonZeroU16| {
            self.ports.contains(&port.get())
                || self.offers.iter().any(|of| *port == of.container_port || *port == of.port())
        };
        let mut free = (FIRST_PORT..=u16::MAX).filter_map(NonZeroU16::new).filter(|port| !is_taken(port));
        let used: BTreeSet<&EndpointId> = self.uses.iter().flat_map(|alias| alias.ports.values()).collect();
        let uses = used.into_iter().zip(free.by_ref()).map(|(endpoint, port)| (endpoint.clone(), port)).collect();
        Listeners { uses, offers: free.take(self.offers.len()).collect() }
    }
}

impl Offer {
    /// The port that others reach it at.
    pub fn port(&self) -> NonZeroU16 {
        self.ingress_port.unwrap_or(self.container_port)
    }
}

/// A name that a task's containers know, and what its ports lead to (`ServiceConnectClientAlias`, Amazon ECS API Reference). No two of a
/// task have the same name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alias {
    /// `dnsName`, such as `api` or `api.internal`.
    pub name: String,
    /// What the name resolves to, in the task alone: of 127.255.0.0/16, one for each name.
    pub address: Ipv4Addr,
    /// The ports, and the endpoint behind each.
    pub ports: BTreeMap<NonZeroU16, EndpointId>,
}

/// `appProtocol` of a port mapping ("PortMapping", Amazon ECS API Reference).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum AppProtocol {
    /// None: connections, whose bytes are passed on.
    #[default]
    Tcp,
    /// `http`: HTTP/1.1.
    Http,
    /// `http2`: HTTP/2 with prior knowledge.
    Http2,
    /// `grpc`: HTTP/2 with prior knowledge, whose requests are calls.
    Grpc,
}

/// `TimeoutConfiguration` (Amazon ECS API Reference), defaults filled in. In seconds; 0 is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timeouts {
    /// `idleTimeoutSeconds`: a connection without traffic ends after so long.
    pub idle: u32,
    /// `perRequestTimeoutSeconds`: an answer that is not there in full after so long is given up. Nothing of connections.
    pub request: u32,
}

impl Timeouts {
    /// What applies where nothing is said.
    pub fn of(protocol: AppProtocol) -> Self {
        match protocol {
            AppProtocol::Tcp => Self { idle: 60 * 60, request: 0 },
            AppProtocol::Http | AppProtocol::Http2 | AppProtocol::Grpc => Self { idle: 5 * 60, request: 15 },
        }
    }
}

/// What a task's proxy counted since the last time ("Amazon ECS CloudWatch metrics", Amazon ECS Developer Guide).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ConnectCounts {
    /// What came in for its offers, by `discoveryName`: what metrics have as `DiscoveryName` and, of the application's answers, as
    /// `TargetDiscoveryName`.
    pub inbound: BTreeMap<String, PortCounts>,
    /// What its containers sent to endpoints, by their `discoveryName`.
    pub outbound: BTreeMap<String, PortCounts>,
}

/// What was counted of one offer or one endpoint.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PortCounts {
    /// Connections to the proxy that are there, if this is the last time in its minute.
    pub active_connections: Option<u64>,
    /// Connections to the proxy that were made.
    pub new_connections: u64,
    /// Bytes from and to those who connected to the proxy.
    pub processed_bytes: u64,
    /// Requests for which a target was chosen; none of connections.
    pub requests: u64,
    /// Of these, calls of gRPC.
    pub grpc_requests: u64,
    /// Answers of targets by the first digit of their status codes.
    pub answers: BTreeMap<u16, u64>,
    /// Seconds from the request's last byte to the head of the target's answer: how often each was measured.
    pub times: Vec<(f64, u64)>,
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failure ends the test")]
mod tests {
    use super::*;

    fn port(number: u16) -> NonZeroU16 {
        NonZeroU16::new(number).unwrap()
    }

    #[test]
    fn a_proxy_keeps_off_the_ports_of_its_task() {
        let offer = |container_port, ingress_port: Option<u16>| Offer {
            name: "api".into(),
            container_port: port(container_port),
            ingress_port: ingress_port.map(port),
            protocol: AppProtocol::Http,
            timeouts: Timeouts::of(AppProtocol::Http),
        };
        let alias = |name: &str, last, ports: &[(u16, &str)]| Alias {
            name: name.into(),
            address: Ipv4Addr::new(127, 255, 0, last),
            ports: ports.iter().map(|(number, id)| (port(*number), EndpointId::from(*id))).collect(),
        };
        let task = TaskConnect {
            container: "ecs-service-connect-1".into(),
            ports: [80, 15_001].into(),
            offers: vec![offer(80, Some(15_002)), offer(15_004, None)],
            uses: vec![alias("api", 1, &[(80, "srv-a"), (81, "srv-b")]), alias("other", 2, &[(80, "srv-a")])],
            log: None,
        };
        let Listeners { uses, offers } = task.listeners();
        assert_eq!(
            uses,
            [("srv-a".into(), port(15_000)), ("srv-b".into(), port(15_003))].into(),
            "one for each endpoint"
        );
        assert_eq!(offers, [port(15_005), port(15_006)]);
    }
}
