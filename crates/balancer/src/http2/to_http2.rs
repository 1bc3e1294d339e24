//! A request's way to a target that speaks HTTP/2, next to others on one connection. Trailers and streaming pass both ways.

use super::{
    body::{Ended, Incoming, poll_send},
    guarded, head,
    stream::{Failed, Passing},
    upstream::Place,
};
use crate::{
    cookie,
    decide::cookies,
    page::Refusal,
    reach::{Asking, TRIES},
    socket::Stopped,
    target::{Target, UnderWay},
    watch::Fate,
};
use bytes::Bytes;
use h2::{
    Reason, SendStream,
    client::{ResponseFuture, SendRequest},
};
use http::Request;
use std::{
    cell::Cell,
    future::{Future, poll_fn},
    pin::{Pin, pin},
    task::Poll,
};

/// Sends a request, whose head is in `out` as HTTP/1.1 has it, to a target, and the target's answer to the client.
pub(super) async fn run(passing: &Passing<'_>, body: &mut Incoming, out: &[u8]) -> Result<(), Failed> {
    let request = head::request(out, passing.asking.route.group.tls, passing.takes_trailers)
        .ok_or(Failed::Refused(Refusal::Malformed))?;
    let settings = &passing.asking.listener.settings;
    let mut tried = Vec::new();
    if settings.mesh && !settings.inward {
        body.keep();
    }
    // A target has processed no request twice: only those are sent anew that none has seen (RFC 9113, 8.7).
    for _ in 0..TRIES {
        let (target, place) = connect(passing, &tried).await?;
        let mut sender = place.sender();
        let Ok(sent) = begin(passing, &mut sender, &request, body.is_over()).await? else {
            place.close();
            continue;
        };
        passing.asking.sent();
        match exchange(passing, &target.0, &place, sent, body).await {
            Ok(()) => return Ok(()),
            Err(Undone::Unprocessed) => {
                if settings.mesh {
                    // Somebody else may have an application that listens.
                    passing.asking.judge(&target.0, true);
                    tried.push(target.0.id);
                }
                if passing.client.is_answered() || !body.rewind() {
                    break;
                }
            }
            Err(Undone::Failed(failed)) => {
                failed.tell(passing.asking, &target.0);
                return Err(failed);
            }
        }
    }
    Err(Failed::Refused(if settings.mesh { Refusal::Unreached } else { Refusal::BadGateway }))
}

/// A target with a place on a connection to it, none of `tried`.
async fn connect(passing: &Passing<'_>, tried: &[u64]) -> Result<(UnderWay, Place), Failed> {
    let Asking { worker, listener, route, counts, .. } = passing.asking;
    let watch = &passing.client.watch;
    let of = async |target: &Target| {
        let (group, clock) = (&route.group, worker.watches.clock());
        let (place, is_new) =
            worker.upstreams.place(&worker.pool, clock, &listener.node, (group, target), watch).await?;
        counts.new_connections.add_if(is_new && !listener.settings.mesh);
        Ok(place)
    };
    Ok(passing.asking.search(watch).without(tried).next(of).await?)
}

type Sent = (ResponseFuture, SendStream<Bytes>);

/// Sends the head. The inner error is for a connection that takes no more requests.
async fn begin(
    passing: &Passing<'_>,
    sender: &mut SendRequest<Bytes>,
    request: &Request<()>,
    is_whole: bool,
) -> Result<Result<Sent, h2::Error>, Failed> {
    let ready = poll_fn(|context| guarded(&passing.client.watch, context, |context| sender.poll_ready(context))).await;
    match ready.map_err(|fate| Failed::by(fate, false))? {
        Ok(()) => Ok(sender.send_request(request.clone(), is_whole)),
        Err(error) => Ok(Err(error)),
    }
}

/// Why a target's answer did not come whole.
enum Undone {
    /// The target says that it has not looked at the request.
    Unprocessed,
    Failed(Failed),
}

async fn exchange(
    passing: &Passing<'_>,
    target: &Target,
    place: &Place,
    (answer_of, mut stream): Sent,
    body: &mut Incoming,
) -> Result<(), Undone> {
    let is_sent = Cell::new(body.is_over());
    let mut sending = pin!(send_body(passing, body, &mut stream));
    let mut receiving = pin!(answer(passing, target, place, answer_of, &is_sent));
    poll_fn(|context| {
        if !is_sent.get()
            && let Poll::Ready(sent) = sending.as_mut().poll(context)
        {
            is_sent.set(true);
            if let Err(failed) = sent {
                return Poll::Ready(Err(Undone::Failed(failed)));
            }
            passing.body_is_sent();
        }
        receiving.as_mut().poll(context)
    })
    .await
}

/// Sends the body and its trailers as they come. A target that takes no more of it may still have answered.
async fn send_body(passing: &Passing<'_>, body: &mut Incoming, stream: &mut SendStream<Bytes>) -> Result<(), Failed> {
    let client = passing.client;
    let ended = |ended| match ended {
        // The client has reset the stream, or has sent what is no body.
        Ended::Stream(_) => Failed::Gone,
        Ended::Fate(fate) => Failed::by(fate, false),
    };
    while let Some(mut data) = body.next(&client.watch).await.map_err(ended)? {
        client.connection.watch.go_on();
        let is_last = body.is_at_end();
        let sent = poll_fn(|context| poll_send(&client.watch, stream, &mut data, is_last, context)).await;
        match sent {
            Ok(()) if is_last => return Ok(()),
            Ok(()) => {}
            Err(Stopped::Io) => return Ok(()),
            Err(Stopped::Fate(fate)) => return Err(Failed::by(fate, false)),
        }
    }
    // Errors are those of a stream that is over, which its answer tells.
    let _ = match body.trailers(&client.watch).await.map_err(ended)? {
        Some(trailers) => stream.send_trailers(trailers),
        None => stream.send_data(Bytes::new(), true),
    };
    Ok(())
}

/// Waits for the target's answer and sends it to the client.
async fn answer(
    passing: &Passing<'_>,
    target: &Target,
    place: &Place,
    mut answer: ResponseFuture,
    is_sent: &Cell<bool>,
) -> Result<(), Undone> {
    let client = passing.client;
    let head = poll_fn(|context| {
        guarded(&client.watch, context, |context| {
            while let Poll::Ready(Some(Ok(interim))) = answer.poll_informational(context) {
                // Of this one the client was told here.
                if interim.status() != http::StatusCode::CONTINUE {
                    client.inform(interim);
                }
                client.watch.touch();
            }
            Pin::new(&mut answer).poll(context)
        })
    })
    .await;
    let (mut head, stream) = match head {
        Ok(Ok(head)) => head.into_parts(),
        Ok(Err(error)) if is_unprocessed(&error) => {
            if error.is_go_away() {
                place.close();
            }
            return Err(Undone::Unprocessed);
        }
        Ok(Err(_)) => return Err(Undone::Failed(Failed::Refused(Refusal::BadGateway))),
        Err(fate) => {
            // Nobody may be there any more.
            if fate == Fate::Idle {
                place.close();
            }
            return Err(Undone::Failed(Failed::by(fate, is_sent.get())));
        }
    };
    passing.asking.answered(target, head.status.as_u16());
    let worker = &client.connection.worker;
    let (now, mut came) = (worker.now(), Incoming::new(stream));
    let cookies = head::held(&head.headers, |fields| {
        let mut random = worker.random.borrow_mut();
        cookies(passing.asking.listener, passing.asking.route, target.address, fields, now, &mut random)
    });
    head::complete(&mut head.headers, &cookies, || cookie::date(now));
    client.connection.watch.go_on();
    let of_client = |stopped: Stopped| Undone::Failed(Failed::of_client(&stopped));
    client.begin(http::Response::from_parts(head, ()), came.is_over()).map_err(of_client)?;
    if came.is_over() {
        return Ok(());
    }
    let ended = |ended| match ended {
        // The client is told why, as the target told it.
        Ended::Stream(error) if error.is_reset() => {
            Undone::Failed(Failed::Reset(error.reason().unwrap_or(Reason::INTERNAL_ERROR)))
        }
        Ended::Stream(_) => Undone::Failed(Failed::Reset(Reason::INTERNAL_ERROR)),
        Ended::Fate(fate) => Undone::Failed(Failed::by(fate, true)),
    };
    while let Some(data) = came.next(&client.watch).await.map_err(ended)? {
        let is_last = came.is_at_end();
        client.send(data, is_last).await.map_err(of_client)?;
        if is_last {
            return Ok(());
        }
    }
    match came.trailers(&client.watch).await.map_err(ended)? {
        Some(trailers) => client.trailers(trailers),
        None => client.finish(Bytes::new()),
    }
    .map_err(of_client)
}

/// Whether a target says that it has not looked at a request, nor will.
fn is_unprocessed(error: &h2::Error) -> bool {
    error.is_remote() && (error.is_go_away() || error.is_reset() && error.reason() == Some(Reason::REFUSED_STREAM))
}
