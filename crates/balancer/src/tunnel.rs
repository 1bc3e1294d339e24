//! Connections that go on with another protocol, such as WebSocket: bytes, until both ends have had enough.

use crate::{
    client::Client,
    exchange::End,
    socket::{Socket, Stopped},
    watch::Watch,
};
use bytes::BytesMut;

/// What is read at once.
const PIECE: usize = 16 << 10;

/// Passes bytes on in both directions, what came already first. `buffer` is the target's.
pub(crate) async fn run(client: &mut Client, target: Socket, mut buffer: BytesMut) -> End {
    let mut from_client = std::mem::take(&mut client.buffer);
    let up = pass(&client.socket, &mut from_client, &target, &client.watch);
    let down = pass(&target, &mut buffer, &client.socket, &client.watch);
    let _ = tokio::try_join!(up, down);
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
