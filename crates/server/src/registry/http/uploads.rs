//! Uploads of blobs: whole in one request or two, in chunks, or mounted from another repository.

use super::{Refusal, Request};
use crate::app::{App, blocking};
use crate::registry::push::{self, NoLayer, storage};
use crate::registry::uploads::{Claim, Refused, Session};
use crate::registry::{BLOB_MAX, push::begin as begin_upload};
use ::images::answer::{Answer, Body, empty};
use ::images::blobs::Broken;
use ::images::digest::Digest;
use control::Caller;
use control::ecr::{layers, repositories};
use http::HeaderMap;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use std::sync::Arc;
use std::time::Duration;

/// Bytes of a body gathered before they are written.
const PIECE: usize = 128 << 10;

/// `POST /v2/<name>/blobs/uploads/`: begins an upload; with `digest` it is all of it, with `mount` and `from` another repository's
/// blob is taken, if that has it.
pub(super) async fn begin(request: Request, name: String) -> Result<Answer, Refusal> {
    repositories::find(&request.app.core.state(), None, &name)?;
    if let Some(mount) = request.parameter("mount") {
        let digest: Digest = mount.parse()?;
        let (repository, text, from) = (name.clone(), digest.to_string(), request.parameter("from"));
        let mount = move |tx: &mut control::Tx<'_>| layers::mount(tx, &repository, &text, from.as_deref());
        if request.app.core.run(request.caller.clone(), mount).await? {
            return Ok(created(&name, &digest));
        }
    }
    let (id, session) = begin_upload(&request.app, &name).await?;
    match request.parameter("digest") {
        Some(digest) => {
            let finished = finish(request, &name, &id, session, &digest).await;
            finished.map(|digest| created(&name, &digest))
        }
        None => Ok(accepted(202, &name, &id, 0)),
    }
}

/// `GET /v2/<name>/blobs/uploads/<id>`: how far it is.
pub(super) fn status(request: &Request, name: &str, id: &str) -> Result<Answer, Refusal> {
    let session = find(&request.app, name, id)?;
    Ok(accepted(204, name, id, session.received()))
}

/// `PATCH /v2/<name>/blobs/uploads/<id>`: the next chunk, or all of it in a stream.
pub(super) async fn patch(request: Request, name: String, id: String) -> Result<Answer, Refusal> {
    let session = find(&request.app, &name, &id)?;
    append(request, &name, &id, &session).await?;
    Ok(accepted(202, &name, &id, session.received()))
}

/// `PUT /v2/<name>/blobs/uploads/<id>?digest=`: the last chunk, or nothing more.
pub(super) async fn put(request: Request, name: String, id: String) -> Result<Answer, Refusal> {
    let session = find(&request.app, &name, &id)?;
    let digest = request.parameter("digest").unwrap_or_default();
    let digest = finish(request, &name, &id, session, &digest).await?;
    Ok(created(&name, &digest))
}

/// `DELETE /v2/<name>/blobs/uploads/<id>`.
pub(super) fn cancel(request: &Request, name: &str, id: &str) -> Result<Answer, Refusal> {
    repositories::find(&request.app.core.state(), None, name)?;
    match request.app.registry.uploads.remove(name, id) {
        true => Ok(empty(204, Vec::new())),
        false => Err(unknown(id)),
    }
}

fn find(app: &App, name: &str, id: &str) -> Result<Arc<Session>, Refusal> {
    repositories::find(&app.core.state(), None, name)?;
    app.registry.uploads.get(name, id).ok_or_else(|| unknown(id))
}

fn unknown(id: &str) -> Refusal {
    Refusal::new(404, "BLOB_UPLOAD_UNKNOWN", format!("There is no upload {id} to the repository."))
}

/// Appends a request's body and returns how many bytes there are then. No thread waits for a slow client: pieces are gathered first.
/// What came before a body broke off is kept.
async fn append(request: Request, name: &str, id: &str, session: &Arc<Session>) -> Result<Arc<Claim>, Refusal> {
    let refuse = |refused| refusal(name, id, session.received(), refused);
    let mut at = first_byte(&request.headers).map_err(|why| out_of_order(name, id, session.received(), why))?;
    let claim = Arc::new(session.claim().map_err(refuse)?);
    let (mut body, patience) = (request.body, request.app.config.limits.body_time);
    loop {
        let (piece, end) = gather(&mut body, patience).await;
        let (claimed, first) = (claim.clone(), at.take());
        let appended = blocking(move || Ok(claimed.append(first, &piece, BLOB_MAX))).await?;
        if matches!(appended, Err(Refused::Broken(Broken::Disk(_)))) {
            // It would hold the room that it lacks.
            request.app.registry.uploads.remove(name, id);
        }
        appended.map_err(refuse)?;
        match end {
            End::More => {}
            End::Whole => return Ok(claim),
            End::Broken(why) => {
                return Err(Refusal::new(400, "BLOB_UPLOAD_INVALID", format!("The body broke off: {why}.")));
            }
        }
    }
}

/// Where a piece of a body ends.
enum End {
    More,
    Whole,
    Broken(String),
}

/// The next piece of a body: as many frames as make one worth writing.
async fn gather(body: &mut Incoming, patience: Duration) -> (Vec<u8>, End) {
    let mut piece = Vec::new();
    while piece.len() < PIECE {
        match tokio::time::timeout(patience, body.frame()).await {
            Ok(Some(Ok(frame))) => piece.extend_from_slice(frame.data_ref().map_or(&[], |data| data)),
            Ok(Some(Err(error))) => return (piece, End::Broken(error.to_string())),
            Ok(None) => return (piece, End::Whole),
            Err(_) => return (piece, End::Broken("it stopped coming".to_owned())),
        }
    }
    (piece, End::More)
}

fn refusal(name: &str, id: &str, received: u64, refused: Refused) -> Refusal {
    match refused {
        Refused::Gone => unknown(id),
        Refused::OutOfOrder => out_of_order(name, id, received, format!("The upload goes on at byte {received}.")),
        Refused::Busy => out_of_order(name, id, received, "Another chunk is being sent.".to_owned()),
        Refused::Broken(Broken::TooLong) => {
            Refusal::new(413, "SIZE_INVALID", format!("A blob has at most {BLOB_MAX} bytes."))
        }
        Refused::Broken(Broken::Body(error) | Broken::Disk(error)) => storage(error).into(),
    }
}

fn out_of_order(name: &str, id: &str, received: u64, why: String) -> Refusal {
    Refusal::new(416, "BLOB_UPLOAD_INVALID", why).with("location", location(name, id)).with("range", range(received))
}

/// The first byte that `Content-Range: <start>-<end>` says a body has. Its length must be what that says, too.
fn first_byte(headers: &HeaderMap) -> Result<Option<u64>, String> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let Some(field) = text("content-range") else { return Ok(None) };
    let range = field.trim().trim_start_matches("bytes ");
    let range = range.split_once('/').map_or(range, |(range, _)| range);
    let bounds = range.split_once('-').and_then(|(first, last)| Some((first.parse().ok()?, last.parse().ok()?)));
    let Some((first, last)): Option<(u64, u64)> = bounds.filter(|(first, last)| first <= last) else {
        return Err(format!("Content-Range {field:?} is no range of bytes."));
    };
    let length = text("content-length").and_then(|length| length.parse::<u64>().ok());
    match length.filter(|length| length.checked_sub(1) != Some(last - first)) {
        Some(length) => Err(format!("Content-Range {field:?} does not fit {length} bytes.")),
        None => Ok(Some(first)),
    }
}

/// Appends what the request still brings and makes a blob of the upload. One whose digest is another one is gone.
async fn finish(
    request: Request,
    name: &str,
    id: &str,
    session: Arc<Session>,
    digest: &str,
) -> Result<Digest, Refusal> {
    let digest: Digest = digest.parse()?;
    let (app, caller): (Arc<App>, Caller) = (request.app.clone(), request.caller.clone());
    let claim = append(request, name, id, &session).await?;
    let upload = claim.take().map_err(|_| unknown(id))?;
    app.registry.uploads.remove(name, id);
    let pushed = push::layer(app, caller, name.to_owned(), upload, digest.clone()).await;
    pushed.map_err(|refused| match refused {
        NoLayer::Fault(fault) => fault.into(),
        NoLayer::Digest(found) => {
            let message = format!("The content has the digest {found}, not {digest}.");
            Refusal::new(400, "DIGEST_INVALID", message)
        }
    })?;
    Ok(digest)
}

fn location(name: &str, id: &str) -> String {
    format!("/v2/{name}/blobs/uploads/{id}")
}

/// The bytes there are; of none the specification's way to say it is the same as of one.
fn range(received: u64) -> String {
    format!("0-{}", received.saturating_sub(1))
}

fn accepted(status: u16, name: &str, id: &str, received: u64) -> Answer {
    let headers =
        vec![("location", location(name, id)), ("range", range(received)), ("docker-upload-uuid", id.to_owned())];
    if status == 204 { Answer { status, headers, body: Body::Bytes(Vec::new()) } } else { empty(status, headers) }
}

fn created(name: &str, digest: &Digest) -> Answer {
    let headers =
        vec![("location", format!("/v2/{name}/blobs/{digest}")), ("docker-content-digest", digest.to_string())];
    empty(201, headers)
}
