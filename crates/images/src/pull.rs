//! Pulling an image: what its name means now, which of an index fits the host, then the layers that are not here.
//!
//! Layers are downloaded, verified, decompressed and unpacked in one pass, several at once; nothing is stored
//! compressed. A failure is told in the words AWS shows in a task's `stoppedReason` ([`PullError::reason`]).
//!
//! Absent on purpose: HTTP and credentials. A [`Transport`] brings them, so that a pull can go over whatever reaches
//! the registry from where the task is.

mod download;
mod error;
mod layer;
mod resolve;
mod transport;

pub use error::PullError;
pub use transport::{AuthorizationFailed, Method, Redirected, Request, Response, Transport};

use crate::digest::Digest;
use crate::manifest::Descriptor;
use crate::platform::Platform;
use crate::reference::Reference;
use crate::store::{Hold, Image, Store};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// What a pull may take.
#[derive(Clone, Debug)]
pub struct Bounds {
    /// Tries of a request in all, when the registry can't be reached or answers 5xx or 429.
    pub tries: u32,
    /// The pause before the second; doubled before each further one.
    pub pause: Duration,
    /// Bytes that all layers of the image may unpack to, 16 KiB at least for each file; those that are here already included.
    pub room: u64,
}

impl Default for Bounds {
    /// Five tries, as AWS's texts show, over 1.5 seconds. No bound on the image but those on each layer.
    fn default() -> Self {
        Self { tries: 5, pause: Duration::from_millis(100), room: u64::MAX }
    }
}

/// Pulls `reference` for `platform` into `store` and returns the image. What is here already is not downloaded
/// again; the registry is always asked what the reference means.
///
/// When the disk is full, images that nobody uses make room once, and what is missing yet is tried again.
///
/// # Errors
/// [`PullError`]. Nothing half-made stays.
pub fn pull(
    store: &Arc<Store>,
    transport: &dyn Transport,
    reference: &Reference,
    platform: &Platform,
    bounds: &Bounds,
) -> Result<Image, PullError> {
    let source = || Source { transport, reference, bounds, left: AtomicU64::new(bounds.room) };
    let resolved = resolve::resolve(store, &source(), platform)?;
    let hold = Arc::new(store.hold(resolved.needed()));
    match complete(store, &source(), &resolved, &hold) {
        // What nobody uses makes room. What this image has got already is held.
        Err(full) if full.is_disk_full() && store.gc(|| false).is_ok() => complete(store, &source(), &resolved, &hold),
        done => done,
    }
}

/// Gets the layers that are not here and makes an image of all.
fn complete(
    store: &Arc<Store>,
    source: &Source<'_>,
    resolved: &resolve::Resolved,
    hold: &Arc<Hold>,
) -> Result<Image, PullError> {
    let diff_ids = &resolved.config.rootfs.diff_ids;
    // An image may hold one layer several times (the empty one, mostly).
    let layers: BTreeMap<&Digest, &Descriptor> = diff_ids.iter().zip(&resolved.manifest.layers).collect();
    let (here, missing): (Vec<_>, Vec<_>) = layers.into_iter().partition(|(diff_id, _)| store.has_layer(diff_id));
    here.into_iter().try_for_each(|(diff_id, _)| source.unpacks(diff_id, store.layer_bytes(diff_id.hex())))?;
    make_layers(store, source, &missing)?;
    resolved.save(store)?;
    Ok(store.assemble(&resolved.digest, resolved.config.clone(), hold.clone())?)
}

/// Where an image comes from.
struct Source<'a> {
    transport: &'a dyn Transport,
    reference: &'a Reference,
    bounds: &'a Bounds,
    /// Bytes that the image may still unpack to.
    left: AtomicU64,
}

impl Source<'_> {
    /// Counts bytes that a layer unpacks to.
    fn unpacks(&self, diff_id: &Digest, bytes: u64) -> Result<(), PullError> {
        let took = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(bytes));
        let what = || format!("no space left on device: the image unpacks to over {} bytes", self.bounds.room);
        took.map(drop).map_err(|_| PullError::TooLarge { diff_id: diff_id.clone(), what: what() })
    }
}

/// Makes the layers with as many threads as the store takes; stops at the first failure.
fn make_layers(store: &Store, source: &Source<'_>, missing: &[(&Digest, &Descriptor)]) -> Result<(), PullError> {
    let next = AtomicUsize::new(0);
    let failure = Mutex::new(None);
    let work = || {
        while let Some((diff_id, descriptor)) = missing.get(next.fetch_add(1, Ordering::Relaxed)) {
            let made = store.make_layer(diff_id, source.reference.registry(), |tree| {
                layer::fetch(source, store, diff_id, descriptor, tree)
            });
            if let Err(error) = made {
                next.store(missing.len(), Ordering::Relaxed);
                failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..store.parallel().min(missing.len()) {
            scope.spawn(work);
        }
        work();
    });
    failure.into_inner().unwrap_or_else(PoisonError::into_inner).map_or(Ok(()), Err)
}
