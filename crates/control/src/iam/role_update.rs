//! What can be changed of a role: its description, the length of its sessions, who may assume it, its tags.

use super::{
    document,
    role::{self, modifiable},
    tags::{self, Case},
};
use crate::{Tx, View, state::Role};
use aws::{
    api::iam::{
        self, ListRoleTagsRequest, ListRoleTagsResponse, TagRoleRequest, UntagRoleRequest,
        UpdateAssumeRolePolicyRequest, UpdateRoleDescriptionRequest, UpdateRoleDescriptionResponse, UpdateRoleRequest,
        UpdateRoleResponse,
    },
    fault::Fault,
    shape::Nothing,
};

/// What is not given stays as it is.
pub(super) fn update(tx: &mut Tx<'_>, input: UpdateRoleRequest) -> Result<UpdateRoleResponse, Fault> {
    let UpdateRoleRequest { role_name, description, max_session_duration } = input;
    modifiable(&tx.state, &role_name)?;
    tx.state.iam_roles.update(&Role::key_of(&role_name), |role| {
        if let Some(description) = description {
            role.description = Some(description);
        }
        if let Some(seconds) = max_session_duration {
            role.max_session_duration = seconds;
        }
    });
    Ok(UpdateRoleResponse {})
}

pub(super) fn description(
    tx: &mut Tx<'_>,
    input: UpdateRoleDescriptionRequest,
) -> Result<UpdateRoleDescriptionResponse, Fault> {
    let UpdateRoleDescriptionRequest { role_name, description } = input;
    // The one thing that is everybody's to change of a service-linked role.
    role::find(&tx.state, &role_name)?;
    tx.state.iam_roles.update(&Role::key_of(&role_name), |role| role.description = Some(description));
    let role = role::find(&tx.state, &role_name)?;
    let role = iam::Role { description: role.description.clone(), ..role::brief(&tx.state.region, role) };
    Ok(UpdateRoleDescriptionResponse { role: Some(role) })
}

pub(super) fn trust(tx: &mut Tx<'_>, input: UpdateAssumeRolePolicyRequest) -> Result<Nothing, Fault> {
    let UpdateAssumeRolePolicyRequest { role_name, policy_document } = input;
    modifiable(&tx.state, &role_name)?;
    document::check_trust(&tx.state, &policy_document)?;
    tx.state.iam_roles.update(&Role::key_of(&role_name), |role| role.trust = policy_document);
    Ok(Nothing)
}

pub(super) fn tag(tx: &mut Tx<'_>, input: TagRoleRequest) -> Result<Nothing, Fault> {
    let TagRoleRequest { role_name, tags: more } = input;
    let mut tags = role::find(&tx.state, &role_name)?.tags.clone();
    tags::add(&mut tags, more, Case::Same)?;
    tx.state.iam_roles.update(&Role::key_of(&role_name), |role| role.tags = tags);
    Ok(Nothing)
}

pub(super) fn untag(tx: &mut Tx<'_>, input: UntagRoleRequest) -> Result<Nothing, Fault> {
    let UntagRoleRequest { role_name, tag_keys } = input;
    role::find(&tx.state, &role_name)?;
    tx.state.iam_roles.update(&Role::key_of(&role_name), |role| tags::remove(&mut role.tags, &tag_keys, Case::Same));
    Ok(Nothing)
}

pub(super) fn tags(view: &View<'_>, input: ListRoleTagsRequest) -> Result<ListRoleTagsResponse, Fault> {
    let ListRoleTagsRequest { role_name, marker, max_items } = input;
    let page = tags::list(&role::find(view.state, &role_name)?.tags, marker.as_deref(), max_items)?;
    Ok(ListRoleTagsResponse { tags: Some(page.items), is_truncated: Some(page.is_truncated), marker: page.marker })
}
