//! AWS IAM: roles, users, policies, instance profiles.

mod access_key;
mod holder;
mod instance_profile;
mod managed_policy;
mod policy;
mod role;
mod role_policy;
mod service_linked_role;
#[cfg(test)]
mod tests;
mod user;

use super::Types;

/// This service's types.
pub(super) const TYPES: Types = &[
    ("AWS::IAM::AccessKey", &access_key::AccessKey),
    ("AWS::IAM::InstanceProfile", &instance_profile::InstanceProfile),
    ("AWS::IAM::ManagedPolicy", &managed_policy::ManagedPolicy),
    ("AWS::IAM::Policy", &policy::Policy),
    ("AWS::IAM::Role", &role::Role),
    ("AWS::IAM::RolePolicy", &role_policy::RolePolicy),
    ("AWS::IAM::ServiceLinkedRole", &service_linked_role::ServiceLinkedRole),
    ("AWS::IAM::User", &user::User),
];
