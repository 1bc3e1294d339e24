//! A name's image for another registry on this machine, which is to have it too.

use super::{Mirror, Tagged};
use crate::digest::Digest;
use crate::files;
use crate::manifest::{Document, MANIFEST_MAX};
use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

/// What one manifest or index reaches.
#[derive(Debug, Default)]
pub struct Copied {
    /// Configurations and layers, and their lengths in bytes; [`Mirror::file`] has them.
    pub blobs: Vec<(Digest, u64)>,
    /// Manifests with their media types and contents, each after those it lists: the one that was asked for is the last.
    pub manifests: Vec<(Digest, String, Vec<u8>)>,
}

impl Mirror {
    /// What a tag or digest means in a repository such as `docker.io/library/nginx`.
    pub fn digest(&self, repository: &str, target: &str) -> Option<Digest> {
        match target.parse::<Digest>() {
            Ok(digest) => self.with(repository, &digest).map(|_| digest),
            Err(_) => {
                let names = self.names();
                let mut named = names.iter().filter(|(reference, _)| reference.name() == repository);
                let found = named.find(|(reference, _)| reference.tag() == Some(target));
                found.map(|(_, tagged)| tagged.descriptor.digest.clone())
            }
        }
    }

    /// An image of a repository, or an index with all images of it that are here. `None` when it is not here, or no more.
    ///
    /// # Errors
    /// The step and the path.
    pub fn image(&self, repository: &str, digest: &Digest) -> io::Result<Option<Copied>> {
        let Some(tagged) = self.with(repository, digest) else { return Ok(None) };
        let mut copied = Copied::default();
        let mut needed = BTreeSet::new();
        if !self.collect(&tagged, digest, &mut copied, &mut needed)? {
            return Ok(None);
        }
        let blobs = tagged.contents.blobs().filter(|(blob, _)| needed.contains(*blob));
        copied.blobs = blobs.map(|(blob, size)| (blob.clone(), *size)).collect();
        Ok(Some(copied))
    }

    /// The file of a blob.
    pub fn file(&self, digest: &Digest) -> PathBuf {
        self.blob_path(digest)
    }

    /// The name that has a manifest.
    fn with(&self, repository: &str, digest: &Digest) -> Option<Arc<Tagged>> {
        let names = self.names();
        let mut named = names.iter().filter(|(reference, _)| reference.name() == repository);
        named.find(|(_, tagged)| tagged.contents.manifest(digest).is_some()).map(|(_, tagged)| tagged.clone())
    }

    /// Adds a manifest after those below it; whether it is here. Loading has bounded how deep they are nested.
    fn collect(
        &self,
        tagged: &Tagged,
        digest: &Digest,
        copied: &mut Copied,
        needed: &mut BTreeSet<Digest>,
    ) -> io::Result<bool> {
        let Some((media_type, _)) = tagged.contents.manifest(digest) else { return Ok(false) };
        if copied.manifests.iter().any(|(known, ..)| known == digest) {
            return Ok(true);
        }
        let Some(content) = files::read(&self.blob_path(digest), MANIFEST_MAX)? else { return Ok(false) };
        match Document::parse(&content).map_err(io::Error::other)? {
            Document::Index(index) => {
                for entry in &index.manifests {
                    self.collect(tagged, &entry.digest, copied, needed)?;
                }
            }
            Document::Manifest(manifest) => {
                needed.extend(manifest.layers.iter().map(|layer| layer.digest.clone()));
                needed.insert(manifest.config.digest);
            }
        }
        copied.manifests.push((digest.clone(), media_type.to_owned(), content));
        Ok(true)
    }
}
