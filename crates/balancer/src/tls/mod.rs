//! TLS with clients and with targets, by rustls and ring: what is negotiated ([`policy`]), which certificate a client sees
//! ([`certificates`]), and a connection's bytes ([`stream`]).
//!
//! Absent: TLS 1.0 and 1.1, CBC ciphers and key exchange without forward secrecy, which rustls has not and policies that name them do
//! without; early data; authentication of clients.

pub(crate) mod certificates;
mod client;
pub(crate) mod policy;
mod server;
mod step;
pub(crate) mod stream;

pub(crate) use client::{target_config, target_config_for};
pub(crate) use server::{Front, Tickets};

use std::time::Duration;

/// How long a handshake may take, with a client or a target ("Troubleshoot your Application Load Balancers", HTTP 502).
pub(crate) const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// What a connection has agreed on, by the names that `x-amzn-tls-version` and `x-amzn-tls-cipher-suite` have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Agreed {
    pub version: &'static str,
    /// OpenSSL's name.
    pub suite: &'static str,
    /// Whether HTTP/2 is spoken.
    pub http2: bool,
}
