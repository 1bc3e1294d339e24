//! Why a layer can't be unpacked.

use crate::tarball;
use rustix::io::Errno;
use std::fmt;
use std::io;

/// Why a layer can't be unpacked; names the entry.
#[derive(Debug)]
pub enum Error {
    /// The tar or the stream under it is broken.
    Tar(tarball::Error),
    /// The entry asks for something no layer may.
    Refused {
        /// The entry's path as written.
        entry: String,
        /// What it asks for.
        what: String,
    },
    /// The host refused a step.
    Host {
        /// The step, as a verb: `open`, `write`, `mkdir`.
        step: String,
        /// The entry's path in the layer.
        entry: String,
        /// The kernel's answer.
        error: Errno,
    },
}

impl Error {
    /// True when the disk (or its quota) is full.
    pub fn is_full(&self) -> bool {
        let full = |errno: Errno| matches!(errno, Errno::NOSPC | Errno::DQUOT);
        match self {
            Self::Host { error, .. } => full(*error),
            Self::Tar(tarball::Error::Io(error)) => Errno::from_io_error(error).is_some_and(full),
            _ => false,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tar(error) => write!(f, "{error}"),
            Self::Refused { entry, what } => write!(f, "refused entry {entry:?}: {what}"),
            Self::Host { step, entry, error } => write!(f, "{step} {entry}: {}", plain_errno(*error)),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Tar(error) => Some(error),
            _ => None,
        }
    }
}

impl From<tarball::Error> for Error {
    fn from(error: tarball::Error) -> Self {
        Self::Tar(error)
    }
}

/// The kernel's error in the words container tools show: `no space left on device`, without a number.
pub fn plain_errno(errno: Errno) -> String {
    let text = io::Error::from(errno).to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}
