//! Events: what is said of each step.

use crate::{
    Tx,
    state::{Record, Slot, Stack, StackDeployment, StackEvent, StackResource},
};
use aws::api::cloudformation::{ResourceStatus, StackStatus};
use serde_json::Value;

/// The type that a stack has among its own events.
pub(in crate::cloudformation) const STACK: &str = "AWS::CloudFormation::Stack";
/// The most events kept of a stack; older ones are forgotten.
const KEPT: u64 = 20_000;

/// Notes what becomes of a stack or a resource, in its record and as an event.
pub(in crate::cloudformation) trait Note {
    /// A resource has come to a status.
    fn note_resource(&mut self, resource: StackResource, status: ResourceStatus, reason: Option<String>);
    /// A stack has come to a status.
    fn note_stack(&mut self, id: &str, status: StackStatus, reason: Option<String>);
}

impl Note for Tx<'_> {
    fn note_resource(&mut self, mut resource: StackResource, status: ResourceStatus, reason: Option<String>) {
        resource.status = status;
        resource.reason.clone_from(&reason);
        resource.changed = self.now;
        let event = StackEvent {
            stack: resource.stack.clone(),
            number: 0,
            id: format!("{}-{status}-{}", resource.logical_id, self.uuid()),
            logical_id: resource.logical_id.clone(),
            physical_id: resource.physical_id.clone(),
            kind: resource.kind.clone(),
            at: self.now,
            status,
            reason,
            // Of what goes its last event said it, when its deployment's secrets were known.
            properties: (!resource.doomed && resource.replaced_in.is_none()).then(|| hidden(self, &resource)),
            token: None,
        };
        self.state.stack_resources.put(resource);
        keep(self, event);
    }

    fn note_stack(&mut self, id: &str, status: StackStatus, reason: Option<String>) {
        let Some(stack) = self.state.stacks.get(id).cloned() else { return };
        let event = StackEvent {
            stack: stack.id.clone(),
            number: 0,
            id: self.uuid(),
            logical_id: stack.name.clone(),
            physical_id: Some(stack.id.clone()),
            kind: STACK.to_owned(),
            at: self.now,
            status: ResourceStatus::parse(status.as_str()).unwrap_or(ResourceStatus::ReviewInProgress),
            reason: reason.clone(),
            properties: None,
            token: None,
        };
        self.state.stacks.put(Stack { status, reason, ..stack });
        keep(self, event);
    }
}

/// A resource's properties as JSON, in which no value shows that is shown to nobody ("NoEcho").
fn hidden(tx: &Tx<'_>, resource: &StackResource) -> String {
    let slots = [Slot::Next, Slot::Current].map(|slot| StackDeployment::key_of(&resource.stack, slot));
    let deployments = slots.iter().filter_map(|key| tx.state.stack_deployments.get(key));
    let secrets: Vec<&str> = deployments.flat_map(secrets).collect();
    if secrets.is_empty() {
        return resource.applied.properties.to_string();
    }
    masked(&resource.applied.properties, &secrets).to_string()
}

/// The values of a deployment that are shown to nobody; of lists, each item's too.
pub(in crate::cloudformation) fn secrets(deployment: &StackDeployment) -> Vec<&str> {
    let hidden = deployment.parameters.iter().filter(|parameter| parameter.no_echo);
    let values = hidden.flat_map(|parameter| std::iter::once(&parameter.value).chain(&parameter.resolved));
    let parts = values.flat_map(|value| std::iter::once(value.as_str()).chain(value.split(',').map(str::trim)));
    parts.filter(|part| !part.is_empty()).collect()
}

/// A value with what is shown to nobody left out of its texts.
pub(in crate::cloudformation) fn masked(value: &Value, secrets: &[&str]) -> Value {
    match value {
        Value::String(text) => secrets.iter().fold(text.clone(), |text, secret| text.replace(secret, "****")).into(),
        Value::Array(items) => items.iter().map(|item| masked(item, secrets)).collect(),
        Value::Object(members) => {
            Value::Object(members.iter().map(|(name, value)| (name.clone(), masked(value, secrets))).collect())
        }
        Value::Number(number) if secrets.contains(&number.to_string().as_str()) => Value::from("****"),
        other => other.clone(),
    }
}

/// Keeps an event as its stack's next one, and forgets the oldest of too many.
fn keep(tx: &mut Tx<'_>, event: StackEvent) {
    let (mut number, mut token) = (0, None);
    tx.state.stacks.update(&event.stack, |stack| {
        stack.events += 1;
        number = stack.events;
        token = stack.operation.as_ref().and_then(|operation| operation.token.clone());
    });
    let event = StackEvent { number, token, ..event };
    if let Some(oldest) = number.checked_sub(KEPT) {
        let oldest = StackEvent { number: oldest, ..event.clone() }.key();
        tx.state.stack_events.remove(&oldest);
    }
    tx.state.stack_events.put(event);
}
