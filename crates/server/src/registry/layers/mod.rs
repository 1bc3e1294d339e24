//! Where layers are fetched: Amazon ECR answers with pre-signed URLs of a bucket of its own in Amazon S3, so that a task needs a way to
//! both ("Amazon ECR interface VPC endpoints", Amazon ECR User Guide: "Create the Amazon S3 gateway endpoint").
//!
//! Absent: every other bucket, which is `crate::s3`'s.

mod presign;

use super::push::storage;
use crate::app::{App, blocking};
use crate::http::{
    Door, field,
    reply::{self, Reply},
};
use ::images::answer::{self, Answer, bytes};
use ::images::digest::Digest;
use aws::doc::Timestamp;
use http::request::Parts;
use http::{HeaderMap, header};
use presign::{Refused, Signer};
use std::sync::Arc;

/// Where a client that asks for a layer finds it.
#[derive(Debug, Clone)]
pub(crate) enum Place {
    /// At S3's own name, which everything in a VPC resolves.
    S3,
    /// At the address that the client uses for everything, with the bucket in the path: outside of the region's networks S3's name
    /// leads to the real one, or nowhere.
    Here(String),
}

impl Place {
    /// The place for a request that came in by a door.
    pub(crate) fn of(door: Door, headers: &HeaderMap) -> Self {
        match door {
            Door::Endpoint(..) | Door::Registries => Self::S3,
            Door::Tcp | Door::Unix => Self::Here(host(headers).to_owned()),
        }
    }
}

/// The bucket's name, which people write into the policies of their endpoints.
fn bucket(region: &str) -> String {
    format!("prod-{region}-starport-layer-bucket")
}

/// The host at S3 that stands for the bucket.
fn bucket_host(region: &str) -> String {
    format!("{}.s3.{region}.amazonaws.com", bucket(region))
}

fn host(headers: &HeaderMap) -> &str {
    headers.get(header::HOST).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// A URL that a layer can be fetched from for an hour, by whoever has it.
pub(super) fn url(app: &App, place: &Place, digest: &Digest, now: Timestamp) -> String {
    let (region, key) = (&app.config.region, format!("/{}/{}", app.config.account, digest.hex()));
    let (scheme, host, path) = match place {
        Place::S3 => ("https", bucket_host(region), key),
        Place::Here(host) => ("http", host.clone(), format!("/{}{key}", bucket(region))),
    };
    let query = signer(app).query(&host, &path, now);
    format!("{scheme}://{host}{path}?{query}")
}

fn signer(app: &App) -> Signer<'_> {
    Signer { secret: &app.registry.layers, region: &app.config.region }
}

/// Whether a request is for the bucket: by the host at S3's endpoint, or by the path.
pub(crate) fn is_for_bucket(app: &App, door: Door, parts: &Parts) -> bool {
    let region = &app.config.region;
    let in_path = || parts.uri.path().strip_prefix('/').is_some_and(|path| path.starts_with(&bucket(region)));
    match door {
        Door::Tcp => in_path(),
        Door::Endpoint(service, _) if service.name == "s3" => {
            let host = host(&parts.headers);
            host.rsplit_once(':').map_or(host, |(name, _)| name) == bucket_host(region) || in_path()
        }
        Door::Endpoint(..) | Door::Unix | Door::Registries => false,
    }
}

/// Answers a request for the bucket as S3 does.
pub(crate) async fn fetch(app: Arc<App>, parts: Parts) -> Reply {
    let answer = match get(&app, &parts).await {
        Ok(answer) => answer,
        Err(refused) => refused,
    };
    reply::from_registry(answer)
}

async fn get(app: &Arc<App>, parts: &Parts) -> Result<Answer, Answer> {
    let (path, now) = (parts.uri.path(), app.core.clock().now());
    let query = parts.uri.query().unwrap_or_default();
    let checked = signer(app).check(parts.method.as_str(), host(&parts.headers), path, query, now);
    checked.map_err(|refused| refuse(&refused, now))?;
    let missing = || error(404, "NoSuchKey", "The specified key does not exist.", &[("Key", path.to_owned())]);
    let hex = path.rsplit('/').next().unwrap_or_default();
    let digest = Digest::from_hex(hex).map_err(|_| missing())?;
    let (shared, wanted) = (app.clone(), digest.clone());
    let file = blocking(move || shared.registry.blobs.file(&wanted).map_err(storage)).await;
    let file = file.map_err(|fault| error(500, "InternalError", &fault.message, &[]))?;
    let (file, size) = file.ok_or_else(missing)?;
    let mut answer = answer::file(&digest, file, size, field(&parts.headers, "range").as_deref());
    // S3 knows nothing of images.
    answer.headers.retain(|(name, _)| *name != "docker-content-digest");
    Ok(answer)
}

/// "Error responses", Amazon S3 API Reference.
fn refuse(refused: &Refused, now: Timestamp) -> Answer {
    match refused {
        Refused::Unsigned => error(403, "AccessDenied", "Access Denied", &[]),
        Refused::Incomplete => error(
            400,
            "AuthorizationQueryParametersError",
            "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, X-Amz-Date, \
             X-Amz-SignedHeaders, and X-Amz-Expires parameters.",
            &[],
        ),
        Refused::Expired { seconds, at } => error(
            403,
            "AccessDenied",
            "Request has expired",
            &[("X-Amz-Expires", seconds.to_string()), ("Expires", at.iso8601()), ("ServerTime", now.iso8601())],
        ),
        Refused::Mismatch(signature) => error(
            403,
            "SignatureDoesNotMatch",
            "The request signature we calculated does not match the signature you provided. Check your key and signing method.",
            &[("SignatureProvided", signature.clone())],
        ),
    }
}

fn error(status: u16, code: &str, message: &str, more: &[(&'static str, String)]) -> Answer {
    let id = crate::app::request_id().unwrap_or_default();
    let elements = [("Code", code.to_owned()), ("Message", message.to_owned())];
    let elements = elements.into_iter().chain(more.iter().cloned()).chain([("RequestId", id)]);
    let mut answer = bytes(status, "application/xml", aws::xml::document("Error", elements).into_bytes());
    answer.headers.push(("server", "AmazonS3".to_owned()));
    answer
}
