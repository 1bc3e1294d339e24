//! Why a template, or what was given for it, is refused.

use std::fmt;

/// What is wrong: the message of a ValidationError, as CloudFormation words it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error(String);

impl Error {
    /// An error with a message of the caller's.
    pub fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }

    /// What a [`crate::Lookup`] says when resources of such a type have no such attribute.
    pub fn no_attribute(logical_id: &str, name: &str) -> Self {
        Self::function(format!("resource {logical_id} does not support attribute type {name} in Fn::GetAtt"))
    }

    /// What a [`crate::Lookup`] says when no stack of the account and region has such an export.
    pub fn no_export(name: &str) -> Self {
        Self(format!("No export named {name} found"))
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
