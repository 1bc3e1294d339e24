//! Speaking to a shim: a connection for each call.

use crate::error::{Error, Step};
use crate::protocol::{Call, Reply, Request, VERSION, decode, encode};
use crate::rights;
use crate::state::Report;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags};
use rustix::net::RecvFlags;
use std::io::{self, Write};
use std::net::Shutdown;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

/// Changes of a task's containers, each as the whole state. A slow reader misses states in between, never the last.
///
/// Its descriptor is readable when [`Events::next`] has something to return.
#[derive(Debug)]
pub struct Events {
    connection: Connection,
}

impl Events {
    pub(super) fn watch(dir: &Path) -> Result<Self, Error> {
        let mut connection = Connection::open(dir)?;
        connection.send(&Call::Watch)?;
        Ok(Self { connection })
    }

    /// Waits for the next state; the first comes at once. None when `timeout` passes first, [`Error::Gone`] when the shim ended.
    pub fn next(&mut self, timeout: Option<Duration>) -> Result<Option<Report>, Error> {
        match self.connection.receive(timeout)? {
            Some(Reply::Report(report)) => Ok(Some(report)),
            Some(other) => Err(unexpected(other)),
            None => Ok(None),
        }
    }
}

impl AsFd for Events {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.connection.as_fd()
    }
}

/// Sends a call and waits for its reply.
pub(super) fn ask(dir: &Path, call: &Call, timeout: Duration) -> Result<Reply, Error> {
    let mut connection = Connection::open(dir)?;
    connection.send(call)?;
    connection.receive(Some(timeout))?.ok_or_else(|| late(dir))
}

/// Sends a call; when no reply comes in time, ends the sending side, which kills what was started, and waits again.
pub(super) fn ask_killing(dir: &Path, call: &Call, timeout: Option<Duration>, after: Duration) -> Result<Reply, Error> {
    let mut connection = Connection::open(dir)?;
    connection.send(call)?;
    if let Some(reply) = connection.receive(timeout)? {
        return Ok(reply);
    }
    connection.stream.shutdown(Shutdown::Write).host(|| "ending a command".into())?;
    connection.receive(Some(after))?.ok_or_else(|| late(dir))
}

pub(super) fn late(dir: &Path) -> Error {
    Error::host(format!("waiting for the shim of {}", dir.display()), io::ErrorKind::TimedOut)
}

/// A reply that is no success, as an error.
pub(super) fn unexpected(reply: Reply) -> Error {
    match reply {
        Reply::StartFailed(error) => Error::Start(error),
        Reply::NotRunning(name) => Error::NotRunning(name),
        Reply::Invalid(text) => Error::Invalid(text),
        other => {
            Error::host("reading the shim's reply", io::Error::new(io::ErrorKind::InvalidData, format!("{other:?}")))
        }
    }
}

#[derive(Debug)]
pub(super) struct Connection {
    stream: UnixStream,
    buffer: Vec<u8>,
    /// What has come along with replies.
    pub(super) descriptors: Vec<OwnedFd>,
}

impl AsFd for Connection {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}

impl Connection {
    /// Connects by the directory's descriptor: a socket's path is limited to 107 bytes (unix(7)).
    pub(super) fn open(dir: &Path) -> Result<Self, Error> {
        let connect = || -> io::Result<UnixStream> {
            let fd = rustix::fs::open(dir, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
            UnixStream::connect(format!("/proc/self/fd/{}/socket", fd.as_raw_fd()))
        };
        match connect() {
            Ok(stream) => {
                stream.set_nonblocking(false).host(|| "configuring a socket".into())?;
                Ok(Self { stream, buffer: Vec::new(), descriptors: Vec::new() })
            }
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused) => {
                Err(Error::Gone)
            }
            Err(error) => Err(Error::host(format!("connecting to the shim of {}", dir.display()), error)),
        }
    }

    pub(super) fn send(&mut self, call: &Call) -> Result<(), Error> {
        /// The request without cloning the call.
        #[derive(serde::Serialize)]
        struct Out<'a> {
            version: u32,
            call: &'a Call,
        }
        // One type tells what is read, the other writes the same.
        const _: fn(Request) -> u32 = |request| request.version;
        let bytes = encode(&Out { version: VERSION, call }).map_err(|error| Error::Invalid(error.to_string()))?;
        self.stream.write_all(&bytes).or_else(broken)
    }

    /// The next reply; none when `timeout` passes first.
    pub(super) fn receive(&mut self, timeout: Option<Duration>) -> Result<Option<Reply>, Error> {
        let end = timeout.map(|timeout| Instant::now() + timeout);
        loop {
            if let Some(reply) = decode(&mut self.buffer).host(|| "reading the shim's reply".into())? {
                return Ok(Some(reply));
            }
            let left = end.map(|end| end.saturating_duration_since(Instant::now()));
            if !readable(&self.stream, left)? {
                return Ok(None);
            }
            let mut chunk = [0; 16 << 10];
            match rights::receive(&self.stream, &mut chunk, &mut self.descriptors, RecvFlags::empty()) {
                Ok(0) => return Err(Error::Gone),
                Ok(count) => self.buffer.extend_from_slice(chunk.get(..count).unwrap_or_default()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => broken(error)?,
            }
        }
    }
}

/// A connection breaks off when the shim dies.
fn broken(error: io::Error) -> Result<(), Error> {
    match error.kind() {
        io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset => Err(Error::Gone),
        _ => Err(Error::host("speaking to the shim", error)),
    }
}

fn readable(fd: impl AsFd, timeout: Option<Duration>) -> Result<bool, Error> {
    let timeout = timeout.map(|left| Timespec {
        tv_sec: i64::try_from(left.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: left.subsec_nanos().into(),
    });
    match poll(&mut [PollFd::new(&fd, PollFlags::IN)], timeout.as_ref()) {
        Ok(count) => Ok(count > 0),
        Err(rustix::io::Errno::INTR) => Ok(true),
        Err(error) => Err(Error::host("waiting for the shim", error)),
    }
}
