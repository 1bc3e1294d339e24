//! A request's way to a target that speaks HTTP/1.1, over a connection of its own while it lasts.

use super::{
    body::{Ended, Incoming},
    head,
    stream::{Failed, Passing},
};
use crate::{
    cookie,
    decide::cookies,
    http1::{
        RESPONSE_HEAD_LIMIT,
        body::{Reading, Writing},
        head_length,
        response::Response,
        room,
    },
    page::Refusal,
    socket::{Socket, Stopped},
    target::{Target, UnderWay},
};
use bytes::{Bytes, BytesMut};
use std::{
    cell::Cell,
    future::{Future, poll_fn},
    pin::pin,
    task::Poll,
};

/// What is read at once while a head comes, and of a body.
const HEAD_PIECE: usize = 16 << 10;
const PIECE: usize = 32 << 10;
/// What is written together with what is before it, rather than on its own.
const SMALL: usize = 8 << 10;
/// What is sent to a client that has no room for it yet, so that the target's connection is free.
const LAST: usize = 16 << 10;

/// Sends a request, whose head is in `out`, to a target, and the target's answer to the client.
pub(super) async fn run(passing: &Passing<'_>, body: &mut Incoming, out: &mut Vec<u8>) -> Result<(), Failed> {
    let (target, socket) = connect(passing, out).await?;
    out.clear();
    let mut buffer = BytesMut::new();
    let answered = if body.is_over() {
        answer(passing, &target.0, &socket, &mut buffer, &Cell::new(true)).await.map(|keeps| (keeps, true))
    } else {
        Box::pin(both_ways(passing, body, &target.0, &socket, &mut buffer, out)).await
    };
    let (keeps, is_whole) = answered.inspect_err(|failed| failed.tell(passing.asking, &target.0))?;
    if keeps && is_whole && buffer.is_empty() {
        let worker = &passing.client.connection.worker;
        worker.pool.keep(&target.0, socket, worker.watches.clock());
    }
    Ok(())
}

/// Sends the body while the answer comes, which need not wait for it; answers whether the target keeps its connection, and has all of the body.
/// Boxed where it is called: most requests have no body, and the room that this takes is not theirs.
async fn both_ways(
    passing: &Passing<'_>,
    body: &mut Incoming,
    target: &Target,
    socket: &Socket,
    buffer: &mut BytesMut,
    out: &mut Vec<u8>,
) -> Result<(bool, bool), Failed> {
    let (is_sent, mut is_whole) = (Cell::new(false), false);
    let mut sending = pin!(send_body(passing, body, socket, out));
    let mut receiving = pin!(answer(passing, target, socket, buffer, &is_sent));
    let keeps = poll_fn(|context| {
        if !is_sent.get()
            && let Poll::Ready(sent) = sending.as_mut().poll(context)
        {
            is_sent.set(true);
            match sent {
                Ok(()) => {
                    is_whole = true;
                    passing.body_is_sent();
                }
                // A target that reads no further may still have answered.
                Err(Unsent::Target) => {}
                Err(Unsent::Client(failed)) => return Poll::Ready(Err(failed)),
            }
        }
        receiving.as_mut().poll(context)
    });
    Ok((keeps.await?, is_whole))
}

/// A target's connection with the request's head on it.
async fn connect(passing: &Passing<'_>, out: &[u8]) -> Result<(UnderWay, Socket), Failed> {
    let watch = &passing.client.watch;
    let mut search = passing.asking.search(watch);
    loop {
        let (target, socket, was_kept) = search.next_socket().await?;
        match socket.write(watch, out).await {
            Ok(()) => {
                passing.asking.sent();
                return Ok((target, socket));
            }
            Err((0, Stopped::Io)) if was_kept => search.once_more(&target.0),
            Err((_, Stopped::Io)) => return Err(Failed::Refused(Refusal::BadGateway)),
            Err((_, Stopped::Fate(fate))) => return Err(Failed::by(fate, true)),
        }
    }
}

/// Why a body did not go on.
enum Unsent {
    Client(Failed),
    Target,
}

/// Sends the body as it comes. Its trailers end here, as do those of HTTP/1.1.
async fn send_body(
    passing: &Passing<'_>,
    body: &mut Incoming,
    socket: &Socket,
    out: &mut Vec<u8>,
) -> Result<(), Unsent> {
    let client = passing.client;
    let writing = if matches!(passing.body, Reading::Chunked(_)) { Writing::Chunked } else { Writing::Plain };
    let mut left = if let Reading::Length(length) = passing.body { Some(length) } else { None };
    let ended = |ended| match ended {
        // The client has reset the stream, or has sent what is no body.
        Ended::Stream(_) => Unsent::Client(Failed::Gone),
        Ended::Fate(fate) => Unsent::Client(Failed::by(fate, false)),
    };
    let stopped = |(_, stopped)| match stopped {
        Stopped::Io => Unsent::Target,
        Stopped::Fate(fate) => Unsent::Client(Failed::by(fate, false)),
    };
    while let Some(data) = body.next(&client.watch).await.map_err(ended)? {
        client.connection.watch.go_on();
        if let Some(left) = &mut left {
            *left = left.checked_sub(data.len() as u64).ok_or(Unsent::Client(Failed::Gone))?;
        }
        if writing == Writing::Plain && data.len() > SMALL {
            socket.write(&client.watch, &data).await.map_err(stopped)?;
        } else {
            out.clear();
            writing.append(out, &data);
            socket.write(&client.watch, out).await.map_err(stopped)?;
        }
    }
    if left.is_some_and(|left| left > 0) {
        return Err(Unsent::Client(Failed::Gone));
    }
    body.trailers(&client.watch).await.map_err(ended)?;
    out.clear();
    writing.end(out);
    socket.write(&client.watch, out).await.map_err(stopped)
}

/// Waits for the target's answer and sends it to the client; answers whether the target keeps its connection.
async fn answer(
    passing: &Passing<'_>,
    target: &Target,
    socket: &Socket,
    buffer: &mut BytesMut,
    is_sent: &Cell<bool>,
) -> Result<bool, Failed> {
    let client = passing.client;
    let Answered { head, body: mut reading, keeps } = read_head(passing, target, socket, buffer, is_sent).await?;
    client.connection.watch.go_on();
    passing.asking.answered(target, head.status().as_u16());
    client.begin(head, reading.is_done()).map_err(|stopped| Failed::of_client(&stopped))?;
    let broken = || Failed::Refused(Refusal::BadGateway);
    // The last piece says that it is.
    let mut held = Bytes::new();
    while !reading.is_done() {
        if buffer.is_empty() {
            if !held.is_empty() {
                let piece = std::mem::take(&mut held);
                client.send(piece, false).await.map_err(|stopped| Failed::of_client(&stopped))?;
            }
            match socket.read(&client.watch, buffer, PIECE).await {
                Ok(0) if reading == Reading::Close => break,
                Ok(0) | Err(Stopped::Io) => return Err(broken()),
                Ok(_) => {}
                Err(Stopped::Fate(fate)) => return Err(Failed::by(fate, is_sent.get())),
            }
        }
        let (taken, content) = reading.take(buffer).map_err(|_| broken())?;
        let piece = buffer.split_to(taken).freeze().slice(content);
        if !piece.is_empty() {
            let before = std::mem::replace(&mut held, piece);
            if !before.is_empty() {
                client.send(before, false).await.map_err(|stopped| Failed::of_client(&stopped))?;
            }
        }
        if reading.is_done() {
            break;
        }
    }
    if !client.is_over() {
        let sent = if held.len() <= LAST { client.finish(held) } else { client.send(held, true).await };
        sent.map_err(|stopped| Failed::of_client(&stopped))?;
    }
    Ok(keeps)
}

struct Answered {
    head: http::Response<()>,
    body: Reading,
    keeps: bool,
}

/// Reads the head of the answer, past interim ones.
async fn read_head(
    passing: &Passing<'_>,
    target: &Target,
    socket: &Socket,
    buffer: &mut BytesMut,
    is_sent: &Cell<bool>,
) -> Result<Answered, Failed> {
    let bad = || Failed::Refused(Refusal::BadGateway);
    let mut searched = 0;
    loop {
        if let Some(length) = head_length(buffer, searched) {
            if length > RESPONSE_HEAD_LIMIT {
                return Err(bad());
            }
            searched = 0;
            let head = buffer.split_to(length);
            if let Some(answered) = take_apart(passing, target, &head).ok_or_else(bad)? {
                return Ok(answered);
            }
            continue;
        }
        if buffer.len() > RESPONSE_HEAD_LIMIT {
            return Err(bad());
        }
        searched = buffer.len();
        match socket.read(&passing.client.watch, buffer, HEAD_PIECE).await {
            Ok(0) | Err(Stopped::Io) => return Err(bad()),
            Ok(_) => {}
            Err(Stopped::Fate(fate)) => return Err(Failed::by(fate, is_sent.get())),
        }
    }
}

/// The client's form of a head. The outer none is for what is no head, the inner one for an interim answer.
#[expect(clippy::option_option, reason = "both are said of it")]
fn take_apart(passing: &Passing<'_>, target: &Target, head: &[u8]) -> Option<Option<Answered>> {
    let mut room = room();
    let response = Response::read(head, passing.is_head, &mut room).ok()?;
    match response.status {
        // Nobody asked for another protocol.
        101 => return None,
        // The client was told here.
        100 => return Some(None),
        102..200 => {
            passing.client.inform(head::interim(&response)?);
            return Some(None);
        }
        _ => {}
    }
    let worker = &passing.client.connection.worker;
    let now = worker.now();
    let mut random = worker.random.borrow_mut();
    let cookies =
        cookies(passing.asking.listener, passing.asking.route, target.address, response.fields, now, &mut random);
    let head = head::response(&response, &cookies, || cookie::date(now))?;
    Some(Some(Answered { head, body: response.body, keeps: response.keep_alive }))
}
