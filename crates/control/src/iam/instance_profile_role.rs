//! The role in an instance profile.

use super::{
    instance_profile::{find, shape},
    limit, missing,
    page::page,
    role,
};
use crate::{Tx, View, state::InstanceProfile};
use aws::{
    api::iam::{
        AddRoleToInstanceProfileRequest, ListInstanceProfilesForRoleRequest, ListInstanceProfilesForRoleResponse,
        RemoveRoleFromInstanceProfileRequest,
    },
    fault::Fault,
    shape::Nothing,
};

pub(super) fn add(tx: &mut Tx<'_>, input: AddRoleToInstanceProfileRequest) -> Result<Nothing, Fault> {
    let AddRoleToInstanceProfileRequest { instance_profile_name: name, role_name } = input;
    let profile = find(&tx.state, &name)?;
    role::modifiable(&tx.state, &role_name)?;
    if profile.role.is_some() {
        return Err(limit("InstanceSessionsPerInstanceProfile", 1));
    }
    tx.state.iam_instance_profiles.update(&InstanceProfile::key_of(&name), |profile| profile.role = Some(role_name));
    Ok(Nothing)
}

pub(super) fn remove(tx: &mut Tx<'_>, input: RemoveRoleFromInstanceProfileRequest) -> Result<Nothing, Fault> {
    let RemoveRoleFromInstanceProfileRequest { instance_profile_name: name, role_name } = input;
    let profile = find(&tx.state, &name)?;
    role::find(&tx.state, &role_name)?;
    if profile.role.as_ref() != Some(&role_name) {
        return Err(missing(format!("Role {role_name} in Instance Profile {name} cannot be found.")));
    }
    tx.state.iam_instance_profiles.update(&InstanceProfile::key_of(&name), |profile| profile.role = None);
    Ok(Nothing)
}

pub(super) fn list(
    view: &View<'_>,
    input: ListInstanceProfilesForRoleRequest,
) -> Result<ListInstanceProfilesForRoleResponse, Fault> {
    let ListInstanceProfilesForRoleRequest { role_name, marker, max_items } = input;
    role::find(view.state, &role_name)?;
    let with = view.state.iam_instance_profiles.iter().filter(|profile| profile.role.as_ref() == Some(&role_name));
    let page = page(with, |profile| profile.name.clone(), marker.as_deref(), max_items)?;
    Ok(ListInstanceProfilesForRoleResponse {
        instance_profiles: Some(page.items.into_iter().map(|profile| shape(view.state, profile)).collect()),
        is_truncated: Some(page.is_truncated),
        marker: page.marker,
    })
}
