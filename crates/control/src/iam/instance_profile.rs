//! Instance profiles. Nothing of this region is an instance, so nothing uses them.

use super::{
    conflict, exists, id, limit, missing,
    page::page,
    role,
    tags::{self, Case},
};
use crate::{State, Tx, View, state::InstanceProfile};
use aws::{
    api::iam::{
        self, CreateInstanceProfileRequest, CreateInstanceProfileResponse, DeleteInstanceProfileRequest,
        GetInstanceProfileRequest, GetInstanceProfileResponse, ListInstanceProfileTagsRequest,
        ListInstanceProfileTagsResponse, ListInstanceProfilesRequest, ListInstanceProfilesResponse,
        TagInstanceProfileRequest, UntagInstanceProfileRequest,
    },
    fault::Fault,
    shape::Nothing,
};

/// Instance profiles of an account.
const MOST: usize = 1000;

/// The instance profile of a name.
///
/// # Errors
/// `NoSuchEntity`.
pub(super) fn find<'a>(state: &'a State, name: &str) -> Result<&'a InstanceProfile, Fault> {
    let found = state.iam_instance_profiles.get(&InstanceProfile::key_of(name)).filter(|profile| profile.name == name);
    found.ok_or_else(|| missing(format!("Instance Profile {name} cannot be found.")))
}

pub(super) fn create(
    tx: &mut Tx<'_>,
    input: CreateInstanceProfileRequest,
) -> Result<CreateInstanceProfileResponse, Fault> {
    let CreateInstanceProfileRequest { instance_profile_name: name, path, tags } = input;
    let (path, tags) = (id::path(path)?, tags::new(tags, Case::Differs)?);
    if tx.state.iam_instance_profiles.contains(&InstanceProfile::key_of(&name)) {
        return Err(exists(format!("Instance Profile {name} already exists.")));
    }
    if tx.state.iam_instance_profiles.len() >= MOST {
        return Err(limit("InstanceProfilesPerAccount", MOST));
    }
    let id = id::unique(tx, "AIPA");
    let profile = InstanceProfile { name, path, id, created: tx.now, role: None, tags };
    let answer = iam::InstanceProfile { tags: tags::shape(&profile.tags), ..shape(&tx.state, &profile) };
    tx.state.iam_instance_profiles.put(profile);
    Ok(CreateInstanceProfileResponse { instance_profile: Some(answer) })
}

pub(super) fn get(view: &View<'_>, input: GetInstanceProfileRequest) -> Result<GetInstanceProfileResponse, Fault> {
    let GetInstanceProfileRequest { instance_profile_name } = input;
    let profile = find(view.state, &instance_profile_name)?;
    Ok(GetInstanceProfileResponse { instance_profile: Some(described(view.state, profile)) })
}

pub(super) fn list(view: &View<'_>, input: ListInstanceProfilesRequest) -> Result<ListInstanceProfilesResponse, Fault> {
    let ListInstanceProfilesRequest { path_prefix, marker, max_items } = input;
    let prefix = id::path_prefix(path_prefix)?;
    let within = view.state.iam_instance_profiles.iter().filter(|profile| profile.path.starts_with(&prefix));
    let page = page(within, |profile| profile.name.clone(), marker.as_deref(), max_items)?;
    Ok(ListInstanceProfilesResponse {
        instance_profiles: Some(page.items.into_iter().map(|profile| shape(view.state, profile)).collect()),
        is_truncated: Some(page.is_truncated),
        marker: page.marker,
    })
}

pub(super) fn delete(tx: &mut Tx<'_>, input: DeleteInstanceProfileRequest) -> Result<Nothing, Fault> {
    let DeleteInstanceProfileRequest { instance_profile_name: name } = input;
    if find(&tx.state, &name)?.role.is_some() {
        return Err(conflict("Cannot delete entity, must remove roles from instance profile first."));
    }
    tx.state.iam_instance_profiles.remove(&InstanceProfile::key_of(&name));
    Ok(Nothing)
}

pub(super) fn tag(tx: &mut Tx<'_>, input: TagInstanceProfileRequest) -> Result<Nothing, Fault> {
    let TagInstanceProfileRequest { instance_profile_name: name, tags: more } = input;
    let mut tags = find(&tx.state, &name)?.tags.clone();
    tags::add(&mut tags, more, Case::Differs)?;
    tx.state.iam_instance_profiles.update(&InstanceProfile::key_of(&name), |profile| profile.tags = tags);
    Ok(Nothing)
}

pub(super) fn untag(tx: &mut Tx<'_>, input: UntagInstanceProfileRequest) -> Result<Nothing, Fault> {
    let UntagInstanceProfileRequest { instance_profile_name: name, tag_keys } = input;
    find(&tx.state, &name)?;
    tx.state.iam_instance_profiles.update(&InstanceProfile::key_of(&name), |profile| {
        tags::remove(&mut profile.tags, &tag_keys, Case::Differs);
    });
    Ok(Nothing)
}

pub(super) fn tags(
    view: &View<'_>,
    input: ListInstanceProfileTagsRequest,
) -> Result<ListInstanceProfileTagsResponse, Fault> {
    let ListInstanceProfileTagsRequest { instance_profile_name, marker, max_items } = input;
    let page = tags::list(&find(view.state, &instance_profile_name)?.tags, marker.as_deref(), max_items)?;
    let (is_truncated, marker) = (Some(page.is_truncated), page.marker);
    Ok(ListInstanceProfileTagsResponse { tags: Some(page.items), is_truncated, marker })
}

/// An instance profile with all that is told of one: its tags even when it has none.
fn described(state: &State, profile: &InstanceProfile) -> iam::InstanceProfile {
    let tags = tags::shape(&profile.tags).unwrap_or_default();
    iam::InstanceProfile { tags: Some(tags), ..shape(state, profile) }
}

/// An instance profile in a list.
pub(super) fn shape(state: &State, profile: &InstanceProfile) -> iam::InstanceProfile {
    let role = profile.role.as_deref().and_then(|name| role::find(state, name).ok());
    iam::InstanceProfile {
        path: Some(profile.path.clone()),
        instance_profile_name: Some(profile.name.clone()),
        instance_profile_id: Some(profile.id.clone()),
        arn: Some(id::arn(&state.region, "instance-profile", &profile.path, &profile.name)),
        create_date: Some(profile.created),
        roles: Some(role.into_iter().map(|role| role::brief(&state.region, role)).collect()),
        tags: None,
    }
}
