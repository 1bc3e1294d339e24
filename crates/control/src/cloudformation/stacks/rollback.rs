//! ContinueUpdateRollback, RollbackStack, CancelUpdateStack.

use super::{
    super::{
        engine::{self, Asked},
        find, role, validation,
    },
    create::refuse,
    repeats,
};
use crate::{
    Tx,
    state::{OperationKind, Phase, Stack},
};
use aws::{
    api::cloudformation::{
        CancelUpdateStackInput, ContinueUpdateRollbackInput, ContinueUpdateRollbackOutput, OnFailure,
        RollbackStackInput, RollbackStackOutput, StackStatus as Status,
    },
    fault::Fault,
    shape::Nothing,
};

/// Goes on with the rollback of an update that failed.
pub(in super::super) fn continue_rollback(
    tx: &mut Tx<'_>,
    request: ContinueUpdateRollbackInput,
) -> Result<ContinueUpdateRollbackOutput, Fault> {
    let ContinueUpdateRollbackInput { stack_name, role_arn, resources_to_skip, client_request_token, force_rollback } =
        request;
    refuse(&[("ForceRollback", force_rollback == Some(true))])?;
    let stack = find::changed(&tx.state, &stack_name)?.clone();
    if repeats(&stack, client_request_token.as_deref()) {
        return Ok(ContinueUpdateRollbackOutput {});
    }
    if stack.status != Status::UpdateRollbackFailed {
        return Err(wrong_state(&stack, "continue rolling back"));
    }
    role::use_from_now(tx, &stack.id, role_arn)?;
    let spared = resources_to_skip.unwrap_or_default().into_iter().collect();
    let asked =
        Asked { token: client_request_token, spared, reason: Some("User Initiated".to_owned()), ..Asked::default() };
    engine::begin(tx, &stack.id, OperationKind::UpdateRollback, Phase::Make, OnFailure::DoNothing, asked);
    Ok(ContinueUpdateRollbackOutput {})
}

/// Rolls back what failed and was left as it was.
pub(in super::super) fn roll_back(tx: &mut Tx<'_>, request: RollbackStackInput) -> Result<RollbackStackOutput, Fault> {
    let RollbackStackInput { stack_name, role_arn, client_request_token, retain_except_on_create, deployment_config } =
        request;
    refuse(&[("DeploymentConfig", deployment_config.is_some())])?;
    let stack = find::changed(&tx.state, &stack_name)?.clone();
    if repeats(&stack, client_request_token.as_deref()) {
        return Ok(RollbackStackOutput { stack_id: Some(stack.id), ..RollbackStackOutput::default() });
    }
    if !matches!(stack.status, Status::CreateFailed | Status::UpdateFailed) {
        return Err(wrong_state(&stack, "roll back"));
    }
    role::use_from_now(tx, &stack.id, role_arn)?;
    let asked = Asked {
        token: client_request_token,
        reason: Some("User Initiated".to_owned()),
        retain_except_on_create: retain_except_on_create == Some(true),
        ..Asked::default()
    };
    engine::roll_back(tx, &stack.id, asked);
    Ok(RollbackStackOutput { stack_id: Some(stack.id), ..RollbackStackOutput::default() })
}

/// Rolls back an update that is under way.
pub(in super::super) fn cancel(tx: &mut Tx<'_>, request: CancelUpdateStackInput) -> Result<Nothing, Fault> {
    let stack = find::changed(&tx.state, &request.stack_name)?.clone();
    if stack.status != Status::UpdateInProgress {
        let message = "CancelUpdateStack cannot be called from current stack status";
        return Err(validation(message));
    }
    engine::cancel(tx, &stack.id, request.client_request_token);
    Ok(Nothing {})
}

fn wrong_state(stack: &Stack, what: &str) -> Fault {
    validation(format!("Stack:{} is in {} state and can not {what}.", stack.id, stack.status))
}
