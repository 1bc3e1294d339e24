//! DeregisterTaskDefinition and DeleteTaskDefinitions: active, then inactive, then being deleted, then gone.

use super::{client, lookup, parse};
use crate::{
    Tx,
    ecs::services,
    state::{Record, Task, TaskDefinition, TaskDefinitionDeletion},
};
use aws::{
    api::ecs::{
        DeleteTaskDefinitionsRequest, DeleteTaskDefinitionsResponse, DeregisterTaskDefinitionRequest,
        DeregisterTaskDefinitionResponse, Failure, TaskDefinitionStatus,
    },
    fault::Fault,
};

/// Makes a revision inactive: no task can be started from it any more, and its number is never given again.
pub(crate) fn deregister(
    tx: &mut Tx<'_>,
    input: DeregisterTaskDefinitionRequest,
) -> Result<DeregisterTaskDefinitionResponse, Fault> {
    let DeregisterTaskDefinitionRequest { task_definition } = input;
    let key = key(tx, &task_definition)?.ok_or_else(|| client("Unable to deregister task definition."))?;
    if tx.state.task_definition_deletions.contains(&key) {
        return Err(client(
            "The task definition could not be deregistered because it is in the process of being deleted.",
        ));
    }
    let now = tx.now;
    tx.state.task_definitions.update(&key, |found| {
        if found.status() == TaskDefinitionStatus::Active {
            found.definition.status = Some(TaskDefinitionStatus::Inactive);
            found.definition.deregistered_at = Some(now);
        }
    });
    let task_definition = tx.state.task_definitions.get(&key).map(|found| found.definition.clone());
    Ok(DeregisterTaskDefinitionResponse { task_definition })
}

/// Task definitions in one call ("DeleteTaskDefinitions", Amazon ECS API Reference).
const MOST: usize = 10;

/// Marks inactive revisions to be deleted.
pub(crate) fn delete(
    tx: &mut Tx<'_>,
    input: DeleteTaskDefinitionsRequest,
) -> Result<DeleteTaskDefinitionsResponse, Fault> {
    let DeleteTaskDefinitionsRequest { task_definitions } = input;
    if task_definitions.is_empty() || task_definitions.len() > MOST {
        let message = format!("Task definitions list must have between 1 and {MOST} items.");
        return Err(Fault::new("InvalidParameterException", message));
    }
    let (mut deleted, mut failures) = (Vec::new(), Vec::new());
    for reference in task_definitions {
        match delete_one(tx, &reference) {
            Ok(key) => deleted.extend(tx.state.task_definitions.get(&key).map(|found| found.definition.clone())),
            Err(reason) => failures.push(Failure { arn: Some(reference), reason: Some(reason), detail: None }),
        }
    }
    Ok(DeleteTaskDefinitionsResponse { task_definitions: Some(deleted), failures: Some(failures) })
}

const INVALID: &str = "The specified task definition identifier is invalid. Specify a valid name or ARN and try again.";
const MISSING: &str =
    "The specified task definition does not exist. Specify a valid account, family, revision and try again.";
const STILL_ACTIVE: &str =
    "The specified task definition is still in ACTIVE status. Please deregister the target and try again.";

/// The key of a revision that is being deleted now, or why it can't be.
fn delete_one(tx: &mut Tx<'_>, reference: &str) -> Result<String, String> {
    let key = key(tx, reference).map_err(|_| INVALID.to_owned())?.ok_or_else(|| MISSING.to_owned())?;
    let mut found = tx.state.task_definitions.get(&key).cloned().ok_or_else(|| MISSING.to_owned())?;
    match found.status() {
        TaskDefinitionStatus::Active => Err(STILL_ACTIVE.to_owned()),
        TaskDefinitionStatus::DeleteInProgress => Ok(key),
        TaskDefinitionStatus::Inactive => {
            let TaskDefinition { family, revision, arn, .. } = found.clone();
            found.definition.status = Some(TaskDefinitionStatus::DeleteInProgress);
            found.definition.delete_requested_at = Some(tx.now);
            tx.state.task_definition_deletions.put(TaskDefinitionDeletion {
                family,
                revision,
                arn,
                requested_at: tx.now,
            });
            tx.state.task_definitions.put(found);
            Ok(key)
        }
    }
}

/// The key of a revision that is named with its number. A family alone is not enough here.
fn key(tx: &Tx<'_>, reference: &str) -> Result<Option<String>, Fault> {
    let (family, revision) = parse(&tx.state, reference)?;
    if revision.is_none() {
        return Err(client(format!("Task definition must be specified with a revision: {family}:revision")));
    }
    let found = lookup(&tx.state, reference)?;
    Ok(found.map(Record::key))
}

/// How long a deleted revision can still be described at least, in milliseconds.
const KEPT: i64 = 3_600_000;

/// A controller: forgets revisions that were deleted an hour ago or more and of which no task is left.
pub(crate) fn forget_deleted(tx: &mut Tx<'_>) {
    let due = |deletion: &&TaskDefinitionDeletion| tx.now.millis - deletion.requested_at.millis >= KEPT;
    let used = |deletion: &TaskDefinitionDeletion| {
        let of_it = |task: &Task| task.launch.task_definition == deletion.arn;
        services::deploy(&tx.state, &deletion.arn)
            || tx.state.tasks.iter().any(of_it)
            || tx.state.stopped_tasks.iter().any(|stopped| of_it(&stopped.0))
    };
    let deletions = tx.state.task_definition_deletions.iter();
    let gone: Vec<String> = deletions.filter(due).filter(|deletion| !used(deletion)).map(Record::key).collect();
    for key in gone {
        tx.state.task_definition_deletions.remove(&key);
        tx.state.task_definitions.remove(&key);
    }
}
