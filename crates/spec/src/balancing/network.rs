//! What is a Network Load Balancer's alone: flows, and connections whose bytes are passed on.

use super::TargetGroupId;
use serde::{Deserialize, Serialize};

/// A listener of a Network Load Balancer ("Listeners for your Network Load Balancers", Network Load Balancers guide).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlowListener {
    /// Its ARN.
    pub arn: String,
    /// What it takes.
    pub protocol: FlowProtocol,
    /// Whose targets get it.
    pub group: TargetGroupId,
    /// `tcp.idle_timeout.seconds`: a TCP flow is forgotten when it was idle for so long.
    #[serde(default = "FlowListener::default_idle_timeout")]
    pub idle_timeout: u32,
}

impl FlowListener {
    /// `tcp.idle_timeout.seconds` where nothing else is said ("Listener attributes", Network Load Balancers guide).
    pub const IDLE_TIMEOUT: u32 = 350;

    fn default_idle_timeout() -> u32 {
        Self::IDLE_TIMEOUT
    }
}

/// What a listener of a Network Load Balancer takes (`Protocol`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum FlowProtocol {
    /// `TCP`.
    Tcp,
    /// `UDP`.
    Udp,
    /// `TCP_UDP`: both on one port.
    TcpUdp,
}

impl FlowProtocol {
    /// The numbers of its protocols in IPv4 headers.
    pub fn numbers(self) -> &'static [u8] {
        match self {
            Self::Tcp => &[6],
            Self::Udp => &[17],
            Self::TcpUdp => &[6, 17],
        }
    }
}

/// How flows get to the targets of a group of a Network Load Balancer ("Edit target group attributes for your Network Load Balancer").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flows {
    /// `preserve_client_ip.enabled`: targets see the client's address, not the node's.
    pub preserve_client_ip: bool,
    /// `stickiness.enabled` of the type `source_ip`: all flows of one client's address go to one target.
    pub by_source: bool,
    /// `deregistration_delay.connection_termination.enabled`: flows end with the delay, not when they like.
    pub end_when_deregistered: bool,
    /// `target_health_state.unhealthy.connection_termination.enabled`: flows of a target end when it is found unhealthy.
    pub end_when_unhealthy: bool,
    /// `target_health_state.unhealthy.draining_interval_seconds`, where it applies: a healthy target that fails is
    /// [`super::TargetHealth::Draining`] for so many seconds before it is unhealthy.
    #[serde(default)]
    pub unhealthy_draining: u32,
    /// `proxy_protocol_v2.enabled`: a connection begins with a header that says who the client is. Only of TCP.
    #[serde(default)]
    pub proxy_protocol: bool,
}

/// What becomes of a connection whose bytes are passed on as they are ("Listeners for your Network Load Balancers", Network Load Balancers
/// guide).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stream {
    /// It ends when nothing has come from either side for so long.
    pub idle_timeout: u32,
    /// What is agreed on with clients over ALPN.
    pub alpn: AlpnPolicy,
}

/// `AlpnPolicy` of a TLS listener ("ALPN policies", Network Load Balancers guide).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum AlpnPolicy {
    /// `None`: nothing.
    #[default]
    None,
    /// `HTTP1Only`.
    Http1Only,
    /// `HTTP2Only`.
    Http2Only,
    /// `HTTP2Optional`: HTTP/1.* rather than HTTP/2.
    Http2Optional,
    /// `HTTP2Preferred`: HTTP/2 rather than HTTP/1.*.
    Http2Preferred,
}

impl AlpnPolicy {
    /// Every policy there is.
    pub const ALL: [Self; 5] =
        [Self::Http1Only, Self::Http2Only, Self::Http2Optional, Self::Http2Preferred, Self::None];

    /// What may be agreed on, the best first.
    pub fn protocols(self) -> &'static [&'static str] {
        match self {
            Self::None => &[],
            Self::Http1Only => &["http/1.1", "http/1.0"],
            Self::Http2Only => &["h2"],
            Self::Http2Optional => &["http/1.1", "http/1.0", "h2"],
            Self::Http2Preferred => &["h2", "http/1.1", "http/1.0"],
        }
    }
}
