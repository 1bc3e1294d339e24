//! Making what was pushed visible: durable first, then recorded.

use super::uploads::Session;
use crate::app::{App, blocking, internal};
use crate::core::unavailable;
use ::images::blobs::{Pin, Refused, Upload};
use ::images::digest::Digest;
use ::images::manifest::{Artifact, Descriptor, Document, MANIFESTS, is_index};
use aws::fault::Fault;
use bytes::Bytes;
use control::Caller;
use control::ecr::images::{Blob, Manifest, Pushed, push};
use control::ecr::layers;
use std::sync::Arc;

/// Why an upload did not become a layer.
pub(super) enum NoLayer {
    /// Its content has this digest.
    Digest(Digest),
    Fault(Fault),
}

impl From<Fault> for NoLayer {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// Makes an upload a layer of a repository.
pub(super) async fn layer(
    app: Arc<App>,
    caller: Caller,
    repository: String,
    upload: Upload,
    digest: Digest,
) -> Result<(), NoLayer> {
    whole(async move {
        let (shared, expected) = (app.clone(), digest.clone());
        let size = upload.size();
        let finished = blocking(move || match shared.registry.blobs.finish(upload, &expected) {
            Ok(pin) => Ok(Ok(pin)),
            Err(Refused::Digest(found)) => Ok(Err(found)),
            Err(Refused::Io(error)) => Err(storage(error)),
        });
        let pin = finished.await?.map_err(NoLayer::Digest)?;
        let digest = digest.to_string();
        app.core.run(caller, move |tx| layers::add(tx, &repository, &digest, size)).await?;
        drop(pin);
        Ok(())
    })
    .await
}

/// What was pushed.
pub(super) struct Image {
    pub(super) digest: Digest,
    pub(super) media_type: String,
    pub(super) subject: Option<String>,
}

/// Makes a manifest an image of a repository. `check` may still refuse it, inside the transaction, knowing what changed.
///
/// # Errors
/// `InvalidParameterException` naming `imageManifest` for what is no manifest; what `control::ecr::images::push` refuses.
pub(super) async fn image(
    app: Arc<App>,
    caller: Caller,
    repository: String,
    content: Bytes,
    media_type: Option<String>,
    tag: Option<String>,
    check: impl FnOnce(&Manifest, Pushed) -> Result<(), Fault> + Send + 'static,
) -> Result<Image, Fault> {
    let manifest = read(&content, media_type.as_deref()).map_err(|why| control::ecr::invalid("imageManifest", why))?;
    whole(async move {
        let shared = app.clone();
        let pin: Pin = blocking(move || shared.registry.blobs.put(&content).map_err(storage)).await?;
        let event = move |tx: &mut control::Tx<'_>| {
            let pushed = push(tx, &repository, &manifest, tag.as_deref())?;
            check(&manifest, pushed)?;
            Ok(manifest)
        };
        let manifest = app.core.run(caller, event).await?;
        let digest = pin.digest().clone();
        Ok(Image { digest, media_type: manifest.media_type, subject: manifest.subject })
    })
    .await
}

/// Runs something to its end, also when whoever asked for it goes away: until its record is there, a blob must stay pinned.
pub(super) async fn whole<T: Send + 'static, E: From<Fault> + Send + 'static>(
    work: impl Future<Output = Result<T, E>> + Send + 'static,
) -> Result<T, E> {
    tokio::spawn(work).await.unwrap_or_else(|error| Err(internal(error).into()))
}

/// What a manifest says. `media_type` is what the client calls it.
pub(super) fn read(content: &[u8], media_type: Option<&str>) -> Result<Manifest, String> {
    let document = Document::parse(content)?;
    let artifact = Artifact::parse(content)?;
    let own = document.media_type();
    let media_type = media_type.unwrap_or(own);
    if media_type != own && says_what_it_is(&document) {
        return Err(format!("its mediaType is {own} and not {media_type}"));
    }
    let index = matches!(document, Document::Index(_));
    let known = MANIFESTS.iter().any(|known| *known == media_type && is_index(known) == index);
    if !known {
        return Err(format!("a manifest of the media type {media_type} is not supported"));
    }
    let mut manifest = Manifest {
        digest: Digest::of(content).to_string(),
        media_type: media_type.to_owned(),
        size: content.len() as u64,
        artifact_type: artifact.artifact_type,
        subject: artifact.subject.map(|subject| subject.digest.to_string()),
        ..Manifest::default()
    };
    match document {
        Document::Index(index) => {
            manifest.children = distinct(index.manifests.iter().map(|one| one.digest.to_string()))
        }
        Document::Manifest(image) => {
            let config = image.config;
            if manifest.artifact_type.is_none() && !config.media_type.is_empty() {
                manifest.artifact_type = Some(config.media_type.clone());
            }
            let needed = std::iter::once(&config).chain(image.layers.iter().filter(|layer| is_distributed(layer)));
            let mut blobs: Vec<Blob> =
                needed.map(|one| Blob { digest: one.digest.to_string(), size: one.size }).collect();
            blobs.sort_by(|a, b| a.digest.cmp(&b.digest));
            blobs.dedup();
            manifest.blobs = blobs;
        }
    }
    Ok(manifest)
}

fn says_what_it_is(document: &Document) -> bool {
    match document {
        Document::Manifest(manifest) => manifest.media_type.is_some(),
        Document::Index(index) => index.media_type.is_some(),
    }
}

/// Layers that are fetched from elsewhere are never pushed.
fn is_distributed(layer: &Descriptor) -> bool {
    !layer.media_type.contains("nondistributable") && !layer.media_type.contains(".foreign.")
}

fn distinct(digests: impl Iterator<Item = String>) -> Vec<String> {
    digests.collect::<std::collections::BTreeSet<_>>().into_iter().collect()
}

/// A failure of the disk, as a client sees it.
pub(super) fn storage(error: std::io::Error) -> Fault {
    match disk::is_full(&error) {
        true => unavailable(format!("Images can't be kept: {error}.")),
        false => internal(format!("reading or writing images: {error}")),
    }
}

/// Begins an upload, with an id of its own.
///
/// # Errors
/// `LimitExceededException` (429) when there are too many; what the disk says.
pub(super) async fn begin(app: &Arc<App>, repository: &str) -> Result<(String, Arc<Session>), Fault> {
    let id = crate::app::request_id().map_err(internal)?;
    let shared = app.clone();
    let upload = blocking(move || shared.registry.blobs.begin().map_err(storage)).await?;
    let uploads = &app.registry.uploads;
    if !uploads.add(id.clone(), repository, upload) {
        return Err(Fault::new("LimitExceededException", "There are too many uploads at once.").with_status(429));
    }
    let session = uploads.get(repository, &id).ok_or_else(|| internal("an upload was forgotten at once"))?;
    Ok((id, session))
}
