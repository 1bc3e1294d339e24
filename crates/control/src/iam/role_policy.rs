//! Managed policies attached to roles.

use super::{
    id, limit, missing,
    page::{Page, page},
    policy,
    role::{find, modifiable},
};
use crate::{
    State, Tx, View,
    state::{Grants, Role},
};
use aws::{
    api::iam::{
        AttachRolePolicyRequest, AttachedPolicy, DetachRolePolicyRequest, ListAttachedRolePoliciesRequest,
        ListAttachedRolePoliciesResponse,
    },
    fault::Fault,
    shape::Nothing,
};

/// Managed policies attached to one role or user.
const MOST: usize = 10;

pub(super) fn attach(tx: &mut Tx<'_>, input: AttachRolePolicyRequest) -> Result<Nothing, Fault> {
    let AttachRolePolicyRequest { role_name, policy_arn } = input;
    let mut grants = modifiable(&tx.state, &role_name)?.grants.clone();
    add(&tx.state, &mut grants, policy_arn, "PoliciesPerRole")?;
    tx.state.iam_roles.update(&Role::key_of(&role_name), |role| role.grants = grants);
    Ok(Nothing)
}

/// Attaches a managed policy; once more changes nothing.
///
/// # Errors
/// `NoSuchEntity`, `PolicyNotAttachable`, `LimitExceeded`.
pub(super) fn add(state: &State, grants: &mut Grants, arn: String, quota: &str) -> Result<(), Fault> {
    let found = policy::lookup(state, &arn)?;
    let found = found.ok_or_else(|| missing(format!("Policy {arn} does not exist or is not attachable.")))?;
    if found.path().starts_with("/aws-service-role/") {
        let why = format!("Cannot attach a Service Role Policy to a Customer Role: {arn}");
        return Err(Fault::new("PolicyNotAttachable", why));
    }
    grants.attached.insert(arn);
    if grants.attached.len() > MOST { Err(limit(quota, MOST)) } else { Ok(()) }
}

/// Whether there is such a managed policy.
///
/// # Errors
/// `ValidationError` for what is no ARN of IAM's.
pub(crate) fn exists(state: &State, arn: &str) -> Result<bool, Fault> {
    policy::lookup(state, arn).map(|found| found.is_some())
}

pub(super) fn detach(tx: &mut Tx<'_>, input: DetachRolePolicyRequest) -> Result<Nothing, Fault> {
    let DetachRolePolicyRequest { role_name, policy_arn } = input;
    if !modifiable(&tx.state, &role_name)?.grants.attached.contains(&policy_arn) {
        return Err(policy::unknown(&policy_arn));
    }
    tx.state.iam_roles.update(&Role::key_of(&role_name), |role| {
        role.grants.attached.remove(&policy_arn);
    });
    Ok(Nothing)
}

pub(super) fn list(
    view: &View<'_>,
    input: ListAttachedRolePoliciesRequest,
) -> Result<ListAttachedRolePoliciesResponse, Fault> {
    let ListAttachedRolePoliciesRequest { role_name, path_prefix, marker, max_items } = input;
    let grants = &find(view.state, &role_name)?.grants;
    let page = page_of(view.state, grants, path_prefix, marker.as_deref(), max_items)?;
    Ok(ListAttachedRolePoliciesResponse {
        attached_policies: Some(page.items),
        is_truncated: Some(page.is_truncated),
        marker: page.marker,
    })
}

/// A page of the managed policies that are attached.
pub(super) fn page_of(
    state: &State,
    grants: &Grants,
    path_prefix: Option<String>,
    marker: Option<&str>,
    max_items: Option<i32>,
) -> Result<Page<AttachedPolicy>, Fault> {
    let prefix = id::path_prefix(path_prefix)?;
    let policies = grants.attached.iter().filter_map(|arn| Some((arn, policy::lookup(state, arn).ok()??)));
    let within = policies.filter(|(_, policy)| policy.path().starts_with(&prefix));
    let shape = |(arn, policy): (&String, policy::Managed<'_>)| AttachedPolicy {
        policy_name: Some(policy.name().to_owned()),
        policy_arn: Some(arn.clone()),
    };
    page(within.map(shape), |policy| policy.policy_name.clone().unwrap_or_default(), marker, max_items)
}
