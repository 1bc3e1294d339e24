//! Amazon CloudWatch Logs, as far as it is records: groups, streams, retention, tags.
//!
//! Absent: the events. They are no records but files of the server, which therefore answers the operations that need them
//! (`PutLogEvents`, `GetLogEvents`, `FilterLogEvents`, `DescribeLogStreams`, `DescribeLogGroups`) with the functions of this module
//! and its own store.

mod find;
pub mod groups;
mod lines;
mod retention;
pub mod streams;
mod tags;
#[cfg(test)]
mod tests;

pub use find::{group, group_of_request, stream};
pub use lines::may_number;

use crate::Service;
use aws::{
    api::logs::{API, op},
    fault::Fault,
};

/// The operations that need no events.
pub fn service() -> Service {
    Service::new(&API)
        .write(op::CreateLogGroup, groups::create)
        .write(op::DeleteLogGroup, groups::delete)
        .write(op::CreateLogStream, streams::create)
        .write(op::DeleteLogStream, streams::delete)
        .write(op::PutRetentionPolicy, retention::put)
        .write(op::DeleteRetentionPolicy, retention::delete)
        .read(op::ListTagsForResource, tags::list)
        .read(op::ListTagsLogGroup, tags::list_of_group)
        .write(op::TagResource, tags::tag)
        .write(op::TagLogGroup, tags::tag_group)
        .write(op::UntagResource, tags::untag)
        .write(op::UntagLogGroup, tags::untag_group)
}

/// A request that can't be right.
pub fn invalid(message: impl Into<String>) -> Fault {
    Fault::new("InvalidParameterException", message)
}

/// A token that is of no page.
pub fn bad_token() -> Fault {
    invalid("The specified nextToken is invalid.")
}

/// A parameter AWS has and neargate does not.
pub fn unsupported(parameter: &str) -> Fault {
    invalid(format!("{parameter} is not supported."))
}
