//! HTTP over the region's unix socket: how an agent and the command line reach the server of their machine.

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, Limited, combinators::BoxBody};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use std::{
    fmt, io,
    path::{Path, PathBuf},
};
use tokio::net::UnixStream;

/// The largest reply that is read whole: a spec of some ten thousand tasks.
const LARGEST_REPLY: usize = 256 << 20;

/// A body that is sent: bytes, or a stream.
pub type Body = BoxBody<Bytes, io::Error>;

/// Reaches the server behind one socket. Every call has a connection of its own, so one that is held stops no other, and
/// dropping a call ends it.
#[derive(Debug, Clone)]
pub struct Client {
    socket: PathBuf,
}

/// A call that was not answered as hoped.
#[derive(Debug)]
pub enum CallError {
    /// The server could not be reached or went away.
    Unreachable {
        /// Where it should listen.
        socket: PathBuf,
        /// What the system says.
        why: String,
    },
    /// The server refused.
    Refused {
        /// The HTTP status.
        status: StatusCode,
        /// The error's code, such as `ResourceNotFoundException`; empty when the answer has none.
        code: String,
        /// What it says.
        message: String,
    },
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable { socket, why } => write!(
                f,
                "reaching neargate at {}: {why} (is `neargate up` running with this data directory?)",
                socket.display()
            ),
            Self::Refused { message, .. } => f.write_str(message),
        }
    }
}
impl std::error::Error for CallError {}

/// A body of bytes.
pub fn bytes(body: impl Into<Bytes>) -> Body {
    Full::new(body.into()).map_err(|never| match never {}).boxed()
}

impl Client {
    /// A client of the server that listens on `socket`. Nothing is connected yet.
    pub fn new(socket: &Path) -> Self {
        Self { socket: socket.to_owned() }
    }

    /// Sends a request and returns the answer's head; its body is still to be read.
    ///
    /// # Errors
    /// [`CallError::Unreachable`]. A refusal is an answer here.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Body,
    ) -> Result<Response<Incoming>, CallError> {
        let lost = |why: String| CallError::Unreachable { socket: self.socket.clone(), why };
        let stream = UnixStream::connect(&self.socket).await.map_err(|e| lost(e.to_string()))?;
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|e| lost(e.to_string()))?;
        tokio::spawn(connection);
        let request = headers
            .iter()
            .fold(Request::builder().method(method).uri(path).header("host", "localhost"), |r, (name, value)| {
                r.header(*name, *value)
            });
        let request = request.body(body).map_err(|e| lost(e.to_string()))?;
        sender.send_request(request).await.map_err(|e| lost(e.to_string()))
    }

    /// Sends a request and reads the whole answer.
    ///
    /// # Errors
    /// [`CallError`] when the server is not there, goes away, or answers with anything but success.
    pub async fn call(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Body,
    ) -> Result<Bytes, CallError> {
        let answer = self.send(method, path, headers, body).await?;
        let status = answer.status();
        let lost = |why: String| CallError::Unreachable { socket: self.socket.clone(), why };
        let read = Limited::new(answer.into_body(), LARGEST_REPLY).collect().await.map_err(|e| lost(e.to_string()))?;
        let body = read.to_bytes();
        if status.is_success() { Ok(body) } else { Err(refused(status, &body)) }
    }
}

/// What a refusal says: `{"__type": CODE, "message": …}`, as AWS's JSON services write it.
fn refused(status: StatusCode, body: &[u8]) -> CallError {
    let said: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    let text = |name: &str| said.get(name).and_then(serde_json::Value::as_str).map(str::to_owned);
    let plain = || format!("neargate answered {status}: {}", String::from_utf8_lossy(body));
    let code = text("__type").map(|code| code.rsplit('#').next().unwrap_or_default().to_owned());
    CallError::Refused { status, code: code.unwrap_or_default(), message: text("message").unwrap_or_else(plain) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_its_code_and_message() {
        let body = br#"{"__type":"com.amazonaws.logs#ResourceNotFoundException","message":"no such group"}"#;
        let CallError::Refused { code, message, .. } = refused(StatusCode::BAD_REQUEST, body) else { panic!() };
        assert_eq!((code.as_str(), message.as_str()), ("ResourceNotFoundException", "no such group"));
        assert_eq!(
            refused(StatusCode::BAD_GATEWAY, b"<html>").to_string(),
            "neargate answered 502 Bad Gateway: <html>"
        );
    }
}
