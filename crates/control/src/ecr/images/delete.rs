//! Deleting images and tags. What an image leaves behind are its layers, which go when nobody counts on them any more.

use super::{by_digest, of, of_request};
use crate::{
    State, Tx,
    ecr::{lifecycle, repositories},
    state::{EcrImage, EcrLayer, EcrTag, Record},
};
use aws::{
    api::ecr::{BatchDeleteImageRequest, BatchDeleteImageResponse, ImageFailure, ImageFailureCode, ImageIdentifier},
    fault::Fault,
};
use std::collections::HashMap;

/// BatchDeleteImage: by tag the tag goes, and with its last one the image; by digest the image with all its tags.
pub(in crate::ecr) fn batch_delete(
    tx: &mut Tx<'_>,
    request: BatchDeleteImageRequest,
) -> Result<BatchDeleteImageResponse, Fault> {
    let BatchDeleteImageRequest { registry_id, repository_name: name, image_ids } = request;
    repositories::find(&tx.state, registry_id.as_deref(), &name)?;
    let (mut deleted, mut failures) = (Vec::new(), Vec::new());
    for id in image_ids {
        let digest = match of_request(&tx.state, &name, &id) {
            Ok(image) => image.digest.clone(),
            Err(failure) => {
                failures.push(failure);
                continue;
            }
        };
        let gone = match &id.image_tag {
            Some(tag) => untag(tx, &name, tag),
            None => delete_unlisted(tx, &name, &digest),
        };
        match gone {
            Ok(gone) => deleted.extend(gone),
            Err(indexes) => failures.push(referenced(id, digest, &indexes)),
        }
    }
    lifecycle::changed(tx, &name);
    Ok(BatchDeleteImageResponse { image_ids: Some(deleted), failures: Some(failures) })
}

fn referenced(id: ImageIdentifier, digest: String, indexes: &[String]) -> ImageFailure {
    ImageFailure {
        image_id: Some(ImageIdentifier { image_digest: Some(digest), image_tag: id.image_tag }),
        failure_code: Some(ImageFailureCode::ImageReferencedByManifestList),
        failure_reason: Some(format!("Requested image referenced by manifest list: [{}]", indexes.join(", "))),
    }
}

/// Deletes an image and its tags. Nothing when there is none.
///
/// # Errors
/// The digests of the indexes that list it and that must be deleted first.
pub fn delete(tx: &mut Tx<'_>, repository: &str, digest: &str) -> Result<(), Vec<String>> {
    delete_unlisted(tx, repository, digest)?;
    lifecycle::changed(tx, repository);
    Ok(())
}

/// The same, telling which ids that were.
fn delete_unlisted(tx: &mut Tx<'_>, repository: &str, digest: &str) -> Result<Vec<ImageIdentifier>, Vec<String>> {
    let indexes = indexes_of(&tx.state, repository, digest);
    if !indexes.is_empty() {
        return Err(indexes);
    }
    Ok(remove(tx, repository, digest))
}

/// Deletes a tag and leaves the image, as the OCI distribution API does.
pub fn remove_tag(tx: &mut Tx<'_>, repository: &str, tag: &str) {
    tx.state.ecr_tags.remove(&EcrTag::key_of(repository, tag));
    lifecycle::changed(tx, repository);
}

/// Deletes a tag, and the image when that was its last and no index lists it. Nothing when there is no such tag.
///
/// # Errors
/// As [`delete`]; the tag stays.
fn untag(tx: &mut Tx<'_>, repository: &str, tag: &str) -> Result<Vec<ImageIdentifier>, Vec<String>> {
    let Some(found) = tx.state.ecr_tags.get(&EcrTag::key_of(repository, tag)).cloned() else { return Ok(Vec::new()) };
    let others = tags(&tx.state, repository, &found.digest).any(|other| other.tag != tag);
    if !others {
        return delete_unlisted(tx, repository, &found.digest);
    }
    tx.state.ecr_tags.remove(&found.key());
    Ok(vec![ImageIdentifier { image_digest: Some(found.digest), image_tag: Some(found.tag) }])
}

fn indexes_of(state: &State, repository: &str, digest: &str) -> Vec<String> {
    let lists = |image: &&EcrImage| image.children.iter().any(|child| child == digest);
    of(state, repository).filter(lists).map(|image| image.digest.clone()).collect()
}

fn tags<'a>(state: &'a State, repository: &str, digest: &'a str) -> impl Iterator<Item = &'a EcrTag> + use<'a> {
    let prefix = EcrTag::key_of(repository, "");
    let found: Vec<&EcrTag> = state.ecr_tags.prefixed(&prefix).filter(|tag| tag.digest == digest).collect();
    found.into_iter()
}

fn remove(tx: &mut Tx<'_>, repository: &str, digest: &str) -> Vec<ImageIdentifier> {
    let gone = tags(&tx.state, repository, digest).cloned().collect();
    remove_with(tx, repository, digest, gone)
}

/// The same, of an image whose tags are known.
fn remove_with(tx: &mut Tx<'_>, repository: &str, digest: &str, gone: Vec<EcrTag>) -> Vec<ImageIdentifier> {
    let Some(image) = by_digest(&tx.state, repository, digest).cloned() else { return Vec::new() };
    let id = |image_tag| ImageIdentifier { image_digest: Some(digest.to_owned()), image_tag };
    for tag in &gone {
        tx.state.ecr_tags.remove(&tag.key());
    }
    let now = tx.now;
    for layer in &image.layers {
        tx.state.ecr_layers.update(&EcrLayer::key_of(repository, layer), |layer| layer.used = now);
    }
    tx.state.ecr_images.remove(&image.key());
    match gone.is_empty() {
        true => vec![id(None)],
        false => gone.into_iter().map(|tag| id(Some(tag.tag))).collect(),
    }
}

/// Deletes images by a lifecycle policy, and the artifacts that refer to them. Goes through the repository once, however many they are.
pub(in crate::ecr) fn expire<'a>(tx: &mut Tx<'_>, repository: &str, digests: impl Iterator<Item = &'a str>) {
    let mut next: Vec<String> = digests.map(str::to_owned).collect();
    if next.is_empty() {
        return;
    }
    let mut tags: HashMap<String, Vec<EcrTag>> = HashMap::new();
    for tag in tx.state.ecr_tags.prefixed(&EcrTag::key_of(repository, "")) {
        tags.entry(tag.digest.clone()).or_default().push(tag.clone());
    }
    let mut referrers: HashMap<String, Vec<String>> = HashMap::new();
    for image in of(&tx.state, repository) {
        if let Some(subject) = &image.subject {
            referrers.entry(subject.clone()).or_default().push(image.digest.clone());
        }
    }
    // Each takes its referrers with it once: artifacts may refer to each other.
    while let Some(digest) = next.pop() {
        remove_with(tx, repository, &digest, tags.remove(&digest).unwrap_or_default());
        next.extend(referrers.remove(&digest).unwrap_or_default());
    }
}

/// Deletes every image of a repository.
pub(in crate::ecr) fn delete_all(tx: &mut Tx<'_>, repository: &str) {
    let images: Vec<String> = of(&tx.state, repository).map(Record::key).collect();
    for key in images {
        tx.state.ecr_images.remove(&key);
    }
    let prefix = EcrTag::key_of(repository, "");
    let tags: Vec<String> = tx.state.ecr_tags.prefixed(&prefix).map(Record::key).collect();
    for key in tags {
        tx.state.ecr_tags.remove(&key);
    }
}
