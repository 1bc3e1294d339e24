//! Why something failed.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::io;

/// A failed operation on a task.
#[derive(Debug)]
pub enum Error {
    /// The task has no shim: it ended, or was never started. Look at the task's files with [`crate::Sandbox::adopt`].
    Gone,
    /// The container or command could not be started.
    Start(StartError),
    /// No container of that name runs.
    NotRunning(String),
    /// What was asked for is not valid; nothing was done.
    Invalid(String),
    /// A step on the host failed: what was done to which object, and the cause.
    Host {
        /// The step and its object.
        step: String,
        /// The cause.
        source: io::Error,
    },
}

impl Error {
    pub(crate) fn host(step: impl Into<String>, source: impl Into<io::Error>) -> Self {
        Self::Host { step: step.into(), source: source.into() }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gone => f.write_str("the task's shim is gone"),
            Self::Start(error) => write!(f, "{error}"),
            Self::NotRunning(name) => write!(f, "container {name} is not running"),
            Self::Invalid(what) => f.write_str(what),
            Self::Host { step, source } => write!(f, "{step}: {source}"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Host { source, .. } => Some(source),
            Self::Start(error) => Some(error),
            _ => None,
        }
    }
}

/// Why a process could not be started, in the words of runc where runc has words for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StartError {
    /// The class.
    pub kind: StartErrorKind,
    /// The text, such as `exec: "x": executable file not found in $PATH`.
    pub message: String,
}

/// Classes of [`StartError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum StartErrorKind {
    /// The command does not exist (exit code 127).
    CommandNotFound,
    /// The command is a directory or may not be executed (exit code 126).
    NotExecutable,
    /// The command is not a program of this machine's architecture.
    ExecFormat,
    /// The working directory can't be entered.
    WorkingDirectory,
    /// The user is not in the image's passwd file.
    UnknownUser,
    /// The group is not in the image's group file.
    UnknownGroup,
    /// The disk is full.
    NoSpace,
    /// A resource limit can't be set.
    Rlimit,
    /// The configuration or the image can't be used.
    Invalid,
    /// A step on the host failed.
    Host,
}

impl StartErrorKind {
    /// The exit code Docker gives a container that failed to start this way.
    pub fn exit_code(self) -> i32 {
        match self {
            Self::CommandNotFound => 127,
            Self::NotExecutable
            | Self::ExecFormat
            | Self::WorkingDirectory
            | Self::UnknownUser
            | Self::UnknownGroup => 126,
            Self::NoSpace | Self::Rlimit | Self::Invalid | Self::Host => 128,
        }
    }
}

impl StartError {
    pub(crate) fn new(kind: StartErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }

    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(StartErrorKind::Invalid, message)
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for StartError {}

/// Names the step a host call failed at.
pub(crate) trait Step<T> {
    /// For errors of the caller's side.
    fn host(self, step: impl FnOnce() -> String) -> Result<T, Error>;
    /// For errors of a start.
    fn start(self, step: impl FnOnce() -> String) -> Result<T, StartError>;
}

impl<T, E: Into<io::Error>> Step<T> for Result<T, E> {
    fn host(self, step: impl FnOnce() -> String) -> Result<T, Error> {
        self.map_err(|error| Error::host(step(), error))
    }

    fn start(self, step: impl FnOnce() -> String) -> Result<T, StartError> {
        self.map_err(|error| {
            let error = error.into();
            let full = matches!(error.raw_os_error(), Some(libc::ENOSPC | libc::EDQUOT));
            let kind = if full { StartErrorKind::NoSpace } else { StartErrorKind::Host };
            StartError::new(kind, format!("{}: {}", step(), lower(&error)))
        })
    }
}

/// The kernel's text for an error as Go programs print it: lower case, without the number.
pub(crate) fn lower(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or(&text);
    let mut chars = text.chars();
    chars.next().map(|first| first.to_lowercase().collect::<String>() + chars.as_str()).unwrap_or_default()
}
