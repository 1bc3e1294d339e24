//! Health checks over HTTP/2 and gRPC ("Health checks for Application Load Balancer target groups").

use bytes::Bytes;
use h2::{RecvStream, client};
use http::{HeaderMap, Request, StatusCode, header};
use spec::balancing::ProtocolVersion;
use std::{future::Future, net::SocketAddr, pin::pin};
use tokio::io::{AsyncRead, AsyncWrite};

/// The most of a body that is read on the way to its trailers.
const BODY: usize = 64 << 10;
/// A message without fields, not compressed ("gRPC over HTTP2", gRPC).
const EMPTY_MESSAGE: &[u8] = &[0; 5];
/// `UNKNOWN`.
const UNKNOWN: u16 = 2;

/// Asks a target over a connection of its own; answers the code of HTTP, or that of gRPC.
pub(crate) async fn ask<T: AsyncRead + AsyncWrite + Unpin>(
    bytes: T,
    address: SocketAddr,
    (tls, path): (bool, &str),
    version: ProtocolVersion,
) -> Option<u16> {
    let is_grpc = version == ProtocolVersion::Grpc;
    let scheme = if tls { "https" } else { "http" };
    let (mut sender, connection) = client::handshake(bytes).await.ok()?;
    let work = async move {
        let request = Request::builder()
            .method(if is_grpc { "POST" } else { "GET" })
            .uri(format!("{scheme}://{address}{path}"))
            .header(header::USER_AGENT, "ELB-HealthChecker/2.0");
        let request = match is_grpc {
            true => request.header(header::CONTENT_TYPE, "application/grpc").header(header::TE, "trailers"),
            false => request.header(header::ACCEPT_ENCODING, "gzip, compressed"),
        };
        let (answer, mut body) = sender.send_request(request.body(()).ok()?, !is_grpc).ok()?;
        if is_grpc {
            body.send_data(Bytes::from_static(EMPTY_MESSAGE), true).ok()?;
        }
        let (head, body) = answer.await.ok()?.into_parts();
        match is_grpc {
            true => grpc_code(&head.headers, head.status, body).await,
            false => Some(head.status.as_u16()),
        }
    };
    let (mut work, mut connection) = (pin!(work), pin!(connection));
    tokio::select! {
        biased;
        answer = &mut work => answer,
        // What came before its end still counts.
        _ = &mut connection => now_or_never(work),
    }
}

/// What is ready, as nothing more will be.
fn now_or_never<T>(future: std::pin::Pin<&mut impl Future<Output = Option<T>>>) -> Option<T> {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match future.poll(&mut context) {
        std::task::Poll::Ready(answer) => answer,
        std::task::Poll::Pending => None,
    }
}

/// The code of a call: in the trailers, or in the head if there is nothing else.
async fn grpc_code(head: &HeaderMap, status: StatusCode, mut body: RecvStream) -> Option<u16> {
    let code = |fields: &HeaderMap| fields.get("grpc-status")?.to_str().ok()?.parse().ok();
    if let Some(code) = code(head) {
        return Some(code);
    }
    let mut length = 0;
    while let Some(data) = body.data().await {
        let data = data.ok()?;
        length += data.len();
        if length > BODY {
            return None;
        }
        body.flow_control().release_capacity(data.len()).ok()?;
    }
    let trailers = body.trailers().await.ok()?;
    Some(trailers.as_ref().and_then(code).unwrap_or_else(|| of_http(status)))
}

/// The code for an answer that has none ("HTTP to gRPC Status Code Mapping", gRPC).
fn of_http(status: StatusCode) -> u16 {
    match status.as_u16() {
        400 => 13,
        401 => 16,
        403 => 7,
        404 => 12,
        429 | 502..=504 => 14,
        _ => UNKNOWN,
    }
}
