//! SSM Parameter Store: named values in a hierarchy, with versions, labels and tags.
//!
//! Absent: parameter policies, KMS keys, AWS's public parameters, and the rest of AWS Systems Manager.

mod delete;
mod describe;
mod filter;
mod get;
mod history;
mod label;
mod name;
mod put;
mod reference;
mod tags;
#[cfg(test)]
mod tests;
mod tier;

use crate::{Service, State};
use aws::{
    api::ssm::{API, op},
    fault::Fault,
    page::BadToken,
};

/// The routing table.
pub fn service() -> Service {
    Service::new(&API)
        .write(op::PutParameter, put::put)
        .read(op::GetParameter, get::one)
        .read(op::GetParameters, get::several)
        .read(op::GetParametersByPath, get::by_path)
        .read(op::GetParameterHistory, history::get)
        .read(op::DescribeParameters, describe::describe)
        .write(op::DeleteParameter, delete::one)
        .write(op::DeleteParameters, delete::several)
        .write(op::LabelParameterVersion, label::add)
        .write(op::UnlabelParameterVersion, label::remove)
        .read(op::ListTagsForResource, tags::list)
        .write(op::AddTagsToResource, tags::add)
        .write(op::RemoveTagsFromResource, tags::remove)
}

/// The one key there is ("AWS managed key for Systems Manager").
const KEY_ID: &str = "alias/aws/ssm";
/// The one data type there is.
const DATA_TYPE: &str = "text";

/// A request that can't be right.
fn invalid(message: impl Into<String>) -> Fault {
    Fault::new("ValidationException", message)
}

/// A member AWS has and neargate does not.
fn unsupported(what: &str) -> Fault {
    invalid(format!("neargate does not support {what} yet."))
}

/// A parameter nobody put. AWS says no more of it than that.
fn not_found() -> Fault {
    Fault::new("ParameterNotFound", "")
}

/// A token of a page that is not ours.
fn bad_token(_: BadToken) -> Fault {
    Fault::new("InvalidNextToken", "The specified token isn't valid.")
}

/// The ARN of a parameter by its key.
fn arn(state: &State, key: &str) -> String {
    state.region.arn("ssm", format_args!("parameter/{key}"))
}
