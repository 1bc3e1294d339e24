//! One request's way to a target and the answer's way back.

use crate::{
    client::Client,
    config::Listener,
    copy::{Broken, Copy},
    counts::{Active, Grouped},
    decide::{Circumstances, Decision, Reply, Route, reply},
    http1::{
        RESPONSE_HEAD_LIMIT,
        body::{Reading, Writing},
        head_length,
    },
    page::Refusal,
    pool::NoConnection,
    socket::{Socket, Stopped},
    target::{Target, UnderWay},
    tunnel,
    watch::Fate,
    worker::Worker,
};
use bytes::{Buf, BytesMut};
use std::{
    cell::Cell,
    future::{Future, poll_fn},
    pin::pin,
    rc::Rc,
    sync::Arc,
    task::Poll,
    time::Instant,
};

/// How many targets a request is tried with that could not be connected to. None of them has got any of it.
pub(crate) const TRIES: usize = 3;
/// What is read at once while a head comes.
const HEAD_PIECE: usize = 16 << 10;

/// What an exchange is about.
pub(crate) struct Exchange<'a> {
    pub worker: &'a Rc<Worker>,
    pub listener: &'a Listener,
    pub decision: &'a Decision,
    pub route: &'a Route,
    /// What is counted of the group.
    pub grouped: Rc<Grouped>,
    /// When a target had the head.
    pub sent: Cell<Option<Instant>>,
}

/// How it ended for the client's connection.
#[derive(Debug)]
pub(crate) enum End {
    /// It was answered; the next request may come.
    Stays,
    /// It was answered, and that was the last time.
    Finished,
    /// Nothing was answered yet. What of the request's body has not been used is in the way of the next request.
    Refused { refusal: Refusal, rest: Reading },
    /// It is of no use any more.
    Broken,
}

/// A target's connection with the request's head on it.
struct Sent {
    target: UnderWay,
    socket: Socket,
    /// The request's body, as far as it is not sent.
    rest: Reading,
    /// The connection, as long as it has the request.
    _active: Active,
}

/// Sends a request, whose head is in `out`, to a target, and the target's answer to the client.
pub(crate) async fn run(exchange: &Exchange<'_>, client: &mut Client, out: &mut Vec<u8>) -> End {
    let end = match send(exchange, client, out).await {
        Ok(sent) => receive(exchange, client, out, sent).await,
        Err(end) => end,
    };
    client.watch.left();
    end
}

fn refused(refusal: Refusal, rest: &Reading) -> End {
    End::Refused { refusal, rest: rest.clone() }
}

async fn send(exchange: &Exchange<'_>, client: &mut Client, out: &mut Vec<u8>) -> Result<Sent, End> {
    let Exchange { worker, listener, decision, route, grouped, sent } = exchange;
    let counts = Rc::clone(&client.counts);
    let (mut tried, mut refused_by) = (Vec::new(), 0);
    let mut pinned = route.pinned;
    // Everything that came of the body goes with the head.
    let mut rest = decision.body.clone();
    let (mut with_body, mut is_counted) = (false, false);
    loop {
        let Some(target) = choose(worker, route, pinned.take(), &tried) else {
            // Where there is nobody to ask, nobody has refused.
            let refusal = if refused_by == 0 { Refusal::Unavailable } else { Refusal::BadGateway };
            return Err(refused(refusal, &rest));
        };
        if !is_counted {
            is_counted = true;
            counts.requests.add(1);
            grouped.requests.add(1);
            counts.non_sticky.add_if(route.stickiness.is_some() && route.pinned != Some(target.0.address));
        }
        client.watch.connecting(target.0.id);
        let kept = worker.pool.take(&target.0, worker.watches.clock());
        let was_kept = kept.is_some();
        let socket = match kept {
            Some(socket) => socket,
            None => match worker.pool.connect(&listener.node, &target.0, &route.group, &client.watch).await {
                Ok(socket) => {
                    counts.new_connections.add(1);
                    socket
                }
                Err(NoConnection::Fate(Fate::Closed)) => return Err(End::Broken),
                // It takes no more requests, and never got this one.
                Err(NoConnection::Fate(_)) => {
                    client.watch.go_on();
                    tried.push(target.0.id);
                    continue;
                }
                Err(NoConnection::Refused) if refused_by + 1 < TRIES => {
                    grouped.connection_errors.add(1);
                    refused_by += 1;
                    tried.push(target.0.id);
                    continue;
                }
                Err(NoConnection::Refused | NoConnection::Handshake) => {
                    grouped.connection_errors.add(1);
                    return Err(refused(Refusal::BadGateway, &rest));
                }
                Err(NoConnection::Timeout) => {
                    grouped.connection_errors.add(1);
                    return Err(refused(Refusal::GatewayTimeout, &rest));
                }
            },
        };
        client.watch.sending();
        client.watch.go_on();
        if !with_body {
            with_body = true;
            let writing = writing(&rest);
            let Client { socket: from, buffer, watch, .. } = client;
            let mut copy = Copy { from, buffer, reading: rest, to: &socket, writing, watch };
            if copy.append(out).is_err() {
                return Err(refused(Refusal::Malformed, &Reading::Close));
            }
            rest = copy.reading;
        }
        match socket.write(&client.watch, out).await {
            Ok(()) => {
                out.clear();
                sent.set(Some(Instant::now()));
                return Ok(Sent { target, socket, rest, _active: Active::new(&counts) });
            }
            // The target closed a connection that was kept, and nothing of the request went there: it goes to the next one.
            Err((0, Stopped::Io)) if was_kept => pinned = Some(target.0.address),
            Err((_, Stopped::Io)) => return Err(refused(Refusal::BadGateway, &rest)),
            Err((_, Stopped::Fate(fate))) => return Err(ended(fate, &rest)),
        }
    }
}

/// How a request body is written to targets: with its length, or in chunks.
fn writing(body: &Reading) -> Writing {
    if matches!(body, Reading::Chunked(_)) { Writing::Chunked } else { Writing::Plain }
}

/// The target that gets a request, none of `tried`.
pub(crate) fn choose(
    worker: &Worker,
    route: &Route,
    pinned: Option<spec::balancing::TargetAddress>,
    tried: &[u64],
) -> Option<UnderWay> {
    let group = &route.group;
    let targets = group.targets.load();
    let pinned = pinned.and_then(|address| targets.at(address)).filter(|target| !tried.contains(&target.id));
    let chosen = pinned.or_else(|| {
        let mut random = worker.random.borrow_mut();
        let now = i64::try_from(worker.now()).unwrap_or(i64::MAX).saturating_mul(1000);
        targets.choose(&group.turn, now, || random.f64(), tried)
    });
    chosen.map(|target| UnderWay::new(Arc::clone(target)))
}

/// What is answered when the waiting for a target was ended.
fn ended(fate: Fate, rest: &Reading) -> End {
    match fate {
        Fate::Closed => End::Broken,
        Fate::Cut | Fate::Moved => refused(Refusal::BadGateway, rest),
        // Whoever was to send is late.
        Fate::Idle if rest.is_done() => refused(Refusal::GatewayTimeout, rest),
        Fate::Idle => refused(Refusal::ClientTimeout, rest),
    }
}

async fn receive(exchange: &Exchange<'_>, client: &mut Client, out: &mut Vec<u8>, sent: Sent) -> End {
    let Exchange { worker, decision, .. } = exchange;
    let Sent { target, socket, mut rest, _active } = sent;
    let mut buffer = BytesMut::new();
    let received = if rest.is_done() {
        answer(exchange, client, &target.0, &socket, &mut buffer, out).await
    } else {
        if decision.expects_continue && client.buffer.is_empty() {
            let interim = b"HTTP/1.1 100 Continue\r\n\r\n";
            if client.socket.write(&client.watch, interim).await.is_err() {
                return End::Broken;
            }
        }
        let mut came = std::mem::take(&mut client.buffer);
        let received = both_ways(exchange, client, (&mut came, &mut rest), &target.0, &socket, &mut buffer, out).await;
        client.buffer = came;
        received
    };
    let reply = match received {
        Ok(reply) => reply,
        Err(End::Refused { refusal, .. }) => return End::Refused { refusal, rest },
        Err(end) => return end,
    };
    if reply.status == 101 {
        return tunnel::run(client, socket, buffer).await;
    }
    let is_sent = rest.is_done();
    if reply.keep_target && is_sent && buffer.is_empty() {
        worker.pool.keep(&target.0, socket, worker.watches.clock());
    }
    if reply.keep_alive && is_sent { End::Stays } else { End::Finished }
}

/// Sends the rest of the request's body while the answer comes, which need not wait for it.
async fn both_ways(
    exchange: &Exchange<'_>,
    client: &Client,
    body: (&mut BytesMut, &mut Reading),
    target: &Arc<Target>,
    socket: &Socket,
    buffer: &mut BytesMut,
    out: &mut Vec<u8>,
) -> Result<Reply, End> {
    let (came, rest) = body;
    let mut copy = Copy {
        from: &client.socket,
        buffer: came,
        writing: writing(rest),
        reading: rest.clone(),
        to: socket,
        watch: &client.watch,
    };
    let received = {
        let mut unsent = Vec::new();
        let mut sending = pin!(copy.run(&mut unsent));
        let mut receiving = pin!(answer(exchange, client, target, socket, buffer, out));
        let mut is_sending = true;
        // While the body is still to come, so is what has to be passed over before the next request.
        let may_stay = exchange.decision.keep_alive.replace(false);
        let both = poll_fn(|context| {
            if is_sending && let Poll::Ready(sent) = sending.as_mut().poll(context) {
                is_sending = false;
                match sent {
                    Ok(()) => exchange.decision.keep_alive.set(may_stay),
                    // A target that reads no further may still have answered.
                    Err(Broken::Receiver) => {}
                    Err(Broken::Sender) => return Poll::Ready(Err(refused(Refusal::Malformed, &Reading::Close))),
                    Err(Broken::Fate(fate)) => return Poll::Ready(Err(ended(fate, &Reading::Close))),
                }
            }
            receiving.as_mut().poll(context)
        });
        both.await
    };
    *rest = copy.reading;
    received
}

/// Waits for the target's answer and sends it to the client.
async fn answer(
    exchange: &Exchange<'_>,
    client: &Client,
    target: &Arc<Target>,
    socket: &Socket,
    buffer: &mut BytesMut,
    out: &mut Vec<u8>,
) -> Result<Reply, End> {
    let reply = head(exchange, client, target, socket, buffer, out).await?;
    let mut copy = Copy {
        from: socket,
        buffer,
        reading: reply.reading.clone(),
        to: &client.socket,
        writing: reply.writing,
        watch: &client.watch,
    };
    // What is no body from its beginning is no answer: the client has nothing of it yet.
    if matches!(copy.reading, Reading::Chunked(_)) && copy.append(out).is_err() {
        return Err(refused(Refusal::BadGateway, &Reading::NONE));
    }
    exchange.grouped.answered(reply.status, exchange.sent.get().map(|sent| sent.elapsed()).unwrap_or_default());
    // The client has part of the answer: that the rest is missing, it can only be told by the connection's end.
    copy.run(out).await.map_err(|_| End::Broken)?;
    Ok(reply)
}

/// Reads the head of the answer, past interim ones. What the client gets is in `out`.
async fn head(
    exchange: &Exchange<'_>,
    client: &Client,
    target: &Arc<Target>,
    socket: &Socket,
    buffer: &mut BytesMut,
    out: &mut Vec<u8>,
) -> Result<Reply, End> {
    let Exchange { worker, listener, decision, route, .. } = exchange;
    let bad = || refused(Refusal::BadGateway, &Reading::NONE);
    let mut searched = 0;
    loop {
        if let Some(length) = head_length(buffer, searched) {
            if length > RESPONSE_HEAD_LIMIT {
                return Err(bad());
            }
            if client.watch.closing.get() {
                decision.keep_alive.set(false);
            }
            let reply = {
                let mut random = worker.random.borrow_mut();
                let around =
                    Circumstances { client: client.peer, tls: client.tls, now: worker.now(), random: &mut random };
                reply(listener, decision, route, target.address, &buffer[..length], around, out)
            };
            buffer.advance(length);
            searched = 0;
            match reply {
                Ok(reply) if reply.status >= 200 || reply.status == 101 => return Ok(reply),
                Ok(_) => {
                    // It is of use before the answer alone.
                    client.socket.write(&client.watch, out).await.map_err(|_| End::Broken)?;
                    out.clear();
                    continue;
                }
                Err(_) => return Err(bad()),
            }
        }
        if buffer.len() > RESPONSE_HEAD_LIMIT {
            return Err(bad());
        }
        searched = buffer.len();
        match socket.read(&client.watch, buffer, HEAD_PIECE).await {
            Ok(0) | Err(Stopped::Io) => return Err(bad()),
            Ok(_) => {}
            Err(Stopped::Fate(fate)) => return Err(ended(fate, &Reading::NONE)),
        }
    }
}
