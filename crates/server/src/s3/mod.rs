//! Amazon S3: buckets, whose records are `control`'s, and objects, which are files ([`objects`]). As much of it as access logs need, and
//! whoever reads them: AWS's command line, its SDKs.
//!
//! | module | what |
//! |---|---|
//! | [`request`] | which bucket and which object a request is about |
//! | [`signed`] | who it comes from |
//! | [`bucket`], [`settings`], [`list`], [`delete`], [`put`], [`parts`], [`get`], [`tagging`] | the operations |
//! | [`body`], [`chunked`] | contents as they come |
//! | [`document`] | those in XML |
//! | [`reply`] | answers, and refusals in XML |
//!
//! Absent, and refused by name: copies, versions, access control lists, and settings of buckets other than every new bucket has.

mod body;
mod bucket;
mod chunked;
mod delete;
mod document;
mod get;
mod list;
mod parts;
mod put;
mod reply;
mod request;
mod settings;
mod signed;
mod tagging;

use crate::app::{App, internal, request_id};
use crate::core::unavailable;
use crate::http::Door;
use crate::http::reply::Reply;
use aws::fault::Fault;
use control::{Caller, iam};
use http::Method;
use http::request::Parts;
use hyper::body::Incoming;
use request::Request;
use signed::Signed;
use std::sync::Arc;

/// Whether a request is for S3: by what it was signed for, or by the endpoint it came to.
pub(crate) fn is_for(door: Door, parts: &Parts) -> bool {
    match door {
        Door::Tcp => Signed::of(parts).is_some(),
        Door::Endpoint(service, _) => service.name == "s3",
        Door::Unix | Door::Registries => false,
    }
}

/// Answers a request as S3 does.
pub(crate) async fn answer(app: Arc<App>, door: Door, parts: Parts, body: Incoming) -> Reply {
    let (is_head, path) = (parts.method == Method::HEAD, parts.uri.path().to_owned());
    let id = request_id().unwrap_or_default();
    let mut reply = match run(app, door, parts, body).await {
        Ok(reply) => reply,
        Err(fault) => reply::refusal(&fault, &path, &id, is_head),
    };
    reply::set(&mut reply, "server", "AmazonS3");
    reply::set(&mut reply, "x-amz-request-id", &id);
    reply
}

async fn run(app: Arc<App>, door: Door, parts: Parts, body: Incoming) -> Result<Reply, Fault> {
    let denied = || Fault::new("AccessDenied", "Access Denied").with_status(403);
    let signed = Signed::of(&parts).ok_or_else(denied)?;
    signed.check(app.core.clock().now())?;
    let caller = Caller { access_key_id: signed.access_key };
    admit(&app, &caller)?;
    let request = Request::read(door, parts)?;
    request.check_owner(&app.config.account)?;
    let (method, action) = (request.method.clone(), request.action.clone());
    match (request.bucket.is_some(), request.key.is_some(), method.as_str(), action.as_str()) {
        (false, _, "GET", "") => bucket::list(&app, &request),
        (true, false, "PUT", "") => bucket::create(&app, caller, &request, body).await,
        (true, false, "HEAD", "") => bucket::head(&app, &request),
        (true, false, "DELETE", "") => bucket::delete(&app, caller, &request).await,
        (true, false, "GET", "location") => bucket::location(&app, &request),
        (true, false, "GET", "policy") => bucket::policy(&app, &request),
        (true, false, "PUT", "policy") => bucket::set_policy(&app, caller, &request, body).await,
        (true, false, "DELETE", "policy") => bucket::delete_policy(&app, caller, &request).await,
        (true, false, "GET", "") => list::objects(&app, &request),
        (true, false, "POST", "delete") => delete::several(&app, &request, body).await,
        (true, false, "GET", "versions") => list::versions(&app, &request),
        (true, false, "GET", "uploads") => parts::uploads(&app, &request).await,
        (true, false, "GET", _) => settings::get(&app, &request),
        (true, false, "PUT", _) => settings::set(&app, caller, &request, body).await,
        (true, false, "DELETE", _) => settings::delete(&app, caller, &request).await,
        (true, true, "POST", "uploads") => parts::begin(&app, &request).await,
        (true, true, "PUT", "uploadId") => parts::put(&app, &request, body).await,
        (true, true, "GET", "uploadId") => parts::list(&app, &request).await,
        (true, true, "POST", "uploadId") => parts::complete(&app, &request, body).await,
        (true, true, "DELETE", "uploadId") => parts::abort(&app, &request).await,
        (true, true, "PUT", "") => put::object(&app, &request, body).await,
        (true, true, "GET" | "HEAD", "") => get::object(&app, &request).await,
        (true, true, "DELETE", "") => delete::one(&app, &request).await,
        (true, true, "GET", "tagging") => tagging::get(&app, &request).await,
        (true, true, "PUT", "tagging") => tagging::set(&app, &request, body).await,
        (true, true, "DELETE", "tagging") => tagging::delete(&app, &request).await,
        (_, _, method, "") => Err(absent(&format!("{method} {}", request.path))),
        (_, _, method, action) => Err(absent(&format!("{method} with ?{action}"))),
    }
}

/// Whether there are credentials of this access key, where it is one of the region's.
fn admit(app: &App, caller: &Caller) -> Result<(), Fault> {
    let admitted = iam::admit(&app.core.state(), app.core.clock().now(), caller, &aws::api::iam::API);
    admitted.map_err(|fault| match fault.code.as_ref() {
        "ExpiredToken" => Fault::new("ExpiredToken", "The provided token has expired."),
        _ => {
            let message = "The AWS Access Key Id you provided does not exist in our records.";
            Fault::new("InvalidAccessKeyId", message).with_status(403)
        }
    })
}

/// What S3 has and neargate has not.
fn absent(what: &str) -> Fault {
    Fault::new("NotImplemented", format!("{what} is not implemented.")).with_status(501)
}

/// A failure of the disk, as a client sees it.
fn storage(error: std::io::Error) -> Fault {
    match disk::is_full(&error) {
        true => Fault { code: "ServiceUnavailable".into(), ..unavailable(format!("Objects can't be kept: {error}.")) },
        false => Fault { code: "InternalError".into(), ..internal(format!("reading or writing objects: {error}")) },
    }
}

fn missing_key(key: &str) -> Fault {
    Fault::new("NoSuchKey", "The specified key does not exist.").with_status(404).with_field("Key", key)
}

/// Forgets the objects of buckets that are gone.
///
/// # Errors
/// `InternalError`, of the disk.
pub(crate) fn empty(app: &App) -> Result<(), Fault> {
    let names = app.core.state().buckets.iter().map(|bucket| bucket.name.clone()).collect();
    app.objects.retain(&names).map_err(storage)
}

/// Has an object that the region itself makes.
///
/// # Errors
/// `NoSuchBucket`; `InternalError` and `ServiceUnavailable`, of the disk.
pub(crate) fn store(app: &App, bucket: &str, key: String, bytes: &[u8]) -> Result<(), Fault> {
    let algorithm = objects::Algorithm::Crc64nvme;
    let mut draft = app.objects.begin(&[algorithm]).map_err(storage)?;
    draft.append(bytes).map_err(storage)?;
    let content = draft.content();
    let fields = std::collections::BTreeMap::from([
        ("content-type".to_owned(), "application/octet-stream".to_owned()),
        ("x-amz-checksum-type".to_owned(), "FULL_OBJECT".to_owned()),
        put::checksum(&content, algorithm),
    ]);
    let object = objects::Object::new(key, &content, app.core.clock().now().millis, fields);
    put::keep(app, bucket, &mut draft, object, &put::Condition::None)
}
