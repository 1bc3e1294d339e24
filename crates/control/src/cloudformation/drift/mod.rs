//! Drift: how far what stacks have made is from what their templates say ("Detect unmanaged configuration changes to stacks and resources with
//! drift detection", AWS CloudFormation User Guide).
//!
//! Only properties that a template sets are looked at, and of those only what the service tells and what is no secret. A detection is done
//! when it is answered. Nested stacks are stacks of their own: their drift is not their parents'.

mod compare;

use super::{
    engine::{self, STACK},
    find,
    pages::paged,
    resources, types, validation,
};
use crate::{
    State, Tx, View,
    state::{DriftDetection, Record, ResourceDrift, Stack, StackDrift, StackResource},
};
use aws::{
    api::cloudformation::{
        DescribeStackDriftDetectionStatusInput, DescribeStackDriftDetectionStatusOutput,
        DescribeStackResourceDriftsInput, DescribeStackResourceDriftsOutput, DetectStackDriftInput,
        DetectStackDriftOutput, DetectStackResourceDriftInput, DetectStackResourceDriftOutput, ResourceStatus,
        StackDriftDetectionStatus as Detection, StackDriftStatus, StackResourceDrift,
        StackResourceDriftStatus as Status, StackStatus,
    },
    fault::Fault,
};
use std::collections::BTreeSet;

/// How many resources are told at a time.
const PAGE: usize = 100;
/// How many detections are remembered of a stack.
const KEPT: usize = 10;

/// DetectStackDrift: looks at all resources of a stack, or at some.
pub(super) fn detect(tx: &mut Tx<'_>, request: DetectStackDriftInput) -> Result<DetectStackDriftOutput, Fault> {
    let stack = checkable(&tx.state, &request.stack_name)?.clone();
    let all = checked_resources(&tx.state, &stack);
    let named: BTreeSet<String> = request.logical_resource_ids.clone().unwrap_or_default().into_iter().collect();
    if let Some(name) = named.iter().find(|name| !all.iter().any(|resource| resource.logical_id == **name)) {
        return Err(missing(name, &stack));
    }
    let wanted = all.into_iter().filter(|resource| named.is_empty() || named.contains(&resource.logical_id));
    let found: Vec<ResourceDrift> = wanted.map(|resource| look(&tx.view(), &resource)).collect();
    let names = |statuses: &[Status]| -> Vec<&str> {
        found.iter().filter(|one| statuses.contains(&one.status)).map(|one| one.logical_id.as_str()).collect()
    };
    let (drifted, unknown) = (names(&[Status::Modified, Status::Deleted]), names(&[Status::Unknown]));
    let status = match (drifted.is_empty(), unknown.is_empty()) {
        (false, _) => StackDriftStatus::Drifted,
        (true, false) => StackDriftStatus::Unknown,
        (true, true) => StackDriftStatus::InSync,
    };
    let reason =
        (!unknown.is_empty()).then(|| format!("Failed to detect drift on resource(s) [{}]", unknown.join(", ")));
    let drift = StackDrift { status, checked: tx.now };
    let detection = DriftDetection {
        id: tx.uuid(),
        stack: stack.id.clone(),
        status: if reason.is_some() { Detection::DetectionFailed } else { Detection::DetectionComplete },
        reason,
        drift,
        drifted: i32::try_from(drifted.len()).unwrap_or(i32::MAX),
    };
    let id = detection.id.clone();
    keep(tx, detection);
    found.into_iter().for_each(|found| tx.state.resource_drifts.put(found));
    tx.state.stacks.update(&stack.id, |stack| stack.drift = Some(drift));
    Ok(DetectStackDriftOutput { stack_drift_detection_id: Some(id) })
}

/// Remembers a detection, and forgets the oldest of too many.
fn keep(tx: &mut Tx<'_>, detection: DriftDetection) {
    let of_stack = tx.state.drift_detections.iter().filter(|other| other.stack == detection.stack);
    let mut old: Vec<_> = of_stack.map(|other| (other.drift.checked.millis, other.key())).collect();
    old.sort();
    let too_many = (old.len() + 1).saturating_sub(KEPT);
    old.into_iter().take(too_many).for_each(|(_, key)| drop(tx.state.drift_detections.remove(&key)));
    tx.state.drift_detections.put(detection);
}

/// DetectStackResourceDrift: looks at one resource.
pub(super) fn detect_one(
    tx: &mut Tx<'_>,
    request: DetectStackResourceDriftInput,
) -> Result<DetectStackResourceDriftOutput, Fault> {
    let DetectStackResourceDriftInput { stack_name, logical_resource_id } = request;
    let stack = checkable(&tx.state, &stack_name)?.clone();
    let mut all = checked_resources(&tx.state, &stack).into_iter();
    let resource = all.find(|resource| resource.logical_id == logical_resource_id);
    let found = look(&tx.view(), &resource.ok_or_else(|| missing(&logical_resource_id, &stack))?);
    tx.state.resource_drifts.put(found.clone());
    Ok(DetectStackResourceDriftOutput { stack_resource_drift: Some(written(found)) })
}

/// DescribeStackDriftDetectionStatus.
pub(super) fn status(
    view: &View<'_>,
    request: DescribeStackDriftDetectionStatusInput,
) -> Result<DescribeStackDriftDetectionStatusOutput, Fault> {
    let id = &request.stack_drift_detection_id;
    let missing = || validation(format!("Stack drift detection with id [{id}] does not exist"));
    let found = view.state.drift_detections.get(id).ok_or_else(missing)?;
    Ok(DescribeStackDriftDetectionStatusOutput {
        stack_id: Some(found.stack.clone()),
        stack_drift_detection_id: Some(found.id.clone()),
        stack_drift_status: Some(found.drift.status),
        detection_status: Some(found.status),
        detection_status_reason: found.reason.clone(),
        drifted_stack_resource_count: Some(found.drifted),
        timestamp: Some(found.drift.checked),
    })
}

/// DescribeStackResourceDrifts: what was found of those that were looked at.
pub(super) fn describe(
    view: &View<'_>,
    request: DescribeStackResourceDriftsInput,
) -> Result<DescribeStackResourceDriftsOutput, Fault> {
    let stack = find::changed(view.state, &request.stack_name)?;
    let filter = request.stack_resource_drift_status_filters.unwrap_or_default();
    let found = resources::of(view.state, stack).into_iter().filter_map(|resource| of(view.state, resource));
    let wanted = found.filter(|found| filter.is_empty() || filter.contains(&found.status));
    let shown = wanted.map(|found| (found.logical_id.clone(), written(found.clone())));
    let size = request.max_results.and_then(|most| usize::try_from(most).ok()).unwrap_or(PAGE);
    let (drifts, next_token) = paged(shown, size, request.next_token.as_deref())?;
    Ok(DescribeStackResourceDriftsOutput { stack_resource_drifts: Some(drifts), next_token })
}

/// What was found of a resource: nothing of one that took the place of what was looked at.
pub(super) fn of<'s>(state: &'s State, resource: &StackResource) -> Option<&'s ResourceDrift> {
    let found = state.resource_drifts.get(&ResourceDrift::key_of(&resource.stack, &resource.logical_id));
    found.filter(|found| Some(&found.physical_id) == resource.physical_id.as_ref())
}

/// Forgets what was found of a stack that is deleted.
pub(super) fn forget(tx: &mut Tx<'_>, stack: &str) {
    let prefix = ResourceDrift::key_of(stack, "");
    let drifts: Vec<String> = tx.state.resource_drifts.prefixed(&prefix).map(Record::key).collect();
    drifts.iter().for_each(|key| drop(tx.state.resource_drifts.remove(key)));
    let of_stack = tx.state.drift_detections.iter().filter(|detection| detection.stack == stack);
    let detections: Vec<String> = of_stack.map(Record::key).collect();
    detections.iter().for_each(|key| drop(tx.state.drift_detections.remove(key)));
}

/// A stack whose drift can be looked at: nothing is being done to it, and nothing went wrong at last ("DetectStackDrift").
fn checkable<'s>(state: &'s State, name: &str) -> Result<&'s Stack, Fault> {
    let stack = find::changed(state, name)?;
    match stack.status {
        StackStatus::CreateComplete
        | StackStatus::UpdateComplete
        | StackStatus::UpdateRollbackComplete
        | StackStatus::UpdateRollbackFailed => Ok(stack),
        status => Err(validation(format!(
            "Drift detection cannot be performed on stack [{}] while it is in [{status}] state",
            stack.id
        ))),
    }
}

fn checked_resources(state: &State, stack: &Stack) -> Vec<StackResource> {
    let there = |resource: &&StackResource| {
        let gone = matches!(resource.status, ResourceStatus::DeleteComplete | ResourceStatus::DeleteSkipped);
        resource.physical_id.is_some() && !gone && resource.kind != STACK
    };
    resources::of(state, stack).into_iter().filter(there).cloned().collect()
}

fn missing(logical_id: &str, stack: &Stack) -> Fault {
    validation(format!("Resource {logical_id} does not exist for stack {}", stack.name))
}

/// Holds a resource against what it was made of.
fn look(view: &View<'_>, resource: &StackResource) -> ResourceDrift {
    let id = resource.physical_id.clone().unwrap_or_default();
    let drift = ResourceDrift {
        stack: resource.stack.clone(),
        logical_id: resource.logical_id.clone(),
        physical_id: id.clone(),
        kind: resource.kind.clone(),
        status: Status::Unknown,
        reason: None,
        checked: view.now,
        expected: None,
        actual: None,
        differences: Vec::new(),
    };
    let (Some(found), Some(schema)) = (types::find(&resource.kind), resourcetypes::schema(&resource.kind)) else {
        return ResourceDrift { status: Status::Unsupported, ..drift };
    };
    let deployment = super::templates::deployment(view.state, &resource.stack);
    let secrets = deployment.map(engine::secrets).unwrap_or_default();
    let shown = |value: &serde_json::Value| engine::masked(value, &secrets);
    let expected = compare::expected(schema, &resource.applied.properties);
    let live = match found.read(view, &id, &resource.applied.properties) {
        Ok(live) => live,
        Err(fault) if types::is_missing(&fault) => None,
        Err(fault) => return ResourceDrift { reason: Some(fault.message), ..drift },
    };
    let drift = ResourceDrift { expected: Some(shown(&expected).to_string()), ..drift };
    let Some(live) = live else { return ResourceDrift { status: Status::Deleted, ..drift } };
    let actual = compare::actual(schema, &expected, &live, &resource.applied.tags);
    let differences = compare::told(&expected, &actual);
    let status = if differences.is_empty() { Status::InSync } else { Status::Modified };
    // What differs in a secret alone is told without what it was and is.
    let differences = if secrets.is_empty() { differences } else { compare::told(&shown(&expected), &shown(&actual)) };
    ResourceDrift { status, actual: Some(shown(&actual).to_string()), differences, ..drift }
}

fn written(found: ResourceDrift) -> StackResourceDrift {
    StackResourceDrift {
        stack_id: Some(found.stack),
        logical_resource_id: Some(found.logical_id),
        physical_resource_id: Some(found.physical_id),
        resource_type: Some(found.kind),
        expected_properties: found.expected,
        actual_properties: found.actual,
        property_differences: Some(found.differences),
        stack_resource_drift_status: Some(found.status),
        timestamp: Some(found.checked),
        drift_status_reason: found.reason,
        ..StackResourceDrift::default()
    }
}
