//! What can go wrong at start and at the end.

use std::fmt;

/// A step on the host that failed, what it was done to, and why.
#[derive(Debug)]
pub struct Error {
    step: &'static str,
    object: String,
    why: String,
}

impl Error {
    pub(crate) fn new(step: &'static str, object: impl fmt::Display, why: impl fmt::Display) -> Self {
        Self { step, object: object.to_string(), why: why.to_string() }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.step, self.object, self.why)
    }
}
impl std::error::Error for Error {}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        Self::new("starting", "a thread", error)
    }
}
