//! Removing what no container uses.

use super::{Store, parents};
use crate::digest::Digest;
use crate::files::{self, Discarded};
use crate::manifest::{Config, Document};
use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;

/// What gc removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Freed {
    /// Layers.
    pub layers: u64,
    /// Manifests, indexes and configurations.
    pub documents: u64,
    /// Bytes of file content in the layers.
    pub bytes: u64,
}

impl Store {
    /// Removes every image but those whose manifest digest is in `in_use`, those a living [`Image`](super::Image)
    /// stands for and those being pulled.
    ///
    /// # Errors
    /// The first path that can't be read or taken away; running it again goes on.
    pub fn gc(&self, in_use: &BTreeSet<Digest>) -> io::Result<Freed> {
        let mut freed = Freed::default();
        let mut gone = Vec::new();
        {
            // A pull holds its digests before it looks what is here, so under this lock nothing it needs goes.
            let work = self.work();
            let roots: BTreeSet<Digest> = in_use.iter().chain(work.held()).cloned().collect();
            let keep = self.reachable(roots)?;
            for (hex, path) in self.unneeded("layers", &keep)? {
                freed.bytes += self.layer_bytes(&hex);
                freed.layers += 1;
                gone.push(self.files.discard(&path)?);
            }
            for (_, path) in self.unneeded("documents", &keep)? {
                freed.documents += 1;
                gone.push(self.files.discard(&path)?);
            }
        }
        // Deleting the trees takes long; it happens here, outside the lock.
        drop::<Vec<Discarded>>(gone);
        Ok(freed)
    }

    fn unneeded(&self, part: &str, keep: &BTreeSet<Digest>) -> io::Result<Vec<(String, PathBuf)>> {
        let directory = self.files.join(part);
        let names = files::names(&directory)?.into_iter();
        let needed = |hex: &str| Digest::from_hex(hex).is_ok_and(|digest| keep.contains(&digest));
        Ok(names.filter(|hex| !needed(hex)).map(|hex| (hex.clone(), directory.join(hex))).collect())
    }

    /// The roots, their configurations and layers, and the indexes that name one of them.
    fn reachable(&self, roots: BTreeSet<Digest>) -> io::Result<BTreeSet<Digest>> {
        let mut keep = roots.clone();
        for hex in files::names(&self.files.join("documents"))? {
            let Ok(digest) = Digest::from_hex(&hex) else { continue };
            let Some(document) = self.document(&digest)?.and_then(|bytes| Document::parse(&bytes).ok()) else {
                continue;
            };
            match document {
                Document::Index(index) if index.manifests.iter().any(|m| roots.contains(&m.digest)) => {
                    keep.insert(digest);
                }
                Document::Manifest(manifest) if roots.contains(&digest) => {
                    let config = self.document(&manifest.config.digest)?;
                    let config = config.and_then(|bytes| serde_json::from_slice::<Config>(&bytes).ok());
                    let layers = config.map(|config| config.rootfs.diff_ids).unwrap_or_default();
                    keep.insert(parents::digest_of(&layers));
                    keep.extend(layers);
                    keep.insert(manifest.config.digest);
                }
                _ => {}
            }
        }
        Ok(keep)
    }
}
