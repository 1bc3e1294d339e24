//! An entry's path, checked: components without `..`, as many as a file system can hold.

use super::Error;
use rustix::io::Errno;
use std::fmt;

/// The longest path (PATH_MAX, limits.h).
const BYTES_MAX: usize = 4096;
/// The most components: deeper paths cost more than any image needs.
const DEPTH_MAX: usize = 256;

/// Components below the layer's root, none of them empty, `.` or `..`. No components is the root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Path(Vec<Vec<u8>>);

impl Path {
    /// Reads a path as written in an archive. A leading `/` is the layer's root, as Docker reads it.
    pub(super) fn parse(text: &[u8]) -> Result<Self, Error> {
        let refused = |what: &str| {
            let entry = String::from_utf8_lossy(text.get(..200).unwrap_or(text)).into_owned();
            Err(Error::Refused { entry, what: what.to_owned() })
        };
        if text.is_empty() {
            return refused("it has no name");
        }
        if text.len() > BYTES_MAX {
            return refused("its path is over 4096 bytes");
        }
        let components: Vec<&[u8]> = text.split(|&b| b == b'/').filter(|c| !c.is_empty() && *c != b".").collect();
        if components.contains(&b"..".as_slice()) {
            return refused("its path has `..`");
        }
        if components.len() > DEPTH_MAX {
            return refused("its path has over 256 components");
        }
        Ok(Self(components.into_iter().map(<[u8]>::to_vec).collect()))
    }

    /// The directory it is in, and its own name; `None` for the root.
    pub(super) fn split(&self) -> Option<(Self, &[u8])> {
        let (name, parent) = self.0.split_last()?;
        Some((Self(parent.to_vec()), name))
    }

    pub(super) fn components(&self) -> impl DoubleEndedIterator<Item = &[u8]> {
        self.0.iter().map(Vec::as_slice)
    }

    /// About the memory it takes.
    pub(super) fn bytes(&self) -> usize {
        self.components().map(|c| c.len() + 32).sum::<usize>() + 32
    }

    pub(super) fn refused(&self, what: &str) -> Error {
        Error::Refused { entry: self.to_string(), what: what.to_owned() }
    }

    pub(super) fn failed(&self, step: &str, error: Errno) -> Error {
        Error::Host { step: step.to_owned(), entry: self.to_string(), error }
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("/");
        }
        self.components().try_for_each(|c| write!(f, "/{}", String::from_utf8_lossy(c)))
    }
}
