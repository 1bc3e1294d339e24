//! One request of a client: decided, sent to a target, answered.

use super::{
    body::{Client, Incoming},
    head, to_http1, to_http2,
};
use crate::{
    access::{Line, Noted, line},
    config::Listener,
    cookie,
    decide::{Circumstances, Outcome, Tally, route},
    http1::{FIELDS, body::Reading},
    page::{Answer, Refusal},
    reach::{Asking, Nobody},
    socket::Stopped,
    target::Target,
    watch::Fate,
};
use bytes::Bytes;
use h2::Reason;
use http::request::Parts;
use spec::balancing::ProtocolVersion;
use std::{
    cell::RefCell,
    future::{Future, poll_fn},
    net::SocketAddr,
    pin::pin,
    task::Poll,
    time::{Instant, SystemTime},
};

/// How many fields most requests have at most.
const USUAL: usize = 32;
/// What the head of most requests takes for a target. The allocator keeps pieces of up to a kilobyte at hand.
const USUAL_HEAD: usize = 1000;

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

impl Passing<'_> {
    /// The target has all of the request: the time for its answer begins.
    pub(super) fn body_is_sent(&self) {
        self.client.watch.answer_within(self.asking.listener.settings.request_timeout);
    }
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
            Fate::Late => Self::Refused(Refusal::GatewayTimeout),
            // Whoever was to send is late.
            Fate::Idle if is_sent => Self::Refused(Refusal::GatewayTimeout),
            Fate::Idle => Self::Refused(Refusal::ClientTimeout),
        }
    }

    /// Lets it count for a target that it may be the fault of.
    pub(super) fn tell(&self, asking: &Asking<'_>, target: &Target) {
        if let Self::Refused(refusal) = self {
            asking.unanswered(target, *refusal);
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
pub(super) async fn serve(listener: &Listener, client: &Client, parts: &Parts, mut body: Incoming) {
    let begun = listener.settings.access_log.as_ref().map(|_| (SystemTime::now(), Instant::now()));
    let (noted, decided) = (Noted::default(), RefCell::new(Decided::default()));
    pass_or_leave(listener, client, parts, &mut body, (&noted, &decided)).await;
    if let Some((at, since)) = begun {
        log(listener, client, parts, &body, (&noted, &decided.into_inner()), at, since);
    }
}

/// What was decided about a request, as far as a line of it says so.
#[derive(Default)]
struct Decided {
    tally: Tally,
    group: Option<String>,
    trace: Option<Vec<u8>>,
    location: Option<String>,
    length: usize,
}

/// Has a line of the access log written.
fn log(
    listener: &Listener,
    client: &Client,
    parts: &Parts,
    body: &Incoming,
    (noted, decided): (&Noted, &Decided),
    begun: SystemTime,
    since: Instant,
) {
    let connection = &client.connection;
    let Some(log) = &listener.settings.access_log else { return };
    let field = |name: http::HeaderName| parts.headers.get(name).map(http::HeaderValue::as_bytes);
    let host = parts.uri.authority().map(|authority| authority.as_str());
    let host = host.or_else(|| field(http::header::HOST).and_then(|host| std::str::from_utf8(host).ok()));
    let is_grpc = field(http::header::CONTENT_TYPE).is_some_and(|kind| kind.starts_with(b"application/grpc"));
    let trace = decided.trace.as_deref().or(decided.tally.trace());
    let trace = trace.or_else(|| field(http::HeaderName::from_static("x-amzn-trace-id")));
    // A client that is gone has not got an answer ("HTTP 460", Troubleshoot your Application Load Balancers).
    let status = noted.status.get().or(client.is_gone().then_some(460));
    let line = Line {
        listener,
        kind: match connection.tls {
            Some(_) if is_grpc => "grpcs",
            _ => "h2",
        },
        begun,
        ended: SystemTime::now(),
        client: canonical(connection.peer),
        target: noted.target.get(),
        times: noted.times(since),
        status,
        target_status: noted.answered.get().map(|(_, status)| status),
        received: (decided.length + body.taken) as u64,
        sent: client.sent(),
        asked: Some(line::Asked {
            method: parts.method.as_str(),
            host: host.unwrap_or_default(),
            target: parts.uri.path_and_query().map_or("-", |target| target.as_str()),
            version: "HTTP/2.0",
            agent: field(http::header::USER_AGENT),
        }),
        tls: connection.tls.map(|agreed| (agreed, &connection.presented)),
        group: decided.group.as_deref(),
        trace: trace.unwrap_or(b"-"),
        tally: &decided.tally,
        location: decided.location.as_deref(),
        connection: connection.id,
    };
    connection.worker.logs.write(&listener.node, log, |out| line.append(out));
}

async fn pass_or_leave(
    listener: &Listener,
    client: &Client,
    parts: &Parts,
    body: &mut Incoming,
    notes: (&Noted, &RefCell<Decided>),
) {
    let mut served = pin!(pass(listener, client, parts, body, notes));
    // Whatever it waits for, a client that has given up ends it.
    poll_fn(|context| match client.poll_gone(context) {
        Poll::Ready(()) => {
            client.leave();
            Poll::Ready(())
        }
        Poll::Pending => served.as_mut().poll(context),
    })
    .await;
}

async fn pass(
    listener: &Listener,
    client: &Client,
    parts: &Parts,
    body: &mut Incoming,
    (noted, notes): (&Noted, &RefCell<Decided>),
) {
    let is_head = parts.method == http::Method::HEAD;
    let (mut out, mut tally) = (Vec::with_capacity(USUAL_HEAD), Tally::default());
    let decided = {
        let cookies = head::cookies(&parts.headers);
        let mut room = Vec::with_capacity(parts.headers.len().clamp(USUAL.min(FIELDS), FIELDS));
        head::read(parts, !body.is_over(), cookies.as_deref(), &mut room).and_then(|(request, length)| {
            let worker = &client.connection.worker;
            let mut random = worker.random.borrow_mut();
            let (peer, tls) = (client.connection.peer, client.connection.tls);
            let around = Circumstances { client: peer, tls, now: worker.now(), random: &mut random };
            notes.borrow_mut().length = length;
            let outcome = route(listener, &request, length, around, &mut tally, &mut out)?;
            Ok((outcome, request.body.clone(), request.expects_continue))
        })
    };
    client.connection.counts.decided(&tally, &listener.settings.heads);
    if listener.settings.access_log.is_some() {
        let mut notes = notes.borrow_mut();
        notes.tally = tally;
        match &decided {
            Ok((Outcome::Forward(route), ..)) => {
                notes.group = Some(route.group.arn.clone());
                notes.trace = line::traced(&out);
            }
            Ok((Outcome::Answer(answer), ..)) => notes.location.clone_from(&answer.location),
            Err(_) => {}
        }
    }
    let failed = match decided {
        Ok((Outcome::Answer(answer), ..)) => return refuse(client, &answer, is_head, noted),
        Ok((Outcome::Forward(route), reading, expects_continue)) => {
            if expects_continue {
                client.wants_body();
            }
            let takes_trailers = parts.headers.contains_key(http::header::TE);
            let connection = &client.connection;
            let asking = Asking::new(&connection.worker, listener, &route, &connection.counts, noted);
            let passing = Passing { client, asking: &asking, is_head, takes_trailers, body: reading };
            if body.is_over() {
                passing.body_is_sent();
            }
            let passed = match route.group.version {
                ProtocolVersion::Http1 => to_http1::run(&passing, body, &mut out).await,
                // Apart, so that no other request has the room it takes.
                ProtocolVersion::Http2 | ProtocolVersion::Grpc => Box::pin(to_http2::run(&passing, body, &out)).await,
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
        // Who sends it requests may send them again (RFC 9113, 8.7).
        Failed::Refused(refusal) if !client.is_answered() && listener.settings.inward && refusal.is_before_any() => {
            client.reset(Reason::REFUSED_STREAM)
        }
        Failed::Refused(refusal) if !client.is_answered() => {
            refuse(client, &listener.settings.refusal(refusal), is_head, noted)
        }
        // The client has part of the answer: that the rest is missing, it is told so.
        Failed::Refused(_) => client.reset(Reason::INTERNAL_ERROR),
        Failed::Reset(reason) => client.reset(reason),
        Failed::Gone => client.leave(),
    }
}

/// A client's address as it is shown.
fn canonical(peer: SocketAddr) -> SocketAddr {
    SocketAddr::new(peer.ip().to_canonical(), peer.port())
}

/// Answers without a target. What of the body was not taken is not wanted, which the stream's end says.
fn refuse(client: &Client, answer: &Answer, is_head: bool, noted: &Noted) {
    let date = cookie::date(client.connection.worker.now());
    let Some((head, content)) = head::answer(answer, &date) else { return client.reset(Reason::INTERNAL_ERROR) };
    let is_whole = is_head || content.is_empty();
    client.connection.counts.answered(answer.status);
    noted.status.set(Some(answer.status));
    client.connection.watch.go_on();
    // A client that is gone needs no answer.
    if client.begin(head, is_whole).is_ok() && !is_whole {
        let _ = client.finish(Bytes::from(content));
    }
}
