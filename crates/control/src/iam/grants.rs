//! What a role or a user is granted: inline policies, and managed ones that are attached.

use super::{
    document, id, limit, missing,
    page::{Page, page},
    policy,
};
use crate::{State, state::Grants};
use aws::{api::iam::AttachedPolicy, fault::Fault};

/// Characters of all inline policies of a role together, and of a user, without white space.
pub(super) const INLINE_OF_ROLE: usize = 10_240;
pub(super) const INLINE_OF_USER: usize = 2048;
/// Managed policies attached to one role or user.
const MOST: usize = 10;

/// Adds an inline policy, replacing one of its name.
///
/// # Errors
/// `MalformedPolicyDocument`; `LimitExceeded` for more than may be in all of them together.
pub(super) fn add_inline(
    grants: &mut Grants,
    name: String,
    document: String,
    most: usize,
    whose: &str,
) -> Result<(), Fault> {
    document::check_inline(&document)?;
    grants.inline.insert(name, document);
    if grants.inline.values().map(|document| document::length(document)).sum::<usize>() > most {
        let why = format!("Maximum policy size of {most} bytes exceeded for {whose}");
        return Err(Fault::new("LimitExceeded", why));
    }
    Ok(())
}

/// Attaches a managed policy; once more changes nothing.
///
/// # Errors
/// `NoSuchEntity`, `PolicyNotAttachable`, `LimitExceeded`.
pub(super) fn attach(state: &State, grants: &mut Grants, arn: String, quota: &str) -> Result<(), Fault> {
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
pub(crate) fn policy_exists(state: &State, arn: &str) -> Result<bool, Fault> {
    policy::lookup(state, arn).map(|found| found.is_some())
}

/// A page of the managed policies that are attached.
pub(super) fn attached(
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
