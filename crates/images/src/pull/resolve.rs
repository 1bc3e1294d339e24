//! From a reference to one image's manifest and configuration.

use super::download::{self, small_blob};
use super::transport::{Method, Request, Response};
use super::{PullError, Source};
use crate::digest::Digest;
use crate::manifest::{CONFIG_MAX, Config, Descriptor, Document, INDEX_DEPTH, Index, MANIFEST_MAX, Manifest};
use crate::platform::Platform;
use crate::store::{self, Store};
use std::io::{self, Read};

/// The most manifests, indexes and configurations that are looked at to find one image, and their bytes. An index may name a thousand
/// others, or one of them a thousand times, and what was read stays in memory until the layers are here.
const LOOKS_MAX: usize = 100;
const BYTES_MAX: usize = 32 << 20;

/// One image, found.
pub(super) struct Resolved {
    pub(super) digest: Digest,
    pub(super) manifest: Manifest,
    pub(super) config: Config,
    /// What was read on the way, to be stored once the layers are here.
    documents: Vec<(Digest, Vec<u8>)>,
}

impl Resolved {
    /// Everything of a store that it needs.
    pub(super) fn needed(&self) -> Vec<Digest> {
        let others = self.documents.iter().map(|(digest, _)| digest).filter(|digest| **digest != self.digest);
        store::needed(std::iter::once(&self.digest).chain(others).cloned(), &self.config)
    }

    /// Stores the documents; those on top last, so that what is found has all below it.
    pub(super) fn save(&self, store: &Store) -> io::Result<()> {
        self.documents.iter().rev().try_for_each(|(digest, content)| match store.document(digest)? {
            Some(_) => Ok(()),
            None => store.save_document(digest, content),
        })
    }
}

/// Asks the registry what the reference means and reads down to the configuration; documents already in the store
/// are not fetched again.
pub(super) fn resolve(store: &Store, source: &Source<'_>, platform: &Platform) -> Result<Resolved, PullError> {
    let mut reading = Reading { store, source, documents: Vec::new(), looks: 0 };
    let digest = reading.digest()?;
    let (digest, manifest) = reading.find(digest, platform, 0)?.ok_or_else(|| no_match(platform))?;
    let config = reading.config(&manifest)?;
    let (layers, diff_ids) = (manifest.layers.len(), config.rootfs.diff_ids.len());
    if layers != diff_ids {
        return Err(PullError::LayerCount { layers, diff_ids });
    }
    Ok(Resolved { digest, manifest, config, documents: reading.documents })
}

fn no_match(platform: &Platform) -> PullError {
    PullError::Platform { platform: platform.clone() }
}

struct Reading<'a> {
    store: &'a Store,
    source: &'a Source<'a>,
    documents: Vec<(Digest, Vec<u8>)>,
    looks: usize,
}

impl Reading<'_> {
    /// The digest the reference means now.
    fn digest(&mut self) -> Result<Digest, PullError> {
        let reference = self.source.reference;
        let head = self.send(&Request::manifest(Method::Head, reference, &reference.target()))?;
        let told = head.header("docker-content-digest").map(str::parse::<Digest>);
        let digest = match (reference.digest(), told) {
            (Some(asked), _) => asked.clone(),
            (None, Some(Ok(told))) => told,
            (None, Some(Err(error))) => return Err(self.refused(&error.to_string())),
            // The header is optional for a registry: the content tells as well.
            (None, None) => {
                let content = self.content(&Request::manifest(Method::Get, reference, &reference.target()))?;
                let digest = Digest::of(&content);
                self.documents.push((digest.clone(), content));
                digest
            }
        };
        Ok(digest)
    }

    /// The image at `digest`, or the first in an index that fits.
    fn find(
        &mut self,
        digest: Digest,
        platform: &Platform,
        depth: usize,
    ) -> Result<Option<(Digest, Manifest)>, PullError> {
        let content = self.document(&digest)?;
        let document = Document::parse(&content).map_err(|what| self.refused(&format!("manifest {digest}: {what}")))?;
        match document {
            Document::Manifest(manifest) => Ok(Some((digest, manifest))),
            Document::Index(_) if depth >= INDEX_DEPTH => Err(self.refused("indexes are nested too deep")),
            Document::Index(index) => self.choose(&index, platform, depth + 1),
        }
    }

    /// Entries that say they fit come first, then those that say nothing and turn out to.
    fn choose(
        &mut self,
        index: &Index,
        platform: &Platform,
        depth: usize,
    ) -> Result<Option<(Digest, Manifest)>, PullError> {
        let entries = || index.manifests.iter().filter(|entry| entry.is_manifest());
        let fits = |entry: &&Descriptor| entry.platform.as_ref().is_some_and(|p| platform.accepts(p));
        for entry in entries().filter(fits) {
            if let Some(found) = self.find(entry.digest.clone(), platform, depth)? {
                return Ok(Some(found));
            }
        }
        for entry in entries().filter(|entry| entry.platform.is_none()) {
            let Some((digest, manifest)) = self.find(entry.digest.clone(), platform, depth)? else { continue };
            if entry.is_index() || platform.accepts(&self.config(&manifest)?.platform) {
                return Ok(Some((digest, manifest)));
            }
        }
        Ok(None)
    }

    /// Counts a look at a document that is not read yet.
    fn look(&mut self) -> Result<(), PullError> {
        self.looks += 1;
        let bytes: usize = self.documents.iter().map(|(_, content)| content.len()).sum();
        if self.looks > LOOKS_MAX || bytes > BYTES_MAX {
            let what = format!("the image is not among {LOOKS_MAX} documents or {BYTES_MAX} bytes of them");
            return Err(self.refused(&what));
        }
        Ok(())
    }

    fn document(&mut self, digest: &Digest) -> Result<Vec<u8>, PullError> {
        self.look()?;
        if let Some((_, content)) = self.documents.iter().find(|(known, _)| known == digest) {
            return Ok(content.clone());
        }
        let content = match self.store.document(digest)? {
            Some(content) => content,
            None => self.content(&Request::manifest(Method::Get, self.source.reference, &digest.to_string()))?,
        };
        let got = Digest::of(&content);
        if got != *digest {
            return Err(download::wrong_digest("manifest", &got, digest));
        }
        self.documents.push((digest.clone(), content.clone()));
        Ok(content)
    }

    fn config(&mut self, manifest: &Manifest) -> Result<Config, PullError> {
        self.look()?;
        let descriptor = &manifest.config;
        let content = match self.store.document(&descriptor.digest)? {
            Some(content) => content,
            None => small_blob(self.source, descriptor, CONFIG_MAX)?,
        };
        let config = serde_json::from_slice(&content);
        let config = config.map_err(|e| self.refused(&format!("configuration {}: {e}", descriptor.digest)))?;
        self.documents.push((descriptor.digest.clone(), content));
        Ok(config)
    }

    fn content(&self, request: &Request) -> Result<Vec<u8>, PullError> {
        let mut content = Vec::new();
        let response = self.send(request)?;
        let read = response.body.take(MANIFEST_MAX + 1).read_to_end(&mut content);
        read.map_err(|error| PullError::no_answer(self.source.reference, 1, request, &error))?;
        if content.len() as u64 > MANIFEST_MAX {
            return Err(self.refused(&format!("the manifest is over {MANIFEST_MAX} bytes")));
        }
        Ok(content)
    }

    /// Sends until it succeeds, is refused, or the tries are used up.
    fn send(&self, request: &Request) -> Result<Response, PullError> {
        let reference = self.source.reference;
        let (answer, tries) = download::send(self.source, request);
        match answer {
            Ok(response) if response.status == 200 => Ok(response),
            Ok(response) if response.status == 404 => Err(PullError::NotFound { reference: reference.to_string() }),
            Ok(response) => Err(PullError::status(reference, tries, request, response.status)),
            Err(error) => Err(PullError::no_answer(reference, tries, request, &error)),
        }
    }

    fn refused(&self, what: &str) -> PullError {
        PullError::Resolve { reference: self.source.reference.to_string(), tries: 1, what: what.to_owned() }
    }
}
