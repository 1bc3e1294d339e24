//! Why a template, or what was given for it, is refused.

use std::fmt;

/// What is wrong: the message of a ValidationError, as CloudFormation words it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error(String);

impl Error {
    /// An error with a message of the caller's: what a [`crate::Lookup`] says of something that is not there.
    pub fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }

    /// The template can't be read as one.
    pub(crate) fn format(message: impl fmt::Display) -> Self {
        Self(format!("Template format error: {message}"))
    }

    /// A function is used in a way it can't be.
    pub(crate) fn function(message: impl fmt::Display) -> Self {
        Self(format!("Template error: {message}"))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl std::error::Error for Error {}
