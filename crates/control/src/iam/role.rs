//! Roles: created, described, listed and deleted.

use super::{
    boundary, conflict, document, exists, id, limit, missing,
    page::page,
    tags::{self, Case},
};
use crate::{
    Region, State, Tx, View,
    state::{Grants, Role},
};
use aws::{
    api::iam::{
        self, CreateRoleRequest, CreateRoleResponse, DeleteRoleRequest, GetRoleRequest, GetRoleResponse,
        ListRolesRequest, ListRolesResponse, RoleLastUsed,
    },
    fault::Fault,
    shape::Nothing,
};

/// Roles of an account, and seconds of a session where a role says nothing.
const MOST: usize = 1000;
const SESSION: i32 = 3600;
/// The path of roles that only AWS's services change.
const LINKED: &str = "/aws-service-role/";

/// The role of a name.
///
/// # Errors
/// `NoSuchEntity`.
pub(crate) fn find<'a>(state: &'a State, name: &str) -> Result<&'a Role, Fault> {
    let found = state.iam_roles.get(&Role::key_of(name)).filter(|role| role.name == name);
    found.ok_or_else(|| missing(format!("The role with name {name} cannot be found.")))
}

/// The role of a name, if it may be changed.
///
/// # Errors
/// `NoSuchEntity`; `UnmodifiableEntity` for a service-linked role.
pub(super) fn modifiable<'a>(state: &'a State, name: &str) -> Result<&'a Role, Fault> {
    let role = find(state, name)?;
    if role.path.starts_with(LINKED) {
        let why = format!(
            "Cannot perform the operation on the protected role '{name}' - this role is only modifiable by AWS"
        );
        return Err(Fault::new("UnmodifiableEntity", why));
    }
    Ok(role)
}

pub(super) fn create(tx: &mut Tx<'_>, input: CreateRoleRequest) -> Result<CreateRoleResponse, Fault> {
    let CreateRoleRequest {
        path,
        role_name,
        assume_role_policy_document,
        description,
        max_session_duration,
        permissions_boundary,
        tags,
    } = input;
    let path = id::path(path)?;
    document::check_trust(&tx.state, &assume_role_policy_document)?;
    if let Some(boundary) = &permissions_boundary {
        boundary::check(&tx.state, boundary)?;
    }
    let role = Role {
        path,
        id: id::unique(tx, "AROA"),
        created: tx.now,
        trust: assume_role_policy_document,
        description,
        max_session_duration: max_session_duration.unwrap_or(SESSION),
        grants: Grants { boundary: permissions_boundary, ..Grants::default() },
        tags: tags::new(tags, Case::Same)?,
        name: role_name,
    };
    Ok(CreateRoleResponse { role: Some(make(tx, role)?) })
}

/// Keeps a new role.
///
/// # Errors
/// `EntityAlreadyExists`, `LimitExceeded`.
pub(super) fn make(tx: &mut Tx<'_>, role: Role) -> Result<iam::Role, Fault> {
    if tx.state.iam_roles.contains(&Role::key_of(&role.name)) {
        return Err(exists(format!("Role with name {} already exists.", role.name)));
    }
    if tx.state.iam_roles.len() >= MOST {
        return Err(limit("RolesPerAccount", MOST));
    }
    let answer = iam::Role {
        permissions_boundary: role.grants.boundary.clone().map(boundary::shape),
        tags: tags::shape(&role.tags),
        ..brief(&tx.state.region, &role)
    };
    tx.state.iam_roles.put(role);
    Ok(answer)
}

pub(super) fn get(view: &View<'_>, input: GetRoleRequest) -> Result<GetRoleResponse, Fault> {
    let GetRoleRequest { role_name } = input;
    let role = find(view.state, &role_name)?;
    Ok(GetRoleResponse { role: Some(described(&view.state.region, role)) })
}

pub(super) fn list(view: &View<'_>, input: ListRolesRequest) -> Result<ListRolesResponse, Fault> {
    let ListRolesRequest { path_prefix, marker, max_items } = input;
    let prefix = id::path_prefix(path_prefix)?;
    let roles = view.state.iam_roles.iter().filter(|role| role.path.starts_with(&prefix));
    let page = page(roles, |role| role.name.clone(), marker.as_deref(), max_items)?;
    let roles = page.items.into_iter().map(|role| shape(&view.state.region, role)).collect();
    Ok(ListRolesResponse { roles: Some(roles), is_truncated: Some(page.is_truncated), marker: page.marker })
}

pub(super) fn delete(tx: &mut Tx<'_>, input: DeleteRoleRequest) -> Result<Nothing, Fault> {
    let DeleteRoleRequest { role_name } = input;
    let role = modifiable(&tx.state, &role_name)?;
    if tx.state.iam_instance_profiles.iter().any(|profile| profile.role.as_deref() == Some(&*role.name)) {
        return Err(conflict("Cannot delete entity, must remove roles from instance profile first."));
    }
    removable(&role.grants)?;
    tx.state.iam_roles.remove(&Role::key_of(&role_name));
    Ok(Nothing)
}

/// Whether nothing hangs on a role or user any more that its deletion does not take along.
///
/// # Errors
/// `DeleteConflict`.
pub(super) fn removable(grants: &Grants) -> Result<(), Fault> {
    if !grants.attached.is_empty() {
        return Err(conflict("Cannot delete entity, must detach all policies first."));
    }
    if !grants.inline.is_empty() {
        return Err(conflict("Cannot delete entity, must delete policies first."));
    }
    Ok(())
}

/// The ARN of a role.
pub(crate) fn arn(region: &Region, role: &Role) -> String {
    id::arn(region, "role", &role.path, &role.name)
}

/// A role with all that is told of one.
fn described(region: &Region, role: &Role) -> iam::Role {
    iam::Role {
        permissions_boundary: role.grants.boundary.clone().map(boundary::shape),
        tags: tags::shape(&role.tags),
        // When it was used last is not kept.
        role_last_used: Some(RoleLastUsed::default()),
        ..shape(region, role)
    }
}

/// A role in a list of roles.
fn shape(region: &Region, role: &Role) -> iam::Role {
    iam::Role {
        description: role.description.clone(),
        max_session_duration: Some(role.max_session_duration),
        ..brief(region, role)
    }
}

/// A role where it is told of by the way, as one that was just made is, too.
pub(super) fn brief(region: &Region, role: &Role) -> iam::Role {
    iam::Role {
        path: Some(role.path.clone()),
        role_name: Some(role.name.clone()),
        role_id: Some(role.id.clone()),
        arn: Some(arn(region, role)),
        create_date: Some(role.created),
        assume_role_policy_document: Some(id::encoded(&role.trust)),
        ..iam::Role::default()
    }
}
