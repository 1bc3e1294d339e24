//! What a stack's resources are: DescribeStackResource, DescribeStackResources, ListStackResources.

use super::{drift, find, pages::paged, validation};
use crate::{
    State, View,
    state::{Stack, StackResource as Resource},
};
use aws::{
    api::cloudformation::{
        DescribeStackResourceInput, DescribeStackResourceOutput, DescribeStackResourcesInput,
        DescribeStackResourcesOutput, ListStackResourcesInput, ListStackResourcesOutput, StackResource,
        StackResourceDetail, StackResourceDriftInformation, StackResourceDriftInformationSummary,
        StackResourceDriftStatus, StackResourceSummary,
    },
    doc::Timestamp,
    fault::Fault,
};

/// How many are told at a time by ListStackResources, and by DescribeStackResources in all ("DescribeStackResources", AWS CloudFormation API
/// Reference).
const PAGE: usize = 100;

/// The resources that a stack's template names.
pub(super) fn of<'s>(state: &'s State, stack: &Stack) -> Vec<&'s Resource> {
    let all = state.stack_resources.prefixed(&Resource::prefix(&stack.id)).collect::<Vec<_>>();
    all.into_iter().filter(|resource| resource.replaced_in.is_none()).collect()
}

/// What was found when a resource was last held against its template, and when that was.
fn drift_of(state: &State, resource: &Resource) -> (StackResourceDriftStatus, Option<Timestamp>) {
    drift::of(state, resource)
        .map_or((StackResourceDriftStatus::NotChecked, None), |found| (found.status, Some(found.checked)))
}

fn missing(logical_id: &str, stack: &str) -> Fault {
    validation(format!("Resource {logical_id} does not exist for stack {stack}"))
}

/// DescribeStackResource.
pub(super) fn one(view: &View<'_>, request: DescribeStackResourceInput) -> Result<DescribeStackResourceOutput, Fault> {
    let name = &request.stack_name;
    let stack = find::stack(view.state, name).ok_or_else(|| validation(format!("Stack '{name}' does not exist")))?;
    let key = Resource::key_of(&stack.id, &request.logical_resource_id);
    let found =
        view.state.stack_resources.get(&key).ok_or_else(|| missing(&request.logical_resource_id, &stack.name))?;
    let (status, checked) = drift_of(view.state, found);
    let drift =
        StackResourceDriftInformation { stack_resource_drift_status: Some(status), last_check_timestamp: checked };
    let detail = StackResourceDetail {
        stack_name: Some(stack.name.clone()),
        stack_id: Some(stack.id.clone()),
        logical_resource_id: Some(found.logical_id.clone()),
        physical_resource_id: found.physical_id.clone(),
        resource_type: Some(found.kind.clone()),
        last_updated_timestamp: Some(found.changed),
        resource_status: Some(found.status),
        resource_status_reason: found.reason.clone(),
        metadata: (!found.metadata.is_null()).then(|| found.metadata.to_string()),
        drift_information: Some(drift),
        ..StackResourceDetail::default()
    };
    Ok(DescribeStackResourceOutput { stack_resource_detail: Some(detail) })
}

/// DescribeStackResources: those of a stack, or of the stack that has made something.
pub(super) fn describe(
    view: &View<'_>,
    request: DescribeStackResourcesInput,
) -> Result<DescribeStackResourcesOutput, Fault> {
    let DescribeStackResourcesInput { stack_name, logical_resource_id, physical_resource_id } = request;
    let stack = match (&stack_name, &physical_resource_id) {
        (Some(name), None) => find::shown(view.state, name)?,
        (None, Some(id)) => {
            let mut all = view.state.stack_resources.iter();
            let found =
                all.find(|resource| resource.physical_id.as_ref() == Some(id) && resource.replaced_in.is_none());
            let found = found.and_then(|resource| view.state.stacks.get(&resource.stack));
            found.ok_or_else(|| validation(format!("Stack for {id} does not exist")))?
        }
        _ => return Err(validation("Either stackName or physicalResourceId must be specified")),
    };
    let wanted = |resource: &&Resource| logical_resource_id.as_ref().is_none_or(|id| *id == resource.logical_id);
    let found =
        of(view.state, stack).into_iter().filter(wanted).take(PAGE).map(|found| (found, drift_of(view.state, found)));
    let found = found.map(|(found, (status, checked))| StackResource {
        stack_name: Some(stack.name.clone()),
        stack_id: Some(stack.id.clone()),
        logical_resource_id: Some(found.logical_id.clone()),
        physical_resource_id: found.physical_id.clone(),
        resource_type: Some(found.kind.clone()),
        timestamp: Some(found.changed),
        resource_status: Some(found.status),
        resource_status_reason: found.reason.clone(),
        drift_information: Some(StackResourceDriftInformation {
            stack_resource_drift_status: Some(status),
            last_check_timestamp: checked,
        }),
        ..StackResource::default()
    });
    let found: Vec<StackResource> = found.collect();
    match logical_resource_id {
        Some(id) if found.is_empty() => Err(missing(&id, &stack.name)),
        _ => Ok(DescribeStackResourcesOutput { stack_resources: Some(found) }),
    }
}

/// ListStackResources.
pub(super) fn list(view: &View<'_>, request: ListStackResourcesInput) -> Result<ListStackResourcesOutput, Fault> {
    let stack = find::shown(view.state, &request.stack_name)?;
    let shown = of(view.state, stack).into_iter().map(|found| {
        let (status, checked) = drift_of(view.state, found);
        let summary = StackResourceSummary {
            logical_resource_id: Some(found.logical_id.clone()),
            physical_resource_id: found.physical_id.clone(),
            resource_type: Some(found.kind.clone()),
            last_updated_timestamp: Some(found.changed),
            resource_status: Some(found.status),
            resource_status_reason: found.reason.clone(),
            drift_information: Some(StackResourceDriftInformationSummary {
                stack_resource_drift_status: Some(status),
                last_check_timestamp: checked,
            }),
            ..StackResourceSummary::default()
        };
        (found.logical_id.clone(), summary)
    });
    let (summaries, next_token) = paged(shown, PAGE, request.next_token.as_deref())?;
    Ok(ListStackResourcesOutput { stack_resource_summaries: Some(summaries), next_token })
}
