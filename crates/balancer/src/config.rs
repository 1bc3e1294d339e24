//! What connections act on: compiled from a snapshot, shared by all threads, replaced whole.

use crate::{
    cookie::Cookies,
    engine::Mesh,
    heads::HeadSettings,
    page::{Answer, Refusal},
    rules::Rules,
    target::TargetSet,
    tls::Front,
};
use arc_swap::ArcSwap;
use spec::balancing::{AccessLog, DesyncMitigation, LoadBalancer, ProtocolVersion, TargetGroupId};
use std::{
    net::IpAddr,
    path::PathBuf,
    sync::{Arc, atomic::AtomicUsize},
    time::Duration,
};
use vpc::InterfaceId;

/// A node of a load balancer.
#[derive(Debug)]
pub(crate) struct Node {
    pub interface: InterfaceId,
    /// The load balancer as metrics name it: `app/NAME/ID`.
    pub load_balancer: String,
    pub address: IpAddr,
    /// The address that clients know it by: its public one, if it has one.
    pub known_as: IpAddr,
    pub zone: String,
    /// The file of the namespace it listens in and connects from.
    pub namespace: PathBuf,
    /// Device and inode of that file: another namespace of the same name is another node.
    pub identity: (u64, u64),
}

impl PartialEq for Node {
    /// Another name is no reason to cut connections.
    fn eq(&self, other: &Self) -> bool {
        let Self { interface, load_balancer, address, known_as: _, zone, namespace, identity } = self;
        (interface, load_balancer, address) == (&other.interface, &other.load_balancer, &other.address)
            && (zone, namespace, identity) == (&other.zone, &other.namespace, &other.identity)
    }
}

/// A target group as one node sees it.
#[derive(Debug)]
pub(crate) struct Group {
    pub id: TargetGroupId,
    /// What its targets speak.
    pub version: ProtocolVersion,
    /// Whether its targets are spoken to over TLS.
    pub tls: bool,
    /// Its ARN.
    pub arn: String,
    /// As metrics name it: `targetgroup/NAME/ID`.
    pub name: String,
    /// Counts requests for those algorithms that go round.
    pub turn: AtomicUsize,
    pub targets: ArcSwap<TargetSet>,
}

/// The attributes of a load balancer.
#[derive(Debug)]
pub(crate) struct Settings {
    pub heads: HeadSettings,
    pub idle_timeout: Duration,
    pub client_keep_alive: Duration,
    pub desync: DesyncMitigation,
    /// Whether clients may speak HTTP/2.
    pub http2: bool,
    pub cookies: Cookies,
    /// Where requests are logged.
    pub access_log: Option<Arc<AccessLog>>,
    /// Whether this is a proxy of Service Connect.
    pub mesh: bool,
    /// Whether it is the one in front of the application.
    pub inward: bool,
    /// For how long an answer is waited for.
    pub request_timeout: Option<Duration>,
}

impl Settings {
    /// The same for a proxy of Service Connect.
    pub(crate) fn of_mesh(self, mesh: &Mesh) -> Self {
        let request_timeout = Some(Duration::from_secs(mesh.request_timeout.into())).filter(|limit| !limit.is_zero());
        Self {
            heads: HeadSettings { mesh: true, ..self.heads },
            mesh: true,
            inward: mesh.inward,
            request_timeout,
            ..self
        }
    }

    /// What is answered without a target.
    pub(crate) fn refusal(&self, refusal: Refusal) -> Answer {
        match self.mesh {
            true => Answer { unsent: self.inward && refusal.is_before_any(), ..Answer::of_mesh(refusal) },
            false => refusal.into(),
        }
    }
}

impl From<&LoadBalancer> for Settings {
    fn from(balancer: &LoadBalancer) -> Self {
        Self {
            heads: HeadSettings {
                drop_invalid_header_fields: balancer.drop_invalid_header_fields,
                preserve_host_header: balancer.preserve_host_header,
                xff_processing: balancer.xff_processing,
                xff_client_port: balancer.xff_client_port,
                tls_headers: balancer.tls_headers,
                mesh: false,
            },
            idle_timeout: Duration::from_secs(balancer.idle_timeout.into()),
            client_keep_alive: Duration::from_secs(balancer.client_keep_alive.into()),
            desync: balancer.desync_mitigation,
            http2: balancer.http2,
            cookies: Cookies::new(&balancer.arn),
            access_log: balancer.access_log.clone(),
            mesh: false,
            inward: false,
            request_timeout: None,
        }
    }
}

/// A listener of one node.
#[derive(Debug)]
pub(crate) struct Listener {
    pub node: Arc<Node>,
    pub port: u16,
    /// What clients are greeted with, if it is an HTTPS or TLS listener.
    pub tls: Option<Front>,
    /// For how long a connection may be silent whose bytes are passed on as they are; none where requests are.
    pub stream: Option<Duration>,
    pub settings: Arc<Settings>,
    pub rules: Arc<Rules>,
    /// The node's groups, in the order of [`Rules::groups`].
    pub groups: Vec<Arc<Group>>,
}

/// Where connections of a listener come in. It stays while what is behind it is replaced.
#[derive(Debug)]
pub(crate) struct Door {
    /// Its number in this process.
    pub id: u64,
    pub listener: ArcSwap<Listener>,
}
