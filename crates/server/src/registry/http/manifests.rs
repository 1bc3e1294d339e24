//! Manifests and indexes, by tag and by digest.

use super::{Refusal, Request};
use crate::app::blocking;
use crate::http::Received;
use crate::registry::push::{self, storage};
use crate::registry::through;
use ::images::answer::{Answer, accepts, bytes, empty, identity};
use ::images::digest::Digest;
use ::images::manifest::MANIFEST_MAX;
use control::State;
use control::ecr::{images, repositories};
use control::state::EcrImage;
use http::Method;

/// `GET` and `HEAD /v2/<name>/manifests/<target>`. The first is a pull; either fills the cache.
pub(super) async fn get(request: &Request, name: String, target: &str) -> Result<Answer, Refusal> {
    through::fill(&request.app, &request.caller, &name, target).await?;
    let state = request.app.core.state();
    repositories::find(&state, None, &name)?;
    let image = find(&state, &name, target)?;
    if let Some(accept) = request.header("accept")
        && !accepts(&accept, &image.media_type)
    {
        let message = format!("The image is {}, which the request does not accept.", image.media_type);
        return Err(Refusal::new(404, "MANIFEST_UNKNOWN", message));
    }
    let digest: Digest = image.digest.parse().map_err(crate::app::internal)?;
    let (app, wanted) = (request.app.clone(), digest.clone());
    let content = blocking(move || app.registry.blobs.read(&wanted, MANIFEST_MAX).map_err(storage)).await?;
    let content = content.ok_or_else(unknown)?;
    if request.method == Method::GET && images::pull_is_news(image, request.app.core.clock().now()) {
        let (repository, text) = (name, image.digest.clone());
        let record = move |tx: &mut control::Tx<'_>| {
            images::record_pull(tx, &repository, &text);
            Ok(())
        };
        request.app.core.run(request.caller.clone(), record).await?;
    }
    let mut answer = bytes(200, &image.media_type, content);
    answer.headers.extend(identity(&digest));
    Ok(answer)
}

fn find<'a>(state: &'a State, name: &str, target: &str) -> Result<&'a EcrImage, Refusal> {
    let found = match target.contains(':') {
        true => {
            let digest: Digest = target.parse()?;
            images::by_digest(state, name, &digest.to_string())
        }
        false => images::by_tag(state, name, target),
    };
    found.ok_or_else(unknown)
}

fn unknown() -> Refusal {
    Refusal::new(404, "MANIFEST_UNKNOWN", "Requested image not found")
}

/// `PUT /v2/<name>/manifests/<target>`.
pub(super) async fn put(request: Request, name: String, target: String) -> Result<Answer, Refusal> {
    repositories::find(&request.app.core.state(), None, &name)?;
    let digest = if target.contains(':') { Some(target.parse::<Digest>()?) } else { None };
    if digest.is_none() && !images::is_tag(&target) {
        return Err(Refusal::new(400, "TAG_INVALID", format!("{target:?} is no tag.")));
    }
    let media_type = request.header("content-type");
    let media_type =
        media_type.as_deref().and_then(|field| field.split(';').next()).map(|field| field.trim().to_owned());
    let limit = usize::try_from(MANIFEST_MAX).unwrap_or(usize::MAX);
    let time = request.app.config.limits.body_time;
    let Received { bytes: content, room: _room } =
        crate::http::read_body(request.door, &request.headers, request.body, limit, time).await?;
    if let Some(digest) = digest.as_ref().filter(|digest| **digest != Digest::of(&content)) {
        let message = format!("The manifest has the digest {}, not {digest}.", Digest::of(&content));
        return Err(Refusal::new(400, "DIGEST_INVALID", message));
    }
    let tag = digest.is_none().then_some(target);
    let image = push::image(request.app, request.caller, name.clone(), content, media_type, tag, |_, _| Ok(())).await?;
    let mut headers = vec![
        ("location", format!("/v2/{name}/manifests/{}", image.digest)),
        ("docker-content-digest", image.digest.to_string()),
    ];
    headers.extend(image.subject.map(|subject| ("oci-subject", subject)));
    Ok(empty(201, headers))
}

/// `DELETE /v2/<name>/manifests/<target>`: a tag alone, or an image with all its tags.
pub(super) async fn delete(request: &Request, name: String, target: String) -> Result<Answer, Refusal> {
    let state = request.app.core.state();
    repositories::find(&state, None, &name)?;
    let digest = find(&state, &name, &target)?.digest.clone();
    let by_tag = !target.contains(':');
    let delete = move |tx: &mut control::Tx<'_>| match by_tag {
        true => {
            images::remove_tag(tx, &name, &target);
            Ok(Ok(()))
        }
        false => Ok(images::delete(tx, &name, &digest)),
    };
    match request.app.core.run(request.caller.clone(), delete).await? {
        Ok(()) => Ok(empty(202, Vec::new())),
        Err(indexes) => {
            let message = format!("Requested image referenced by manifest list: [{}]", indexes.join(", "));
            Err(Refusal::new(403, "DENIED", message))
        }
    }
}
