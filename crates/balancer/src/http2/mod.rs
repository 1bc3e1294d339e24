//! HTTP/2 (RFC 9113): clients' connections, and those to targets of groups whose `ProtocolVersion` is HTTP2 or GRPC.
//!
//! | module | what |
//! |---|---|
//! | `server`, `limit`, `trailers` | a client's connection: its streams, its end, what of frames is looked at here |
//! | `stream`, `body` | one request: where it goes, its answer; the client's bytes with flow control |
//! | `to_http1` | its way to a target that speaks HTTP/1.1 |
//! | `to_http2`, `upstream` | the same in HTTP/2, and the connections that requests share |
//! | `check` | health checks |
//! | `head` | heads in this form to and from those in HTTP/1.1's; pure |
//!
//! Frames, header compression and stream states are the `h2` crate's, which also ends connections that reset streams rapidly, send
//! CONTINUATION or empty frames without end, or break the protocol.

mod body;
mod check;
mod head;
mod limit;
mod server;
mod stream;
mod to_http1;
mod to_http2;
mod trailers;
mod upstream;

pub(crate) use check::ask;
pub(crate) use server::serve;
pub(crate) use upstream::Upstreams;

use crate::watch::{Fate, Watch};
use std::task::{Context, Poll};

/// Polls something a request waits for, unless its waiting was ended.
fn guarded<T>(
    watch: &Watch,
    context: &mut Context<'_>,
    work: impl FnOnce(&mut Context<'_>) -> Poll<T>,
) -> Poll<Result<T, Fate>> {
    if let Some(fate) = watch.fate() {
        return Poll::Ready(Err(fate));
    }
    let polled = work(context);
    match polled {
        Poll::Pending => watch.sleep(context),
        Poll::Ready(_) => watch.touch(),
    }
    polled.map(Ok)
}
