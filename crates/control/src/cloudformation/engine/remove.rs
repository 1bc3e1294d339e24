//! Deleting resources: each as soon as none that is still there needs it.

use super::{
    super::types::{self, Progress},
    Note, finish, refusal, resources,
};
use crate::{
    Tx,
    state::{Deed, Doing, OperationKind, Record, Stack, StackOperation, StackResource},
};
use aws::{api::cloudformation::ResourceStatus as Status, fault::Fault};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use template::Policy;

/// How often something is tried to be deleted that is refused for good.
const TRIES: u32 = 3;
/// For how long something is tried to be deleted that something else still uses, in milliseconds: it may go any moment.
const PATIENCE: i64 = 300_000;
/// How long after a refusal it is tried again, in milliseconds.
const PAUSE: i64 = 1_000;

/// Goes as far as it gets now, and says whether that was anywhere.
pub(super) fn advance(tx: &mut Tx<'_>, stack: &Stack, operation: &StackOperation) -> bool {
    let mut moved = false;
    for resource in resources(tx, &stack.id) {
        moved |= resource.doomed && resource.doing.is_some() && look(tx, operation, resource);
    }
    let left = doomed(tx, stack);
    let needed = needed(operation, &left);
    for resource in &left {
        let waits = resource.doing.is_some() || resource.status == Status::DeleteFailed || is_needed(&needed, resource);
        if !waits {
            begin(tx, stack, operation, resource.clone());
            moved = true;
        }
    }
    if moved {
        return true;
    }
    // What failed keeps what it needs; when nothing else moves, that is the end of it.
    let over = left.iter().all(|resource| {
        resource.doing.is_none() && (resource.status == Status::DeleteFailed || is_needed(&needed, resource))
    });
    if !over {
        return false;
    }
    match in_circle(&left) {
        Some(resource) => begin(tx, stack, operation, resource.clone()),
        None => finish::removed(tx, stack, operation, &left),
    }
    true
}

/// A resource that is needed only by what waits as it does: an operation that stopped halfway may leave resources of two templates, each with
/// what it needed in its own, and so a circle. One of them is begun with.
fn in_circle(left: &[StackResource]) -> Option<&StackResource> {
    let mut kept: BTreeSet<&str> = BTreeSet::new();
    let mut next: Vec<&StackResource> =
        left.iter().filter(|resource| resource.status == Status::DeleteFailed).collect();
    while let Some(resource) = next.pop() {
        for id in resource.dependencies.iter().filter(|id| kept.insert(id.as_str())) {
            next.extend(left.iter().filter(|other| other.logical_id == *id));
        }
    }
    let waits = |resource: &&StackResource| resource.status != Status::DeleteFailed;
    left.iter().filter(waits).find(|resource| !kept.contains(resource.logical_id.as_str()))
}

/// The resources that are to go.
fn doomed(tx: &Tx<'_>, stack: &Stack) -> Vec<StackResource> {
    resources(tx, &stack.id).into_iter().filter(|resource| resource.doomed).collect()
}

/// Who needs what of the resources that are to go. After an update each of them is tried, also when what needs it could not be deleted:
/// nobody will try again.
fn needed<'a>(operation: &StackOperation, left: &'a [StackResource]) -> BTreeMap<&'a str, BTreeSet<&'a str>> {
    let cleanup = matches!(operation.kind, OperationKind::Update | OperationKind::UpdateRollback);
    let mut needed: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for resource in left.iter().filter(|resource| !(cleanup && resource.status == Status::DeleteFailed)) {
        for id in &resource.dependencies {
            needed.entry(id).or_default().insert(&resource.logical_id);
        }
    }
    needed
}

/// Whether another resource that is to go needs this one.
fn is_needed(needed: &BTreeMap<&str, BTreeSet<&str>>, resource: &StackResource) -> bool {
    let by = needed.get(resource.logical_id.as_str());
    by.is_some_and(|by| by.iter().any(|other| *other != resource.logical_id))
}

fn begin(tx: &mut Tx<'_>, stack: &Stack, operation: &StackOperation, resource: StackResource) {
    if stays(stack, operation, &resource) {
        tx.note_resource(resource.clone(), Status::DeleteSkipped, None);
        return forget(tx, operation, resource, Status::DeleteSkipped);
    }
    let resource = StackResource { doing: Some(Doing { what: Deed::Delete, since: tx.now, tries: 0 }), ..resource };
    if resource.physical_id.is_none() || is_the_successor(tx, &resource) {
        // Nothing was made, or it goes on under the same name: nothing is said.
        return forget(tx, operation, resource, Status::DeleteComplete);
    }
    tx.note_resource(resource.clone(), Status::DeleteInProgress, None);
    attempt(tx, operation, resource);
}

/// Whether a resource that was replaced is the very thing that took its place: of some types there is one, which is only set anew.
fn is_the_successor(tx: &Tx<'_>, resource: &StackResource) -> bool {
    let live = tx.state.stack_resources.get(&StackResource::key_of(&resource.stack, &resource.logical_id));
    let same = |live: &StackResource| live.kind == resource.kind && live.physical_id == resource.physical_id;
    resource.replaced_in.is_some() && live.is_some_and(same)
}

/// Whether it is left as it is when it is no longer wanted ("DeletionPolicy attribute", "UpdateReplacePolicy attribute").
fn stays(stack: &Stack, operation: &StackOperation, resource: &StackResource) -> bool {
    let policy = if resource.replaced_in.is_some() { resource.update_replace_policy } else { resource.deletion_policy };
    // Made by what is rolled back.
    let back = !matches!(operation.kind, OperationKind::Create | OperationKind::Update);
    let fresh = back && resource.made_in > stack.deployed_in;
    if fresh && operation.retain_except_on_create {
        return operation.spared.contains(&resource.logical_id);
    }
    match policy {
        // A snapshot can't be taken of anything that stacks make here.
        Policy::Delete | Policy::Snapshot => operation.spared.contains(&resource.logical_id),
        Policy::Retain => resource.physical_id.is_some() && !(resource.replaced_in.is_some() && fresh),
        Policy::RetainExceptOnCreate => resource.physical_id.is_some() && !fresh,
    }
}

/// Asks the service to delete it.
fn attempt(tx: &mut Tx<'_>, operation: &StackOperation, resource: StackResource) {
    let (Some(found), Some(id)) = (types::find(&resource.kind), resource.physical_id.clone()) else {
        return forget(tx, operation, resource, Status::DeleteComplete);
    };
    match types::delete(found, tx, &id, &resource.applied.properties) {
        Ok(()) => tx.state.stack_resources.put(asked(resource)),
        Err(fault) => refused(tx, resource, &fault),
    }
}

/// Marks what its service has taken in hand: it was tried so often that nothing else can be.
fn asked(mut resource: StackResource) -> StackResource {
    resource.reason = None;
    if let Some(doing) = &mut resource.doing {
        doing.tries = u32::MAX;
    }
    resource
}

fn refused(tx: &mut Tx<'_>, mut resource: StackResource, fault: &Fault) {
    let reason = refusal::reason(tx, &resource.kind, fault);
    let Some(doing) = &mut resource.doing else { return };
    doing.tries += 1;
    let waits = refusal::is_passing(fault) && tx.now.millis - doing.since.millis < PATIENCE;
    if waits || doing.tries < TRIES {
        // Kept quietly: it is tried again when some time has gone by.
        resource.changed = tx.now;
        tx.state.stack_resources.put(resource);
        return;
    }
    tx.note_resource(StackResource { doing: None, ..resource }, Status::DeleteFailed, Some(reason));
}

/// Looks at one whose deletion was begun.
fn look(tx: &mut Tx<'_>, operation: &StackOperation, resource: StackResource) -> bool {
    let (Some(doing), Some(found), Some(id)) = (&resource.doing, types::find(&resource.kind), &resource.physical_id)
    else {
        forget(tx, operation, resource, Status::DeleteComplete);
        return true;
    };
    if doing.tries < u32::MAX {
        let waited = tx.now.millis - resource.changed.millis >= PAUSE;
        if waited {
            attempt(tx, operation, resource);
        }
        return waited;
    }
    match found.gone(&tx.view(), id, &resource.applied.properties) {
        Progress::Waiting if tx.now.millis - doing.since.millis < late(&resource.kind) => false,
        Progress::Done => {
            tx.note_resource(StackResource { doing: None, ..resource.clone() }, Status::DeleteComplete, None);
            forget(tx, operation, resource, Status::DeleteComplete);
            true
        }
        failed => {
            let fault = match failed {
                Progress::Failed(fault) => fault,
                _ => Fault::new("NotStabilized", "Exceeded attempts to wait"),
            };
            let reason = refusal::reason(tx, &resource.kind, &fault);
            tx.note_resource(StackResource { doing: None, ..resource }, Status::DeleteFailed, Some(reason));
            true
        }
    }
}

fn late(kind: &str) -> i64 {
    resourcetypes::schema(kind).map_or(7_200_000, |schema| i64::from(schema.timeout("delete")) * 60_000)
}

/// It is gone, or left to itself: a deleted stack still shows it, a living one does not.
fn forget(tx: &mut Tx<'_>, operation: &StackOperation, resource: StackResource, status: Status) {
    let shown =
        matches!(operation.kind, OperationKind::Delete | OperationKind::Rollback) && resource.replaced_in.is_none();
    if !shown {
        tx.state.stack_resources.remove(&resource.key());
        return;
    }
    let applied = crate::state::Applied { properties: Value::Null, ..resource.applied.clone() };
    tx.state.stack_resources.put(StackResource {
        status,
        changed: tx.now,
        reason: None,
        doing: None,
        doomed: false,
        applied,
        ..resource
    });
}
