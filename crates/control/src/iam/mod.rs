//! AWS IAM: roles, users, policies, instance profiles. One file a resource; which function answers which operation stands here.
//!
//! Policies are checked for their grammar and kept. Absent: their evaluation, but for who may assume a task's role
//! ([`document::Trust`]); groups, login profiles, identity providers.

mod access_key;
mod aws_managed;
mod boundary;
mod document;
mod entities;
mod grants;
mod id;
mod identity;
mod instance_profile;
mod instance_profile_role;
mod page;
mod policy;
mod policy_version;
mod role;
mod role_policy;
mod role_update;
mod service_linked;
mod tags;
mod task;
#[cfg(test)]
pub(crate) mod tests;
mod user;
mod user_policy;

pub use identity::{Identity, admit};
pub use task::task_credentials;

pub(crate) use document::{check_session_policy, holds, trusts};
pub(crate) use grants::policy_exists;
pub(crate) use identity::{assumed_role, identity};
pub(crate) use role::{arn as role_arn, find as find_role};
pub(crate) use service_linked::ensure as ensure_service_linked;
pub(crate) use task::{end_task_credentials, executes, issue, task_role};

use crate::Service;
use aws::{
    api::iam::{API, op},
    fault::Fault,
};

/// What IAM answers.
pub fn service() -> Service {
    let service = roles(Service::new(&API));
    let service = policies(service);
    let service = instance_profiles(service);
    users(service)
}

fn roles(service: Service) -> Service {
    service
        .write(op::CreateRole, role::create)
        .read(op::GetRole, role::get)
        .read(op::ListRoles, role::list)
        .write(op::DeleteRole, role::delete)
        .write(op::UpdateRole, role_update::update)
        .write(op::UpdateRoleDescription, role_update::description)
        .write(op::UpdateAssumeRolePolicy, role_update::trust)
        .write(op::PutRolePolicy, role_policy::put)
        .read(op::GetRolePolicy, role_policy::get)
        .read(op::ListRolePolicies, role_policy::list)
        .write(op::DeleteRolePolicy, role_policy::delete)
        .write(op::AttachRolePolicy, role_policy::attach)
        .write(op::DetachRolePolicy, role_policy::detach)
        .read(op::ListAttachedRolePolicies, role_policy::attached)
        .write(op::PutRolePermissionsBoundary, boundary::put)
        .write(op::DeleteRolePermissionsBoundary, boundary::delete)
        .write(op::TagRole, role_update::tag)
        .write(op::UntagRole, role_update::untag)
        .read(op::ListRoleTags, role_update::tags)
        .write(op::CreateServiceLinkedRole, service_linked::create)
        .write(op::DeleteServiceLinkedRole, service_linked::delete)
        .read(op::GetServiceLinkedRoleDeletionStatus, service_linked::status)
}

fn policies(service: Service) -> Service {
    service
        .write(op::CreatePolicy, policy::create)
        .read(op::GetPolicy, policy::get)
        .read(op::ListPolicies, policy::list)
        .write(op::DeletePolicy, policy::delete)
        .write(op::TagPolicy, policy::tag)
        .write(op::UntagPolicy, policy::untag)
        .read(op::ListPolicyTags, policy::tags)
        .write(op::CreatePolicyVersion, policy_version::create)
        .read(op::GetPolicyVersion, policy_version::get)
        .read(op::ListPolicyVersions, policy_version::list)
        .write(op::DeletePolicyVersion, policy_version::delete)
        .write(op::SetDefaultPolicyVersion, policy_version::set_default)
        .read(op::ListEntitiesForPolicy, entities::list)
}

fn instance_profiles(service: Service) -> Service {
    service
        .write(op::CreateInstanceProfile, instance_profile::create)
        .read(op::GetInstanceProfile, instance_profile::get)
        .read(op::ListInstanceProfiles, instance_profile::list)
        .write(op::DeleteInstanceProfile, instance_profile::delete)
        .write(op::TagInstanceProfile, instance_profile::tag)
        .write(op::UntagInstanceProfile, instance_profile::untag)
        .read(op::ListInstanceProfileTags, instance_profile::tags)
        .write(op::AddRoleToInstanceProfile, instance_profile_role::add)
        .write(op::RemoveRoleFromInstanceProfile, instance_profile_role::remove)
        .read(op::ListInstanceProfilesForRole, instance_profile_role::list)
}

fn users(service: Service) -> Service {
    service
        .write(op::CreateUser, user::create)
        .read(op::GetUser, user::get)
        .read(op::ListUsers, user::list)
        .write(op::DeleteUser, user::delete)
        .write(op::TagUser, user::tag)
        .write(op::UntagUser, user::untag)
        .read(op::ListUserTags, user::tags)
        .read(op::ListGroupsForUser, user::groups)
        .write(op::PutUserPolicy, user_policy::put)
        .read(op::GetUserPolicy, user_policy::get)
        .read(op::ListUserPolicies, user_policy::list)
        .write(op::DeleteUserPolicy, user_policy::delete)
        .write(op::AttachUserPolicy, user_policy::attach)
        .write(op::DetachUserPolicy, user_policy::detach)
        .read(op::ListAttachedUserPolicies, user_policy::attached)
        .write(op::CreateAccessKey, access_key::create)
        .write(op::UpdateAccessKey, access_key::update)
        .write(op::DeleteAccessKey, access_key::delete)
        .read(op::ListAccessKeys, access_key::list)
}

/// The refusal of something that is not there.
fn missing(message: impl Into<String>) -> Fault {
    Fault::new("NoSuchEntity", message)
}

/// The refusal of a name that is taken.
fn exists(message: impl Into<String>) -> Fault {
    Fault::new("EntityAlreadyExists", message)
}

/// The refusal of a deletion as long as something hangs on what is to be deleted.
fn conflict(message: impl Into<String>) -> Fault {
    Fault::new("DeleteConflict", message)
}

/// The refusal of more than there may be ("IAM and AWS STS quotas", IAM User Guide).
fn limit(quota: &str, most: usize) -> Fault {
    Fault::new("LimitExceeded", format!("Cannot exceed quota for {quota}: {most}"))
}

/// The refusal of a parameter that can't be right.
fn invalid(message: impl Into<String>) -> Fault {
    Fault::new("ValidationError", message)
}
