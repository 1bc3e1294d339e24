//! How operations begin, and what follows from the end of one of their parts.

use super::{
    super::{change_sets, drift},
    Live, Note, resources,
};
use crate::{
    Tx,
    state::{
        Deed, OperationKind, Phase, Record, Slot, Stack, StackDeployment, StackOperation, StackOutput, StackResource,
        exports,
    },
};
use aws::{
    api::cloudformation::{OnFailure, ResourceStatus as Resource, StackStatus as Status},
    fault::Fault,
};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use template::Lookup;

/// What an operation is asked for with.
#[derive(Debug, Clone, Default)]
pub(in crate::cloudformation) struct Asked {
    /// The token of the call.
    pub(in crate::cloudformation) token: Option<String>,
    /// Resources that are left alone.
    pub(in crate::cloudformation) spared: BTreeSet<String>,
    /// A stack policy that holds for this update alone.
    pub(in crate::cloudformation) policy: Option<String>,
    /// Why it is done; what the stack's first event says.
    pub(in crate::cloudformation) reason: Option<String>,
    /// Whether what it makes goes when it is rolled back, whatever its `DeletionPolicy`.
    pub(in crate::cloudformation) retain_except_on_create: bool,
}

/// Begins an operation in a phase.
pub(in crate::cloudformation) fn begin(
    tx: &mut Tx<'_>,
    id: &str,
    kind: OperationKind,
    phase: Phase,
    on_failure: OnFailure,
    asked: Asked,
) {
    let now = tx.now;
    if let Some((stack, _)) = super::under_way(tx, id).filter(|_| kind == OperationKind::Update) {
        // A nested stack may be told another thing while it does one.
        give_up(tx, &stack);
    }
    let status = match kind {
        OperationKind::Create => Status::CreateInProgress,
        OperationKind::Update => Status::UpdateInProgress,
        OperationKind::UpdateRollback => Status::UpdateRollbackInProgress,
        OperationKind::Rollback => Status::RollbackInProgress,
        OperationKind::Delete => Status::DeleteInProgress,
    };
    let Asked { token, spared, policy, reason, retain_except_on_create } = asked;
    let removes = matches!(kind, OperationKind::Rollback | OperationKind::Delete);
    tx.state.stacks.update(id, |stack| {
        stack.operations += 1;
        if matches!(kind, OperationKind::Update | OperationKind::UpdateRollback) {
            stack.updated = Some(now);
        }
        // An update is bound by the policy that the stack has when it begins.
        let policy = policy.or_else(|| stack.policy.clone());
        let number = stack.operations;
        stack.operation = Some(StackOperation {
            kind,
            phase,
            number,
            token,
            began: now,
            on_failure,
            spared,
            policy,
            retain_except_on_create,
        });
    });
    change_sets::outdate(tx, id);
    tx.note_stack(id, status, reason);
    if removes {
        for resource in resources(tx, id) {
            // What is gone already stays so; what failed is tried again.
            let gone = matches!(resource.status, Resource::DeleteComplete | Resource::DeleteSkipped);
            let status =
                if resource.status == Resource::DeleteFailed { Resource::CreateComplete } else { resource.status };
            tx.state.stack_resources.put(StackResource { doomed: !gone, doing: None, status, ..resource });
        }
    }
}

/// Begins the deletion of a stack. What others import stays.
pub(in crate::cloudformation) fn delete(tx: &mut Tx<'_>, id: &str, asked: Asked) {
    if let Some(reason) = imported(tx, id, &[]) {
        tx.note_stack(id, Status::DeleteInProgress, asked.reason);
        tx.note_stack(id, Status::DeleteFailed, Some(reason));
        return;
    }
    begin(tx, id, OperationKind::Delete, Phase::Remove, OnFailure::DoNothing, asked);
}

/// Begins to lead a stack back to its last deployment that succeeded: to nothing, if none did.
pub(in crate::cloudformation) fn roll_back(tx: &mut Tx<'_>, id: &str, asked: Asked) {
    let (kind, phase) = if tx.state.stack_deployments.contains(&StackDeployment::key_of(id, Slot::Current)) {
        (OperationKind::UpdateRollback, Phase::Make)
    } else {
        (OperationKind::Rollback, Phase::Remove)
    };
    begin(tx, id, kind, phase, OnFailure::DoNothing, asked);
}

/// Something has failed while resources were made.
pub(super) fn fail(tx: &mut Tx<'_>, stack: &Stack, operation: &StackOperation, reason: Option<String>) {
    give_up(tx, stack);
    let said = reason.unwrap_or_else(|| failures(tx, &stack.id, operation.number));
    let asked = || Asked {
        token: operation.token.clone(),
        retain_except_on_create: operation.retain_except_on_create,
        ..Asked::default()
    };
    match (operation.kind, operation.on_failure) {
        (OperationKind::Create, OnFailure::Rollback) => {
            let reason = Some(format!("{} Rollback requested by user.", said.trim_end()));
            begin(
                tx,
                &stack.id,
                OperationKind::Rollback,
                Phase::Remove,
                OnFailure::DoNothing,
                Asked { reason, ..asked() },
            );
        }
        (OperationKind::Create, OnFailure::Delete) => {
            let reason = Some(format!("{} Delete requested by user.", said.trim_end()));
            begin(
                tx,
                &stack.id,
                OperationKind::Delete,
                Phase::Remove,
                OnFailure::DoNothing,
                Asked { reason, ..asked() },
            );
        }
        (OperationKind::Create, OnFailure::DoNothing) => end(tx, &stack.id, Status::CreateFailed, Some(said)),
        (OperationKind::Update, OnFailure::DoNothing) => end(tx, &stack.id, Status::UpdateFailed, Some(said)),
        (OperationKind::Update, _) => roll_back(tx, &stack.id, Asked { reason: Some(said), ..asked() }),
        (OperationKind::UpdateRollback, _) => end(tx, &stack.id, Status::UpdateRollbackFailed, Some(said)),
        (OperationKind::Rollback | OperationKind::Delete, _) => {}
    }
}

/// "The following resource(s) failed to create: [A, B]. ": a space is at its end, as AWS has it.
fn failures(tx: &Tx<'_>, stack: &str, number: u64) -> String {
    let failed = |status: Resource, word: &str| {
        let failed = resources(tx, stack).into_iter().filter(|resource| {
            resource.status == status && resource.settled_in < number && resource.replaced_in.is_none()
        });
        let names: Vec<String> = failed.map(|resource| resource.logical_id).collect();
        if names.is_empty() {
            String::new()
        } else {
            format!("The following resource(s) failed to {word}: [{}]. ", names.join(", "))
        }
    };
    failed(Resource::CreateFailed, "create") + &failed(Resource::UpdateFailed, "update")
}

/// What was under way when another resource failed is given up.
fn give_up(tx: &mut Tx<'_>, stack: &Stack) {
    for resource in resources(tx, &stack.id) {
        let deleted = resource.doing.as_ref().is_some_and(|doing| doing.what == Deed::Delete);
        if resource.doomed && deleted {
            // It goes, whatever is wanted now: what is wanted is made anew.
            tx.state.stack_resources.put(StackResource { doing: None, doomed: false, ..resource });
            continue;
        }
        if resource.doing.is_none() || resource.replaced_in.is_some() {
            continue;
        }
        let created = resource.status == Resource::CreateInProgress;
        let (status, reason) = if created {
            (Resource::CreateFailed, "Resource creation cancelled")
        } else {
            (Resource::UpdateFailed, "Resource update cancelled")
        };
        tx.note_resource(StackResource { doing: None, ..resource }, status, Some(reason.to_owned()));
    }
}

/// Everything that was to be made is there.
pub(super) fn made(tx: &mut Tx<'_>, stack: &Stack, operation: &StackOperation, goal: &StackDeployment) {
    let outputs = match outputs(tx, stack, operation, goal) {
        Ok(outputs) => outputs,
        Err(reason) => return fail(tx, stack, operation, Some(reason)),
    };
    let kept: Vec<&StackOutput> = outputs.iter().collect();
    if let Some(reason) = imported(tx, &stack.id, &kept) {
        return fail(tx, stack, operation, Some(reason));
    }
    tx.state.stacks.update(&stack.id, |stack| stack.outputs = outputs);
    let next = StackDeployment::key_of(&stack.id, Slot::Next);
    if let Some(next) =
        tx.state.stack_deployments.remove(&next).filter(|_| operation.kind != OperationKind::UpdateRollback)
    {
        tx.state.stack_deployments.put(StackDeployment { slot: Slot::Current, ..StackDeployment::clone(&next) });
    }
    if operation.kind != OperationKind::UpdateRollback {
        tx.state.stacks.update(&stack.id, |stack| stack.deployed_in = operation.number);
    }
    if operation.kind == OperationKind::Create {
        return end(tx, &stack.id, Status::CreateComplete, None);
    }
    // What was replaced, and what the template has no more.
    for resource in resources(tx, &stack.id) {
        let unwanted = resource.replaced_in.is_some() || !goal.resolved.resources.contains_key(&resource.logical_id);
        if unwanted {
            let status =
                if resource.status == Resource::DeleteFailed { Resource::UpdateComplete } else { resource.status };
            tx.state.stack_resources.put(StackResource { doomed: true, doing: None, status, ..resource });
        }
    }
    let status = match operation.kind {
        OperationKind::UpdateRollback => Status::UpdateRollbackCompleteCleanupInProgress,
        _ => Status::UpdateCompleteCleanupInProgress,
    };
    tx.state.stacks.update(&stack.id, |stack| {
        if let Some(operation) = &mut stack.operation {
            operation.phase = Phase::Cleanup;
        }
    });
    tx.note_stack(&stack.id, status, None);
}

/// What a stack's outputs come to now.
fn outputs(
    tx: &Tx<'_>,
    stack: &Stack,
    operation: &StackOperation,
    goal: &StackDeployment,
) -> Result<Vec<StackOutput>, String> {
    let view = tx.view();
    let live = Live { view: &view, stack: &stack.id, settled_in: operation.number };
    let all: BTreeMap<_, _> = exports(&tx.state.stacks).collect();
    let text = |value: &Value| -> Result<String, String> {
        match template::evaluate(value, &live as &dyn Lookup).map_err(|error| error.to_string())? {
            Value::String(text) => Ok(text),
            Value::Number(number) => Ok(number.to_string()),
            Value::Bool(bool) => Ok(bool.to_string()),
            _ => Err("Template format error: Every Value member must be a string.".to_owned()),
        }
    };
    let mut outputs = Vec::new();
    for (key, output) in &goal.resolved.outputs {
        let export = output.export.as_ref().map(text).transpose()?;
        if let Some((other, _)) =
            export.as_deref().and_then(|name| all.get(name)).filter(|(other, _)| other.id != stack.id)
        {
            let name = export.unwrap_or_default();
            return Err(format!("Export with name {name} is already exported by stack {}.", other.name));
        }
        outputs.push(StackOutput {
            key: key.clone(),
            value: text(&output.value)?,
            description: output.description.clone(),
            export,
        });
    }
    Ok(outputs)
}

/// Why a stack's outputs can't become these: others import one that would go or be another.
fn imported(tx: &Tx<'_>, id: &str, after: &[&StackOutput]) -> Option<String> {
    let stack = tx.state.stacks.get(id)?;
    for output in &stack.outputs {
        let Some(name) = &output.export else { continue };
        let same = after.iter().find(|after| after.export.as_ref() == Some(name));
        let users: Vec<String> =
            super::super::exports::importers(&tx.state, name).map(|stack| stack.name.clone()).collect();
        if users.is_empty() {
            continue;
        }
        match same {
            Some(same) if same.value == output.value => {}
            Some(_) => return Some(format!("Cannot update export {name} as it is in use by {}", users.join(", "))),
            None => return Some(format!("Export {name} cannot be deleted as it is in use by {}", users.join(", "))),
        }
    }
    None
}

/// Everything that was to be deleted is gone, but for what is left.
pub(super) fn removed(tx: &mut Tx<'_>, stack: &Stack, operation: &StackOperation, left: &[StackResource]) {
    let mut names: Vec<&str> = left
        .iter()
        .filter(|resource| resource.status == Resource::DeleteFailed)
        .map(|r| r.logical_id.as_str())
        .collect();
    names.dedup();
    let failed =
        (!names.is_empty()).then(|| format!("The following resource(s) failed to delete: [{}]. ", names.join(", ")));
    for resource in left {
        tx.state.stack_resources.put(StackResource { doomed: false, ..resource.clone() });
    }
    match (operation.kind, failed) {
        // What could not be deleted is left to itself: the update has succeeded.
        (OperationKind::Create | OperationKind::Update, _) => {
            abandon(tx, left);
            end(tx, &stack.id, Status::UpdateComplete, None);
        }
        (OperationKind::UpdateRollback, _) => {
            abandon(tx, left);
            end(tx, &stack.id, Status::UpdateRollbackComplete, None);
        }
        (OperationKind::Rollback, None) => end(tx, &stack.id, Status::RollbackComplete, None),
        (OperationKind::Rollback, failed) => end(tx, &stack.id, Status::RollbackFailed, failed),
        (OperationKind::Delete, None) => {
            let now = tx.now;
            tx.state.stacks.update(&stack.id, |stack| stack.deleted = Some(now));
            super::forget::in_time(tx, &stack.id);
            end(tx, &stack.id, Status::DeleteComplete, None);
            change_sets::forget(tx, &stack.id);
            drift::forget(tx, &stack.id);
        }
        (OperationKind::Delete, failed) => end(tx, &stack.id, Status::DeleteFailed, failed),
    }
}

fn abandon(tx: &mut Tx<'_>, left: &[StackResource]) {
    for resource in left {
        tx.state.stack_resources.remove(&resource.key());
    }
}

/// The operation is over.
fn end(tx: &mut Tx<'_>, id: &str, status: Status, reason: Option<String>) {
    tx.note_stack(id, status, reason);
    tx.state.stacks.update(id, |stack| stack.operation = None);
    change_sets::ended(tx, id, status);
}

/// A stack that can't be begun with: its operation fails as if a resource had.
pub(in crate::cloudformation) fn refuse(tx: &mut Tx<'_>, id: &str, fault: &Fault) {
    if let Some((stack, operation)) = super::under_way(tx, id) {
        fail(tx, &stack, &operation, Some(format!("{}. ", fault.message.trim_end_matches('.'))));
    }
}

/// An update is rolled back because its user says so.
pub(in crate::cloudformation) fn cancel(tx: &mut Tx<'_>, id: &str, token: Option<String>) {
    let Some((stack, operation)) = super::under_way(tx, id) else { return };
    let asked = Asked {
        token: token.or(operation.token),
        reason: Some("User Initiated".to_owned()),
        retain_except_on_create: operation.retain_except_on_create,
        ..Asked::default()
    };
    roll_back(tx, id, asked);
    give_up(tx, &stack);
}

/// An update turned out to change nothing.
pub(in crate::cloudformation) fn nothing_to_do(tx: &mut Tx<'_>, id: &str) {
    end(tx, id, Status::UpdateComplete, None);
}
