//! Listeners of load balancers. What one does is said by its rules, of which it has a default one at least.

use crate::state::{Record, Tags};
use serde::{Deserialize, Serialize};
use spec::balancing::{AlpnPolicy, FlowListener, FlowProtocol};
use std::num::NonZeroU16;
use vpc::LoadBalancerId;

/// An HTTP or HTTPS listener, or one of a Network Load Balancer ("Listener", Elastic Load Balancing API Reference).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Listener {
    /// The load balancer it is of; never changes.
    pub load_balancer: LoadBalancerId,
    /// The 16 hexadecimal digits at the end of its ARN.
    pub id: String,
    /// The port it listens on, unlike those of the load balancer's others.
    pub port: NonZeroU16,
    /// What it takes, if it is a Network Load Balancer's.
    #[serde(default)]
    pub flows: Option<FlowProtocol>,
    /// TLS, if it is an HTTPS or TLS listener. What a TLS listener takes is TCP.
    #[serde(default)]
    pub tls: Option<ListenerTls>,
    /// For how many seconds a TCP connection may be silent; what is not [`FlowListener::IDLE_TIMEOUT`] is a TCP listener's alone.
    #[serde(default = "idle_timeout")]
    pub idle_timeout: u32,
    /// Its tags.
    pub tags: Tags,
}

fn idle_timeout() -> u32 {
    FlowListener::IDLE_TIMEOUT
}

/// What an HTTPS listener has beyond an HTTP listener, and a TLS listener beyond a TCP listener.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListenerTls {
    /// The name of its security policy.
    pub policy: String,
    /// The ARN of its default certificate.
    pub default: String,
    /// The ARNs of its other certificates, in the order in which they were added.
    pub others: Vec<String>,
    /// `AlpnPolicy` of a TLS listener, if it was said.
    #[serde(default)]
    pub alpn: Option<AlpnPolicy>,
}

impl ListenerTls {
    /// The ARNs of all its certificates, each once, the default one first.
    pub fn certificates(&self) -> impl Iterator<Item = &String> {
        std::iter::once(&self.default).chain(self.others.iter().filter(|arn| **arn != self.default))
    }
}

impl Listener {
    /// What the keys of a load balancer's listeners start with.
    pub fn prefix(load_balancer: &str) -> String {
        format!("{load_balancer}/")
    }

    /// The key of a listener.
    pub fn key_of(load_balancer: &str, id: &str) -> String {
        format!("{load_balancer}/{id}")
    }
}

impl Record for Listener {
    const TABLE: &'static str = "listener";
    fn key(&self) -> String {
        Self::key_of(&self.load_balancer, &self.id)
    }
}
