//! Commands that the caller speaks with.

use super::client::{Connection, late, unexpected};
use super::{START, Sandbox};
use crate::config::{Exec, WindowSize};
use crate::error::Error;
use crate::protocol::{Call, Reply};
use crate::state::ExecResult;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

/// The caller's ends of a command's standard streams. Nothing else has them.
#[derive(Debug)]
pub enum Streams {
    /// Pipes.
    Pipes {
        /// What is written here the command reads; closing it is the end of its input.
        stdin: OwnedFd,
        /// What the command writes to its standard output.
        stdout: OwnedFd,
        /// What it writes to its standard error.
        stderr: OwnedFd,
    },
    /// The controlling side of a terminal: see pty(7).
    Terminal(OwnedFd),
}

/// A command that runs in a container. It is killed, and what it has started with it, when this is dropped or its process dies.
///
/// Its descriptor is readable when [`Attached::ended`] has something to return.
#[derive(Debug)]
pub struct Attached {
    connection: Connection,
}

impl Attached {
    /// Waits for the command's end; none when `timeout` passes first. [`Error::Gone`] when its task has ended, and the command with it.
    pub fn ended(&mut self, timeout: Option<Duration>) -> Result<Option<ExecResult>, Error> {
        match self.connection.receive(timeout)? {
            Some(Reply::Exec(result)) => Ok(Some(result)),
            Some(other) => Err(unexpected(other)),
            None => Ok(None),
        }
    }
}

impl AsFd for Attached {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.connection.as_fd()
    }
}

impl Sandbox {
    /// Runs a command in a running container, to speak with it: with a terminal of that size, or through pipes. Timeout and limit of the
    /// output don't apply.
    ///
    /// # Errors
    /// [`Error::NotRunning`]; [`Error::Start`] when it can't be executed; [`Error::Invalid`] when too many run already.
    pub fn attach(&self, name: &str, exec: &Exec, terminal: Option<WindowSize>) -> Result<(Attached, Streams), Error> {
        let mut connection = Connection::open(&self.dir)?;
        connection.send(&Call::Attach { name: name.to_owned(), exec: exec.clone(), terminal })?;
        match connection.receive(Some(START))? {
            Some(Reply::Attached) => {}
            Some(other) => return Err(unexpected(other)),
            None => return Err(late(&self.dir)),
        }
        let mut ends = std::mem::take(&mut connection.descriptors).into_iter();
        let streams = match (terminal, ends.next(), ends.next(), ends.next()) {
            (Some(_), Some(master), None, None) => Streams::Terminal(master),
            (None, Some(stdin), Some(stdout), Some(stderr)) => Streams::Pipes { stdin, stdout, stderr },
            _ => return Err(Error::host("taking over a command's streams", io::ErrorKind::InvalidData)),
        };
        Ok((Attached { connection }, streams))
    }
}
