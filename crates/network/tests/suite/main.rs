//! What the kernel does with packets in networks that were made. In one program, as each links everything. Needs root.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failure ends the test")]

mod attacks;
mod flows;
mod forgeries;
mod gateways;
mod groups;
mod healing;
mod instances;
mod moves;
mod plan;
#[path = "../support/mod.rs"]
mod support;
mod uplink;
