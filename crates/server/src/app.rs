//! What every request can reach.

use crate::core::Core;
use crate::registry::Registry;
use crate::sync::Seats;
use crate::tls::Tls;
use crate::{Config, Error};
use ::images::mirror::Mirror;
use aws::fault::Fault;
use control::Services;
use logevents::store::Store;
use shares::Places;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::watch;

/// The parts of a running server.
pub(crate) struct App {
    pub(crate) config: Config,
    pub(crate) core: Core,
    pub(crate) services: Services,
    pub(crate) logs: Store,
    pub(crate) metrics: metrics::Store,
    pub(crate) mirror: Arc<Mirror>,
    pub(crate) tls: Tls,
    pub(crate) registry: Registry,
    pub(crate) objects: objects::Store,
    pub(crate) seats: Seats,
    /// Connections of clients in the networks.
    pub(crate) places: Arc<Places>,
    pub(crate) started: Instant,
    /// Becomes true when the server is to stop.
    pub(crate) stopping: watch::Receiver<bool>,
}

/// Waits until the server is to stop.
pub(crate) async fn stopped(stopping: &mut watch::Receiver<bool>) {
    // An error means that nobody is left to say so.
    let _ = stopping.wait_for(|stop| *stop).await;
}

/// An id as AWS gives requests: a version 4 UUID (RFC 9562).
pub(crate) fn request_id() -> Result<String, Error> {
    let draw = || getrandom::u64().map_err(|error| Error::new("drawing a request id").because(error));
    let (a, b) = (draw()?, draw()?);
    let variant = 0x8000 | ((b >> 48) & 0x3fff);
    Ok(format!(
        "{:08x}-{:04x}-4{:03x}-{variant:04x}-{:012x}",
        a >> 32,
        (a >> 16) & 0xffff,
        a & 0xfff,
        b & 0xffff_ffff_ffff
    ))
}

/// What a failure of the host becomes for a client: said in full on standard error, and to the client too, who is the same person.
pub(crate) fn internal(error: impl std::fmt::Display) -> Fault {
    crate::complain(format_args!("{error}"));
    Fault::new("InternalFailure", error.to_string()).with_status(500)
}

/// Runs an answer that might have a defect, which must cost its caller an error and nobody anything else. What it worked on is a value
/// or read-only, so nothing is left half-changed.
pub(crate) fn guarded<T>(work: impl FnOnce() -> Result<T, Fault>) -> Result<T, Fault> {
    let defect =
        || Fault::new("InternalFailure", "A defect in neargate; its message is on standard error.").with_status(500);
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err(defect()))
}

/// Runs what waits for the disk beside the threads that serve connections.
///
/// # Errors
/// What `work` returns; `InternalFailure` when it could not be run to its end.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Fault> + Send + 'static,
) -> Result<T, Fault> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| Err(internal(error)))
}
