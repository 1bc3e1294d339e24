//! A client's connection: one request after the other.

use crate::{
    access::{Line, Noted, Presented, line},
    config::{Door, Listener},
    cookie,
    counts::{Active, Counts},
    decide::{Circumstances, Outcome, Tally, decide},
    exchange::{self, Exchange},
    http1::{body::Reading, head_length, request::within_limits},
    http2,
    page::{Answer, Refusal},
    reach::Asking,
    socket::{Socket, Stopped},
    tls::{Agreed, Front, HANDSHAKE_TIMEOUT, stream::Stream},
    watch::{Fate, Watched},
    worker::Worker,
};
use bytes::{Buf, BytesMut};
use std::{
    net::SocketAddr,
    rc::Rc,
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};
use tokio::net::TcpStream;

/// What is read at once while a head comes.
const HEAD_PIECE: usize = 4 << 10;
/// The most empty bytes before a request that are overlooked (RFC 9112, 2.2).
const EMPTY: usize = 16;

/// A client's connection.
pub(crate) struct Client {
    pub socket: Socket,
    /// What came and was not used yet.
    pub buffer: BytesMut,
    pub watch: Watched,
    pub peer: SocketAddr,
    /// What was negotiated, if this is TLS.
    pub tls: Option<Agreed>,
    /// What it was greeted with then.
    pub presented: Presented,
    pub counts: Rc<Counts>,
}

/// Serves a connection until its end.
pub(crate) async fn serve(worker: Rc<Worker>, watch: Watched, stream: TcpStream, peer: SocketAddr, door: Arc<Door>) {
    let born = worker.watches.clock().now();
    let counts = worker.counts.of(&door.listener.load().node);
    counts.new_connections.add(1);
    let _active = Active::new(&counts);
    let Some(mut client) = greet(watch, stream, peer, &door, counts).await else { return };
    if client.tls.is_some_and(|agreed| agreed.http2) {
        let Client { socket, buffer, watch, peer, tls, presented, counts } = client;
        return http2::serve(worker, (socket.into_inner(), buffer), watch, (peer, tls, presented, counts), door).await;
    }
    let is_whole = talk(&worker, &mut client, &door, born).await;
    client.counts.processed_bytes.add(client.socket.carried());
    if is_whole {
        client.socket.linger().await;
    }
}

/// Until the connection is over: whether the client has yet to get the last of what it was sent.
async fn talk(worker: &Rc<Worker>, client: &mut Client, door: &Door, born: Duration) -> bool {
    let (mut head, mut out) = (Vec::new(), Vec::new());
    let mut logging = None;
    loop {
        client.watch.between.set(true);
        let length = match client.head().await {
            Ok(Some(length)) => length,
            Ok(None) => return false,
            Err(refusal) => {
                let listener = door.listener.load_full();
                let logged = Logged::begin(&listener, client, worker, &mut logging, 0);
                let noted = Noted::default();
                client.answer(worker, &listener.settings.refusal(refusal), false, false, &mut out, &noted).await;
                if let Some(logged) = logged {
                    logged.end(&listener, client, worker, (&[], &noted), &Tally::default());
                }
                break;
            }
        };
        client.watch.between.set(false);
        head.clear();
        head.extend_from_slice(&client.buffer[..length]);
        client.buffer.advance(length);
        out.clear();
        let listener = door.listener.load_full();
        let mut logged = Logged::begin(&listener, client, worker, &mut logging, length);
        let noted = Noted::default();
        client.watch.limit.set(listener.settings.idle_timeout);
        let mut decision = {
            let mut random = worker.random.borrow_mut();
            let (peer, tls) = (client.peer, client.tls);
            let around = Circumstances { client: peer, tls, now: worker.now(), random: &mut random };
            decide(&listener, &head, around, &mut out)
        };
        client.counts.decided(&decision.tally, &listener.settings.heads);
        let age = worker.watches.clock().now() - born;
        if age >= listener.settings.client_keep_alive || client.watch.closing.get() {
            decision.keep_alive.set(false);
        }
        if let Some(logged) = &mut logged {
            logged.decided(&decision.outcome, &out);
        }
        let stays = match &decision.outcome {
            Outcome::Answer(answer) => {
                out.clear();
                let stays = client.passes_over_body(&mut decision.body) && decision.keep_alive.get();
                client.answer(worker, answer, stays, decision.is_head, &mut out, &noted).await && stays
            }
            Outcome::Forward(route) => {
                let counts = Rc::clone(&client.counts);
                let asking = Asking::new(worker, &listener, route, &counts, &noted);
                match exchange::run(&Exchange { decision: &decision, asking: &asking }, client, &mut out).await {
                    exchange::End::Stays => true,
                    exchange::End::Refused { refusal, mut rest } => {
                        client.watch.go_on();
                        out.clear();
                        let may_stay = decision.keep_alive.get() && !refusal.ends_connection();
                        let stays = client.passes_over_body(&mut rest) && may_stay;
                        let answer = listener.settings.refusal(refusal);
                        client.answer(worker, &answer, stays, decision.is_head, &mut out, &noted).await && stays
                    }
                    exchange::End::Finished => false,
                    exchange::End::Broken => {
                        if let Some(logged) = logged {
                            logged.end(&listener, client, worker, (&head, &noted), &decision.tally);
                        }
                        return false;
                    }
                }
            }
        };
        if let Some(logged) = logged {
            logged.end(&listener, client, worker, (&head, &noted), &decision.tally);
        }
        client.counts.processed_bytes.add(client.socket.carried());
        if !stays || client.watch.closing.get() {
            break;
        }
        // Who waits for its next request has no buffer.
        if client.buffer.is_empty() {
            client.buffer = BytesMut::new();
        }
        if out.capacity() > HEAD_PIECE {
            out = Vec::new();
        }
    }
    true
}

/// Shakes hands with a client of an HTTPS listener; none if that fails.
async fn greet(watch: Watched, stream: TcpStream, peer: SocketAddr, door: &Door, counts: Rc<Counts>) -> Option<Client> {
    let (front, limit) = {
        let listener = door.listener.load();
        (listener.tls.clone(), listener.settings.idle_timeout)
    };
    let (mut buffer, mut tls, mut presented) = (BytesMut::new(), None, Presented::default());
    let socket = match front {
        None => Socket::new(stream, |tcp| Ok(Stream::plain(tcp))).ok()?,
        Some(Front(config)) => {
            watch.limit.set(HANDSHAKE_TIMEOUT);
            // Who has begun is let in, even if it is the last one.
            watch.between.set(false);
            let socket = Socket::new(stream, |tcp| Stream::server(tcp, config, Vec::new())).ok()?;
            socket.handshake(&watch, &mut buffer).await.ok()?;
            tls = socket.agreed();
            presented = socket.presented();
            watch.limit.set(limit);
            watch.touch();
            socket
        }
    };
    Some(Client { socket, buffer, watch, peer, tls, presented, counts })
}

impl Client {
    /// The length of the next head, once it is there whole; none when the connection is over without one.
    async fn head(&mut self) -> Result<Option<usize>, Refusal> {
        let (mut searched, mut overlooked) = (0, 0);
        loop {
            if searched == 0 {
                let may_be = self.buffer.iter().take(EMPTY - overlooked);
                let empty = may_be.take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
                self.buffer.advance(empty);
                overlooked += empty;
            }
            if let Some(length) = head_length(&self.buffer, searched) {
                return Ok(Some(length));
            }
            within_limits(&self.buffer)?;
            searched = self.buffer.len();
            if searched == 0 && self.socket.readable(&self.watch).await.is_err() {
                // At the last moment a request may have come.
                if self.watch.fate() != Some(Fate::Idle) || self.socket.is_quiet(true) {
                    return Ok(None);
                }
                self.watch.go_on();
            }
            match self.socket.read(&self.watch, &mut self.buffer, HEAD_PIECE).await {
                Ok(1..) => self.watch.between.set(false),
                Ok(0) if self.buffer.is_empty() => return Ok(None),
                Ok(0) => return Err(Refusal::Malformed),
                Err(Stopped::Fate(Fate::Idle)) if !self.buffer.is_empty() => {
                    self.watch.go_on();
                    return Err(Refusal::ClientTimeout);
                }
                Err(_) => return Ok(None),
            }
        }
    }

    /// Skips a body that nobody wants, if it came already.
    fn passes_over_body(&mut self, body: &mut Reading) -> bool {
        while !body.is_done() && !self.buffer.is_empty() {
            match body.take(&self.buffer) {
                Ok((taken, _)) => self.buffer.advance(taken),
                Err(_) => return false,
            }
        }
        body.is_done()
    }

    /// Answers without a target; whether that arrived.
    async fn answer(
        &self,
        worker: &Worker,
        answer: &Answer,
        stays: bool,
        is_head: bool,
        out: &mut Vec<u8>,
        noted: &Noted,
    ) -> bool {
        self.counts.answered(answer.status);
        noted.status.set(Some(answer.status));
        answer.append(out, &cookie::date(worker.now()), stays, is_head);
        self.socket.write(&self.watch, out).await.is_ok()
    }
}

/// What is known of a request that is to be logged, beside what is noted on its way.
struct Logged {
    begun: SystemTime,
    since: Instant,
    /// How many bytes of the connection came and went before it. What came with the handshake is counted nowhere, so the first may be
    /// below zero: only differences mean anything.
    before: (u64, u64),
    /// What tells the connection from all others.
    connection: u128,
    group: Option<String>,
    trace: Option<Vec<u8>>,
    location: Option<String>,
}

impl Logged {
    /// None where requests are not logged. The first `length` bytes behind what was used before are its head, which is used already.
    fn begin(
        listener: &Listener,
        client: &Client,
        worker: &Worker,
        connection: &mut Option<u128>,
        length: usize,
    ) -> Option<Self> {
        listener.settings.access_log.as_ref()?;
        let (received, sent) = client.socket.totals();
        let unused = (client.buffer.len() + length) as u64;
        Some(Self {
            begun: SystemTime::now(),
            since: Instant::now(),
            before: (received.wrapping_sub(unused), sent),
            connection: *connection.get_or_insert_with(|| worker.random.borrow_mut().u128(..)),
            group: None,
            trace: None,
            location: None,
        })
    }

    /// What was decided; `out` is the head for a target.
    fn decided(&mut self, outcome: &Outcome, out: &[u8]) {
        match outcome {
            Outcome::Forward(route) => {
                self.group = Some(route.group.arn.clone());
                self.trace = line::traced(out);
            }
            Outcome::Answer(answer) => self.location.clone_from(&answer.location),
        }
    }

    /// Has its line written.
    fn end(self, listener: &Listener, client: &Client, worker: &Worker, (head, noted): (&[u8], &Noted), tally: &Tally) {
        let Some(log) = &listener.settings.access_log else { return };
        let (received, sent) = client.socket.totals();
        let used = received.wrapping_sub(client.buffer.len() as u64);
        let status = noted.status.get();
        line::asked(head, |asked, trace| {
            let line = Line {
                listener,
                kind: match (status, client.tls) {
                    (Some(101), None) => "ws",
                    (Some(101), Some(_)) => "wss",
                    (_, None) => "http",
                    (_, Some(_)) => "https",
                },
                begun: self.begun,
                ended: SystemTime::now(),
                client: SocketAddr::new(client.peer.ip().to_canonical(), client.peer.port()),
                target: noted.target.get(),
                times: noted.times(self.since),
                status,
                target_status: noted.answered.get().map(|(_, status)| status),
                received: used.wrapping_sub(self.before.0),
                sent: sent.saturating_sub(self.before.1),
                asked,
                tls: client.tls.map(|agreed| (agreed, &client.presented)),
                group: self.group.as_deref(),
                trace: self.trace.as_deref().or(tally.trace()).or(trace).unwrap_or(b"-"),
                tally,
                location: self.location.as_deref(),
                connection: self.connection,
            };
            worker.logs.write(&listener.node, log, |out| line.append(out));
        });
    }
}
