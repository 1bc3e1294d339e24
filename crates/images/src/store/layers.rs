//! Making layers: each once at a time out of one registry, waited for by whoever else needs the same from there. A registry that is slow
//! keeps nobody waiting who has another.

use super::Store;
use crate::digest::Digest;
use crate::files;
use crate::unpack::Unpacked;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::PoisonError;

/// What is going on in the process.
#[derive(Debug, Default)]
pub(super) struct Work {
    /// Layers being made, and out of which registry.
    busy: BTreeSet<(Digest, String)>,
    /// What gc must leave, and for how many.
    holds: BTreeMap<Digest, usize>,
}

impl Work {
    pub(super) fn hold(&mut self, digest: &Digest) {
        *self.holds.entry(digest.clone()).or_default() += 1;
    }

    pub(super) fn release(&mut self, digest: &Digest) {
        if let Some(count) = self.holds.get_mut(digest) {
            *count -= 1;
            if *count == 0 {
                self.holds.remove(digest);
            }
        }
    }

    pub(super) fn is_held(&self, digest: &Digest) -> bool {
        self.holds.contains_key(digest)
    }
}

/// `layer.json`.
#[derive(Serialize, Deserialize)]
pub(super) struct Facts {
    bytes: u64,
    entries: u64,
    /// [`Unpacked::implied`].
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(super) implied: BTreeSet<Vec<u8>>,
}

/// The right to make one layer.
struct Turn<'a> {
    store: &'a Store,
    of: (Digest, String),
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.store.work().busy.remove(&self.of);
        self.store.changed.notify_all();
    }
}

impl Store {
    pub(crate) fn has_layer(&self, layer: &Digest) -> bool {
        self.tree_of(layer).is_dir()
    }

    pub(super) fn tree_of(&self, layer: &Digest) -> PathBuf {
        self.layer_path(layer.hex()).join("tree")
    }

    pub(super) fn layer_path(&self, hex: &str) -> PathBuf {
        self.files.join("layers").join(hex)
    }

    pub(crate) fn layer_bytes(&self, hex: &str) -> u64 {
        self.facts(hex).map_or(0, |facts| facts.bytes)
    }

    pub(super) fn facts(&self, hex: &str) -> Option<Facts> {
        serde_json::from_slice(&fs::read(self.layer_path(hex).join("layer.json")).ok()?).ok()
    }

    /// Has `make` unpack the layer into the directory it is given, unless the layer is here or comes from the same
    /// registry by another thread meanwhile. The layer appears when `make` succeeded; otherwise nothing of it stays.
    pub(crate) fn make_layer<E: From<io::Error>>(
        &self,
        layer: &Digest,
        registry: &str,
        make: impl FnOnce(&Path) -> Result<Unpacked, E>,
    ) -> Result<(), E> {
        let Some(_turn) = self.turn(layer, registry) else { return Ok(()) };
        let scratch = self.files.scratch()?;
        let tree = scratch.path().join("tree");
        fs::create_dir(&tree).map_err(files::at("create", &tree))?;
        let unpacked = make(&tree)?;
        let facts = Facts { bytes: unpacked.bytes, entries: unpacked.entries, implied: unpacked.implied };
        let facts = serde_json::to_vec(&facts).map_err(io::Error::from)?;
        let path = self.layer_path(layer.hex());
        let finish = || {
            fs::write(scratch.path().join("layer.json"), facts)?;
            files::sync_file_system(scratch.path())?;
            match fs::rename(scratch.path(), &path) {
                // It came from another registry first.
                Err(_) if self.has_layer(layer) => return Ok(()),
                renamed => renamed?,
            }
            files::sync_directory(&self.files.join("layers"))
        };
        finish().map_err(files::at("finish layer", &path))?;
        Ok(())
    }

    /// Waits until the layer is here (`None`) or it is this thread's turn to make it.
    fn turn(&self, layer: &Digest, registry: &str) -> Option<Turn<'_>> {
        let of = (layer.clone(), registry.to_owned());
        let mut work = self.work();
        while work.busy.contains(&of) {
            work = self.changed.wait(work).unwrap_or_else(PoisonError::into_inner);
        }
        if self.has_layer(layer) {
            return None;
        }
        work.busy.insert(of.clone());
        Some(Turn { store: self, of })
    }
}
