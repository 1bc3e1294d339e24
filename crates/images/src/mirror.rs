//! The region's offline mirror of public registries: images loaded from archives, found again by name.
//!
//! On disk it is an OCI image layout, so that other tools can read it:
//! ```text
//! lock                  held while a process uses the mirror
//! tmp/                  archives being loaded; emptied at open
//! oci-layout
//! index.json            one entry a name; replaced as a whole
//! blobs/sha256/<hex>    manifests, configurations, layers as they came
//! ```
//! An archive's blobs are staged, verified and synced first; writing `index.json` makes all its names appear at
//! once. A `kill -9` before that leaves blobs that nothing names: the next open removes them.
//!
//! Absent on purpose: pushing, and changing anything inside an image.

mod archive;
mod contents;
mod copy;
mod docker;
mod error;
mod index;
mod layout;
pub mod registry;

pub use archive::Limits;
pub use copy::Copied;
pub use error::Error;

use crate::digest::Digest;
use crate::files::{self, BLOBS, Owned};
use crate::manifest::{Descriptor, LAYOUT};
use crate::reference::Reference;
use archive::Staged;
use contents::Contents;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A name in the mirror and what it stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loaded {
    /// The name a pull finds it by.
    pub reference: Reference,
    /// Its manifest's or index's digest.
    pub digest: Digest,
    /// Distinct layers, over all platforms.
    pub layers: usize,
    /// Bytes of all its blobs.
    pub bytes: u64,
}

/// One name's image.
#[derive(Clone, Debug)]
struct Tagged {
    descriptor: Descriptor,
    contents: Contents,
}

/// All names. Cheap to read from while a load replaces it.
type Names = BTreeMap<Reference, Arc<Tagged>>;

/// The mirror in a directory; one process at a time, any number of threads.
#[derive(Debug)]
pub struct Mirror {
    files: Owned,
    limits: Limits,
    names: Mutex<Names>,
}

impl Mirror {
    /// Opens or makes the mirror at `dir`, and removes what a killed process left half-made.
    ///
    /// # Errors
    /// The step and the path; that another process uses it; an `index.json` that can't be read.
    pub fn open(dir: &Path) -> io::Result<Self> {
        Self::open_with(dir, Limits::default())
    }

    /// [`open`](Self::open) with other bounds on archives.
    ///
    /// # Errors
    /// As `open`.
    pub fn open_with(dir: &Path, limits: Limits) -> io::Result<Self> {
        let files = Owned::open(dir, &[BLOBS])?;
        // On a full disk it is opened, too.
        if fs::read(files.join("oci-layout")).ok().as_deref() != Some(LAYOUT.as_bytes()) {
            files.write(Path::new("oci-layout"), LAYOUT.as_bytes())?;
        }
        let names = index::read(&files)?;
        let mirror = Self { files, limits, names: Mutex::new(names) };
        mirror.remove_unnamed(&mirror.names())?;
        Ok(mirror)
    }

    /// Loads an archive: an OCI image layout or a `docker save`, plain or compressed with gzip or zstd as a whole.
    /// Each image keeps the names it has in the archive, or gets `as_name`, which the archive must then hold one
    /// image for. Names that were there before now mean the new image.
    ///
    /// # Errors
    /// [`Error`]; the mirror is as before then.
    pub fn load(&self, archive: impl Read + Send, as_name: Option<&str>) -> Result<Vec<Loaded>, Error> {
        let as_name = as_name.map(parse_name).transpose()?;
        let scratch = self.files.scratch()?;
        let mut staged = Staged::read(archive, scratch.path(), &self.limits)?;
        let images = staged.images(as_name.as_ref())?;
        let mut loaded = Names::new();
        for (reference, descriptor) in images {
            let contents = Contents::of(&descriptor, |digest, limit| staged.blob(digest, limit))?;
            loaded.insert(reference, Arc::new(Tagged { descriptor, contents }));
        }
        files::sync_file_system(scratch.path())?;
        self.publish(&staged, &loaded)?;
        Ok(loaded.iter().map(|(reference, tagged)| describe(reference, tagged)).collect())
    }

    /// All names, in order.
    pub fn list(&self) -> Vec<Loaded> {
        self.names().iter().map(|(reference, tagged)| describe(reference, tagged)).collect()
    }

    /// The registries that names are of.
    pub fn registries(&self) -> BTreeSet<String> {
        self.names().keys().map(|reference| reference.registry().to_owned()).collect()
    }

    /// Removes a name, and the blobs no other name needs. False when there is no such name.
    ///
    /// # Errors
    /// The step and the path.
    pub fn remove(&self, reference: &Reference) -> io::Result<bool> {
        let mut names = self.names();
        let mut left = names.clone();
        if left.remove(reference).is_none() {
            return Ok(false);
        }
        index::write(&self.files, &left)?;
        *names = left;
        self.remove_unnamed(&names)?;
        Ok(true)
    }

    /// Moves the staged blobs into place, then names them.
    fn publish(&self, staged: &Staged, loaded: &Names) -> io::Result<()> {
        let mut names = self.names();
        let mut all = names.clone();
        all.extend(loaded.iter().map(|(reference, tagged)| (reference.clone(), Arc::clone(tagged))));
        let published = self.place_blobs(staged, loaded).and_then(|()| index::write(&self.files, &all));
        if published.is_ok() {
            *names = all;
        }
        // After a failure this takes back what was placed; after success what the names stood for before.
        let cleaned = self.remove_unnamed(&names);
        published.and(cleaned)
    }

    fn place_blobs(&self, staged: &Staged, loaded: &Names) -> io::Result<()> {
        let wanted: BTreeSet<&Digest> = loaded.values().flat_map(|tagged| tagged.contents.digests()).collect();
        for digest in wanted {
            let path = self.blob_path(digest);
            if !path.exists() {
                fs::rename(staged.path_of(digest), &path).map_err(files::at("place", &path))?;
            }
        }
        let blobs = self.files.join(BLOBS);
        files::sync_directory(&blobs).map_err(files::at("sync", &blobs))
    }

    fn remove_unnamed(&self, names: &Names) -> io::Result<()> {
        let keep: BTreeSet<&str> = names.values().flat_map(|t| t.contents.digests()).map(Digest::hex).collect();
        let blobs = self.files.join(BLOBS);
        for name in files::names(&blobs)?.iter().filter(|name| !keep.contains(name.as_str())) {
            self.files.discard(&blobs.join(name))?;
        }
        Ok(())
    }

    fn blob_path(&self, digest: &Digest) -> PathBuf {
        self.files.join(BLOBS).join(digest.hex())
    }

    fn names(&self) -> MutexGuard<'_, Names> {
        // The map is replaced in one step, so a thread that panicked left it whole.
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn parse_name(name: &str) -> Result<Reference, Error> {
    let reference = Reference::parse(name).map_err(|error| Error::Name { name: name.to_owned(), error })?;
    match reference.digest() {
        Some(_) => {
            Err(Error::Archive(format!("--as {name}: a name is given by tag, its digest follows from the image")))
        }
        None => Ok(reference),
    }
}

fn describe(reference: &Reference, tagged: &Tagged) -> Loaded {
    Loaded {
        reference: reference.clone(),
        digest: tagged.descriptor.digest.clone(),
        layers: tagged.contents.layers(),
        bytes: tagged.contents.bytes(),
    }
}
