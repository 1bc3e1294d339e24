//! HTTP/2 as clients and targets see it, over real sockets on loopback addresses.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test panics")]

/// What other tests have, too.
#[allow(dead_code, unused_imports, reason = "not all of it is used here")]
#[path = "../proxy"]
mod proxy {
    pub mod secured;
    pub mod support;
    pub mod waiting;
}
use proxy::{secured, support, waiting};

mod client;
mod conformance;
mod frames;
mod requests;
mod smuggling;
mod target;
mod targets;
