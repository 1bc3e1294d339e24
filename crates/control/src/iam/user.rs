//! Users.

use super::{
    boundary, conflict, exists, id, identity, limit, missing,
    page::page,
    role,
    tags::{self, Case},
};
use crate::{
    Region, State, Tx, View,
    state::{Grants, SessionOf, User},
};
use aws::{
    api::iam::{
        self, CreateUserRequest, CreateUserResponse, DeleteUserRequest, GetUserRequest, GetUserResponse,
        ListGroupsForUserRequest, ListGroupsForUserResponse, ListUserTagsRequest, ListUserTagsResponse,
        ListUsersRequest, ListUsersResponse, TagUserRequest, UntagUserRequest,
    },
    fault::Fault,
    shape::Nothing,
};

/// Users of an account.
const MOST: usize = 5000;

/// The user of a name.
///
/// # Errors
/// `NoSuchEntity`.
pub(super) fn find<'a>(state: &'a State, name: &str) -> Result<&'a User, Fault> {
    let found = state.iam_users.get(&User::key_of(name)).filter(|user| user.name == name);
    found.ok_or_else(|| missing(format!("The user with name {name} cannot be found.")))
}

/// ListGroupsForUser. There are no groups here, so a user is in none.
pub(super) fn groups(view: &View<'_>, input: ListGroupsForUserRequest) -> Result<ListGroupsForUserResponse, Fault> {
    let ListGroupsForUserRequest { user_name, marker, max_items } = input;
    find(view.state, &user_name)?;
    let page = page(std::iter::empty::<iam::Group>(), |_| String::new(), marker.as_deref(), max_items)?;
    let (is_truncated, marker) = (Some(page.is_truncated), page.marker);
    Ok(ListGroupsForUserResponse { groups: Some(page.items), is_truncated, marker })
}

pub(super) fn create(tx: &mut Tx<'_>, input: CreateUserRequest) -> Result<CreateUserResponse, Fault> {
    let CreateUserRequest { path, user_name: name, permissions_boundary, tags } = input;
    let (path, tags) = (id::path(path)?, tags::new(tags, Case::Same)?);
    if let Some(boundary) = &permissions_boundary {
        boundary::check(&tx.state, boundary)?;
    }
    if tx.state.iam_users.contains(&User::key_of(&name)) {
        return Err(exists(format!("User with name {name} already exists.")));
    }
    if tx.state.iam_users.len() >= MOST {
        return Err(limit("UsersPerAccount", MOST));
    }
    let grants = Grants { boundary: permissions_boundary, ..Grants::default() };
    let user = User { name, path, id: id::unique(tx, "AIDA"), created: tx.now, grants, tags };
    let answer = described(&tx.state.region, &user);
    tx.state.iam_users.put(user);
    Ok(CreateUserResponse { user: Some(answer) })
}

/// GetUser: without a name, the caller.
pub(super) fn get(view: &View<'_>, input: GetUserRequest) -> Result<GetUserResponse, Fault> {
    let GetUserRequest { user_name } = input;
    let name = match (user_name, identity(view)) {
        (Some(name), _) => name,
        (None, SessionOf::User(name)) => name,
        (None, SessionOf::Root) => {
            let account = view.state.region.account.clone();
            let arn = Some(format!("arn:aws:iam::{account}:root"));
            return Ok(GetUserResponse {
                user: Some(iam::User { user_id: Some(account), arn, ..iam::User::default() }),
            });
        }
        (None, SessionOf::Role { .. }) => {
            return Err(super::invalid("Must specify userName when calling with non-User credentials"));
        }
    };
    Ok(GetUserResponse { user: Some(described(&view.state.region, find(view.state, &name)?)) })
}

pub(super) fn list(view: &View<'_>, input: ListUsersRequest) -> Result<ListUsersResponse, Fault> {
    let ListUsersRequest { path_prefix, marker, max_items } = input;
    let prefix = id::path_prefix(path_prefix)?;
    let users = view.state.iam_users.iter().filter(|user| user.path.starts_with(&prefix));
    let page = page(users, |user| user.name.clone(), marker.as_deref(), max_items)?;
    let users = page.items.into_iter().map(|user| shape(&view.state.region, user)).collect();
    Ok(ListUsersResponse { users: Some(users), is_truncated: Some(page.is_truncated), marker: page.marker })
}

pub(super) fn delete(tx: &mut Tx<'_>, input: DeleteUserRequest) -> Result<Nothing, Fault> {
    let DeleteUserRequest { user_name } = input;
    let user = find(&tx.state, &user_name)?;
    if tx.state.iam_access_keys.iter().any(|key| key.user == user_name) {
        return Err(conflict("Cannot delete entity, must delete access keys first."));
    }
    role::removable(&user.grants)?;
    tx.state.iam_users.remove(&User::key_of(&user_name));
    Ok(Nothing)
}

pub(super) fn tag(tx: &mut Tx<'_>, input: TagUserRequest) -> Result<Nothing, Fault> {
    let TagUserRequest { user_name, tags: more } = input;
    let mut tags = find(&tx.state, &user_name)?.tags.clone();
    tags::add(&mut tags, more, Case::Same)?;
    tx.state.iam_users.update(&User::key_of(&user_name), |user| user.tags = tags);
    Ok(Nothing)
}

pub(super) fn untag(tx: &mut Tx<'_>, input: UntagUserRequest) -> Result<Nothing, Fault> {
    let UntagUserRequest { user_name, tag_keys } = input;
    find(&tx.state, &user_name)?;
    tx.state.iam_users.update(&User::key_of(&user_name), |user| tags::remove(&mut user.tags, &tag_keys, Case::Same));
    Ok(Nothing)
}

pub(super) fn tags(view: &View<'_>, input: ListUserTagsRequest) -> Result<ListUserTagsResponse, Fault> {
    let ListUserTagsRequest { user_name, marker, max_items } = input;
    let page = tags::list(&find(view.state, &user_name)?.tags, marker.as_deref(), max_items)?;
    Ok(ListUserTagsResponse { tags: Some(page.items), is_truncated: Some(page.is_truncated), marker: page.marker })
}

/// The ARN of a user.
pub(super) fn arn(region: &Region, user: &User) -> String {
    id::arn(region, "user", &user.path, &user.name)
}

fn described(region: &Region, user: &User) -> iam::User {
    iam::User {
        permissions_boundary: user.grants.boundary.clone().map(boundary::shape),
        tags: tags::shape(&user.tags),
        ..shape(region, user)
    }
}

fn shape(region: &Region, user: &User) -> iam::User {
    iam::User {
        path: Some(user.path.clone()),
        user_name: Some(user.name.clone()),
        user_id: Some(user.id.clone()),
        arn: Some(arn(region, user)),
        create_date: Some(user.created),
        ..iam::User::default()
    }
}
