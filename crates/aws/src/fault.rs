//! What an operation answers when it can't do what was asked.

use std::borrow::Cow;
use std::fmt;

/// A refusal: AWS's error code, a message, an HTTP status. Each protocol dresses it (`Api::refusal`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// AWS's error code, for example `ClusterNotFoundException` or `InvalidVpcID.NotFound`.
    pub code: Cow<'static, str>,
    /// AWS's message, byte for byte where it is known.
    pub message: String,
    /// HTTP status. 400 gives way to the one the service's model has for the code.
    pub status: u16,
    /// Further members of the error, in the JSON protocols.
    pub fields: Vec<(&'static str, String)>,
}

impl Fault {
    /// A fault of the caller's (status 400).
    pub fn new(code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self { code: code.into(), message: message.into(), status: 400, fields: Vec::new() }
    }

    /// An operation AWS has and neargate does not (status 501).
    pub fn not_implemented(operation: &str) -> Self {
        Self::new("NotImplemented", format!("{operation} is not implemented.")).with_status(501)
    }

    /// The same with another HTTP status.
    pub fn with_status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// The same with one more member.
    pub fn with_field(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.fields.push((name, value.into()));
        self
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl std::error::Error for Fault {}
