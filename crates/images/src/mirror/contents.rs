//! What an image is made of, from its manifest or index down.

use super::Error;
use crate::digest::Digest;
use crate::manifest::{CONFIG_MAX, Config, Descriptor, Document, INDEX_DEPTH, Index, MANIFEST_MAX, Manifest};
use std::collections::BTreeMap;

/// Everything one name reaches.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Contents {
    /// Manifests and indexes: media type and size.
    manifests: BTreeMap<Digest, (String, u64)>,
    /// Configurations and their sizes.
    configs: BTreeMap<Digest, u64>,
    /// Layers and their sizes.
    layers: BTreeMap<Digest, u64>,
}

/// A blob that is there: its size, and its content if it was asked for with a limit.
pub(super) struct Blob {
    pub(super) size: u64,
    pub(super) content: Vec<u8>,
}

/// Looks a blob up; with a limit reads it too. `None` when it is not there.
pub(super) trait Lookup: Fn(&Digest, Option<u64>) -> Result<Option<Blob>, Error> {}
impl<F: Fn(&Digest, Option<u64>) -> Result<Option<Blob>, Error>> Lookup for F {}

impl Contents {
    /// Reads everything below `root` and checks that it is complete. In an index, images may be missing (archives
    /// of one platform keep the index of all), but not every one.
    pub(super) fn of(root: &Descriptor, lookup: impl Lookup) -> Result<Self, Error> {
        let mut contents = Self::default();
        match contents.add(root, &lookup, 0)? {
            None if contents.configs.is_empty() => {
                Err(Error::Archive(format!("index {} has no image that is in the archive", root.digest)))
            }
            None => Ok(contents),
            Some(missing) => Err(Error::Archive(format!("blob {missing} is missing from the archive"))),
        }
    }

    pub(super) fn digests(&self) -> impl Iterator<Item = &Digest> {
        self.manifests.keys().chain(self.configs.keys()).chain(self.layers.keys())
    }

    /// A manifest's media type and size.
    pub(super) fn manifest(&self, digest: &Digest) -> Option<(&str, u64)> {
        self.manifests.get(digest).map(|(media_type, size)| (media_type.as_str(), *size))
    }

    /// A blob's size. Manifests are blobs as well.
    pub(super) fn blob(&self, digest: &Digest) -> Option<u64> {
        let blob = self.layers.get(digest).or_else(|| self.configs.get(digest)).copied();
        blob.or_else(|| self.manifests.get(digest).map(|(_, size)| *size))
    }

    /// Configurations and layers, and their sizes.
    pub(super) fn blobs(&self) -> impl Iterator<Item = (&Digest, &u64)> {
        self.configs.iter().chain(&self.layers)
    }

    pub(super) fn layers(&self) -> usize {
        self.layers.len()
    }

    pub(super) fn bytes(&self) -> u64 {
        let manifests = self.manifests.values().map(|(_, size)| size);
        manifests.chain(self.configs.values()).chain(self.layers.values()).sum()
    }

    /// Adds what is below `descriptor`; tells the first blob that is missing, and adds nothing then.
    fn add(&mut self, descriptor: &Descriptor, lookup: &impl Lookup, depth: usize) -> Result<Option<Digest>, Error> {
        let digest = &descriptor.digest;
        let Some(blob) = lookup(digest, Some(MANIFEST_MAX))? else { return Ok(Some(digest.clone())) };
        let document = Document::parse(&blob.content);
        let document = document.map_err(|what| Error::Archive(format!("manifest {digest}: {what}")))?;
        let entry = (document.media_type().to_owned(), blob.size);
        match document {
            Document::Index(_) if depth >= INDEX_DEPTH => {
                return Err(Error::Archive(format!("index {digest}: indexes are nested too deep")));
            }
            Document::Index(index) => self.add_index(&index, lookup, depth + 1)?,
            Document::Manifest(manifest) => {
                if let Some(missing) = self.add_manifest(digest, &manifest, lookup)? {
                    return Ok(Some(missing));
                }
            }
        }
        self.manifests.insert(digest.clone(), entry);
        Ok(None)
    }

    fn add_index(&mut self, index: &Index, lookup: &impl Lookup, depth: usize) -> Result<(), Error> {
        for entry in index
            .manifests
            .iter()
            .filter(|entry| !self.manifests.contains_key(&entry.digest))
            .cloned()
            .collect::<Vec<_>>()
        {
            // Missing ones are left out.
            self.add(&entry, lookup, depth)?;
        }
        Ok(())
    }

    fn add_manifest(
        &mut self,
        digest: &Digest,
        manifest: &Manifest,
        lookup: &impl Lookup,
    ) -> Result<Option<Digest>, Error> {
        let config = &manifest.config;
        let Some(blob) = lookup(&config.digest, Some(CONFIG_MAX))? else { return Ok(Some(config.digest.clone())) };
        check_size(config, blob.size)?;
        // An attestation's manifest has a configuration too; only one that is an image's must fit its layers.
        if let Ok(parsed) = serde_json::from_slice::<Config>(&blob.content)
            && parsed.rootfs.diff_ids.len() != manifest.layers.len()
        {
            return Err(Error::Archive(format!(
                "manifest {digest} has {} layers and its configuration {}",
                manifest.layers.len(),
                parsed.rootfs.diff_ids.len()
            )));
        }
        let mut layers = BTreeMap::new();
        for layer in &manifest.layers {
            let Some(blob) = lookup(&layer.digest, None)? else { return Ok(Some(layer.digest.clone())) };
            check_size(layer, blob.size)?;
            layers.insert(layer.digest.clone(), blob.size);
        }
        self.configs.insert(config.digest.clone(), blob.size);
        self.layers.append(&mut layers);
        Ok(None)
    }
}

fn check_size(descriptor: &Descriptor, size: u64) -> Result<(), Error> {
    if descriptor.size == size {
        return Ok(());
    }
    let Descriptor { digest, size: told, .. } = descriptor;
    Err(Error::Archive(format!("blob {digest} has {size} bytes where its descriptor says {told}")))
}
