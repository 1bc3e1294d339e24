//! DescribeStacks, ListStacks.

use super::super::{find, pages::paged, templates};
use crate::{
    View,
    state::{Stack as Record, StackDeployment, StackParameter},
};
use aws::{
    api::cloudformation::{
        DescribeStacksInput, DescribeStacksOutput, ListStacksInput, ListStacksOutput, OnFailure, Output, Parameter,
        RollbackConfiguration, Stack, StackDriftInformation, StackDriftInformationSummary, StackDriftStatus,
        StackSummary, Tag,
    },
    fault::Fault,
    page::descending,
};

/// How many are told at a time.
const PAGE: usize = 100;
/// What stands for a value that is shown to nobody.
const HIDDEN: &str = "****";

/// DescribeStacks: one stack, deleted ones by their ARNs only, or all that are not deleted.
pub(in super::super) fn describe(view: &View<'_>, request: DescribeStacksInput) -> Result<DescribeStacksOutput, Fault> {
    if let Some(name) = &request.stack_name {
        let stack = find::shown(view.state, name)?;
        return Ok(DescribeStacksOutput { stacks: Some(vec![written(view, stack)]), next_token: None });
    }
    let live = view.state.stacks.iter().filter(|stack| stack.deleted.is_none());
    let stacks = live.map(|stack| (order(stack), stack));
    let (page, next_token) = paged(stacks, PAGE, request.next_token.as_deref())?;
    let stacks = page.into_iter().map(|stack| written(view, stack)).collect();
    Ok(DescribeStacksOutput { stacks: Some(stacks), next_token })
}

/// The latest first.
fn order(stack: &Record) -> String {
    descending(&format!("{:020}{}", stack.created.millis, stack.id))
}

/// ListStacks.
pub(in super::super) fn list(view: &View<'_>, request: ListStacksInput) -> Result<ListStacksOutput, Fault> {
    let filter = request.stack_status_filter.unwrap_or_default();
    let wanted = view.state.stacks.iter().filter(|stack| filter.is_empty() || filter.contains(&stack.status));
    let summaries = wanted.map(|stack| {
        let summary = StackSummary {
            stack_id: Some(stack.id.clone()),
            stack_name: Some(stack.name.clone()),
            template_description: templates::deployment(view.state, &stack.id)
                .and_then(|found| found.description.clone()),
            creation_time: Some(stack.created),
            last_updated_time: stack.updated,
            deletion_time: stack.deleted,
            stack_status: Some(stack.status),
            stack_status_reason: stack.reason.clone(),
            parent_id: stack.parent.as_ref().map(|parent| parent.id.clone()),
            root_id: stack.parent.as_ref().map(|parent| parent.root.clone()),
            drift_information: Some(StackDriftInformationSummary {
                stack_drift_status: Some(drift_status(stack)),
                last_check_timestamp: stack.drift.map(|drift| drift.checked),
            }),
            ..StackSummary::default()
        };
        (order(stack), summary)
    });
    let (summaries, next_token) = paged(summaries, PAGE, request.next_token.as_deref())?;
    Ok(ListStacksOutput { stack_summaries: Some(summaries), next_token })
}

fn drift_status(stack: &Record) -> StackDriftStatus {
    stack.drift.map_or(StackDriftStatus::NotChecked, |drift| drift.status)
}

fn written(view: &View<'_>, stack: &Record) -> Stack {
    let deployed = templates::deployment(view.state, &stack.id);
    let outputs = stack.outputs.iter().map(|output| Output {
        output_key: Some(output.key.clone()),
        output_value: Some(output.value.clone()),
        description: output.description.clone(),
        export_name: output.export.clone(),
    });
    Stack {
        stack_id: Some(stack.id.clone()),
        stack_name: Some(stack.name.clone()),
        change_set_id: stack.change_set.clone(),
        description: deployed.and_then(|found| found.description.clone()),
        parameters: deployed.map(|found| parameters(&found.parameters)).filter(|list| !list.is_empty()),
        creation_time: Some(stack.created),
        deletion_time: stack.deleted,
        last_updated_time: stack.updated,
        rollback_configuration: Some(RollbackConfiguration::default()),
        stack_status: Some(stack.status),
        stack_status_reason: stack.reason.clone(),
        disable_rollback: Some(stack.on_failure == OnFailure::DoNothing),
        notification_ar_ns: Some(deployed.map(|found| found.notification_arns.clone()).unwrap_or_default()),
        timeout_in_minutes: stack.timeout_in_minutes,
        capabilities: deployed.map(|found| found.capabilities.clone()).filter(|list| !list.is_empty()),
        outputs: Some(outputs.collect::<Vec<_>>()).filter(|list| !list.is_empty()),
        role_arn: deployed.and_then(|found| found.role_arn.clone()),
        tags: Some(deployed.map(tags).unwrap_or_default()),
        enable_termination_protection: Some(stack.termination_protection),
        parent_id: stack.parent.as_ref().map(|parent| parent.id.clone()),
        root_id: stack.parent.as_ref().map(|parent| parent.root.clone()),
        drift_information: Some(StackDriftInformation {
            stack_drift_status: Some(drift_status(stack)),
            last_check_timestamp: stack.drift.map(|drift| drift.checked),
        }),
        ..Stack::default()
    }
}

/// Parameters as they are shown.
pub(in super::super) fn parameters(parameters: &[StackParameter]) -> Vec<Parameter> {
    let shown =
        |parameter: &StackParameter, value: &String| if parameter.no_echo { HIDDEN.to_owned() } else { value.clone() };
    let written = parameters.iter().map(|parameter| Parameter {
        parameter_key: Some(parameter.key.clone()),
        parameter_value: Some(shown(parameter, &parameter.value)),
        resolved_value: parameter.resolved.as_ref().map(|value| shown(parameter, value)),
        use_previous_value: None,
    });
    written.collect()
}

/// A deployment's tags as they are shown.
pub(in super::super) fn tags(deployment: &StackDeployment) -> Vec<Tag> {
    deployment.tags.iter().map(|(key, value)| Tag { key: Some(key.clone()), value: Some(value.clone()) }).collect()
}
