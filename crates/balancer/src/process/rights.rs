//! Messages with descriptors (`SCM_RIGHTS`, unix(7)), between two balancers that wait for each other.

use super::protocol::{LONGEST, encode};
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, SendAncillaryBuffer, SendAncillaryMessage,
    SendFlags,
};
use serde::{Serialize, de::DeserializeOwned};
use std::{
    collections::VecDeque,
    io::{self, IoSlice, IoSliceMut, Write},
    mem::MaybeUninit,
    os::{
        fd::{BorrowedFd, OwnedFd},
        unix::net::UnixStream,
    },
};

/// Most descriptors of one message (`SCM_MAX_FD`, unix(7)).
pub(super) const MOST: usize = 253;

/// Sends a message, and descriptors with its first byte.
pub(super) fn send(mut stream: &UnixStream, message: &impl Serialize, fds: &[BorrowedFd<'_>]) -> io::Result<()> {
    let frame = encode(message)?;
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !fds.is_empty() && !control.push(SendAncillaryMessage::ScmRights(fds)) {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let sent = rustix::net::sendmsg(stream, &[IoSlice::new(&frame)], &mut control, SendFlags::NOSIGNAL)?;
    stream.write_all(frame.get(sent..).unwrap_or_default())
}

/// What comes in, and the descriptors that have come with it, in order.
pub(super) struct Incoming<'a> {
    stream: &'a UnixStream,
    bytes: Vec<u8>,
    pub(super) descriptors: VecDeque<OwnedFd>,
}

impl<'a> Incoming<'a> {
    pub(super) fn new(stream: &'a UnixStream) -> Self {
        Self { stream, bytes: Vec::new(), descriptors: VecDeque::new() }
    }

    /// The next message.
    pub(super) fn next<T: DeserializeOwned>(&mut self) -> io::Result<T> {
        loop {
            if let Some((header, rest)) = self.bytes.split_first_chunk() {
                let length = usize::try_from(u32::from_le_bytes(*header)).unwrap_or(usize::MAX);
                if length > LONGEST {
                    return Err(io::Error::other(format!("a message of {length} bytes is too long")));
                }
                if let Some(message) = rest.get(..length) {
                    let message = serde_json::from_slice(message)?;
                    self.bytes.drain(..4 + length);
                    return Ok(message);
                }
            }
            self.more()?;
        }
    }

    fn more(&mut self) -> io::Result<()> {
        let mut chunk = [0; 16 << 10];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let received = rustix::io::retry_on_intr(|| {
            rustix::net::recvmsg(self.stream, &mut [IoSliceMut::new(&mut chunk)], &mut control, RecvFlags::CMSG_CLOEXEC)
        })?;
        for message in control.drain() {
            if let RecvAncillaryMessage::ScmRights(more) = message {
                self.descriptors.extend(more);
            }
        }
        if received.flags.contains(ReturnFlags::CTRUNC) {
            // Without them those that follow would be taken for others.
            return Err(io::Error::other("there are no descriptors left for those that come with a message"));
        }
        match received.bytes {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            length => {
                self.bytes.extend_from_slice(chunk.get(..length).unwrap_or_default());
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{fs::File, io::Read, os::fd::AsFd};

    #[test]
    fn descriptors_arrive_with_their_messages() {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let dir = tempfile::tempdir().unwrap();
        let files: Vec<File> = (0..MOST + 3)
            .map(|n| {
                let path = dir.path().join(n.to_string());
                std::fs::write(&path, n.to_string()).unwrap();
                File::open(path).unwrap()
            })
            .collect();
        for part in files.chunks(MOST) {
            send(&ours, &vec!["x".repeat(40_000)], &part.iter().map(AsFd::as_fd).collect::<Vec<_>>()).unwrap();
        }
        drop(ours);
        let mut incoming = Incoming::new(&theirs);
        for _ in 0..2 {
            assert_eq!(incoming.next::<Vec<String>>().unwrap()[0].len(), 40_000);
        }
        assert_eq!(incoming.next::<Vec<String>>().unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
        let read = |fd| {
            let mut text = String::new();
            File::from(fd).read_to_string(&mut text).unwrap();
            text
        };
        let found: Vec<String> = incoming.descriptors.into_iter().map(read).collect();
        assert_eq!(found, (0..MOST + 3).map(|n| n.to_string()).collect::<Vec<_>>());
    }
}
