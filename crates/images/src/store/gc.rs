//! Removing what nobody uses.

use super::Store;
use crate::digest::Digest;
use crate::files;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::PoisonError;
use std::time::SystemTime;

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
    /// Removes what no [`Hold`](super::Hold) names until there is `enough` room: layers first, and of them those first that were last used
    /// longest ago. That the disk is full is no obstacle.
    ///
    /// # Errors
    /// The first path that can't be read or taken away; running it again goes on.
    pub fn gc(&self, enough: impl Fn() -> bool) -> io::Result<Freed> {
        let _alone = self.collecting.lock().unwrap_or_else(PoisonError::into_inner);
        let mut freed = Freed::default();
        if enough() {
            return Ok(freed);
        }
        for hex in self.by_last_use()? {
            let bytes = self.layer_bytes(&hex);
            if self.discard_unheld(&hex, &self.layer_path(&hex))? {
                (freed.layers, freed.bytes) = (freed.layers + 1, freed.bytes + bytes);
            }
            if enough() {
                return Ok(freed);
            }
        }
        let documents = self.files.join("documents");
        for hex in files::names(&documents)? {
            freed.documents += u64::from(self.discard_unheld(&hex, &documents.join(&hex))?);
        }
        Ok(freed)
    }

    /// The layers that are here, the longest unused first.
    fn by_last_use(&self) -> io::Result<Vec<String>> {
        let mut layers: Vec<(SystemTime, String)> = Vec::new();
        for hex in files::names(&self.files.join("layers"))? {
            let path = self.layer_path(&hex);
            let used = fs::metadata(&path).and_then(|about| about.modified()).map_err(files::at("examine", &path))?;
            layers.push((used, hex));
        }
        layers.sort();
        Ok(layers.into_iter().map(|(_, hex)| hex).collect())
    }

    /// Takes something away if nobody holds it, and tells whether it did.
    fn discard_unheld(&self, hex: &str, path: &Path) -> io::Result<bool> {
        let gone = {
            // A pull holds its digests before it looks what is here, so under this lock nothing it needs goes.
            let work = self.work();
            if Digest::from_hex(hex).is_ok_and(|digest| work.is_held(&digest)) {
                return Ok(false);
            }
            self.files.discard(path)?
        };
        // Deleting a tree takes long; it happens here, outside the lock.
        drop(gone);
        Ok(true)
    }
}
