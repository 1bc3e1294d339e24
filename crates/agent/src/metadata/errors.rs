//! Refusals, as the Amazon ECS container agent writes them.

use super::{route::Version, serve::Reply};
use http::{HeaderValue, StatusCode, header};
use http_body_util::Full;
use serde::Serialize;
use serde_json::{Value, json};

/// A reply in JSON.
pub(super) fn json_reply(status: u16, value: &impl Serialize) -> Reply {
    let body = serde_json::to_vec(value).unwrap_or_else(|_| b"{}".to_vec());
    reply(status, "application/json", body)
}

fn reply(status: u16, kind: &'static str, body: Vec<u8>) -> Reply {
    let mut reply = http::Response::new(Full::new(body.into()));
    *reply.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    reply.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    reply
}

/// A path that leads nowhere.
pub(super) fn no_such_page() -> Reply {
    reply(404, "text/plain; charset=utf-8", b"404 page not found\n".to_vec())
}

/// Anything but a read.
pub(super) fn not_a_read() -> Reply {
    reply(405, "text/plain; charset=utf-8", b"Method Not Allowed\n".to_vec())
}

/// More requests in a second than a task may make.
pub(super) fn too_many() -> Reply {
    reply(429, "text/plain; charset=utf-8", b"You have reached maximum request limit.\n".to_vec())
}

/// No credentials, and why.
pub(super) fn no_credentials(status: u16, code: &str, message: &str) -> Reply {
    let message = format!("CredentialsV2Request: {message}");
    json_reply(status, &json!({ "code": code, "message": message, "HTTPErrorCode": status }))
}

/// An id that is no container's of the task that asks. The agent's handlers look for the task or for the container first.
pub(super) fn no_such_container(version: Version, of: &str, id: &str) -> Reply {
    let (handler, wanted, from) = match (version, of) {
        (_, "container metadata") => (of, "container ID", "docker ID"),
        (Version::V4, "container stats") => ("container", "task arn", "task Arn"),
        _ => (of, "task arn", "task Arn"),
    };
    let status = match version {
        Version::V4 => 404,
        Version::V3 if of.ends_with("stats") => 400,
        Version::V3 => 500,
    };
    let why = format!(
        "{} {handler} handler: unable to get {wanted} from request: unable to get {from} from v3 endpoint ID: {id}",
        version.name()
    );
    json_reply(status, &Value::String(why))
}
