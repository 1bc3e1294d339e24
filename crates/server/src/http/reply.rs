//! Responses.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode};
use http_body_util::{BodyExt, Full, channel::Channel, combinators::BoxBody};
use images::answer::{self, Answer};
use serde::Serialize;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

/// Bytes of a layer read and sent at once.
const CHUNK: usize = 256 << 10;
/// How many of those may wait for a slow reader.
const AHEAD: usize = 4;

/// A response's content: bytes, or a stream that may break off.
pub(crate) type Body = BoxBody<Bytes, io::Error>;
/// A response.
pub(crate) type Reply = Response<Body>;

/// A body of bytes.
pub(crate) fn whole(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into()).map_err(|never| match never {}).boxed()
}

/// A response as the wire crate wrote it.
pub(super) fn from_aws(reply: aws::reply::Reply) -> Reply {
    response(reply.status, reply.headers, whole(reply.body))
}

/// A registry's answer as a response.
pub(crate) fn from_registry(answer: Answer) -> Reply {
    let body = match answer.body {
        answer::Body::Bytes(bytes) => whole(bytes),
        answer::Body::File { file, offset, length } => from_file(file, offset, length),
    };
    response(answer.status, answer.headers, body)
}

fn response(status: u16, headers: Vec<(&'static str, String)>, body: Body) -> Reply {
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in headers {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

/// A part of a file as a body, read as fast as it is taken. No thread waits for a slow reader.
pub(crate) fn from_file(file: File, offset: u64, length: u64) -> Body {
    let (mut sender, body) = Channel::new(AHEAD);
    tokio::spawn(async move {
        let file = Arc::new(file);
        let (mut at, end) = (offset, offset + length);
        while at < end {
            let (file, size) = (file.clone(), CHUNK.min(usize::try_from(end - at).unwrap_or(CHUNK)));
            let read = move || {
                let mut chunk = vec![0; size];
                file.read_exact_at(&mut chunk, at).map(|()| Bytes::from(chunk))
            };
            match tokio::task::spawn_blocking(read).await.unwrap_or_else(|error| Err(io::Error::other(error))) {
                Ok(chunk) => {
                    at += size as u64;
                    // A reader that went away needs no more.
                    if sender.send_data(chunk).await.is_err() {
                        return;
                    }
                }
                Err(error) => return sender.abort(error),
            }
        }
    });
    body.boxed()
}

/// A response in JSON.
pub(crate) fn json(status: u16, value: &impl Serialize) -> Reply {
    match serde_json::to_vec(value) {
        Ok(body) => response(status, vec![("content-type", "application/json".to_owned())], whole(body)),
        Err(error) => refuse(500, "InternalFailure", &format!("writing the answer: {error}")),
    }
}

/// A response in text of a type.
pub(crate) fn text(kind: &str, text: String) -> Reply {
    response(200, vec![("content-type", kind.to_owned())], whole(text))
}

/// A refusal at one of neargate's own routes, in the shape AWS's JSON services use.
pub(crate) fn refuse(status: u16, code: &str, message: &str) -> Reply {
    json(status, &serde_json::json!({ "__type": code, "message": message }))
}

/// The same of a fault.
pub(crate) fn fault(fault: &aws::fault::Fault) -> Reply {
    refuse(fault.status, &fault.code, &fault.message)
}
