//! Inline policies of roles.

use super::{
    document, id, missing,
    page::page,
    role::{find, modifiable},
};
use crate::{
    Tx, View,
    state::{Grants, Role},
};
use aws::{
    api::iam::{
        DeleteRolePolicyRequest, GetRolePolicyRequest, GetRolePolicyResponse, ListRolePoliciesRequest,
        ListRolePoliciesResponse, PutRolePolicyRequest,
    },
    fault::Fault,
    shape::Nothing,
};

/// Characters of all inline policies of a role together, and of a user, without white space.
pub(super) const OF_ROLE: usize = 10_240;
pub(super) const OF_USER: usize = 2048;

pub(super) fn put(tx: &mut Tx<'_>, input: PutRolePolicyRequest) -> Result<Nothing, Fault> {
    let PutRolePolicyRequest { role_name, policy_name, policy_document } = input;
    let mut grants = modifiable(&tx.state, &role_name)?.grants.clone();
    add(&mut grants, policy_name, policy_document, OF_ROLE, &format!("role {role_name}"))?;
    tx.state.iam_roles.update(&Role::key_of(&role_name), |role| role.grants = grants);
    Ok(Nothing)
}

/// Adds an inline policy, replacing one of its name.
///
/// # Errors
/// `MalformedPolicyDocument`; `LimitExceeded` for more than may be in all of them together.
pub(super) fn add(grants: &mut Grants, name: String, document: String, most: usize, whose: &str) -> Result<(), Fault> {
    document::check_inline(&document)?;
    grants.inline.insert(name, document);
    if grants.inline.values().map(|document| document::length(document)).sum::<usize>() > most {
        let why = format!("Maximum policy size of {most} bytes exceeded for {whose}");
        return Err(Fault::new("LimitExceeded", why));
    }
    Ok(())
}

pub(super) fn get(view: &View<'_>, input: GetRolePolicyRequest) -> Result<GetRolePolicyResponse, Fault> {
    let GetRolePolicyRequest { role_name, policy_name } = input;
    let role = find(view.state, &role_name)?;
    let document = role.grants.inline.get(&policy_name).ok_or_else(|| unknown(&policy_name))?;
    Ok(GetRolePolicyResponse {
        role_name: Some(role_name),
        policy_document: Some(id::encoded(document)),
        policy_name: Some(policy_name),
    })
}

pub(super) fn list(view: &View<'_>, input: ListRolePoliciesRequest) -> Result<ListRolePoliciesResponse, Fault> {
    let ListRolePoliciesRequest { role_name, marker, max_items } = input;
    let names = find(view.state, &role_name)?.grants.inline.keys().cloned();
    let page = page(names, String::clone, marker.as_deref(), max_items)?;
    let (is_truncated, marker) = (Some(page.is_truncated), page.marker);
    Ok(ListRolePoliciesResponse { policy_names: Some(page.items), is_truncated, marker })
}

pub(super) fn delete(tx: &mut Tx<'_>, input: DeleteRolePolicyRequest) -> Result<Nothing, Fault> {
    let DeleteRolePolicyRequest { role_name, policy_name } = input;
    if !modifiable(&tx.state, &role_name)?.grants.inline.contains_key(&policy_name) {
        return Err(unknown(&policy_name));
    }
    tx.state.iam_roles.update(&Role::key_of(&role_name), |role| {
        role.grants.inline.remove(&policy_name);
    });
    Ok(Nothing)
}

fn unknown(name: &str) -> Fault {
    missing(format!("The role policy with name {name} cannot be found."))
}
