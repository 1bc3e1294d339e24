//! Container images, from an archive or a registry to directories overlayfs can use.
//!
//! Three users, three parts, all synchronous (plain threads; an async caller uses a blocking thread):
//! - everyone: [`reference`] parses what a task definition's `image` holds;
//! - the server: [`mirror`] keeps images loaded from archives, [`mirror::registry`] answers pulls from it; [`blobs`] keeps what is
//!   pushed to the region's own registry; [`answer`] is what either registry answers;
//! - each host: [`pull`] fetches an image over a [`pull::Transport`] and [`unpack`]s its layers into a [`store`].
//!
//! [`build`] writes small image archives.
//!
//! Absent on purpose: no HTTP (the server serves answers, the agent brings the transport), no credentials,
//! no running of containers, no mounting: a layer here is a directory.

pub mod answer;
pub mod blobs;
pub mod build;
pub mod chunks;
pub mod compression;
pub mod digest;
mod files;
pub mod manifest;
pub mod mirror;
pub mod platform;
pub mod pull;
pub mod reference;
pub mod store;
pub mod tarball;
pub mod unpack;
