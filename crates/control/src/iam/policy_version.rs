//! Versions of managed policies.

use super::{
    conflict, document, limit, missing,
    page::page,
    policy::{Managed, customers, find, lookup},
};
use crate::{
    Tx, View,
    state::{Policy, PolicyVersion},
};
use aws::{
    api::iam::{
        self, CreatePolicyVersionRequest, CreatePolicyVersionResponse, DeletePolicyVersionRequest,
        GetPolicyVersionRequest, GetPolicyVersionResponse, ListPolicyVersionsRequest, ListPolicyVersionsResponse,
        SetDefaultPolicyVersionRequest,
    },
    fault::Fault,
    shape::Nothing,
};

/// Versions of a policy at once, and characters of a document without white space.
const MOST: usize = 5;
const LENGTH: usize = 6144;

/// Checks the document of a managed policy.
///
/// # Errors
/// `MalformedPolicyDocument`, `LimitExceeded`.
pub(super) fn check(document: &str) -> Result<(), Fault> {
    document::check_managed(document)?;
    if document::length(document) > LENGTH { Err(limit("PolicySize", LENGTH)) } else { Ok(()) }
}

/// A version's id.
pub(super) fn id(number: u32) -> String {
    format!("v{number}")
}

pub(super) fn create(tx: &mut Tx<'_>, input: CreatePolicyVersionRequest) -> Result<CreatePolicyVersionResponse, Fault> {
    let CreatePolicyVersionRequest { policy_arn, policy_document, set_as_default } = input;
    let mut policy = customers(&tx.state, &policy_arn, "CreatePolicyVersion")?;
    check(&policy_document)?;
    if policy.versions.len() >= MOST {
        return Err(Fault::new(
            "LimitExceeded",
            format!(
                "A managed policy can have up to {MOST} versions. Before you create a new version, you must delete an existing version."
            ),
        ));
    }
    policy.last += 1;
    policy.updated = tx.now;
    if set_as_default == Some(true) {
        policy.default = policy.last;
    }
    policy.versions.push(PolicyVersion { number: policy.last, document: policy_document, created: tx.now });
    let made = iam::PolicyVersion {
        version_id: Some(id(policy.last)),
        is_default_version: Some(policy.default == policy.last),
        create_date: Some(tx.now),
        document: None,
    };
    tx.state.iam_policies.put(policy);
    Ok(CreatePolicyVersionResponse { policy_version: Some(made) })
}

pub(super) fn get(view: &View<'_>, input: GetPolicyVersionRequest) -> Result<GetPolicyVersionResponse, Fault> {
    let GetPolicyVersionRequest { policy_arn, version_id } = input;
    let versions = lookup(view.state, &policy_arn)?.map(versions).unwrap_or_default();
    let found = versions.into_iter().find(|version| version.version_id.as_deref() == Some(&*version_id));
    let found = found.ok_or_else(|| unknown(&policy_arn, &version_id))?;
    Ok(GetPolicyVersionResponse { policy_version: Some(found) })
}

pub(super) fn list(view: &View<'_>, input: ListPolicyVersionsRequest) -> Result<ListPolicyVersionsResponse, Fault> {
    let ListPolicyVersionsRequest { policy_arn, marker, max_items } = input;
    let versions = versions(find(view.state, &policy_arn)?);
    // The newest first.
    let order = |version: &iam::PolicyVersion| {
        let number = version.version_id.as_deref().and_then(|id| id.get(1..)?.parse::<u32>().ok());
        format!("{:010}", u32::MAX - number.unwrap_or(0))
    };
    let page = page(versions, order, marker.as_deref(), max_items)?;
    let without = page.items.into_iter().map(|version| iam::PolicyVersion { document: None, ..version }).collect();
    Ok(ListPolicyVersionsResponse {
        versions: Some(without),
        is_truncated: Some(page.is_truncated),
        marker: page.marker,
    })
}

pub(super) fn delete(tx: &mut Tx<'_>, input: DeletePolicyVersionRequest) -> Result<Nothing, Fault> {
    let DeletePolicyVersionRequest { policy_arn, version_id } = input;
    let mut policy = customers(&tx.state, &policy_arn, "DeletePolicyVersion")?;
    let number = number(&policy, &policy_arn, &version_id)?;
    if number == policy.default {
        return Err(conflict("Cannot delete the default version of a policy."));
    }
    policy.versions.retain(|version| version.number != number);
    tx.state.iam_policies.put(policy);
    Ok(Nothing)
}

pub(super) fn set_default(tx: &mut Tx<'_>, input: SetDefaultPolicyVersionRequest) -> Result<Nothing, Fault> {
    let SetDefaultPolicyVersionRequest { policy_arn, version_id } = input;
    lookup(&tx.state, &policy_arn)?.ok_or_else(|| unknown(&policy_arn, &version_id))?;
    let mut policy = customers(&tx.state, &policy_arn, "SetDefaultPolicyVersion")?;
    policy.default = number(&policy, &policy_arn, &version_id)?;
    tx.state.iam_policies.put(policy);
    Ok(Nothing)
}

fn number(policy: &Policy, arn: &str, version: &str) -> Result<u32, Fault> {
    let found = policy.versions.iter().find(|known| id(known.number) == version);
    found.map(|found| found.number).ok_or_else(|| unknown(arn, version))
}

fn unknown(arn: &str, version: &str) -> Fault {
    missing(format!("Policy {arn} version {version} does not exist or is not attachable."))
}

/// The versions of a policy that are kept, with their documents. Of AWS's that is the default one.
fn versions(policy: Managed<'_>) -> Vec<iam::PolicyVersion> {
    let shape = |number, document: &str, created, default| iam::PolicyVersion {
        document: Some(super::id::encoded(document)),
        version_id: Some(id(number)),
        is_default_version: Some(default),
        create_date: Some(created),
    };
    match policy {
        Managed::Aws(policy) => vec![shape(policy.version, &policy.document, policy.updated, true)],
        Managed::Customer(policy) => {
            let each = |v: &PolicyVersion| shape(v.number, &v.document, v.created, v.number == policy.default);
            policy.versions.iter().map(each).collect()
        }
    }
}
