//! Connections that go on with another protocol, such as WebSocket: bytes, until both ends have had enough.

use crate::{
    client::Client,
    exchange::End,
    socket::{Socket, Stopped},
    watch::Watch,
};
use bytes::BytesMut;
use std::{
    future::{Future, poll_fn},
    pin::pin,
    task::Poll,
};

/// What is read at once.
const PIECE: usize = 16 << 10;

/// Passes bytes on in both directions, what came already first. `buffer` is the target's.
pub(crate) async fn run(client: &mut Client, target: Socket, mut buffer: BytesMut) -> End {
    let mut from_client = std::mem::take(&mut client.buffer);
    let (mut up, mut down) = (
        pin!(pass(&client.socket, &mut from_client, &target, &client.watch)),
        pin!(pass(&target, &mut buffer, &client.socket, &client.watch)),
    );
    let (mut up_ended, mut down_ended) = (false, false);
    poll_fn(|context| {
        for (direction, ended) in
            [(&mut up as &mut (dyn Future<Output = _> + Unpin), &mut up_ended), (&mut down, &mut down_ended)]
        {
            if !*ended && let Poll::Ready(outcome) = std::pin::Pin::new(direction).poll(context) {
                *ended = true;
                if outcome.is_err() {
                    return Poll::Ready(());
                }
            }
        }
        if up_ended && down_ended { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    End::Broken
}

/// One direction, until its sender has said its last, which the receiver is told.
async fn pass(from: &Socket, buffer: &mut BytesMut, to: &Socket, watch: &Watch) -> Result<(), Stopped> {
    loop {
        if !buffer.is_empty() {
            to.write(watch, buffer).await.map_err(|(_, stopped)| stopped)?;
            buffer.clear();
        }
        if from.read(watch, buffer, PIECE).await? == 0 {
            to.finish();
            return Ok(());
        }
    }
}
