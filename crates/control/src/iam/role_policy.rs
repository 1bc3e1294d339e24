//! Policies of roles, inline and attached.

use super::{
    grants, id, missing,
    page::page,
    policy,
    role::{find, modifiable},
};
use crate::{Tx, View, state::Role};
use aws::{
    api::iam::{
        AttachRolePolicyRequest, DeleteRolePolicyRequest, DetachRolePolicyRequest, GetRolePolicyRequest,
        GetRolePolicyResponse, ListAttachedRolePoliciesRequest, ListAttachedRolePoliciesResponse,
        ListRolePoliciesRequest, ListRolePoliciesResponse, PutRolePolicyRequest,
    },
    fault::Fault,
    shape::Nothing,
};

pub(super) fn put(tx: &mut Tx<'_>, input: PutRolePolicyRequest) -> Result<Nothing, Fault> {
    let PutRolePolicyRequest { role_name, policy_name, policy_document } = input;
    let mut grants = modifiable(&tx.state, &role_name)?.grants.clone();
    grants::add_inline(
        &mut grants,
        policy_name,
        policy_document,
        grants::INLINE_OF_ROLE,
        &format!("role {role_name}"),
    )?;
    tx.state.iam_roles.update(&Role::key_of(&role_name), |role| role.grants = grants);
    Ok(Nothing)
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

pub(super) fn attach(tx: &mut Tx<'_>, input: AttachRolePolicyRequest) -> Result<Nothing, Fault> {
    let AttachRolePolicyRequest { role_name, policy_arn } = input;
    let mut grants = modifiable(&tx.state, &role_name)?.grants.clone();
    grants::attach(&tx.state, &mut grants, policy_arn, "PoliciesPerRole")?;
    tx.state.iam_roles.update(&Role::key_of(&role_name), |role| role.grants = grants);
    Ok(Nothing)
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

pub(super) fn attached(
    view: &View<'_>,
    input: ListAttachedRolePoliciesRequest,
) -> Result<ListAttachedRolePoliciesResponse, Fault> {
    let ListAttachedRolePoliciesRequest { role_name, path_prefix, marker, max_items } = input;
    let grants = &find(view.state, &role_name)?.grants;
    let page = grants::attached(view.state, grants, path_prefix, marker.as_deref(), max_items)?;
    Ok(ListAttachedRolePoliciesResponse {
        attached_policies: Some(page.items),
        is_truncated: Some(page.is_truncated),
        marker: page.marker,
    })
}

fn unknown(name: &str) -> Fault {
    missing(format!("The role policy with name {name} cannot be found."))
}
