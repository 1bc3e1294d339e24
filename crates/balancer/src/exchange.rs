//! One request's way to a target and the answer's way back.

use crate::{
    client::Client,
    config::Settings,
    copy::{Broken, Copy},
    counts::Active,
    decide::{Circumstances, Decision, Reply, reply},
    http1::{
        RESPONSE_HEAD_LIMIT,
        body::{Reading, Writing},
        head_length,
    },
    page::{Refusal, is_unsent},
    reach::{Asking, Nobody, TRIES},
    socket::{Socket, Stopped},
    target::{Target, UnderWay},
    tunnel,
    watch::{Fate, Watch},
};
use bytes::{Buf, BytesMut};
use std::{
    future::{Future, poll_fn},
    pin::pin,
    sync::Arc,
    task::Poll,
};

/// What is read at once while a head comes.
const HEAD_PIECE: usize = 16 << 10;

/// What an exchange is about.
pub(crate) struct Exchange<'a> {
    pub decision: &'a Decision,
    pub asking: &'a Asking<'a>,
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
    _active: Option<Active>,
}

/// Sends a request, whose head is in `out`, to a target, and the target's answer to the client.
pub(crate) async fn run(exchange: &Exchange<'_>, client: &mut Client, out: &mut Vec<u8>) -> End {
    // Of a request that is sent again: all of it, and who has had it.
    let (mut whole, mut tried) = (None, Vec::new());
    let end = loop {
        let sent = match send(exchange, client, out, &mut whole, &tried).await {
            Ok(sent) => sent,
            Err(end) => break end,
        };
        if whole.is_some() {
            tried.push(sent.target.0.id);
        }
        let end = receive(exchange, client, out, sent).await;
        match &whole {
            Some(request) if matches!(end, End::Refused { refusal: Refusal::Unreached, .. }) && tried.len() < TRIES => {
                out.clear();
                out.extend_from_slice(request);
            }
            _ => break end,
        }
    };
    client.watch.left();
    end
}

fn refused(refusal: Refusal, rest: &Reading) -> End {
    End::Refused { refusal, rest: rest.clone() }
}

/// Sends a request to a target. `whole` becomes all of it where it may have to be sent again, and is what is sent if it is there.
async fn send(
    exchange: &Exchange<'_>,
    client: &mut Client,
    out: &mut Vec<u8>,
    whole: &mut Option<Vec<u8>>,
    tried: &[u64],
) -> Result<Sent, End> {
    let Exchange { decision, asking } = exchange;
    let Client { socket: from, buffer, watch, .. } = client;
    let watch: &Watch = watch;
    let mut search = asking.search(watch).without(tried);
    let Settings { mesh, inward, request_timeout, .. } = *asking.listener.settings;
    if decision.body.is_done() && whole.is_none() {
        watch.answer_within(request_timeout);
    }
    // Everything that came of the body goes with the head.
    let mut rest = if whole.is_some() { Reading::NONE } else { decision.body.clone() };
    let mut with_body = whole.is_some();
    loop {
        let (target, socket, was_kept) = match search.next_socket().await {
            Ok(found) => found,
            Err(Nobody::Refused(refusal)) => return Err(refused(refusal, &rest)),
            Err(Nobody::Closed) => return Err(End::Broken),
        };
        if !with_body {
            with_body = true;
            let writing = writing(&rest);
            let mut copy = Copy { from, buffer, reading: rest, to: &socket, writing, watch };
            if copy.append(out).is_err() {
                return Err(refused(Refusal::Malformed, &Reading::Close));
            }
            rest = copy.reading;
            if mesh && !inward && rest.is_done() {
                *whole = Some(out.clone());
            }
            if rest.is_done() && !decision.body.is_done() {
                watch.answer_within(request_timeout);
            }
        }
        match socket.write(watch, out).await {
            Ok(()) => {
                out.clear();
                asking.sent();
                let _active = (!mesh).then(|| Active::new(asking.counts));
                return Ok(Sent { target, socket, rest, _active });
            }
            Err((0, Stopped::Io)) if was_kept => search.once_more(&target.0),
            Err((_, Stopped::Io)) => {
                asking.judge(&target.0, true);
                return Err(refused(Refusal::BadGateway, &rest));
            }
            Err((_, Stopped::Fate(fate))) => return Err(ended(fate, &rest)),
        }
    }
}

/// How a request body is written to targets: with its length, or in chunks.
fn writing(body: &Reading) -> Writing {
    if matches!(body, Reading::Chunked(_)) { Writing::Chunked } else { Writing::Plain }
}

/// What is answered when the waiting for a target was ended.
fn ended(fate: Fate, rest: &Reading) -> End {
    match fate {
        Fate::Closed => End::Broken,
        Fate::Cut | Fate::Moved => refused(Refusal::BadGateway, rest),
        Fate::Late => refused(Refusal::GatewayTimeout, rest),
        // Whoever was to send is late.
        Fate::Idle if rest.is_done() => refused(Refusal::GatewayTimeout, rest),
        Fate::Idle => refused(Refusal::ClientTimeout, rest),
    }
}

async fn receive(exchange: &Exchange<'_>, client: &mut Client, out: &mut Vec<u8>, sent: Sent) -> End {
    let Exchange { decision, asking } = exchange;
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
        Err(End::Refused { refusal, .. }) => {
            asking.unanswered(&target.0, refusal);
            return End::Refused { refusal, rest };
        }
        Err(end) => return end,
    };
    if reply.status == 101 {
        client.watch.answer_within(None);
        return tunnel::run(client, socket, buffer).await;
    }
    let is_sent = rest.is_done();
    if reply.keep_target && is_sent && buffer.is_empty() {
        asking.worker.pool.keep(&target.0, socket, asking.worker.watches.clock());
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
    let mut is_whole = false;
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
                    Ok(()) => {
                        is_whole = true;
                        client.watch.answer_within(exchange.asking.listener.settings.request_timeout);
                        exchange.decision.keep_alive.set(may_stay);
                    }
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
    // Of what was read, a part may not have been sent: then neither connection is fit for another request.
    *rest = if is_whole { copy.reading } else { Reading::Close };
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
    exchange.asking.answered(target, reply.status);
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
    let Exchange { decision, asking: Asking { worker, listener, route, .. } } = exchange;
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
            if listener.settings.mesh && !listener.settings.inward && is_unsent(&buffer[..length]) {
                return Err(refused(Refusal::Unreached, &Reading::NONE));
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
