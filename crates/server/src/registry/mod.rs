//! Amazon ECR's registry: what its records can't hold. Manifests and layers as files, uploads on their way, authorization tokens; the
//! operations that need them, the OCI distribution API (v1.1) at `/v2/`, and the bucket that layers are fetched from.
//!
//! What is pushed becomes visible in one order only: the file is durable under its digest, then a transaction of
//! `control::ecr` names it. A `kill -9` in between leaves a file that nothing names, and [`sweep`] removes it.
//!
//! Absent: any decision about repositories, images and tags, which is `control`'s.

mod http;
mod layers;
mod operations;
mod push;
mod sweep;
mod through;
mod token;
mod uploads;

pub(crate) use http::answer;
pub(crate) use layers::{Place, fetch, is_for_bucket};
pub(crate) use operations::{answers, operation, takes_layers};
pub(crate) use sweep::{empty, sweep};

use crate::Error;
use ::images::blobs::Blobs;
use std::path::Path;
use token::Key;
use uploads::Uploads;

/// The longest blob ("Amazon ECR service quotas": maximum layer size), in bytes.
const BLOB_MAX: u64 = 52_000 << 20;

/// The registry's files.
pub(crate) struct Registry {
    blobs: Blobs,
    uploads: Uploads,
    key: Key,
    /// What URLs of layers are signed with.
    layers: String,
}

impl Registry {
    /// Opens or makes what is under `dir`.
    ///
    /// # Errors
    /// The step and the path.
    pub(crate) fn open(dir: &Path) -> Result<Self, Error> {
        let failed = |error| Error::new(format!("opening the registry in {}", dir.display())).because(error);
        let blobs = Blobs::open(dir).map_err(failed)?;
        let key = Key::open(&dir.join("key"))?;
        let layers = key.derived("layers");
        Ok(Self { blobs, uploads: Uploads::default(), key, layers })
    }
}
