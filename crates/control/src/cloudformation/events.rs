//! DescribeStackEvents.

use super::{find, pages::paged};
use crate::{
    View,
    state::{Record, StackEvent as Event},
};
use aws::{
    api::cloudformation::{DescribeStackEventsInput, DescribeStackEventsOutput, StackEvent},
    fault::Fault,
    page::descending,
};

/// How many are told at a time: as much as AWS's pages have.
const PAGE: usize = 100;

/// What happened to a stack, the latest first.
pub(super) fn describe(view: &View<'_>, request: DescribeStackEventsInput) -> Result<DescribeStackEventsOutput, Fault> {
    let name = &request.stack_name;
    let stack =
        find::stack(view.state, name).ok_or_else(|| super::validation(format!("Stack [{name}] does not exist")))?;
    let prefix = Event::prefix(&stack.id);
    let events = view.state.stack_events.prefixed(&prefix);
    let shown = events.map(|event| (descending(&event.key()), written(event, &stack.name)));
    let (events, next_token) = paged(shown, PAGE, request.next_token.as_deref())?;
    Ok(DescribeStackEventsOutput { stack_events: Some(events), next_token })
}

fn written(event: &Event, stack_name: &str) -> StackEvent {
    StackEvent {
        stack_id: Some(event.stack.clone()),
        event_id: Some(event.id.clone()),
        stack_name: Some(stack_name.to_owned()),
        logical_resource_id: Some(event.logical_id.clone()),
        physical_resource_id: Some(event.physical_id.clone().unwrap_or_default()),
        resource_type: Some(event.kind.clone()),
        timestamp: Some(event.at),
        resource_status: Some(event.status),
        resource_status_reason: event.reason.clone(),
        resource_properties: event.properties.clone(),
        client_request_token: event.token.clone(),
        ..StackEvent::default()
    }
}
