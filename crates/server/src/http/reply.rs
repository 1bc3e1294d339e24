//! Responses.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use http_body_util::{BodyExt, Full, combinators::BoxBody};
use serde::Serialize;

/// A response's content: bytes, or a stream that may break off.
pub(crate) type Body = BoxBody<Bytes, std::io::Error>;
/// A response.
pub(crate) type Reply = Response<Body>;

/// A body of bytes.
pub(crate) fn whole(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into()).map_err(|never| match never {}).boxed()
}

/// A response as the wire crate wrote it.
pub(super) fn from_aws(reply: aws::reply::Reply) -> Reply {
    let mut response = Response::new(whole(reply.body));
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in reply.headers {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

/// A response in JSON.
pub(crate) fn json(status: u16, value: &impl Serialize) -> Reply {
    match serde_json::to_vec(value) {
        Ok(body) => {
            let mut response = Response::new(whole(body));
            *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
            response
        }
        Err(error) => refuse(500, "InternalFailure", &format!("writing the answer: {error}")),
    }
}

/// A refusal at one of neargate's own routes, in the shape AWS's JSON services use.
pub(crate) fn refuse(status: u16, code: &str, message: &str) -> Reply {
    json(status, &serde_json::json!({ "__type": code, "message": message }))
}

/// The same of a fault.
pub(crate) fn fault(fault: &aws::fault::Fault) -> Reply {
    refuse(fault.status, &fault.code, &fault.message)
}
