//! Why an expression is none.

use std::fmt;

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// It can't be: a message for whoever wrote it.
    Invalid(String),
    /// It is CloudWatch's, and not done here: what it is.
    Unsupported(String),
}

impl Error {
    pub(crate) fn syntax() -> Self {
        Self::Invalid("Invalid syntax".to_owned())
    }

    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::Invalid(message.into())
    }

    /// The same, with the expression it is in.
    pub(crate) fn of(self, id: &str) -> Self {
        match self {
            Self::Invalid(message) => Self::Invalid(format!("Error in expression '{id}': {message}")),
            other => other,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid(message) => out.write_str(message),
            Self::Unsupported(what) => write!(out, "{what} is not supported"),
        }
    }
}

impl std::error::Error for Error {}
