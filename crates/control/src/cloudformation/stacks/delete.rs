//! DeleteStack, UpdateTerminationProtection.

use super::{
    super::{engine, engine::Asked, find, resources, role, validation},
    create::refuse,
};
use crate::Tx;
use aws::{
    api::cloudformation::{
        DeleteStackInput, DeletionMode, ResourceStatus, StackStatus as Status, UpdateTerminationProtectionInput,
        UpdateTerminationProtectionOutput,
    },
    fault::Fault,
    shape::Nothing,
};
use std::collections::BTreeSet;

/// Begins to delete a stack. One that is not there, or is being deleted, is no error.
pub(in super::super) fn delete(tx: &mut Tx<'_>, request: DeleteStackInput) -> Result<Nothing, Fault> {
    let DeleteStackInput {
        stack_name,
        retain_resources,
        role_arn,
        client_request_token,
        deletion_mode,
        deployment_config,
    } = request;
    refuse(&[
        ("DeletionMode FORCE_DELETE_STACK", deletion_mode == Some(DeletionMode::ForceDeleteStack)),
        ("DeploymentConfig", deployment_config.is_some()),
    ])?;
    let Some(stack) = find::stack(&tx.state, &stack_name).filter(|stack| stack.deleted.is_none()).cloned() else {
        return Ok(Nothing {});
    };
    if stack.status == Status::DeleteInProgress {
        return Ok(Nothing {});
    }
    if stack.termination_protection {
        return Err(validation(format!(
            "Stack [{}] cannot be deleted while TerminationProtection is enabled",
            stack.name
        )));
    }
    let busy = matches!(
        stack.status,
        Status::UpdateInProgress
            | Status::UpdateRollbackInProgress
            | Status::UpdateCompleteCleanupInProgress
            | Status::UpdateRollbackCompleteCleanupInProgress
    );
    if busy {
        return Err(validation(format!("Stack [{}] cannot be deleted while in status {}", stack.id, stack.status)));
    }
    let retained: BTreeSet<String> = retain_resources.unwrap_or_default().into_iter().collect();
    check_retained(tx, &stack, &retained)?;
    role::use_from_now(tx, &stack.id, role_arn)?;
    let asked = Asked {
        token: client_request_token,
        spared: retained,
        reason: Some("User Initiated".to_owned()),
        ..Asked::default()
    };
    engine::delete(tx, &stack.id, asked);
    Ok(Nothing {})
}

/// Only what could not be deleted may be left behind ("DeleteStack", AWS CloudFormation API Reference).
fn check_retained(tx: &Tx<'_>, stack: &crate::state::Stack, retained: &BTreeSet<String>) -> Result<(), Fault> {
    if retained.is_empty() {
        return Ok(());
    }
    if stack.status != Status::DeleteFailed {
        let message =
            "Invalid operation on stack. Specify RetainResources only when the stack is in DELETE_FAILED state.";
        return Err(validation(message));
    }
    let failed = resources::of(&tx.state, stack);
    let failed = |name: &String| {
        failed.iter().any(|resource| resource.logical_id == *name && resource.status == ResourceStatus::DeleteFailed)
    };
    match retained.iter().find(|name| !failed(name)) {
        None => Ok(()),
        Some(name) => Err(validation(format!(
            "The specified resources to retain must be in a valid state: {name} is not in DELETE_FAILED state"
        ))),
    }
}

/// UpdateTerminationProtection.
pub(in super::super) fn protect(
    tx: &mut Tx<'_>,
    request: UpdateTerminationProtectionInput,
) -> Result<UpdateTerminationProtectionOutput, Fault> {
    let stack = find::changed(&tx.state, &request.stack_name)?.clone();
    if let Some(parent) = &stack.parent {
        return Err(validation(format!(
            "Termination protection cannot be changed on the nested stack [{}]; change it on its root stack [{}]",
            stack.name, parent.root
        )));
    }
    tx.state.stacks.update(&stack.id, |stack| stack.termination_protection = request.enable_termination_protection);
    Ok(UpdateTerminationProtectionOutput { stack_id: Some(stack.id) })
}
