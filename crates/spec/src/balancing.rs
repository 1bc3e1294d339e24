//! What a host's balancer serves ([`Balancing`]) and what it has seen of the targets ([`BalancingStatus`]).
//!
//! Everything is validated by the control plane: names are resolved, defaults filled in, rules in order. Times in seconds.

use crate::{Millis, Revision};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, net::IpAddr, num::NonZeroU16, sync::Arc};
use vpc::{InterfaceId, LoadBalancerId, VpcId};

mod network;

pub use network::{AlpnPolicy, FlowListener, FlowProtocol, Flows, Stream};

vpc::identifiers! {
    /// A target group: the 16 hexadecimal digits at the end of its ARN.
    TargetGroupId;
}

/// The load balancers whose nodes are on a host, with everything that they need.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Balancing {
    /// The load balancers.
    pub load_balancers: BTreeMap<LoadBalancerId, Arc<LoadBalancer>>,
    /// The target groups that their rules name.
    pub target_groups: BTreeMap<TargetGroupId, Arc<TargetGroup>>,
}

/// An Application or Network Load Balancer ("LoadBalancer" and "LoadBalancerAttribute", Elastic Load Balancing API Reference).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LoadBalancer {
    /// Its ARN, for logs and metrics.
    pub arn: String,
    /// Its nodes: one in each enabled Availability Zone, by the node's interface, whose namespace it listens in.
    pub nodes: BTreeMap<InterfaceId, Node>,
    /// What a process of its own listens for, by ports: an Application Load Balancer's listeners, and those of a Network Load Balancer that
    /// have a [`Stream`].
    pub listeners: BTreeMap<NonZeroU16, Listener>,
    /// What the kernel forwards, by ports: a Network Load Balancer's other listeners.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub flows: BTreeMap<NonZeroU16, FlowListener>,
    /// `idle_timeout.timeout_seconds`.
    pub idle_timeout: u32,
    /// `client_keep_alive.seconds`.
    pub client_keep_alive: u32,
    /// `routing.http.desync_mitigation_mode`.
    pub desync_mitigation: DesyncMitigation,
    /// `routing.http.drop_invalid_header_fields.enabled`.
    pub drop_invalid_header_fields: bool,
    /// `routing.http.preserve_host_header.enabled`.
    pub preserve_host_header: bool,
    /// `routing.http.xff_header_processing.mode`.
    pub xff_processing: XffProcessing,
    /// `routing.http.xff_client_port.enabled`.
    pub xff_client_port: bool,
    /// `routing.http.x_amzn_tls_version_and_cipher_suite.enabled`.
    pub tls_headers: bool,
    /// `routing.http2.enabled`.
    pub http2: bool,
    /// Where requests are logged, if they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_log: Option<Arc<AccessLog>>,
}

/// Where access logs are delivered (`access_logs.s3.bucket` and `access_logs.s3.prefix`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessLog {
    /// The bucket.
    pub bucket: String,
    /// What keys begin with, before a `/`; may be empty.
    pub prefix: String,
}

impl LoadBalancer {
    /// A Network Load Balancer without nodes and listeners: of what HTTP needs it has the defaults, which mean nothing to it.
    pub fn of_network(arn: String) -> Self {
        Self {
            arn,
            nodes: BTreeMap::new(),
            listeners: BTreeMap::new(),
            flows: BTreeMap::new(),
            idle_timeout: 60,
            client_keep_alive: 3600,
            desync_mitigation: DesyncMitigation::default(),
            drop_invalid_header_fields: false,
            preserve_host_header: false,
            xff_processing: XffProcessing::default(),
            xff_client_port: false,
            tls_headers: false,
            http2: false,
            access_log: None,
        }
    }
}

/// A load balancer in one zone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Node {
    /// Its VPC.
    pub vpc: VpcId,
    /// Its Availability Zone.
    pub zone: String,
    /// The private address it listens at and sends from.
    pub address: IpAddr,
    /// The address that the internet knows it by, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public: Option<IpAddr>,
}

/// `routing.http.desync_mitigation_mode` ("Desync mitigation mode", Application Load Balancers guide).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum DesyncMitigation {
    /// Everything is forwarded.
    Monitor,
    /// What is severe is refused.
    #[default]
    Defensive,
    /// What does not comply with RFC 7230 is refused.
    Strictest,
}

/// `routing.http.xff_header_processing.mode` ("X-Forwarded headers", Application Load Balancers guide).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum XffProcessing {
    /// The client's address is added to `X-Forwarded-For`.
    #[default]
    Append,
    /// The header goes to the target as it came.
    Preserve,
    /// The header is taken out.
    Remove,
}

/// A listener ("Listener", Elastic Load Balancing API Reference).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Listener {
    /// Its ARN.
    pub arn: String,
    /// TLS, if it is an HTTPS or TLS listener.
    pub tls: Option<Tls>,
    /// Of a Network Load Balancer's listener: bytes are passed on, and its only rule is the default one, which forwards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream: Option<Stream>,
    /// Its rules by their priority, then the default one, whose conditions are empty.
    pub rules: Vec<Rule>,
}

/// What an HTTPS or TLS listener needs of TLS. Private keys are not here: a spec is written down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tls {
    /// The name of its security policy, such as `ELBSecurityPolicy-2016-08`.
    pub policy: String,
    /// Its certificates, the default one first.
    pub certificates: Vec<CertificateName>,
}

/// A certificate by its name. What belongs to it is a [`Certificate`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct CertificateName {
    /// Its ARN.
    pub arn: String,
    /// How often it had been imported: another time makes it another certificate.
    pub version: u64,
}

/// A certificate with its private key, which is only ever in memory. Hosts ask for it (`POST /_neargate/certificates`).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Certificate {
    /// [`CertificateName::version`].
    pub version: u64,
    /// The names it is for, in small letters; the first part may be `*`.
    pub names: Vec<String>,
    /// Itself and what leads to its authority, in PEM.
    pub chain: String,
    /// Its private key, in PEM.
    pub key: String,
}

impl std::fmt::Debug for Certificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Certificate")
            .field("version", &self.version)
            .field("names", &self.names)
            .finish_non_exhaustive()
    }
}

/// A rule of a listener ("Rule", Elastic Load Balancing API Reference).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rule {
    /// Its ARN.
    pub arn: String,
    /// 1 to 50,000; 0 is the default rule's.
    pub priority: u16,
    /// What a request must all meet.
    pub conditions: Vec<Condition>,
    /// Rewrites of what is forwarded.
    pub transforms: Vec<Transform>,
    /// What becomes of the request.
    pub action: Action,
}

/// A condition: one of its values must match ("Condition types for listener rules", Application Load Balancers guide). Patterns have the
/// wildcards `*` and `?`; regular expressions are in the dialect of the `regex` crate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Condition {
    /// `host-header`: patterns, whatever the case.
    Host(Vec<String>),
    /// `host-header` by regular expressions.
    HostRegex(Vec<String>),
    /// `path-pattern`: patterns.
    Path(Vec<String>),
    /// `path-pattern` by regular expressions.
    PathRegex(Vec<String>),
    /// `http-request-method`: the methods themselves.
    Method(Vec<String>),
    /// `source-ip`: ranges.
    SourceIp(Vec<vpc::IpNet>),
    /// `http-header`: patterns for the values of one field.
    Header {
        /// The field's name.
        name: String,
        /// The patterns, whatever the case.
        values: Vec<String>,
    },
    /// `http-header` by regular expressions.
    HeaderRegex {
        /// The field's name.
        name: String,
        /// The regular expressions.
        values: Vec<String>,
    },
    /// `query-string`: pairs of an optional key and a value, both patterns, whatever the case.
    Query(Vec<(Option<String>, String)>),
}

/// A rewrite ("Transforms for listener rules", Application Load Balancers guide): what the regular expression matches is replaced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Transform {
    /// `host-header-rewrite`.
    Host {
        /// The regular expression.
        regex: String,
        /// With `$1` for what a group matched.
        replace: String,
    },
    /// `url-rewrite`: of path and query.
    Url {
        /// The regular expression.
        regex: String,
        /// With `$1` for what a group matched.
        replace: String,
    },
}

/// What becomes of a request ("Action", Elastic Load Balancing API Reference).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Action {
    /// It goes to a target of one of these groups.
    Forward {
        /// The groups with their weights, 0 to 999.
        groups: Vec<(TargetGroupId, u16)>,
        /// For how long a client stays with the group it was given.
        stickiness: Option<u32>,
    },
    /// The client is sent elsewhere. Members may have `#{protocol}`, `#{host}`, `#{port}`, `#{path}` and `#{query}` in them.
    Redirect {
        /// 301 or 302.
        status: u16,
        /// `HTTP`, `HTTPS` or `#{protocol}`.
        protocol: String,
        /// The host.
        host: String,
        /// The port.
        port: String,
        /// The path, from its `/` on.
        path: String,
        /// The query, without `?`.
        query: String,
    },
    /// The load balancer answers.
    Fixed {
        /// The status code: 2XX, 4XX or 5XX.
        status: u16,
        /// `Content-Type`.
        content_type: String,
        /// The body.
        body: String,
    },
}

/// A target group ("TargetGroup" and "TargetGroupAttribute", Elastic Load Balancing API Reference).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TargetGroup {
    /// Its ARN.
    pub arn: String,
    /// Whether targets are spoken to over TLS; their certificates are not looked at.
    pub tls: bool,
    /// What targets speak.
    pub version: ProtocolVersion,
    /// How their health is found out.
    pub health_check: TargetHealthCheck,
    /// How flows get to them; none where requests do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flows: Option<Flows>,
    /// `load_balancing.algorithm.type`.
    pub algorithm: Algorithm,
    /// `load_balancing.algorithm.anomaly_mitigation`: always off. Older balancers must be told.
    pub anomaly_mitigation: bool,
    /// `slow_start.duration_seconds`; 0 is none.
    pub slow_start: u32,
    /// How clients stay with a target, if they do.
    pub stickiness: Option<Stickiness>,
    /// Whether a node uses targets of other zones, too.
    pub cross_zone: bool,
    /// `target_group_health.unhealthy_state_routing.minimum_healthy_targets.count`: with fewer, all are used.
    pub minimum_healthy: u32,
    /// `….percentage`, 1 to 100.
    pub minimum_healthy_percent: Option<u8>,
    /// Its targets.
    pub targets: BTreeMap<TargetAddress, Target>,
}

/// Where a target is. As text `ADDRESS:PORT`, so that it can be a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TargetAddress(pub std::net::SocketAddr);

/// A registered target, or one that is being taken out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// Its zone; none for an address outside of the VPC, which all zones use.
    pub zone: Option<String>,
    /// Since when it is in the group: one that was registered anew is another target.
    pub since: Millis,
    /// When what is still under way to it is cut, if it is draining.
    pub draining_until: Option<Millis>,
}

/// What targets of a group speak (`ProtocolVersion`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ProtocolVersion {
    /// HTTP/1.1.
    #[default]
    Http1,
    /// HTTP/2.
    Http2,
    /// gRPC.
    Grpc,
}

/// How requests are spread ("Routing algorithms", Application Load Balancers guide).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Algorithm {
    /// In turn.
    #[default]
    RoundRobin,
    /// To whoever has the fewest.
    LeastOutstandingRequests,
    /// By chance, each as likely.
    WeightedRandom,
}

/// How a client stays with a target ("Sticky sessions for your Application Load Balancer", Application Load Balancers guide).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stickiness {
    /// By a cookie of the load balancer's, for so long.
    Duration(u32),
    /// By one of the application's, for so long.
    Application {
        /// The cookie's name.
        cookie: String,
        /// For how long.
        duration: u32,
    },
}

/// A health check ("Health checks for Application Load Balancer target groups").
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetHealthCheck {
    /// Whether a connection is all it asks for.
    #[serde(default)]
    pub tcp: bool,
    /// Whether it is over TLS.
    pub tls: bool,
    /// The port; none is the target's own.
    pub port: Option<NonZeroU16>,
    /// The path, for gRPC the method.
    pub path: String,
    /// Between the starts of two checks.
    pub interval: u32,
    /// A check that takes longer has failed.
    pub timeout: u32,
    /// Successes in a row until an unhealthy target is healthy.
    pub healthy_threshold: u32,
    /// Failures in a row until a healthy target is unhealthy.
    pub unhealthy_threshold: u32,
    /// What a healthy target answers: ranges of HTTP or gRPC status codes, both ends included.
    pub matcher: Vec<(u16, u16)>,
}

/// What a host's balancer has seen.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct BalancingStatus {
    /// The revision of the spec whose [`Balancing`] every one of its nodes acts on.
    pub applied: Revision,
    /// What stands in the way of a node or a listener, by the node's interface, such as a port in use.
    pub failures: BTreeMap<InterfaceId, String>,
    /// What nodes know of targets: of each group what each node of this host found.
    pub health: BTreeMap<TargetGroupId, BTreeMap<InterfaceId, BTreeMap<TargetAddress, TargetStatus>>>,
}

/// What one node knows of one target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetStatus {
    /// Of which registration this is told ([`Target::since`]).
    pub since: Millis,
    /// Its health.
    pub health: TargetHealth,
    /// Requests and upgraded connections under way to it, while it is draining; 0 before: it changes with every request.
    pub active: u32,
}

/// A target's health ("Target health status", Application Load Balancers guide).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum TargetHealth {
    /// `initial`: it has not been checked yet, or not often enough.
    Initial,
    /// `healthy`.
    Healthy,
    /// `unhealthy`, and why.
    Unhealthy(Unhealthy),
    /// `unhealthy.draining`, and why: it gets no new flows, and keeps those it has.
    Draining(Unhealthy),
}

/// Why a target is unhealthy (`TargetHealthReasonEnum`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Unhealthy {
    /// `Target.ResponseCodeMismatch`, with the code it answered.
    ResponseCodeMismatch(u16),
    /// `Target.Timeout`.
    Timeout,
    /// `Target.FailedHealthChecks`: no connection, or no answer in HTTP.
    FailedHealthChecks,
}
