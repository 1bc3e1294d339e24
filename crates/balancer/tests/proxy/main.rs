//! An engine on loopback, with real sockets: clients that send bytes as they are, targets that do what a test wants.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test panics")]

mod access_logs;
mod changes;
mod counts;
mod draining;
mod forwarding;
mod health;
mod refusals;
mod rules;
mod secured;
mod stickiness;
mod streams;
mod support;
mod timeouts;
mod tls;
mod upgrades;
mod waiting;
