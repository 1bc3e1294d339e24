//! What a server is started with.

use crate::Error;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// What a server is started with.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where AWS clients connect. Port 0 takes a free one.
    pub listen: SocketAddr,
    /// The directory of everything durable. Made if it is missing.
    pub data_dir: PathBuf,
    /// The region's name, such as `us-east-1`. Can't be changed once the data directory exists.
    pub region: String,
    /// The twelve digits of the account that owns everything. Can't be changed either.
    pub account: String,
    /// How long a minute of alarms' periods and of scaling policies' cooldowns lasts.
    pub minute: Duration,
    /// Bounds on what clients may do.
    pub limits: Limits,
}

/// Bounds on what clients may do.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Connections at once, on each of the three sockets.
    pub connections: usize,
    /// How long a client may take to send a request's header; also how long an idle connection is kept.
    pub header_time: Duration,
    /// How long a client may take to send a request's body.
    pub body_time: Duration,
    /// Bytes of a request's body, unpacked.
    pub body: usize,
    /// The same for log events and manifests, which are larger.
    pub large_body: usize,
    /// The same for hosts, who tell of every task in one body. One that is refused costs a host its lease.
    pub of_hosts: usize,
    /// The same for a part of an image's layer.
    pub layer_part: usize,
    /// How long a host's sync is held when there is nothing to tell.
    pub hold: Duration,
    /// How long a reset waits for the hosts.
    pub reset: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 1024,
            header_time: Duration::from_secs(60),
            body_time: Duration::from_secs(30),
            body: 1 << 20,
            // PutLogEvents takes 1 MiB of messages (counted with 26 bytes each); JSON makes at most six bytes of one, and adds some to each.
            large_body: 8 << 20,
            of_hosts: 64 << 20,
            // UploadLayerPart takes 20 MiB, in base64.
            layer_part: 28 << 20,
            hold: Duration::from_secs(10),
            reset: Duration::from_secs(60),
        }
    }
}

impl Config {
    /// Refuses names that no AWS region or account has.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let letters = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if self.region.is_empty() || self.region.len() > 32 || !self.region.chars().all(letters) {
            return Err(
                Error::new(format!("region {:?} is no region's name", self.region)).fix("Use one such as us-east-1.")
            );
        }
        if self.account.len() != 12 || !self.account.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(Error::new(format!("account {:?} is no account's id", self.account))
                .fix("Use twelve digits, such as 123456789012."));
        }
        Ok(())
    }
}
