//! Why an archive can't be loaded.

use crate::reference::ParseError;
use crate::tarball;
use std::fmt;
use std::io;

/// Why an archive can't be loaded.
#[derive(Debug)]
pub enum Error {
    /// The archive is broken, hostile or of no known kind; names the entry.
    Archive(String),
    /// A name, given or in the archive, is no image reference.
    Name {
        /// The name as written.
        name: String,
        /// What is wrong with it.
        error: ParseError,
    },
    /// The archive's image has no name and none was given.
    NoName,
    /// A name was given for an archive with more than one image.
    Several {
        /// How many.
        images: usize,
    },
    /// Reading the archive or writing the mirror failed.
    Io(io::Error),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Archive(what) => f.write_str(what),
            Self::Name { name, error } => write!(f, "{name:?}: {error}"),
            Self::NoName => f.write_str(
                "the archive does not say what its image is called: pass --as NAME, for example --as docker.io/library/nginx:latest",
            ),
            Self::Several { images } => {
                write!(f, "the archive holds {images} images, and --as names one: load it without --as, or save them apart")
            }
            Self::Io(error) => write!(f, "{error}"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Name { error, .. } => Some(error),
            Self::Io(error) => Some(error),
            _ => None,
        }
    }
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<tarball::Error> for Error {
    fn from(error: tarball::Error) -> Self {
        match error {
            // Broken compression is the archive's fault, not the host's.
            tarball::Error::Io(error) if is_decoding(&error) => Self::Archive(format!("broken compression: {error}")),
            tarball::Error::Io(error) => Self::Io(error),
            broken @ tarball::Error::Broken { .. } => Self::Archive(broken.to_string()),
        }
    }
}

fn is_decoding(error: &io::Error) -> bool {
    use io::ErrorKind::{InvalidData, InvalidInput, Other, UnexpectedEof};
    error.raw_os_error().is_none() && matches!(error.kind(), InvalidData | InvalidInput | Other | UnexpectedEof)
}
