//! One connection of a caller: it sends one request and gets one reply, with `Watch` one after every change, with `Attach` two.

use crate::protocol::{Reply, Request, decode, encode};
use crate::rights;
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;

/// Most connections at once.
pub(super) const MAX_CONNECTIONS: usize = 128;

/// What a connection is waiting for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wait {
    /// The caller's request.
    Request,
    /// Something that will reply.
    Reply,
    /// Changes.
    Changes {
        /// The last change it was told of.
        told: u64,
    },
    /// Nothing: what is still to be sent is sent, then it closes.
    Nothing,
}

pub(super) struct Connection {
    pub(super) stream: UnixStream,
    pub(super) wait: Wait,
    input: Vec<u8>,
    output: Vec<u8>,
    /// What goes with the next bytes.
    descriptors: Vec<OwnedFd>,
    /// The caller sends no more.
    pub(super) ended: bool,
    broken: bool,
}

impl Connection {
    /// Takes a connection of root; any other is refused.
    pub(super) fn accept(stream: UnixStream) -> io::Result<Self> {
        if crate::sys::peer_uid(&stream)? != 0 {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        stream.set_nonblocking(true)?;
        let (input, output, descriptors) = (Vec::new(), Vec::new(), Vec::new());
        Ok(Self { stream, wait: Wait::Request, input, output, descriptors, ended: false, broken: false })
    }

    /// Reads what is there; a whole request is returned once.
    pub(super) fn read(&mut self) -> io::Result<Option<Request>> {
        let mut buffer = [0; 16 << 10];
        loop {
            match self.stream.read(&mut buffer) {
                Ok(0) => {
                    self.ended = true;
                    break;
                }
                Ok(count) if self.wait == Wait::Request => {
                    self.input.extend_from_slice(buffer.get(..count).unwrap_or_default())
                }
                // One request a connection: nothing else is expected.
                Ok(_) => return Err(io::ErrorKind::InvalidData.into()),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        let request = decode(&mut self.input)?;
        if request.is_some() {
            self.wait = Wait::Reply;
            self.input = Vec::new();
        }
        Ok(request)
    }

    /// Queues a reply and sends what goes at once.
    pub(super) fn send(&mut self, reply: &Reply) {
        match encode(reply) {
            Ok(bytes) => self.output.extend_from_slice(&bytes),
            Err(_) => self.broken = true,
        }
        self.flush();
    }

    /// Queues a first reply with descriptors; another follows.
    pub(super) fn hand_over(&mut self, reply: &Reply, descriptors: Vec<OwnedFd>) {
        self.descriptors = descriptors;
        self.send(reply);
    }

    /// Queues the only reply, or the last one.
    pub(super) fn answer(&mut self, reply: &Reply) {
        self.wait = Wait::Nothing;
        self.send(reply);
    }

    pub(super) fn flush(&mut self) {
        while !self.output.is_empty() && !self.broken {
            let descriptors: Vec<BorrowedFd> = self.descriptors.iter().map(AsFd::as_fd).collect();
            match rights::send(&self.stream, &self.output, &descriptors) {
                Ok(count) => {
                    self.descriptors.clear();
                    self.output.drain(..count);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => self.broken = true,
            }
        }
    }

    pub(super) fn wants_to_write(&self) -> bool {
        !self.output.is_empty()
    }

    /// Whether it can be closed.
    pub(super) fn done(&self) -> bool {
        let idle = matches!(self.wait, Wait::Request | Wait::Changes { .. } | Wait::Nothing);
        self.broken || (self.output.is_empty() && (self.wait == Wait::Nothing || (self.ended && idle)))
    }
}
