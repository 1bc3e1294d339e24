//! What goes over a balancer's socket: messages of JSON, each behind a 4-byte little-endian length.
//!
//! An agent may speak with a balancer older than itself, so members are only ever added, and those of a snapshot have defaults.

use crate::Snapshot;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use spec::{Millis, balancing::BalancingStatus, measured::NodeCounts};
use std::{collections::BTreeMap, io, num::NonZeroU16, sync::Arc};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use vpc::InterfaceId;

/// Longest message in bytes: some hundred thousand targets.
pub(super) const LONGEST: usize = 64 << 20;

/// What an agent says.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Call {
    /// Serve this from now on.
    Serve(Arc<Snapshot>),
    /// This was seen of targets before.
    Know(BalancingStatus),
    /// End now, and everything with it.
    End,
    /// Lend a balancer that is about to take over what it needs.
    Lend,
    /// It has taken over: listen no more, and end with the last connection.
    Retreat,
    /// What was counted is taken in.
    Counted {
        /// Who has counted.
        by: String,
        /// The number of that.
        number: u64,
    },
}

/// What a balancer says.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Reply {
    /// What it has seen: once at the beginning, then whenever it changes.
    Status(BalancingStatus),
    /// So many listening sockets, which come with this as descriptors.
    Door {
        /// The node they are of.
        interface: InterfaceId,
        /// The listener's port.
        port: NonZeroU16,
        /// Device and inode of the namespace they were made in.
        namespace: (u64, u64),
        /// How many they are.
        sockets: usize,
    },
    /// What it has counted, in parts, until each is taken in.
    Counted(Counted),
    /// There are no more. The hold on the directory comes with this.
    Lent,
}

/// What nodes counted in some time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Counted {
    /// The process that has counted, unlike any other.
    pub by: String,
    /// Grows with each part.
    pub number: u64,
    /// When, in milliseconds since 1970.
    pub at: Millis,
    /// What.
    pub nodes: BTreeMap<InterfaceId, NodeCounts>,
}

/// Sends a message.
pub(super) async fn send(stream: &mut (impl AsyncWrite + Unpin), message: &impl Serialize) -> io::Result<()> {
    stream.write_all(&encode(message)?).await
}

/// A message in its frame.
pub(super) fn encode(message: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut frame = vec![0; 4];
    serde_json::to_writer(&mut frame, message)?;
    let length = frame.len() - 4;
    let header = u32::try_from(length).ok().filter(|_| length <= LONGEST);
    let header = header.ok_or_else(|| io::Error::other(format!("a message of {length} bytes is too long")))?;
    frame.splice(..4, header.to_le_bytes());
    Ok(frame)
}

/// The next message; none when the other side has ended.
pub(super) async fn receive<T: DeserializeOwned>(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<T>> {
    let length = match stream.read_u32_le().await {
        Ok(length) => usize::try_from(length).unwrap_or(usize::MAX),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error),
    };
    if length > LONGEST {
        return Err(io::Error::other(format!("a message of {length} bytes is too long")));
    }
    let mut message = vec![0; length];
    stream.read_exact(&mut message).await?;
    Ok(Some(serde_json::from_slice(&message)?))
}
