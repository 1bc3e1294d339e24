//! A netlink socket (netlink(7)). It belongs to the network namespace it was opened in, whichever thread uses it.

use super::message::{Attributes, Message, Received, messages, u32_at};
use rustix::{
    io::Errno,
    net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, netlink, sockopt},
};
use std::os::fd::OwnedFd;

const ERROR: u16 = 2;
const DONE: u16 = 3;
/// NLM_F_REQUEST.
pub(crate) const REQUEST: u16 = 1;
/// NLM_F_ACK.
pub(crate) const ACK: u16 = 4;
/// NLM_F_DUMP.
pub(crate) const DUMP: u16 = 0x300;
/// NLM_F_DUMP_INTR: something changed while it was being listed.
const INTERRUPTED: u16 = 0x10;

/// Messages sent at once: their answers must fit the socket's buffer.
const AT_ONCE: usize = 64;
/// How often a listing that was interrupted by changes is begun again.
const TRIES: u32 = 10;
/// Bytes of the receive buffer: the kernel never sends more in one datagram of a listing.
const BUFFER: usize = 64 << 10;

/// The kernel's refusal of one of several messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// Which, counted from 0.
    pub index: usize,
    /// Why.
    pub errno: Errno,
}

/// A socket for rtnetlink or nf_tables.
pub(crate) struct Socket {
    fd: OwnedFd,
    sequence: u32,
    buffer: Vec<u8>,
}

impl Socket {
    /// A socket for links, addresses and routes in the calling thread's namespace.
    pub(crate) fn route() -> Result<Self, Errno> {
        // NETLINK_ROUTE is protocol 0.
        Self::open(None)
    }

    /// A socket for nf_tables in the calling thread's namespace.
    pub(crate) fn netfilter() -> Result<Self, Errno> {
        let socket = Self::open(Some(netlink::NETFILTER))?;
        // A transaction is one datagram. Without CAP_NET_ADMIN this is refused, and so would be the transaction.
        let _ = sockopt::set_socket_send_buffer_size_force(&socket.fd, 16 << 20);
        let _ = sockopt::set_socket_recv_buffer_size_force(&socket.fd, 4 << 20);
        Ok(socket)
    }

    fn open(protocol: Option<rustix::net::Protocol>) -> Result<Self, Errno> {
        let fd = rustix::net::socket_with(AddressFamily::NETLINK, SocketType::RAW, SocketFlags::CLOEXEC, protocol)?;
        Ok(Self { fd, sequence: 0, buffer: Vec::new() })
    }

    /// Sends requests and hears each acknowledged. All are tried; the first refusal is returned.
    pub(crate) fn request(&mut self, requests: Vec<Message>) -> Result<(), Refusal> {
        let mut refused = None;
        let mut rest = requests.into_iter().enumerate().peekable();
        while rest.peek().is_some() {
            let start = self.sequence.wrapping_add(1);
            let first = rest.peek().map_or(0, |(index, _)| *index);
            let mut bytes = Vec::new();
            for (_, mut message) in rest.by_ref().take(AT_ONCE) {
                message.flag(REQUEST | ACK);
                bytes.extend(message.finish(self.next()));
            }
            let last = self.sequence;
            self.send(&bytes).map_err(|errno| Refusal { index: first, errno })?;
            let refusal = self.answers(last, |_| {}).map_err(|errno| Refusal { index: first, errno })?;
            let refusal = refusal
                .map(|(sequence, errno)| Refusal { index: first + sequence.wrapping_sub(start) as usize, errno });
            refused = refused.or(refusal);
        }
        refused.map_or(Ok(()), Err)
    }

    /// Sends one request and hears the kernel's answer to it.
    pub(crate) fn ask(&mut self, mut message: Message, mut each: impl FnMut(&Received)) -> Result<(), Errno> {
        message.flag(REQUEST | ACK);
        let sequence = self.next();
        self.send(&message.finish(sequence))?;
        match self.answers(sequence, |received| each(received))? {
            Some((_, errno)) => Err(errno),
            None => Ok(()),
        }
    }

    /// Sends a transaction as one datagram. It happens whole or not at all; the first refusal tells why not.
    pub(crate) fn transaction(&mut self, begin: Message, changes: Vec<Message>, end: Message) -> Result<(), Refusal> {
        let start = self.sequence.wrapping_add(1);
        let mut bytes = begin.finish(self.next());
        let count = changes.len();
        for (index, mut message) in changes.into_iter().enumerate() {
            message.flag(if index + 1 == count { REQUEST | ACK } else { REQUEST });
            bytes.extend(message.finish(self.next()));
        }
        let last = self.sequence;
        bytes.extend(end.finish(self.next()));
        self.send(&bytes).map_err(|errno| Refusal { index: 0, errno })?;
        match self.answers(last, |_| {}) {
            Ok(None) => Ok(()),
            Ok(Some((sequence, errno))) => {
                Err(Refusal { index: (sequence.wrapping_sub(start) as usize).saturating_sub(1), errno })
            }
            Err(errno) => Err(Refusal { index: 0, errno }),
        }
    }

    /// Asks for a listing, and for all of it again if it changed meanwhile. What is found is made afresh by `begin` each time.
    pub(crate) fn list<T>(
        &mut self,
        request: impl Fn() -> Message,
        each: impl Fn(&mut T, &Received),
    ) -> Result<T, Errno>
    where
        T: Default,
    {
        for _ in 0..TRIES {
            let mut message = request();
            message.flag(REQUEST | DUMP);
            let sequence = self.next();
            self.send(&message.finish(sequence))?;
            let mut found = T::default();
            if self.listing(sequence, |received| each(&mut found, received))? {
                return Ok(found);
            }
        }
        Err(Errno::BUSY)
    }

    /// Reads a listing to its end; false if it was interrupted.
    fn listing(&mut self, sequence: u32, mut each: impl FnMut(&Received)) -> Result<bool, Errno> {
        let mut consistent = true;
        loop {
            let length = self.receive(RecvFlags::empty())?;
            for received in messages(self.buffer.get(..length).unwrap_or_default()) {
                if received.sequence != sequence {
                    continue;
                }
                consistent &= received.flags & INTERRUPTED == 0;
                match received.kind {
                    DONE => return Ok(consistent),
                    ERROR => return errno(&received).map_or(Ok(consistent), Err),
                    _ => each(&received),
                }
            }
        }
    }

    /// Reads what the kernel answered. It has done so before sending returns, so nothing is waited for.
    fn answers(&mut self, last: u32, mut each: impl FnMut(&Received)) -> Result<Option<(u32, Errno)>, Errno> {
        let mut refused = None;
        let mut acknowledged = false;
        loop {
            let length = match self.receive(RecvFlags::DONTWAIT) {
                Ok(length) => length,
                Err(Errno::AGAIN) if acknowledged || refused.is_some() => return Ok(refused),
                Err(Errno::AGAIN) => return Err(Errno::PROTO),
                Err(errno) => return Err(errno),
            };
            for received in messages(self.buffer.get(..length).unwrap_or_default()) {
                match (received.kind, errno(&received)) {
                    (ERROR, Some(errno)) => refused = refused.or(Some((received.sequence, errno))),
                    (ERROR, None) => acknowledged |= received.sequence == last,
                    _ => each(&received),
                }
            }
        }
    }

    fn next(&mut self) -> u32 {
        self.sequence = self.sequence.wrapping_add(1);
        self.sequence
    }

    fn send(&self, bytes: &[u8]) -> Result<(), Errno> {
        rustix::io::retry_on_intr(|| rustix::net::send(&self.fd, bytes, SendFlags::empty())).map(|_| ())
    }

    fn receive(&mut self, flags: RecvFlags) -> Result<usize, Errno> {
        self.buffer.resize(BUFFER, 0);
        let (fd, buffer) = (&self.fd, &mut self.buffer);
        rustix::io::retry_on_intr(|| rustix::net::recv(fd, buffer.as_mut_slice(), flags)).map(|(length, _)| length)
    }
}

/// The error number of an error message; none if it is an acknowledgement, or a message of another kind.
fn errno(received: &Received) -> Option<Errno> {
    let code = u32_at(received.body, 0).filter(|_| received.kind == ERROR)? as i32;
    code.checked_neg().filter(|number| *number > 0).map(Errno::from_raw_os_error)
}

/// The attributes of a message whose fixed part has a length.
pub(crate) fn attributes<'a>(received: &Received<'a>, fixed: usize) -> Attributes<'a> {
    Attributes::after(received.body, fixed)
}
