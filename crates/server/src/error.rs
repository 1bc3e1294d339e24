//! Why the server can't start or keep something.

use std::error::Error as StdError;
use std::fmt;

/// What failed: the step and its object, the cause, and how to put it right.
#[derive(Debug)]
pub struct Error {
    step: String,
    cause: Option<Box<dyn StdError + Send + Sync>>,
    fix: Option<String>,
}

impl Error {
    /// A step that failed, with its object: `listening on 127.0.0.1:4566`.
    pub fn new(step: impl Into<String>) -> Self {
        Self { step: step.into(), cause: None, fix: None }
    }

    /// The same with what the system or a library said.
    pub fn because(mut self, cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// The same with what the reader can do about it.
    pub fn fix(mut self, fix: impl Into<String>) -> Self {
        self.fix = Some(fix.into());
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.step)?;
        if let Some(cause) = &self.cause {
            write!(f, ": {cause}")?;
        }
        match &self.fix {
            Some(fix) => write!(f, ". {fix}"),
            None => Ok(()),
        }
    }
}

impl StdError for Error {}
