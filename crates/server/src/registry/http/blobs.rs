//! Blobs: reading and deleting them.

use super::{Refusal, Request};
use crate::app::blocking;
use crate::http::Door;
use crate::registry::layers::{Place, url};
use crate::registry::push::storage;
use ::images::answer::{self, Answer, empty};
use ::images::digest::Digest;
use control::ecr::{layers, repositories};
use http::Method;

/// `GET` and `HEAD /v2/<name>/blobs/<digest>`, in parts if asked for.
///
/// Who asks from inside a VPC is sent to S3 for the bytes, as by Amazon ECR. The user's own tools on this machine get them at once: S3's
/// name is not this region's for them, and a redirect to where they are already would only be one more request.
pub(super) async fn get(request: &Request, name: String, digest: Digest) -> Result<Answer, Refusal> {
    let state = request.app.core.state();
    repositories::find(&state, None, &name)?;
    let Some(layer) = layers::get(&state, &name, &digest.to_string()) else { return Err(unknown(&digest)) };
    // Whoever hears that it is here may push an image that needs it.
    if layers::needs_touch(layer, request.app.core.clock().now()) {
        let text = digest.to_string();
        let touch = move |tx: &mut control::Tx<'_>| {
            layers::touch(tx, &name, &text);
            Ok(())
        };
        request.app.core.run(request.caller.clone(), touch).await?;
    }
    if request.method == Method::GET && matches!(request.door, Door::Endpoint(..)) {
        let location = url(&request.app, &Place::S3, &digest, request.app.core.clock().now());
        return Ok(empty(307, vec![("location", location)]));
    }
    let (app, wanted) = (request.app.clone(), digest.clone());
    let file = blocking(move || app.registry.blobs.file(&wanted).map_err(storage)).await?;
    let (file, size) = file.ok_or_else(|| unknown(&digest))?;
    Ok(answer::file(&digest, file, size, request.header("range").as_deref()))
}

/// `DELETE /v2/<name>/blobs/<digest>`: of one that no image of the repository needs.
pub(super) async fn delete(request: &Request, name: String, digest: Digest) -> Result<Answer, Refusal> {
    let state = request.app.core.state();
    repositories::find(&state, None, &name)?;
    if layers::get(&state, &name, &digest.to_string()).is_none() {
        return Err(unknown(&digest));
    }
    let text = digest.to_string();
    let removed = request.app.core.run(request.caller.clone(), move |tx| layers::remove(tx, &name, &text)).await?;
    match removed {
        true => Ok(empty(202, vec![("docker-content-digest", digest.to_string())])),
        false => Err(Refusal::new(403, "DENIED", format!("The blob {digest} is needed by an image."))),
    }
}

fn unknown(digest: &Digest) -> Refusal {
    Refusal::new(404, "BLOB_UNKNOWN", format!("The blob {digest} is not in the repository."))
}
