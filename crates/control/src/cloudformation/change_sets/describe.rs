//! DescribeChangeSet, ListChangeSets.

use super::{
    super::{find, pages::paged, stacks, validation},
    found, is_executed, of,
};
use crate::{View, state::ChangeSet};
use aws::{
    api::cloudformation::{
        Change, ChangeSetSummary, DescribeChangeSetInput, DescribeChangeSetOutput, ListChangeSetsInput,
        ListChangeSetsOutput, ResourceChange, ResourceChangeDetail, ResourceTargetDefinition, RollbackConfiguration,
    },
    fault::Fault,
};

/// How many changes, or change sets, are told at a time.
const PAGE: usize = 100;

/// DescribeChangeSet.
pub(in super::super) fn describe(
    view: &View<'_>,
    request: DescribeChangeSetInput,
) -> Result<DescribeChangeSetOutput, Fault> {
    let set = found(view.state, &request.change_set_name, request.stack_name.as_deref())?;
    let stack = find::shown(view.state, &set.stack)?;
    let with_values = request.include_property_values == Some(true);
    let changes = set.changes.iter().enumerate().map(|(index, change)| {
        (format!("{index:06}"), if with_values { change.clone() } else { without_values(change.clone()) })
    });
    let (changes, next_token) = paged(changes, PAGE, request.next_token.as_deref())?;
    let deployment = &set.deployment;
    let parameters = stacks::parameters(&deployment.parameters);
    Ok(DescribeChangeSetOutput {
        change_set_name: Some(set.name.clone()),
        change_set_id: Some(set.id.clone()),
        stack_id: Some(stack.id.clone()),
        stack_name: Some(stack.name.clone()),
        description: set.description.clone(),
        parameters: Some(parameters).filter(|list| !list.is_empty()),
        creation_time: Some(set.created),
        execution_status: Some(set.execution),
        status: Some(set.status),
        status_reason: set.reason.clone(),
        notification_ar_ns: Some(deployment.notification_arns.clone()),
        rollback_configuration: Some(RollbackConfiguration::default()),
        capabilities: Some(deployment.capabilities.clone()),
        tags: Some(stacks::tags(deployment)),
        changes: Some(changes),
        next_token,
        include_nested_stacks: Some(false),
        on_stack_failure: set.on_stack_failure,
        import_existing_resources: Some(false),
        ..DescribeChangeSetOutput::default()
    })
}

/// A change as it is told unless its values are asked for: without them, and so without the paths that lead to them.
fn without_values(change: Change) -> Change {
    let resource_change = change.resource_change.map(|change| ResourceChange {
        before_context: None,
        after_context: None,
        details: change.details.map(|details| {
            let mut kept: Vec<ResourceChangeDetail> = Vec::new();
            for detail in details {
                let target = detail.target.map(|target| ResourceTargetDefinition {
                    attribute: target.attribute,
                    name: target.name,
                    requires_recreation: target.requires_recreation,
                    ..ResourceTargetDefinition::default()
                });
                let detail = ResourceChangeDetail { target, ..detail };
                if !kept.contains(&detail) {
                    kept.push(detail);
                }
            }
            kept
        }),
        ..change
    });
    Change { resource_change, ..change }
}

/// ListChangeSets: those of a stack that were not executed.
pub(in super::super) fn list(view: &View<'_>, request: ListChangeSetsInput) -> Result<ListChangeSetsOutput, Fault> {
    let name = &request.stack_name;
    let stack = find::stack(view.state, name).ok_or_else(|| validation(format!("Stack [{name}] does not exist")))?;
    let sets = of(view.state, &stack.id).filter(|set| !is_executed(set));
    let summaries = sets.map(|set| (set.name.clone(), summary(set, &stack.name)));
    let mut summaries: Vec<(String, ChangeSetSummary)> = summaries.collect();
    summaries.sort_by(|(one, _), (other, _)| one.cmp(other));
    let (summaries, next_token) = paged(summaries, PAGE, request.next_token.as_deref())?;
    Ok(ListChangeSetsOutput { summaries: Some(summaries), next_token })
}

fn summary(set: &ChangeSet, stack_name: &str) -> ChangeSetSummary {
    ChangeSetSummary {
        stack_id: Some(set.stack.clone()),
        stack_name: Some(stack_name.to_owned()),
        change_set_id: Some(set.id.clone()),
        change_set_name: Some(set.name.clone()),
        execution_status: Some(set.execution),
        status: Some(set.status),
        status_reason: set.reason.clone(),
        creation_time: Some(set.created),
        description: set.description.clone(),
        include_nested_stacks: Some(false),
        import_existing_resources: Some(false),
        ..ChangeSetSummary::default()
    }
}
