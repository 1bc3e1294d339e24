//! Pulls through the cache: a repository that a rule is for is filled from another registry when it is pulled from ("Sync an upstream
//! registry with an Amazon ECR private registry", Amazon ECR User Guide).
//!
//! The other registry is the mirror of what was loaded as its images. AWS looks at least once a day whether a tag means something else
//! there by now; looking costs nothing here, so each pull by tag does. Once filled, a repository stays when the image is gone from there.
//!
//! Absent: repositories of AWS accounts and regions as upstream.

use super::push::{read, storage, whole};
use crate::app::{App, blocking};
use crate::mirror::registry_of;
use ::images::blobs::Pin;
use ::images::digest::Digest;
use ::images::mirror::Copied;
use aws::fault::Fault;
use control::ecr::images::{Manifest, by_digest, by_tag, push};
use control::ecr::{check_upstream, layers, repositories, upstream_of};
use control::{Caller, Tx};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Fills a repository with what is asked for of it, if a rule is for it and the image is there. What is missing afterwards is missing.
///
/// # Errors
/// `UnableToAccessSecretException` and its like, where the rule's credentials can't be used; quotas; the disk's failures.
pub(super) async fn fill(app: &Arc<App>, caller: &Caller, repository: &str, target: &str) -> Result<(), Fault> {
    let state = app.core.state();
    let Some(upstream) = upstream_of(&state, repository) else { return Ok(()) };
    let source = format!("{}/{}", registry_of(&upstream.registry), upstream.repository);
    let Some(digest) = app.mirror.digest(&source, target) else { return Ok(()) };
    let is_digest = target.contains(':');
    let known = if is_digest { by_digest(&state, repository, target) } else { by_tag(&state, repository, target) };
    if known.is_some_and(|image| image.digest == digest.to_string()) {
        return Ok(());
    }
    check_upstream(&state, &upstream)?;
    let tag = (!is_digest).then(|| target.to_owned());
    let (app, caller, repository) = (app.clone(), caller.clone(), repository.to_owned());
    let filled: Result<(), Fault> = whole(async move {
        let shared = app.clone();
        let (image, pins) = blocking(move || copy(&shared, &source, &digest).map_err(storage)).await?;
        let Some(image) = image else { return Ok(()) };
        let manifests = manifests(&image)?;
        app.core.run(caller, move |tx| record(tx, &repository, &image, &manifests, tag.as_deref())).await?;
        drop(pins);
        Ok(())
    })
    .await;
    match filled {
        // What the tag means here must not change.
        Err(fault) if fault.code == "ImageTagAlreadyExistsException" => Ok(()),
        other => other,
    }
}

/// Makes the files of an image the registry's own. They are pinned until a record names them.
fn copy(app: &App, source: &str, digest: &Digest) -> std::io::Result<(Option<Copied>, Vec<Pin>)> {
    let Some(image) = app.mirror.image(source, digest)? else { return Ok((None, Vec::new())) };
    let mut pins = Vec::new();
    for (blob, _) in &image.blobs {
        pins.push(app.registry.blobs.adopt(&app.mirror.file(blob), blob)?);
    }
    for (_, _, content) in &image.manifests {
        pins.push(app.registry.blobs.put(content)?);
    }
    Ok((Some(image), pins))
}

/// What the manifests say. An index may list images that are not there: those are missing here too.
fn manifests(image: &Copied) -> Result<Vec<Manifest>, Fault> {
    let here: BTreeSet<String> = image.manifests.iter().map(|(digest, ..)| digest.to_string()).collect();
    let one = |(_, media_type, content): &(Digest, String, Vec<u8>)| -> Result<Manifest, Fault> {
        let mut manifest =
            read(content, Some(media_type)).map_err(|why| control::ecr::invalid("imageManifest", why))?;
        manifest.children.retain(|child| here.contains(child));
        Ok(manifest)
    };
    image.manifests.iter().map(one).collect()
}

fn record(
    tx: &mut Tx<'_>,
    repository: &str,
    image: &Copied,
    manifests: &[Manifest],
    tag: Option<&str>,
) -> Result<(), Fault> {
    repositories::create_for_cache(tx, repository)?;
    for (blob, size) in &image.blobs {
        layers::add(tx, repository, &blob.to_string(), *size)?;
    }
    for (number, manifest) in manifests.iter().enumerate() {
        let is_last = number + 1 == manifests.len();
        push(tx, repository, manifest, tag.filter(|_| is_last))?;
    }
    Ok(())
}
