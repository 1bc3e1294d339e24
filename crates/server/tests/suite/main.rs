//! Servers, and clients of them over real connections. In one program, as each links everything.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test panics")]

mod common;
mod endpoint;
mod http;
mod kill;
mod logs;
mod registry;
mod sync;
