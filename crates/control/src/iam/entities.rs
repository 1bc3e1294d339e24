//! Who has a managed policy.

use super::{id, page::page, policy};
use crate::{View, state::Grants};
use aws::{
    api::iam::{
        EntityType, ListEntitiesForPolicyRequest, ListEntitiesForPolicyResponse, PolicyRole, PolicyUsageType,
        PolicyUser,
    },
    fault::Fault,
};

enum Entity<'a> {
    Role(&'a crate::state::Role),
    User(&'a crate::state::User),
}

impl Entity<'_> {
    fn about(&self) -> (&str, &Grants, EntityType) {
        match self {
            Self::Role(role) => (&role.path, &role.grants, EntityType::Role),
            Self::User(user) => (&user.path, &user.grants, EntityType::User),
        }
    }
    /// Users before roles, as in the reply.
    fn key(&self) -> String {
        match self {
            Self::Role(role) => format!("2/{}", role.name),
            Self::User(user) => format!("1/{}", user.name),
        }
    }
}

/// ListEntitiesForPolicy. There are no groups.
pub(super) fn list(
    view: &View<'_>,
    input: ListEntitiesForPolicyRequest,
) -> Result<ListEntitiesForPolicyResponse, Fault> {
    let ListEntitiesForPolicyRequest { policy_arn, entity_filter, path_prefix, policy_usage_filter, marker, max_items } =
        input;
    policy::find(view.state, &policy_arn)?;
    let prefix = id::path_prefix(path_prefix)?;
    let has = |grants: &Grants| {
        let attached = grants.attached.contains(&policy_arn);
        let bounds = grants.boundary.as_ref() == Some(&policy_arn);
        match policy_usage_filter {
            None => attached || bounds,
            Some(PolicyUsageType::PermissionsPolicy) => attached,
            Some(PolicyUsageType::PermissionsBoundary) => bounds,
        }
    };
    let roles = view.state.iam_roles.iter().map(Entity::Role);
    let all = roles.chain(view.state.iam_users.iter().map(Entity::User)).filter(|entity| {
        let (path, grants, kind) = entity.about();
        path.starts_with(&prefix) && has(grants) && entity_filter.is_none_or(|wanted| wanted == kind)
    });
    let page = page(all, Entity::key, marker.as_deref(), max_items)?;
    let (mut roles, mut users) = (Vec::new(), Vec::new());
    for entity in page.items {
        match entity {
            Entity::Role(role) => {
                roles.push(PolicyRole { role_name: Some(role.name.clone()), role_id: Some(role.id.clone()) });
            }
            Entity::User(user) => {
                users.push(PolicyUser { user_name: Some(user.name.clone()), user_id: Some(user.id.clone()) });
            }
        }
    }
    Ok(ListEntitiesForPolicyResponse {
        policy_groups: Some(Vec::new()),
        policy_users: Some(users),
        policy_roles: Some(roles),
        is_truncated: Some(page.is_truncated),
        marker: page.marker,
    })
}
