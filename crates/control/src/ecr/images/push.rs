//! Pushing an image: a manifest whose file is durable becomes visible, under a tag or without.

use super::{by_digest, by_tag, is_tag, mutability, of};
use crate::{
    State, Tx,
    ecr::{
        faults::{invalid, limit, place},
        layers, lifecycle, repositories,
    },
    state::{EcrImage, EcrTag},
};
use aws::fault::Fault;

/// "Amazon ECR service quotas": images of a repository, tags of an image.
const MAX_IMAGES: usize = 100_000;
const MAX_TAGS: usize = 1_000;

/// What a manifest says, as far as the control plane has to know it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Manifest {
    /// Its digest.
    pub digest: String,
    /// Its media type.
    pub media_type: String,
    /// Its length in bytes.
    pub size: u64,
    /// Its `artifactType`, or its configuration's media type.
    pub artifact_type: Option<String>,
    /// The blobs the registry must have for it: configuration and layers.
    pub blobs: Vec<Blob>,
    /// Digests of the manifests it lists, if it is an index.
    pub children: Vec<String>,
    /// The digest of its subject.
    pub subject: Option<String>,
}

/// A blob as a manifest names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blob {
    /// Its digest.
    pub digest: String,
    /// Its length in bytes.
    pub size: u64,
}

/// What a push changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pushed {
    /// The image, its tag, or both were not there before.
    New,
    /// Image and tag were there already; nothing has changed.
    Again,
}

/// Makes an image visible.
///
/// # Errors
/// `RepositoryNotFoundException`; `LayersNotFoundException` and `ReferencedImagesNotFoundException` for what it needs and the
/// repository has not; `ImageTagAlreadyExistsException` when the tag may not be moved; `LimitExceededException`.
pub fn push(tx: &mut Tx<'_>, repository: &str, manifest: &Manifest, tag: Option<&str>) -> Result<Pushed, Fault> {
    let record = repositories::find(&tx.state, None, repository)?;
    if tag.is_some_and(|tag| !is_tag(tag)) {
        return Err(invalid("imageTag", "must satisfy regular expression '[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}'"));
    }
    let known = by_digest(&tx.state, repository, &manifest.digest).is_some();
    if let Some(tag) = tag {
        match by_tag(&tx.state, repository, tag) {
            Some(image) if image.digest == manifest.digest => return Ok(Pushed::Again),
            Some(_) if !mutability::is_mutable(record, tag) => return Err(immutable(repository, tag)),
            _ => {}
        }
    }
    match (known, tag) {
        (true, None) => return Ok(Pushed::Again),
        (true, Some(_)) => {}
        (false, _) => put(tx, repository, manifest)?,
    }
    if let Some(tag) = tag {
        if known {
            check_tags(&tx.state, repository, &manifest.digest)?;
        }
        let (repository, tag, digest) = (repository.to_owned(), tag.to_owned(), manifest.digest.clone());
        tx.state.ecr_tags.put(EcrTag { repository, tag, digest });
    }
    lifecycle::changed(tx, repository);
    Ok(Pushed::New)
}

fn immutable(repository: &str, tag: &str) -> Fault {
    let message = format!(
        "The image tag '{tag}' already exists in the '{repository}' repository and cannot be overwritten because the tag is immutable."
    );
    Fault::new("ImageTagAlreadyExistsException", message)
}

fn put(tx: &mut Tx<'_>, repository: &str, manifest: &Manifest) -> Result<(), Fault> {
    check_blobs(&tx.state, repository, manifest)?;
    check_children(&tx.state, repository, manifest)?;
    // Who has not so many in all repositories has not in one.
    if tx.state.ecr_images.len() >= MAX_IMAGES && of(&tx.state, repository).count() >= MAX_IMAGES {
        return Err(limit("images per repository", MAX_IMAGES));
    }
    let image = EcrImage {
        repository: repository.to_owned(),
        digest: manifest.digest.clone(),
        media_type: manifest.media_type.clone(),
        manifest_size: manifest.size,
        artifact_type: manifest.artifact_type.clone(),
        size: size(&tx.state, repository, manifest),
        pushed: tx.now,
        pulled: None,
        layers: manifest.blobs.iter().map(|blob| blob.digest.clone()).collect(),
        children: manifest.children.clone(),
        subject: manifest.subject.clone(),
    };
    tx.state.ecr_images.put(image);
    Ok(())
}

fn check_blobs(state: &State, repository: &str, manifest: &Manifest) -> Result<(), Fault> {
    let found = |blob: &&Blob| layers::get(state, repository, &blob.digest);
    let missing: Vec<&str> =
        manifest.blobs.iter().filter(|blob| found(blob).is_none()).map(|blob| blob.digest.as_str()).collect();
    if !missing.is_empty() {
        let (missing, place) = (missing.join(", "), place(state, repository));
        let message = format!("Layers with digests '[{missing}]' required for pushing image into {place} do not exist");
        return Err(Fault::new("LayersNotFoundException", message));
    }
    match manifest.blobs.iter().find(|blob| found(blob).is_some_and(|layer| layer.size != blob.size)) {
        Some(blob) => {
            let why = format!("the size {} of the layer {} is not the layer's", blob.size, blob.digest);
            Err(invalid("imageManifest", why))
        }
        None => Ok(()),
    }
}

fn check_children(state: &State, repository: &str, manifest: &Manifest) -> Result<(), Fault> {
    let missing = |digest: &&str| by_digest(state, repository, digest).is_none();
    let missing: Vec<&str> = manifest.children.iter().map(String::as_str).filter(missing).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let (missing, place) = (missing.join(", "), place(state, repository));
    let message = format!("Images with digests '[{missing}]' required for pushing image into {place} do not exist");
    Err(Fault::new("ReferencedImagesNotFoundException", message))
}

/// "If the image is a manifest list, this will be the max size of all manifests in the list" ("ImageDetail").
fn size(state: &State, repository: &str, manifest: &Manifest) -> u64 {
    let children = manifest.children.iter().filter_map(|digest| by_digest(state, repository, digest));
    let largest = children.map(|image| image.size).max().unwrap_or(0);
    manifest.blobs.iter().fold(largest, |sum, blob| sum.saturating_add(blob.size))
}

fn check_tags(state: &State, repository: &str, digest: &str) -> Result<(), Fault> {
    let tags = state.ecr_tags.prefixed(&EcrTag::key_of(repository, "")).filter(|tag| tag.digest == digest).count();
    if tags >= MAX_TAGS { Err(limit("tags per image", MAX_TAGS)) } else { Ok(()) }
}
