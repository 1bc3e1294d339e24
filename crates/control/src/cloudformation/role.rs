//! The role a stack acts as ("CloudFormation service role", AWS CloudFormation User Guide). No permissions are evaluated, but it must be a
//! role that CloudFormation may assume.

use super::validation;
use crate::{
    State, Tx, iam,
    state::{Slot, StackDeployment},
};
use aws::fault::Fault;

/// The service that assumes it.
const SERVICE: &str = "cloudformation.amazonaws.com";

/// Sees whether CloudFormation may assume a role on behalf of a stack.
///
/// # Errors
/// `ValidationError`: "Role ARN is invalid or cannot be assumed".
pub(super) fn check(state: &State, arn: &str, stack: &str) -> Result<(), Fault> {
    let name = arn.rsplit('/').next().unwrap_or_default();
    let role = iam::find_role(state, name).ok().filter(|role| iam::role_arn(&state.region, role) == arn);
    match role {
        Some(role) if iam::trusts(&role.trust, SERVICE, &state.region.account, stack) => Ok(()),
        _ => Err(validation(format!("Role {arn} is invalid or cannot be assumed"))),
    }
}

/// Has a stack act as another role from now on; none changes nothing.
///
/// # Errors
/// As of [`check`].
pub(super) fn use_from_now(tx: &mut Tx<'_>, stack: &str, arn: Option<String>) -> Result<(), Fault> {
    let Some(arn) = arn else { return Ok(()) };
    check(&tx.state, &arn, stack)?;
    for slot in [Slot::Current, Slot::Next] {
        let role = Some(arn.clone());
        tx.state
            .stack_deployments
            .update(&StackDeployment::key_of(stack, slot), |deployment| deployment.role_arn = role);
    }
    Ok(())
}
