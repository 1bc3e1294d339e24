//! Permissions boundaries of roles.

use super::{
    missing, policy,
    role::{find, modifiable},
};
use crate::{State, Tx, state::Role};
use aws::{
    api::iam::{
        AttachedPermissionsBoundary, DeleteRolePermissionsBoundaryRequest, PermissionsBoundaryAttachmentType,
        PutRolePermissionsBoundaryRequest,
    },
    fault::Fault,
    shape::Nothing,
};

/// Whether a policy can be a boundary.
///
/// # Errors
/// `NoSuchEntity`; `InvalidInput` for what is no ARN of a policy.
pub(super) fn check(state: &State, arn: &str) -> Result<(), Fault> {
    let found = policy::lookup(state, arn).map_err(|fault| match fault.message.starts_with("ARN ") {
        true => Fault::new("InvalidInput", fault.message),
        false => fault,
    })?;
    match found {
        Some(_) => Ok(()),
        None => Err(missing(format!("Scope ARN: {arn} does not exist or is not attachable."))),
    }
}

pub(super) fn put(tx: &mut Tx<'_>, input: PutRolePermissionsBoundaryRequest) -> Result<Nothing, Fault> {
    let PutRolePermissionsBoundaryRequest { role_name, permissions_boundary } = input;
    modifiable(&tx.state, &role_name)?;
    check(&tx.state, &permissions_boundary)?;
    tx.state.iam_roles.update(&Role::key_of(&role_name), |role| role.grants.boundary = Some(permissions_boundary));
    Ok(Nothing)
}

pub(super) fn delete(tx: &mut Tx<'_>, input: DeleteRolePermissionsBoundaryRequest) -> Result<Nothing, Fault> {
    let DeleteRolePermissionsBoundaryRequest { role_name } = input;
    if find(&tx.state, &role_name)?.grants.boundary.is_none() {
        return Err(missing(format!("The role with name {role_name} does not have a permissions boundary.")));
    }
    tx.state.iam_roles.update(&Role::key_of(&role_name), |role| role.grants.boundary = None);
    Ok(Nothing)
}

/// As in a reply.
pub(super) fn shape(arn: String) -> AttachedPermissionsBoundary {
    AttachedPermissionsBoundary {
        permissions_boundary_type: Some(PermissionsBoundaryAttachmentType::PermissionsBoundaryPolicy),
        permissions_boundary_arn: Some(arn),
    }
}
