//! A client that sends whatever frames it likes.

use crate::support::PATIENCE;
use std::{
    io::{ErrorKind, Read, Write},
    net::{SocketAddr, TcpStream},
};

pub const DATA: u8 = 0;
pub const HEADERS: u8 = 1;
pub const PRIORITY: u8 = 2;
pub const RST_STREAM: u8 = 3;
pub const SETTINGS: u8 = 4;
pub const PUSH_PROMISE: u8 = 5;
pub const PING: u8 = 6;
pub const GOAWAY: u8 = 7;
pub const WINDOW_UPDATE: u8 = 8;
pub const CONTINUATION: u8 = 9;

pub const END_STREAM: u8 = 1;
pub const ACK: u8 = 1;
pub const END_HEADERS: u8 = 4;
pub const PADDED: u8 = 8;
pub const WITH_PRIORITY: u8 = 32;

pub const NO_ERROR: u32 = 0;
pub const PROTOCOL: u32 = 1;
pub const FLOW_CONTROL: u32 = 3;
pub const STREAM_CLOSED: u32 = 5;
pub const FRAME_SIZE: u32 = 6;
pub const REFUSED: u32 = 7;
pub const COMPRESSION: u32 = 9;
pub const ENHANCE_YOUR_CALM: u32 = 11;

#[derive(Debug, Clone)]
pub struct Frame {
    pub kind: u8,
    pub flags: u8,
    pub stream: u32,
    pub payload: Vec<u8>,
}

impl Frame {
    pub fn number(&self, at: usize) -> u32 {
        u32::from_be_bytes(self.payload[at..at + 4].try_into().unwrap())
    }
}

/// A connection, past its preface.
pub struct Raw {
    stream: TcpStream,
    came: Vec<u8>,
}

impl Raw {
    /// One that has begun, with these settings; those of the server are acknowledged.
    pub fn connect(to: SocketAddr, settings: &[(u16, u32)]) -> Self {
        let mut raw = Self::silent(to);
        raw.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
        raw.settings(settings);
        let first = raw.next().expect("settings");
        assert_eq!((first.kind, first.flags, first.stream), (SETTINGS, 0, 0));
        raw.frame(SETTINGS, ACK, 0, &[]);
        raw
    }

    pub fn silent(to: SocketAddr) -> Self {
        let stream = TcpStream::connect(to).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream, came: Vec::new() }
    }

    /// Begins again, with a connection that nothing was sent over.
    pub fn anew(&mut self) {
        *self = Self::silent(self.stream.peer_addr().unwrap());
    }

    /// Sends bytes. A server that has closed does not get them.
    pub fn send(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes);
    }

    pub fn frame(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
        self.send(&frame(kind, flags, stream, payload));
    }

    pub fn settings(&mut self, settings: &[(u16, u32)]) {
        let payload: Vec<u8> =
            settings.iter().flat_map(|(id, value)| [&id.to_be_bytes()[..], &value.to_be_bytes()].concat()).collect();
        self.frame(SETTINGS, 0, 0, &payload);
    }

    /// A whole head, and the end of the stream.
    pub fn get(&mut self, stream: u32) {
        self.frame(HEADERS, END_HEADERS | END_STREAM, stream, &block(&request("GET")));
    }

    /// A head that a body follows.
    pub fn post(&mut self, stream: u32) {
        self.frame(HEADERS, END_HEADERS, stream, &block(&request("POST")));
    }

    /// The next frame; none at the connection's end.
    pub fn next(&mut self) -> Option<Frame> {
        loop {
            if let [a, b, c, kind, flags, stream @ ..] = &self.came[..self.came.len().min(9)]
                && let Ok(stream) = <[u8; 4]>::try_from(stream)
            {
                let length = u32::from_be_bytes([0, *a, *b, *c]) as usize;
                if self.came.len() >= 9 + length {
                    let (kind, flags, stream) = (*kind, *flags, u32::from_be_bytes(stream));
                    let payload = self.came.drain(..9 + length).skip(9).collect();
                    return Some(Frame { kind, flags, stream, payload });
                }
            }
            let mut some = [0; 16384];
            match self.stream.read(&mut some) {
                Ok(count @ 1..) => self.came.extend_from_slice(&some[..count]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => panic!("nothing came for {PATIENCE:?}"),
                Ok(_) | Err(_) => return None,
            }
        }
    }

    /// The next frame that is as wanted, past others.
    pub fn until(&mut self, wanted: impl Fn(&Frame) -> bool) -> Option<Frame> {
        loop {
            let frame = self.next()?;
            if wanted(&frame) {
                return Some(frame);
            }
        }
    }

    /// Whether the connection is as it should be.
    pub fn is_alive(&mut self) -> bool {
        self.frame(PING, 0, 0, b"isalive?");
        self.until(|frame| frame.kind == PING && frame.flags & ACK > 0 && frame.payload == b"isalive?").is_some()
    }

    /// Waits for an answer's end on a stream, if none of the connection's.
    pub fn is_answered(&mut self, stream: u32) -> bool {
        self.until(|frame| frame.stream == stream && frame.flags & END_STREAM > 0 && frame.kind <= HEADERS).is_some()
    }
}

pub fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut bytes = (payload.len() as u32).to_be_bytes()[1..].to_vec();
    bytes.extend([kind, flags]);
    bytes.extend(stream.to_be_bytes());
    bytes.extend(payload);
    bytes
}

pub type Field<'a> = (&'a str, &'a str);

pub fn request<'a>(method: &'a str) -> Vec<Field<'a>> {
    vec![(":method", method), (":scheme", "http"), (":path", "/"), (":authority", "a.test")]
}

/// A head in HPACK: literals that are not indexed.
pub fn block(fields: &[Field<'_>]) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in fields {
        literal(&mut block, name.as_bytes(), value.as_bytes());
    }
    block
}

/// Appends a literal field without indexing (RFC 7541, 6.2.2).
pub fn literal(block: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    block.push(0);
    for text in [name, value] {
        number(block, text.len());
        block.extend(text);
    }
}

/// Appends a length with seven bits of prefix (RFC 7541, 5.1).
fn number(block: &mut Vec<u8>, mut value: usize) {
    if value < 127 {
        block.push(value as u8);
        return;
    }
    block.push(127);
    value -= 127;
    while value >= 128 {
        block.push((value % 128 + 128) as u8);
        value /= 128;
    }
    block.push(value as u8);
}
