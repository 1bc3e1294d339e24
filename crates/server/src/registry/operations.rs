//! The operations of Amazon ECR that need files or the key of tokens. They are looked up before control's own.

use super::BLOB_MAX;
use super::layers::{Place, url};
use super::push::{self, NoLayer, storage};
use super::token::USER;
use super::uploads::{Refused, Session};
use crate::app::{App, blocking, internal};
use ::images::blobs::Broken;
use ::images::digest::Digest;
use ::images::manifest::MANIFEST_MAX;
use aws::api::Api;
use aws::api::ecr::{
    API, AuthorizationData, BatchGetImageRequest, BatchGetImageResponse, CompleteLayerUploadRequest,
    CompleteLayerUploadResponse, GetAuthorizationTokenRequest, GetAuthorizationTokenResponse,
    GetDownloadUrlForLayerRequest, GetDownloadUrlForLayerResponse, Image, ImageFailure, ImageFailureCode,
    ImageIdentifier, InitiateLayerUploadRequest, InitiateLayerUploadResponse, PutImageRequest, PutImageResponse,
    UploadLayerPartRequest, UploadLayerPartResponse, op,
};
use aws::doc::Doc;
use aws::fault::Fault;
use aws::shape::{Operation, Shape};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use control::Caller;
use control::ecr::images::{Manifest, Pushed, of_request, pull_is_news, record_pull};
use control::ecr::repositories::{self, host};
use control::ecr::{invalid, layers};
use http::HeaderMap;
use std::sync::Arc;

/// Bytes of a layer's part ("InitiateLayerUpload").
const PART_SIZE: i64 = 10 << 20;
/// Bytes of manifests in one answer.
const BATCH_BYTES: u64 = 32 << 20;

/// Whether an operation is one of these.
pub(crate) fn answers(api: &Api, operation: &str) -> bool {
    let these = [
        op::GetAuthorizationToken::NAME,
        op::PutImage::NAME,
        op::BatchGetImage::NAME,
        op::InitiateLayerUpload::NAME,
        op::UploadLayerPart::NAME,
        op::CompleteLayerUpload::NAME,
        op::GetDownloadUrlForLayer::NAME,
    ];
    api.service == API.service && these.contains(&operation)
}

/// Whether a request's body holds a part of a layer, and so may be longer than others: 20 MiB in base64.
pub(crate) fn takes_layers(headers: &HeaderMap) -> bool {
    headers
        .get("x-amz-target")
        .is_some_and(|target| target.as_bytes().strip_prefix(API.target.as_bytes()) == Some(b".UploadLayerPart"))
}

/// Answers one of these operations. `place` is where the caller fetches layers.
///
/// # Errors
/// AWS's own refusals.
pub(crate) async fn operation(
    app: Arc<App>,
    caller: Caller,
    place: Place,
    operation: &str,
    input: Doc,
) -> Result<Doc, Fault> {
    match operation {
        op::GetAuthorizationToken::NAME => {
            let request = API.read::<op::GetAuthorizationToken>(input)?;
            get_authorization_token(&app, &caller, request).map(Shape::write)
        }
        op::PutImage::NAME => put_image(app, caller, API.read::<op::PutImage>(input)?).await.map(Shape::write),
        op::BatchGetImage::NAME => {
            batch_get_image(app, caller, API.read::<op::BatchGetImage>(input)?).await.map(Shape::write)
        }
        op::InitiateLayerUpload::NAME => {
            initiate(app, API.read::<op::InitiateLayerUpload>(input)?).await.map(Shape::write)
        }
        op::UploadLayerPart::NAME => upload_part(app, API.read::<op::UploadLayerPart>(input)?).await.map(Shape::write),
        op::CompleteLayerUpload::NAME => {
            complete(app, caller, API.read::<op::CompleteLayerUpload>(input)?).await.map(Shape::write)
        }
        op::GetDownloadUrlForLayer::NAME => {
            get_download_url(&app, &place, API.read::<op::GetDownloadUrlForLayer>(input)?).map(Shape::write)
        }
        other => Err(Fault::not_implemented(other)),
    }
}

fn get_authorization_token(
    app: &App,
    caller: &Caller,
    request: GetAuthorizationTokenRequest,
) -> Result<GetAuthorizationTokenResponse, Fault> {
    let GetAuthorizationTokenRequest { registry_ids } = request;
    let state = app.core.state();
    if let Some(other) = registry_ids.into_iter().flatten().find(|id| *id != state.region.account) {
        return Err(invalid("registryIds", format_args!("the registry {other} is not in this region")));
    }
    let (password, expires) = app.registry.key.issue(&caller.access_key_id, app.core.clock().now());
    let data = AuthorizationData {
        authorization_token: Some(BASE64_STANDARD.encode(format!("{USER}:{password}"))),
        expires_at: Some(expires),
        proxy_endpoint: Some(format!("https://{}", host(&state))),
    };
    Ok(GetAuthorizationTokenResponse { authorization_data: Some(vec![data]) })
}

async fn put_image(app: Arc<App>, caller: Caller, request: PutImageRequest) -> Result<PutImageResponse, Fault> {
    let PutImageRequest {
        registry_id,
        repository_name: name,
        image_manifest: text,
        image_manifest_media_type,
        image_tag,
        image_digest,
    } = request;
    let state = app.core.state();
    repositories::find(&state, registry_id.as_deref(), &name)?;
    if let Some(told) = image_digest.filter(|told| *told != Digest::of(text.as_bytes()).to_string()) {
        let found = Digest::of(text.as_bytes());
        let message = format!("Expected digest '{told}' does not match the image's actual digest '{found}'");
        return Err(Fault::new("ImageDigestDoesNotMatchException", message));
    }
    let (shown, account, tag) = (name.clone(), state.region.account.clone(), image_tag.clone());
    let again = move |manifest: &Manifest, pushed: Pushed| match pushed {
        Pushed::New => Ok(()),
        Pushed::Again => {
            let tag = tag.unwrap_or_else(|| "null".to_owned());
            let message = format!(
                "Image with digest '{}' and tag '{tag}' already exists in the repository with name '{shown}' in registry with id '{account}'",
                manifest.digest
            );
            Err(Fault::new("ImageAlreadyExistsException", message))
        }
    };
    let content = Bytes::from(text.clone());
    let image =
        push::image(app, caller, name.clone(), content, image_manifest_media_type, image_tag.clone(), again).await?;
    let image = Image {
        registry_id: Some(state.region.account.clone()),
        repository_name: Some(name),
        image_id: Some(ImageIdentifier { image_digest: Some(image.digest.to_string()), image_tag }),
        image_manifest: Some(text),
        image_manifest_media_type: Some(image.media_type),
    };
    Ok(PutImageResponse { image: Some(image) })
}

async fn batch_get_image(
    app: Arc<App>,
    caller: Caller,
    request: BatchGetImageRequest,
) -> Result<BatchGetImageResponse, Fault> {
    let BatchGetImageRequest { registry_id, repository_name: name, image_ids, accepted_media_types: accepted } =
        request;
    let state = app.core.state();
    repositories::find(&state, registry_id.as_deref(), &name)?;
    let (mut images, mut failures, mut bytes, mut news) = (Vec::new(), Vec::new(), 0, Vec::new());
    for id in image_ids {
        let found = match of_request(&state, &name, &id) {
            Ok(found) => found,
            Err(failure) => {
                failures.push(failure);
                continue;
            }
        };
        if accepted.as_ref().is_some_and(|accepted| !accepted.contains(&found.media_type)) {
            failures.push(not_accepted(id, &found.media_type));
            continue;
        }
        bytes += found.manifest_size;
        if bytes > BATCH_BYTES {
            return Err(invalid("imageIds", "their manifests are too long for one answer"));
        }
        let digest: Digest = found.digest.parse().map_err(internal)?;
        let shared = app.clone();
        let content = blocking(move || shared.registry.blobs.read(&digest, MANIFEST_MAX).map_err(storage)).await?;
        let content = content.ok_or_else(|| internal(format!("the manifest {} is not there", found.digest)))?;
        if pull_is_news(found, app.core.clock().now()) {
            news.push(found.digest.clone());
        }
        images.push(Image {
            registry_id: Some(state.region.account.clone()),
            repository_name: Some(name.clone()),
            image_id: Some(ImageIdentifier { image_digest: Some(found.digest.clone()), image_tag: id.image_tag }),
            image_manifest: Some(String::from_utf8_lossy(&content).into_owned()),
            image_manifest_media_type: Some(found.media_type.clone()),
        });
    }
    if !news.is_empty() {
        let record = move |tx: &mut control::Tx<'_>| {
            news.iter().for_each(|digest| record_pull(tx, &name, digest));
            Ok(())
        };
        app.core.run(caller, record).await?;
    }
    Ok(BatchGetImageResponse { images: Some(images), failures: Some(failures) })
}

fn not_accepted(id: ImageIdentifier, media_type: &str) -> ImageFailure {
    ImageFailure {
        image_id: Some(id),
        failure_code: Some(ImageFailureCode::ImageNotFound),
        failure_reason: Some(format!("Requested image is {media_type}, which is not among the accepted media types")),
    }
}

/// "You can only get URLs for image layers that are referenced in an image" (GetDownloadUrlForLayer).
fn get_download_url(
    app: &App,
    place: &Place,
    request: GetDownloadUrlForLayerRequest,
) -> Result<GetDownloadUrlForLayerResponse, Fault> {
    let GetDownloadUrlForLayerRequest { registry_id, repository_name: name, layer_digest: text } = request;
    let state = app.core.state();
    repositories::find(&state, registry_id.as_deref(), &name)?;
    let digest: Digest = text
        .parse()
        .map_err(|_| invalid("layerDigest", "must satisfy the regular expression 'sha256:[0-9a-f]{64}'"))?;
    let what = format!(
        "Layer with digest '{digest}' in the repository with name '{name}' in registry with id '{}'",
        state.region.account
    );
    if layers::get(&state, &name, &text).is_none() {
        return Err(Fault::new("LayersNotFoundException", format!("{what} does not exist")));
    }
    if !layers::is_needed(&state, &name, &text) {
        return Err(Fault::new("LayerInaccessibleException", format!("{what} is not associated with an image")));
    }
    Ok(GetDownloadUrlForLayerResponse {
        download_url: Some(url(app, place, &digest, app.core.clock().now())),
        layer_digest: Some(text),
    })
}

async fn initiate(app: Arc<App>, request: InitiateLayerUploadRequest) -> Result<InitiateLayerUploadResponse, Fault> {
    let InitiateLayerUploadRequest { registry_id, repository_name: name } = request;
    repositories::find(&app.core.state(), registry_id.as_deref(), &name)?;
    let (id, _) = push::begin(&app, &name).await?;
    Ok(InitiateLayerUploadResponse { upload_id: Some(id), part_size: Some(PART_SIZE) })
}

fn session(app: &App, registry_id: Option<&str>, name: &str, id: &str) -> Result<Arc<Session>, Fault> {
    repositories::find(&app.core.state(), registry_id, name)?;
    app.registry.uploads.get(name, id).ok_or_else(|| no_upload(app, name, id))
}

fn no_upload(app: &App, name: &str, id: &str) -> Fault {
    let account = &app.core.state().region.account;
    let message = format!(
        "Upload with id '{id}' does not exist in the repository with name '{name}' in the registry with id '{account}'"
    );
    Fault::new("UploadNotFoundException", message)
}

async fn upload_part(app: Arc<App>, request: UploadLayerPartRequest) -> Result<UploadLayerPartResponse, Fault> {
    let UploadLayerPartRequest {
        registry_id,
        repository_name: name,
        upload_id: id,
        part_first_byte: first,
        part_last_byte: last,
        layer_part_blob: part,
    } = request;
    let session = session(&app, registry_id.as_deref(), &name, &id)?;
    let account = app.core.state().region.account.clone();
    let (shown, upload) = (name.clone(), id.clone());
    let refused = move |received: u64, why: String| {
        let last = i64::try_from(received).unwrap_or(i64::MAX) - 1;
        Fault::new("InvalidLayerPartException", why)
            .with_field("registryId", account)
            .with_field("repositoryName", shown)
            .with_field("uploadId", upload)
            .with_field("lastValidByteReceived", last.to_string())
    };
    if last.checked_sub(first).and_then(|length| length.checked_add(1)) != i64::try_from(part.0.len()).ok() {
        let why = format!("The part has {} bytes, which are not the bytes {first} to {last}.", part.0.len());
        return Err(refused(session.received(), why));
    }
    let at = u64::try_from(first).unwrap_or(0);
    let shared = session.clone();
    let appended =
        blocking(move || Ok(shared.claim().and_then(|claim| claim.append(Some(at), &part.0, BLOB_MAX)))).await?;
    let received = match appended {
        Ok(received) => received,
        Err(Refused::Gone) => return Err(no_upload(&app, &name, &id)),
        Err(Refused::Broken(Broken::Disk(error))) => {
            // It would hold the room that it lacks.
            app.registry.uploads.remove(&name, &id);
            return Err(storage(error));
        }
        Err(Refused::Broken(Broken::Body(error))) => return Err(storage(error)),
        Err(Refused::Busy | Refused::OutOfOrder | Refused::Broken(Broken::TooLong)) => {
            let received = session.received();
            let why = format!("The part's first byte {first} is not the next byte, {received}, of the upload.");
            return Err(refused(received, why));
        }
    };
    Ok(UploadLayerPartResponse {
        registry_id: Some(app.core.state().region.account.clone()),
        repository_name: Some(name),
        upload_id: Some(id),
        last_byte_received: i64::try_from(received).ok().map(|received| received - 1),
    })
}

async fn complete(
    app: Arc<App>,
    caller: Caller,
    request: CompleteLayerUploadRequest,
) -> Result<CompleteLayerUploadResponse, Fault> {
    let CompleteLayerUploadRequest { registry_id, repository_name: name, upload_id: id, layer_digests } = request;
    let session = session(&app, registry_id.as_deref(), &name, &id)?;
    let state = app.core.state();
    let account = state.region.account.clone();
    let place = format!("repository with name '{name}' in registry with id '{account}'");
    if session.received() == 0 {
        return Err(Fault::new(
            "EmptyUploadException",
            format!("The upload with id '{id}' in the {place} has no parts"),
        ));
    }
    let digest: Result<Digest, _> = layer_digests.first().map(String::as_str).unwrap_or_default().parse();
    let (Ok(digest), [_]) = (digest, layer_digests.as_slice()) else {
        return Err(invalid("layerDigests", "must be one sha256 digest"));
    };
    if layers::get(&state, &name, &digest.to_string()).is_some() {
        let message = format!("Layer with digest '{digest}' already exists in the {place}");
        return Err(Fault::new("LayerAlreadyExistsException", message));
    }
    let upload = session.claim().and_then(|claim| claim.take()).map_err(|_| no_upload(&app, &name, &id))?;
    app.registry.uploads.remove(&name, &id);
    push::layer(app, caller, name.clone(), upload, digest.clone()).await.map_err(|refused| match refused {
        NoLayer::Fault(fault) => fault,
        NoLayer::Digest(found) => {
            let message = format!("Layer digest '{digest}' does not match the digest '{found}' of the uploaded layer");
            Fault::new("InvalidLayerException", message)
        }
    })?;
    Ok(CompleteLayerUploadResponse {
        registry_id: Some(account),
        repository_name: Some(name),
        upload_id: Some(id),
        layer_digest: Some(digest.to_string()),
    })
}
