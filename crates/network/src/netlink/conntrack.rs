//! Connection tracking over netlink (linux/netfilter/nfnetlink_conntrack.h): the connections a namespace knows, and forgetting one.

use super::{
    message::{Attributes, Message, Received},
    socket::{Socket, attributes},
};
use rustix::io::Errno;
use std::net::{IpAddr, Ipv4Addr};

const SUBSYSTEM: u16 = 1;
const GET: u16 = 1;
const DELETE: u16 = 2;
const ORIGINAL: u16 = 1;
const REPLY: u16 = 2;
const PROTOCOL: u16 = 4;
const TIMEOUT: u16 = 7;
const ID: u16 = 12;
const NESTED: u16 = 0x8000;
/// AF_INET.
const IPV4: u8 = 2;

/// A connection as a router knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Connection {
    /// What the side that began it sends, before any translation.
    pub original: Tuple,
    /// What is sent back, before any translation.
    pub reply: Tuple,
    /// Of TCP, whether it is being made or there: neither side has said that it ends.
    pub is_open: bool,
    /// Of TCP, whether it is there.
    pub is_established: bool,
    /// In how many seconds it is forgotten unless something is sent.
    pub remaining: u32,
    /// The original side as the kernel wrote it, and the connection's id: what it is found again by.
    handle: (Vec<u8>, Vec<u8>),
}

/// Addresses, protocol and ports of one direction. Of ICMP the ports are none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tuple {
    pub source: IpAddr,
    pub destination: IpAddr,
    pub protocol: u8,
    pub source_port: u16,
    pub destination_port: u16,
}

impl Connection {
    /// What no other connection is called that is known at the same time.
    pub(crate) fn id(&self) -> u32 {
        self.handle.1.first_chunk().copied().map_or(0, u32::from_be_bytes)
    }
}

#[cfg(test)]
impl Connection {
    /// One that no kernel knows.
    pub(crate) fn imagined(original: Tuple, reply: Tuple) -> Self {
        Self { original, reply, is_open: true, is_established: true, remaining: 0, handle: Default::default() }
    }
}

/// All IPv4 connections of the socket's namespace.
pub(crate) fn list(socket: &mut Socket) -> Result<Vec<Connection>, Errno> {
    socket.list(|| message(GET), |found: &mut Vec<_>, received| found.extend(connection(received)))
}

/// Forgets a connection. Its next packet begins another, or is refused.
pub(crate) fn delete(connection: &Connection) -> Message {
    let mut message = message(DELETE);
    message.attr(ORIGINAL | NESTED, &connection.handle.0).attr(ID, &connection.handle.1);
    message
}

fn message(kind: u16) -> Message {
    Message::new(SUBSYSTEM << 8 | kind, 0, &[IPV4, 0, 0, 0])
}

fn connection(received: &Received) -> Option<Connection> {
    let attributes = attributes(received, 4);
    let state = attributes.nested(PROTOCOL).and_then(|of| of.nested(1)).and_then(state);
    Some(Connection {
        original: tuple(attributes.nested(ORIGINAL)?)?,
        reply: tuple(attributes.nested(REPLY)?)?,
        is_open: state.is_some_and(|state| (1..=ESTABLISHED).contains(&state)),
        is_established: state == Some(ESTABLISHED),
        remaining: attributes.net_u32(TIMEOUT).unwrap_or(0),
        handle: (attributes.get(ORIGINAL)?.to_vec(), attributes.get(ID)?.to_vec()),
    })
}

/// The state of a TCP connection (linux/netfilter/nf_conntrack_tcp.h). Before it are SYN_SENT, 1, and SYN_RECV.
const ESTABLISHED: u8 = 3;

fn state(tcp: Attributes) -> Option<u8> {
    tcp.get(1)?.first().copied()
}

fn tuple(attributes: Attributes) -> Option<Tuple> {
    let (addresses, protocol) = (attributes.nested(1)?, attributes.nested(2)?);
    let address = |kind| addresses.get(kind)?.first_chunk::<4>().map(|bytes| IpAddr::V4(Ipv4Addr::from(*bytes)));
    let port = |kind| protocol.get(kind)?.first_chunk::<2>().map(|bytes| u16::from_be_bytes(*bytes));
    Some(Tuple {
        source: address(1)?,
        destination: address(2)?,
        protocol: *protocol.get(1)?.first()?,
        source_port: port(2).unwrap_or(0),
        destination_port: port(3).unwrap_or(0),
    })
}
