//! ExecuteChangeSet, DeleteChangeSet.

use super::{
    super::{
        engine::{self, Asked},
        find, stacks, validation,
    },
    forget_those, found, is_executed,
};
use crate::{
    Tx,
    state::{ChangeSet, OperationKind, Phase, Stack},
};
use aws::{
    api::cloudformation::{
        ChangeSetStatus, ChangeSetType, DeleteChangeSetInput, DeleteChangeSetOutput, ExecuteChangeSetInput,
        ExecuteChangeSetOutput, ExecutionStatus, OnFailure, OnStackFailure,
    },
    fault::Fault,
};

/// Begins to make a stack what a change set says. Its other change sets go: they were made for what the stack was.
pub(in super::super) fn execute(
    tx: &mut Tx<'_>,
    request: ExecuteChangeSetInput,
) -> Result<ExecuteChangeSetOutput, Fault> {
    let ExecuteChangeSetInput {
        change_set_name,
        stack_name,
        client_request_token,
        disable_rollback,
        retain_except_on_create,
    } = request;
    let set = found(&tx.state, &change_set_name, stack_name.as_deref())?.clone();
    let stack = find::changed(&tx.state, &set.stack)?.clone();
    if set.execution == ExecutionStatus::ExecuteInProgress && stacks::repeats(&stack, client_request_token.as_deref()) {
        return Ok(ExecuteChangeSetOutput {});
    }
    if set.status != ChangeSetStatus::CreateComplete {
        return Err(wrong_status(&set, "executed", &format!("status of [{}]", set.status)));
    }
    if set.execution != ExecutionStatus::Available {
        return Err(wrong_status(&set, "executed", &format!("execution status of [{}]", set.execution)));
    }
    let on_failure = on_failure(set.on_stack_failure, disable_rollback)?;
    let asked = Asked {
        token: client_request_token,
        reason: Some("User Initiated".to_owned()),
        retain_except_on_create: retain_except_on_create == Some(true),
        ..Asked::default()
    };
    forget_those(tx, &stack.id, |other| other.id != set.id);
    tx.state.change_sets.update(&set.id, |set| set.execution = ExecutionStatus::ExecuteInProgress);
    let id = stack.id.clone();
    if set.kind == ChangeSetType::Create {
        make(tx, stack, &set, on_failure, asked);
    } else {
        stacks::in_progress(&stack)?;
        stacks::begin(tx, &stack, set.deployment, on_failure, asked)?;
    }
    tx.state.stacks.update(&id, |stack| stack.change_set = Some(set.id));
    Ok(ExecuteChangeSetOutput {})
}

fn make(tx: &mut Tx<'_>, stack: Stack, set: &ChangeSet, on_failure: OnFailure, asked: Asked) {
    let id = stack.id.clone();
    tx.state.stacks.put(Stack { on_failure, ..stack });
    tx.state.stack_deployments.put(set.deployment.clone());
    engine::begin(tx, &id, OperationKind::Create, Phase::Make, on_failure, asked);
}

/// What is done when something fails: said once, by the change set or by the call ("CreateChangeSet", AWS CloudFormation API Reference).
fn on_failure(set: Option<OnStackFailure>, disable_rollback: Option<bool>) -> Result<OnFailure, Fault> {
    match (set, disable_rollback) {
        (Some(_), Some(_)) => {
            Err(validation("You can specify either DisableRollback or OnStackFailure, but not both."))
        }
        (Some(OnStackFailure::DoNothing), None) | (None, Some(true)) => Ok(OnFailure::DoNothing),
        (Some(OnStackFailure::Delete), None) => Ok(OnFailure::Delete),
        (Some(OnStackFailure::Rollback), None) | (None, Some(false) | None) => Ok(OnFailure::Rollback),
    }
}

fn wrong_status(set: &ChangeSet, what: &str, status: &str) -> Fault {
    Fault::new("InvalidChangeSetStatus", format!("ChangeSet [{}] cannot be {what} in its current {status}", set.id))
}

/// Deletes a change set. One that is not there is no error; the stack that was made with one stays.
pub(in super::super) fn delete(tx: &mut Tx<'_>, request: DeleteChangeSetInput) -> Result<DeleteChangeSetOutput, Fault> {
    let set = match found(&tx.state, &request.change_set_name, request.stack_name.as_deref()) {
        Err(fault) if fault.code == "ChangeSetNotFound" => return Ok(DeleteChangeSetOutput {}),
        set => set?.clone(),
    };
    if is_executed(&set) {
        return Err(wrong_status(&set, "deleted", &format!("execution status of [{}]", set.execution)));
    }
    tx.state.change_sets.remove(&set.id);
    Ok(DeleteChangeSetOutput {})
}
