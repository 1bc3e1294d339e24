//! Policies of users, inline and attached.

use super::{grants, id, missing, page::page, policy, user::find};
use crate::{Tx, View, state::User};
use aws::{
    api::iam::{
        AttachUserPolicyRequest, DeleteUserPolicyRequest, DetachUserPolicyRequest, GetUserPolicyRequest,
        GetUserPolicyResponse, ListAttachedUserPoliciesRequest, ListAttachedUserPoliciesResponse,
        ListUserPoliciesRequest, ListUserPoliciesResponse, PutUserPolicyRequest,
    },
    fault::Fault,
    shape::Nothing,
};

pub(super) fn put(tx: &mut Tx<'_>, input: PutUserPolicyRequest) -> Result<Nothing, Fault> {
    let PutUserPolicyRequest { user_name, policy_name, policy_document } = input;
    let mut grants = find(&tx.state, &user_name)?.grants.clone();
    grants::add_inline(
        &mut grants,
        policy_name,
        policy_document,
        grants::INLINE_OF_USER,
        &format!("user {user_name}"),
    )?;
    tx.state.iam_users.update(&User::key_of(&user_name), |user| user.grants = grants);
    Ok(Nothing)
}

pub(super) fn get(view: &View<'_>, input: GetUserPolicyRequest) -> Result<GetUserPolicyResponse, Fault> {
    let GetUserPolicyRequest { user_name, policy_name } = input;
    let user = find(view.state, &user_name)?;
    let document = user.grants.inline.get(&policy_name).ok_or_else(|| unknown(&policy_name))?;
    Ok(GetUserPolicyResponse {
        user_name: Some(user_name),
        policy_document: Some(id::encoded(document)),
        policy_name: Some(policy_name),
    })
}

pub(super) fn list(view: &View<'_>, input: ListUserPoliciesRequest) -> Result<ListUserPoliciesResponse, Fault> {
    let ListUserPoliciesRequest { user_name, marker, max_items } = input;
    let names = find(view.state, &user_name)?.grants.inline.keys().cloned();
    let page = page(names, String::clone, marker.as_deref(), max_items)?;
    let (is_truncated, marker) = (Some(page.is_truncated), page.marker);
    Ok(ListUserPoliciesResponse { policy_names: Some(page.items), is_truncated, marker })
}

pub(super) fn delete(tx: &mut Tx<'_>, input: DeleteUserPolicyRequest) -> Result<Nothing, Fault> {
    let DeleteUserPolicyRequest { user_name, policy_name } = input;
    if !find(&tx.state, &user_name)?.grants.inline.contains_key(&policy_name) {
        return Err(unknown(&policy_name));
    }
    tx.state.iam_users.update(&User::key_of(&user_name), |user| {
        user.grants.inline.remove(&policy_name);
    });
    Ok(Nothing)
}

pub(super) fn attach(tx: &mut Tx<'_>, input: AttachUserPolicyRequest) -> Result<Nothing, Fault> {
    let AttachUserPolicyRequest { user_name, policy_arn } = input;
    let mut grants = find(&tx.state, &user_name)?.grants.clone();
    grants::attach(&tx.state, &mut grants, policy_arn, "PoliciesPerUser")?;
    tx.state.iam_users.update(&User::key_of(&user_name), |user| user.grants = grants);
    Ok(Nothing)
}

pub(super) fn detach(tx: &mut Tx<'_>, input: DetachUserPolicyRequest) -> Result<Nothing, Fault> {
    let DetachUserPolicyRequest { user_name, policy_arn } = input;
    if !find(&tx.state, &user_name)?.grants.attached.contains(&policy_arn) {
        return Err(policy::unknown(&policy_arn));
    }
    tx.state.iam_users.update(&User::key_of(&user_name), |user| {
        user.grants.attached.remove(&policy_arn);
    });
    Ok(Nothing)
}

pub(super) fn attached(
    view: &View<'_>,
    input: ListAttachedUserPoliciesRequest,
) -> Result<ListAttachedUserPoliciesResponse, Fault> {
    let ListAttachedUserPoliciesRequest { user_name, path_prefix, marker, max_items } = input;
    let grants = &find(view.state, &user_name)?.grants;
    let page = grants::attached(view.state, grants, path_prefix, marker.as_deref(), max_items)?;
    Ok(ListAttachedUserPoliciesResponse {
        attached_policies: Some(page.items),
        is_truncated: Some(page.is_truncated),
        marker: page.marker,
    })
}

fn unknown(name: &str) -> Fault {
    missing(format!("The user policy with name {name} cannot be found."))
}
