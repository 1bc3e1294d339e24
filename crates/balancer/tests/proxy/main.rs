//! An engine on loopback, with real sockets: clients that send bytes as they are, targets that do what a test wants.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test panics")]

mod access_logs;
mod attributes;
mod changes;
mod counts;
mod desync;
mod draining;
mod forwarding;
mod health;
mod mesh;
mod refusals;
mod rfc9110;
mod rfc9112;
mod rules;
mod secured;
mod stickiness;
mod streams;
mod strict;
mod support;
mod timeouts;
mod tls;
mod upgrades;
mod waiting;
