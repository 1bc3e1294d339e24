//! A host's images: layers unpacked once, shared by all containers, and the documents that name them.
//!
//! ```text
//! lock                     held while a process uses the store
//! tmp/                     work in progress; emptied at open
//! documents/<hex>          manifests, indexes and configurations, by digest
//! layers/<hex>/tree        an unpacked layer, by the digest of its uncompressed tar; an overlayfs lower directory
//! layers/<hex>/layer.json  its size, and the directories it leaves unlisted
//! ```
//! A layer is unpacked in `tmp`, its file system synced, then renamed: after `kill -9` or a power cut a layer is
//! whole or absent. Nothing in `layers` is ever changed but the time of `<hex>` itself: it is when the layer was last used.
//!
//! What is not in use stays, for the next start of its image, until its room is needed ([`Store::gc`]): when a pull finds the disk full,
//! and when the disk is low ([`Store::relieve`]). In use is what a [`Hold`] names: of a pull, an [`Image`], or a container that an agent
//! before this one started.
//!
//! Absent on purpose: tags. What a tag means is asked from the registry at each pull, as Fargate does.

mod gc;
mod layers;
mod parents;

pub use gc::Freed;

use crate::digest::Digest;
use crate::files::{self, Owned};
use crate::manifest::{CONFIG_MAX, Config, Document, MANIFEST_MAX, RunConfig};
use crate::platform::Platform;
use crate::unpack::Limits;
use disk::{Promise, Room};
use layers::Work;
use rustix::fs::{AtFlags, CWD, Timespec, Timestamps, UTIME_NOW, utimensat};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// How a store behaves.
#[derive(Clone, Debug)]
pub struct Options {
    /// Bounds on one layer.
    pub limits: Limits,
    /// How many layers of one pull are downloaded and unpacked at once.
    pub parallel: usize,
}

impl Default for Options {
    /// As many layers at once as Docker: 3.
    fn default() -> Self {
        Self { limits: Limits::default(), parallel: 3 }
    }
}

/// An image whose layers are all here. While a value of it lives, gc leaves it alone.
#[derive(Clone, Debug)]
pub struct Image {
    /// Its manifest's digest: what `imageDigest` of a container shows.
    pub manifest_digest: Digest,
    /// What it runs on; may differ from the host's platform when the registry has no index for the name.
    pub platform: Platform,
    /// How to run it.
    pub config: RunConfig,
    /// Lower directories for overlayfs, lowest first: the image's layers, and where those leave directories unlisted one
    /// more that has them as they should be.
    pub layers: Vec<PathBuf>,
    hold: Arc<Hold>,
}

impl Image {
    /// Everything of the store that it needs, to be held again after a restart; the manifest's digest comes first.
    pub fn digests(&self) -> &[Digest] {
        &self.hold.digests
    }
}

/// What a store holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Unpacked layers.
    pub layers: u64,
    /// Bytes of file content in them.
    pub layer_bytes: u64,
    /// Manifests, indexes and configurations.
    pub documents: u64,
}

/// A directory of images; one process at a time.
#[derive(Debug)]
pub struct Store {
    files: Owned,
    options: Options,
    work: Mutex<Work>,
    changed: Condvar,
    /// Held by who makes room, so that two don't make it twice.
    collecting: Mutex<()>,
}

/// Keeps gc away from what has these digests, until it is dropped.
#[derive(Debug)]
pub struct Hold {
    store: Arc<Store>,
    digests: Vec<Digest>,
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.digests.iter().for_each(|digest| self.store.mark_used(digest));
        let mut work = self.store.work();
        self.digests.iter().for_each(|digest| work.release(digest));
    }
}

impl Store {
    /// Opens or makes the store at `dir`, and removes what a killed process left half-made.
    ///
    /// # Errors
    /// The step and the path; that another process uses the store.
    pub fn open(dir: &Path, options: Options) -> io::Result<Arc<Self>> {
        let files = Owned::open(dir, &["documents", "layers"])?;
        Ok(Arc::new(Self {
            files,
            options,
            work: Mutex::default(),
            changed: Condvar::new(),
            collecting: Mutex::default(),
        }))
    }

    /// The image of a manifest digest, if its documents and all its layers are here. Asks no registry.
    ///
    /// # Errors
    /// A file that can't be read.
    pub fn image(self: &Arc<Self>, manifest_digest: &Digest) -> io::Result<Option<Image>> {
        let _hold = self.hold(vec![manifest_digest.clone()]);
        let Some(bytes) = self.document(manifest_digest)? else { return Ok(None) };
        let Ok(Document::Manifest(manifest)) = Document::parse(&bytes) else { return Ok(None) };
        let Some(bytes) = self.document(&manifest.config.digest)? else { return Ok(None) };
        let Ok(config) = serde_json::from_slice::<Config>(&bytes) else { return Ok(None) };
        let hold = self.hold(needed([manifest_digest.clone(), manifest.config.digest], &config));
        let all_here = config.rootfs.diff_ids.iter().all(|layer| self.has_layer(layer));
        all_here.then(|| self.assemble(manifest_digest, config, Arc::new(hold))).transpose()
    }

    /// How much is here.
    ///
    /// # Errors
    /// A directory that can't be read.
    pub fn stats(&self) -> io::Result<Stats> {
        let layers = files::names(&self.files.join("layers"))?;
        let documents = files::names(&self.files.join("documents"))?.len() as u64;
        let layer_bytes = layers.iter().map(|hex| self.layer_bytes(hex)).sum();
        Ok(Stats { layers: layers.len() as u64, layer_bytes, documents })
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.options.limits
    }

    /// How many layers of one pull may be worked on at once.
    pub(crate) fn parallel(&self) -> usize {
        self.options.parallel.max(1)
    }

    /// Makes room while the disk is low, of what is not in use: what was used last goes last.
    ///
    /// # Errors
    /// As [`Store::gc`].
    pub fn relieve(&self) -> io::Result<Freed> {
        self.gc(|| !Room::of(&self.files.join("")).is_ok_and(|room| room.is_low()))
    }

    /// Lets so many bytes more be unpacked, until the promise is dropped, if the disk's reserve stays.
    pub(crate) fn admit(&self, bytes: u64) -> io::Result<Promise> {
        self.files.admit(bytes)
    }

    /// Counts everything that has these digests as in use. What is not here, or never will be, does no harm.
    pub fn hold(self: &Arc<Self>, digests: Vec<Digest>) -> Hold {
        let mut work = self.work();
        digests.iter().for_each(|digest| work.hold(digest));
        Hold { store: Arc::clone(self), digests }
    }

    /// Counts every layer that is here as in use.
    ///
    /// # Errors
    /// A directory that can't be read.
    pub fn hold_all(self: &Arc<Self>) -> io::Result<Hold> {
        let layers = files::names(&self.files.join("layers"))?;
        Ok(self.hold(layers.iter().filter_map(|hex| Digest::from_hex(hex).ok()).collect()))
    }

    /// The image of layers that are all here and held.
    pub(crate) fn assemble(&self, manifest_digest: &Digest, config: Config, hold: Arc<Hold>) -> io::Result<Image> {
        let mut layers: Vec<PathBuf> = config.rootfs.diff_ids.iter().map(|layer| self.tree_of(layer)).collect();
        // Overlayfs takes no notice of a whole layer that hides all below it, so those are left away.
        let hidden = layers.iter().rposition(|tree| parents::hides_all_below(tree)).unwrap_or(0);
        layers.drain(..hidden);
        layers.extend(self.parents(&config.rootfs.diff_ids)?);
        Ok(Image {
            manifest_digest: manifest_digest.clone(),
            platform: config.platform,
            config: config.config,
            layers,
            hold,
        })
    }

    /// A document by digest. One that no longer fits its digest is taken as absent.
    pub(crate) fn document(&self, digest: &Digest) -> io::Result<Option<Vec<u8>>> {
        let content = files::read(&self.document_path(digest), CONFIG_MAX.max(MANIFEST_MAX))?;
        Ok(content.filter(|content| Digest::of(content) == *digest))
    }

    pub(crate) fn save_document(&self, digest: &Digest, content: &[u8]) -> io::Result<()> {
        self.files.write(&Path::new("documents").join(digest.hex()), content)
    }

    fn document_path(&self, digest: &Digest) -> PathBuf {
        self.files.join("documents").join(digest.hex())
    }

    /// Notes that something was used until now. Only layers keep that.
    fn mark_used(&self, digest: &Digest) {
        let now = Timespec { tv_sec: 0, tv_nsec: UTIME_NOW };
        let times = Timestamps { last_access: now, last_modification: now };
        // One that is not here is not used.
        let _ = utimensat(CWD, self.layer_path(digest.hex()), &times, AtFlags::SYMLINK_NOFOLLOW);
    }

    fn work(&self) -> MutexGuard<'_, Work> {
        // Each change of `Work` is one step, so a thread that panicked left it whole.
        self.work.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What an image needs of a store: its documents, its layers, and the one that it may get on top.
pub(crate) fn needed(documents: impl IntoIterator<Item = Digest>, config: &Config) -> Vec<Digest> {
    let layers = &config.rootfs.diff_ids;
    documents.into_iter().chain(layers.iter().cloned()).chain([parents::digest_of(layers)]).collect()
}
