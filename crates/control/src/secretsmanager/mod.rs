//! AWS Secrets Manager: secrets, their versions and staging labels.
//!
//! Absent: rotation (it takes functions), replication, KMS keys, and the enforcement of resource policies.

mod batch;
mod create;
mod delete;
mod describe;
mod filter;
mod find;
mod get;
mod list;
mod password;
mod policy;
mod put;
mod rotate;
mod stage;
mod tags;
#[cfg(test)]
mod tests;
mod update;
mod value;
mod version;

pub(crate) use delete::expire;

use crate::{
    Service, State,
    state::{Secret, SecretValue},
};
use aws::{
    api::secretsmanager::{API, op},
    fault::Fault,
    page::BadToken,
};

/// The routing table. Reading a value notes the day, so that is a write, too.
pub fn service() -> Service {
    Service::new(&API)
        .write(op::CreateSecret, create::create)
        .write(op::GetSecretValue, get::get)
        .write(op::BatchGetSecretValue, batch::get)
        .read(op::DescribeSecret, describe::describe)
        .write(op::PutSecretValue, put::put)
        .write(op::UpdateSecret, update::update)
        .write(op::UpdateSecretVersionStage, stage::update)
        .write(op::DeleteSecret, delete::delete)
        .write(op::RestoreSecret, delete::restore)
        .read(op::ListSecrets, list::list)
        .read(op::ListSecretVersionIds, version::list)
        .write(op::GetRandomPassword, password::get)
        .read(op::GetResourcePolicy, policy::get)
        .write(op::PutResourcePolicy, policy::put)
        .write(op::DeleteResourcePolicy, policy::delete)
        .read(op::ValidateResourcePolicy, policy::validate)
        .write(op::TagResource, tags::tag)
        .write(op::UntagResource, tags::untag)
        .read(op::CancelRotateSecret, rotate::cancel)
}

/// The staging labels that Secrets Manager moves by itself.
const CURRENT: &str = "AWSCURRENT";
const PREVIOUS: &str = "AWSPREVIOUS";

/// The text that a secret holds now, for another service that was told to use it. `None` where there is none, or nobody may have it any
/// more.
pub(crate) fn current_text<'s>(state: &'s State, id: &str) -> Option<&'s str> {
    let secret = find::live(state, id).ok()?;
    match &version::by_stage(state, &secret.name, CURRENT)?.value.0 {
        SecretValue::Text(text) => Some(text),
        SecretValue::Binary(_) => None,
    }
}

/// A parameter that can't be right.
fn invalid(message: impl Into<String>) -> Fault {
    Fault::new("InvalidParameterException", message)
}

/// A request that can't be done as things are.
fn wrong(message: impl Into<String>) -> Fault {
    Fault::new("InvalidRequestException", message)
}

/// A parameter AWS has and neargate does not.
fn unsupported(what: &str) -> Fault {
    invalid(format!("neargate does not support {what} yet."))
}

/// Something that is not there.
fn not_found(what: &str) -> Fault {
    Fault::new("ResourceNotFoundException", format!("Secrets Manager can't find the specified {what}"))
}

/// A token of a page that is not ours.
fn bad_token(_: BadToken) -> Fault {
    Fault::new("InvalidNextTokenException", "Invalid NextToken value.")
}

/// The ARN of a secret.
fn arn(state: &State, secret: &Secret) -> String {
    let Secret { name, suffix, .. } = secret;
    state.region.arn("secretsmanager", format_args!("secret:{name}-{suffix}"))
}

/// Refuses every KMS key but the one that AWS manages, the only one there is.
fn check_key(state: &State, key: Option<&str>) -> Result<(), Fault> {
    const KEY: &str = "alias/aws/secretsmanager";
    match key {
        None | Some("" | KEY) => Ok(()),
        Some(key) if key == state.region.arn("kms", KEY) => Ok(()),
        Some(key) => Err(invalid(format!("KmsKeyId {key} does not exist: neargate has {KEY} alone."))),
    }
}
