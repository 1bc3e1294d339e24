//! The secrets of a task: which calls fetch them, and what comes of the answers. Pure.
//!
//! [`plan`] tells the calls, [`pick`] makes environment variables of their answers; [`registry_call`] and [`registry_credentials`] do so for
//! the credentials of a private registry. The behaviour is the public Amazon ECS agent's, the errors are those that Fargate stops tasks
//! with ("Stopped tasks error messages", Amazon ECS Developer Guide).
//!
//! Absent: sending a call, credentials to sign it with, and any place where a value is kept.

mod call;
mod format;
mod pick;
mod plan;
mod reference;
mod registry;
#[cfg(test)]
mod tests;

pub(crate) use call::{Answer, Answers, Call};
pub(crate) use pick::pick;
pub(crate) use plan::plan;
pub(crate) use registry::{Login, registry_call, registry_credentials};

/// What every such failure begins with.
const FAILURE: &str = "ResourceInitializationError: unable to pull secrets or registry auth: ";
/// What stands before what a service said.
const RETRIEVAL: &str = "execution resource retrieval failed: ";
/// What an answer that is none is met with on AWS.
const RETRIED: &str = "service call has been retried 1 time(s): ";

/// A task's failure because of a secret of Secrets Manager.
fn asm(why: impl std::fmt::Display) -> String {
    format!("{FAILURE}{RETRIEVAL}unable to retrieve secret from asm: {why}")
}

/// A task's failure because of a parameter.
fn ssm(why: impl std::fmt::Display) -> String {
    format!("{FAILURE}{RETRIEVAL}unable to retrieve secrets from ssm: {why}")
}
