//! The crate's behaviour as its users see it. Runs as root: layers have owners and devices.

#![allow(clippy::unwrap_used, reason = "the lint knows tests, but not their helper functions")]

mod disk_full;
mod kill;
mod mirror;
mod mirror_hostile;
mod model;
mod parents;
mod pull;
mod pull_errors;
mod reference;
mod registry;
mod store;
mod support;
mod tarball;
mod unpack;
mod unpack_hostile;
