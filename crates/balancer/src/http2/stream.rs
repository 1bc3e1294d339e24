//! One request of a client: decided, sent to a target, answered.

use super::{
    body::{Client, Incoming},
    head, to_http1, to_http2,
};
use crate::{
    config::Listener,
    cookie,
    decide::{Circumstances, Outcome, Tally, route},
    http1::{FIELDS, body::Reading},
    page::{Answer, Refusal},
    reach::{Asking, Nobody},
    socket::Stopped,
    watch::Fate,
};
use bytes::Bytes;
use h2::Reason;
use http::request::Parts;
use spec::balancing::ProtocolVersion;
use std::{
    future::{Future, poll_fn},
    pin::pin,
    task::Poll,
};

/// How many fields most requests have at most.
const USUAL: usize = 32;

/// A request on its way to a target.
pub(super) struct Passing<'a> {
    pub client: &'a Client,
    pub asking: &'a Asking<'a>,
    /// Whether its method is HEAD.
    pub is_head: bool,
    /// Whether the client understands trailers.
    pub takes_trailers: bool,
    /// Its body, as a target that speaks HTTP/1.1 gets it.
    pub body: Reading,
}

/// Why a request was not answered to the end by a target.
#[derive(Debug)]
pub(super) enum Failed {
    /// The load balancer answers, unless an answer has begun.
    Refused(Refusal),
    /// The stream ends so.
    Reset(Reason),
    /// The client is gone.
    Gone,
}

impl From<Nobody> for Failed {
    fn from(nobody: Nobody) -> Self {
        match nobody {
            Nobody::Refused(refusal) => Self::Refused(refusal),
            Nobody::Closed => Self::by(Fate::Closed, false),
        }
    }
}

impl Failed {
    /// What is answered when the waiting for a target was ended. `is_sent` is whether it has all of the request.
    pub(super) fn by(fate: Fate, is_sent: bool) -> Self {
        match fate {
            Fate::Closed => Self::Reset(Reason::CANCEL),
            Fate::Cut | Fate::Moved => Self::Refused(Refusal::BadGateway),
            // Whoever was to send is late.
            Fate::Idle if is_sent => Self::Refused(Refusal::GatewayTimeout),
            Fate::Idle => Self::Refused(Refusal::ClientTimeout),
        }
    }

    /// The same when the client does not take its answer.
    pub(super) fn of_client(stopped: &Stopped) -> Self {
        match stopped {
            Stopped::Io => Self::Gone,
            Stopped::Fate(_) => Self::Reset(Reason::CANCEL),
        }
    }
}

/// Answers a request.
pub(super) async fn serve(listener: &Listener, client: &Client, parts: &Parts, body: Incoming) {
    let mut served = pin!(pass(listener, client, parts, body));
    // Whatever it waits for, a client that has given up ends it.
    poll_fn(|context| match client.poll_gone(context) {
        Poll::Ready(()) => Poll::Ready(()),
        Poll::Pending => served.as_mut().poll(context),
    })
    .await;
}

async fn pass(listener: &Listener, client: &Client, parts: &Parts, mut body: Incoming) {
    let is_head = parts.method == http::Method::HEAD;
    let (mut out, mut tally) = (Vec::new(), Tally::default());
    let decided = {
        let cookies = head::cookies(&parts.headers);
        let mut room = Vec::with_capacity(parts.headers.len().clamp(USUAL.min(FIELDS), FIELDS));
        head::read(parts, !body.is_over(), cookies.as_deref(), &mut room).and_then(|(request, length)| {
            let worker = &client.connection.worker;
            let mut random = worker.random.borrow_mut();
            let (peer, tls) = (client.connection.peer, client.connection.tls);
            let around = Circumstances { client: peer, tls, now: worker.now(), random: &mut random };
            let outcome = route(listener, &request, length, around, &mut tally, &mut out)?;
            Ok((outcome, request.body.clone(), request.expects_continue))
        })
    };
    client.connection.counts.decided(&tally, &listener.settings.heads);
    let failed = match decided {
        Ok((Outcome::Answer(answer), ..)) => return refuse(client, &answer, is_head),
        Ok((Outcome::Forward(route), reading, expects_continue)) => {
            if expects_continue {
                client.wants_body();
            }
            let takes_trailers = parts.headers.contains_key(http::header::TE);
            let asking = Asking::new(&client.connection.worker, listener, &route, &client.connection.counts);
            let passing = Passing { client, asking: &asking, is_head, takes_trailers, body: reading };
            let passed = match route.group.version {
                ProtocolVersion::Http1 => to_http1::run(&passing, &mut body, &mut out).await,
                ProtocolVersion::Http2 | ProtocolVersion::Grpc => to_http2::run(&passing, &mut body, &out).await,
            };
            client.watch.left();
            match passed {
                Ok(()) => return,
                Err(failed) => failed,
            }
        }
        Err(refusal) => Failed::Refused(refusal),
    };
    match failed {
        Failed::Refused(refusal) if !client.is_answered() => refuse(client, &refusal.into(), is_head),
        // The client has part of the answer: that the rest is missing, it is told so.
        Failed::Refused(_) => client.reset(Reason::INTERNAL_ERROR),
        Failed::Reset(reason) => client.reset(reason),
        Failed::Gone => {}
    }
}

/// Answers without a target. What of the body was not taken is not wanted, which the stream's end says.
fn refuse(client: &Client, answer: &Answer, is_head: bool) {
    let date = cookie::date(client.connection.worker.now());
    let Some((head, content)) = head::answer(answer, &date) else { return client.reset(Reason::INTERNAL_ERROR) };
    let is_whole = is_head || content.is_empty();
    client.connection.counts.answered(answer.status);
    client.connection.watch.go_on();
    // A client that is gone needs no answer.
    if client.begin(head, is_whole).is_ok() && !is_whole {
        let _ = client.finish(Bytes::from(content));
    }
}
