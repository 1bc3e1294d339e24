//! What goes over a shim's socket: one request and its replies on each connection, as JSON behind a 4-byte little-endian length.
//!
//! An agent speaks to shims older than itself, so members are only ever added.

use crate::config::{ContainerConfig, Exec, WindowSize};
use crate::error::StartError;
use crate::state::{ExecResult, Report, Started};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::io;

/// The version of this protocol.
pub const VERSION: u32 = 1;

/// Longest message in bytes.
pub const MAX_MESSAGE: usize = 4 << 20;

/// What the caller sends.
#[derive(Debug, Serialize, Deserialize)]
pub struct Request {
    /// [`VERSION`] of the caller.
    pub version: u32,
    /// What it asks for.
    pub call: Call,
}

/// What a shim can be asked.
#[derive(Debug, Serialize, Deserialize)]
pub enum Call {
    /// Start a container.
    Start(Box<ContainerConfig>),
    /// Send a signal to a container's first process.
    Signal {
        /// The container.
        name: String,
        /// The signal's number.
        signal: i32,
    },
    /// Run a command in a container. Closing the sending side of the connection kills the command.
    Exec {
        /// The container.
        name: String,
        /// The command.
        exec: Exec,
    },
    /// Run a command in a container that the caller speaks with: [`Reply::Attached`], then [`Reply::Exec`]. Closing the sending side
    /// of the connection kills the command and whatever of its session is left.
    Attach {
        /// The container.
        name: String,
        /// The command.
        exec: Exec,
        /// A terminal of that size for its standard streams; pipes, if none.
        terminal: Option<WindowSize>,
    },
    /// What the containers are.
    State,
    /// What the containers are, now and after every change until the connection closes.
    Watch,
    /// Everything of a container's log before this offset may be deleted.
    LogAck {
        /// The container.
        name: String,
        /// Bytes from the log's start.
        offset: u64,
    },
}

/// What a shim answers.
#[derive(Debug, Serialize, Deserialize)]
pub enum Reply {
    /// The container runs.
    Started(Started),
    /// Done.
    Done,
    /// The command ended.
    Exec(ExecResult),
    /// The command is executed. The caller's ends of its standard streams come with this as descriptors: input, output and error, or the
    /// controlling side of its terminal.
    Attached,
    /// The containers' states.
    Report(Report),
    /// The process could not be started.
    StartFailed(StartError),
    /// No such container, or it does not run.
    NotRunning(String),
    /// The request was not understood or not valid.
    Invalid(String),
}

/// A message in its frame.
pub fn encode(message: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut frame = vec![0; 4];
    serde_json::to_writer(&mut frame, message)?;
    let length = frame.len().saturating_sub(4);
    if length > MAX_MESSAGE {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!("a message of {length} bytes is longer than {MAX_MESSAGE}"),
        ));
    }
    let prefix = u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes();
    frame.iter_mut().zip(prefix).for_each(|(byte, value)| *byte = value);
    Ok(frame)
}

/// Takes the first whole message off `buffer`; none while more bytes are needed.
pub fn decode<T: DeserializeOwned>(buffer: &mut Vec<u8>) -> io::Result<Option<T>> {
    let Some(prefix) = buffer.first_chunk::<4>() else { return Ok(None) };
    let length = u32::from_le_bytes(*prefix) as usize;
    if length > MAX_MESSAGE {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            format!("a message of {length} bytes is longer than {MAX_MESSAGE}"),
        ));
    }
    let Some(body) = buffer.get(4..4 + length) else { return Ok(None) };
    let message = serde_json::from_slice(body)?;
    buffer.drain(..4 + length);
    Ok(Some(message))
}
