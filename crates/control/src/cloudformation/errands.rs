//! What stacks need of the world outside the state: templates at URLs, and whether a bucket is empty. The server runs these errands and says
//! what came of each, in a transaction of its own.

use super::{
    engine::{self, Note},
    prepare::{self, Request},
    stacks, templates,
};
use crate::{
    State, Tx,
    state::{Deed, OperationKind, Phase, Slot, StackDeployment, StackResource},
};
use aws::{
    api::cloudformation::{Capability, Parameter, ResourceStatus, Tag},
    fault::Fault,
};

/// Something to be done outside.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Errand {
    /// Fetch the template of a nested stack.
    Template {
        /// The stack's ARN.
        stack: String,
        /// Where it is.
        url: String,
    },
    /// Keep objects of a bucket that a stack has made.
    NewBucket {
        /// The bucket's name.
        name: String,
    },
    /// Delete a bucket if it is empty.
    Bucket {
        /// The key of the stack's resource.
        resource: String,
        /// The bucket's name.
        name: String,
    },
}

/// What is to be done now.
pub fn errands(state: &State) -> Vec<Errand> {
    let operations = state.stacks.iter().filter_map(|stack| Some((stack, stack.operation.as_ref()?)));
    let new = state.buckets.iter().filter(|bucket| bucket.is_new);
    let mut all: Vec<Errand> = new.map(|bucket| Errand::NewBucket { name: bucket.name.clone() }).collect();
    for (stack, operation) in operations {
        if let Phase::Fetch { url } = &operation.phase {
            all.push(Errand::Template { stack: stack.id.clone(), url: url.clone() });
        }
        for resource in state.stack_resources.prefixed(&StackResource::prefix(&stack.id)) {
            let goes = resource.doing.as_ref().is_some_and(|doing| doing.what == Deed::Delete);
            let (true, Some(name)) = (goes && resource.kind == "AWS::S3::Bucket", &resource.physical_id) else {
                continue;
            };
            if state.buckets.contains(name) {
                all.push(Errand::Bucket { resource: crate::state::Record::key(resource), name: name.clone() });
            }
        }
    }
    all
}

/// Takes in what came of an errand: a template, or why there is none; nothing, or why a bucket can't be deleted.
///
/// # Errors
/// `InternalError`: room for a bucket could not be made; it is tried again. An errand that nobody waits for any more is forgotten.
pub fn done(tx: &mut Tx<'_>, errand: &Errand, outcome: Result<String, String>) -> Result<(), Fault> {
    match (errand, outcome) {
        (Errand::Template { stack, url }, outcome) => {
            let waits = tx.state.stacks.get(stack).and_then(|stack| stack.operation.as_ref());
            if waits.is_some_and(|operation| operation.phase == Phase::Fetch { url: url.clone() }) {
                let begun = outcome.map_err(super::validation).and_then(|body| begin(tx, stack, body));
                if let Err(fault) = begun {
                    engine::refuse(tx, stack, &fault);
                }
            }
        }
        (Errand::Bucket { resource, .. }, Err(message)) => {
            if let Some(resource) =
                tx.state.stack_resources.get(resource).filter(|resource| resource.doing.is_some()).cloned()
            {
                let resource = StackResource { doing: None, ..resource };
                tx.note_resource(resource, ResourceStatus::DeleteFailed, Some(message));
            }
        }
        (Errand::NewBucket { name }, Ok(_)) => tx.state.buckets.update(name, |bucket| bucket.is_new = false),
        (Errand::NewBucket { name }, Err(message)) => {
            return Err(Fault::new("InternalError", format!("keeping objects of {name}: {message}")).with_status(500));
        }
        // It is seen by what is no longer there.
        (Errand::Bucket { .. }, Ok(_)) => {}
    }
    Ok(())
}

/// Begins what a nested stack was to be made into, now that its template is there.
fn begin(tx: &mut Tx<'_>, id: &str, body: String) -> Result<(), Fault> {
    let Some((stack, operation)) = engine::under_way(tx, id) else { return Ok(()) };
    let (parameters, tags, notification_arns) = super::types::nested_request(tx, &stack);
    let previous = templates::deployment(&tx.state, id).cloned();
    let tags = tags.into_iter().map(|(key, value)| Tag { key: Some(key), value: Some(value) }).collect();
    let parameters = parameters.into_iter().map(|(key, value)| Parameter {
        parameter_key: Some(key),
        parameter_value: Some(value),
        ..Parameter::default()
    });
    let request = Request {
        template: Some(body),
        parameters: parameters.collect(),
        tags: Some(tags),
        // Whoever deployed the stack above has acknowledged what is in it.
        capabilities: vec![Capability::CapabilityNamedIam, Capability::CapabilityAutoExpand],
        notification_arns: Some(notification_arns),
        role_arn: None,
        resource_types: None,
    };
    let deployment = prepare::deployment(&tx.view(), (id, &stack.name), request, previous.as_ref())?;
    // One that an earlier operation has left half done is not what was deployed last.
    let unfinished = tx.state.stack_deployments.contains(&StackDeployment::key_of(id, Slot::Next));
    let same = !unfinished && !stacks::differs(previous.as_ref(), &deployment);
    if operation.kind == OperationKind::Update && same {
        engine::nothing_to_do(tx, id);
        return Ok(());
    }
    tx.state.stack_deployments.put(deployment);
    tx.state.stacks.update(id, |stack| {
        if let Some(operation) = &mut stack.operation {
            operation.phase = Phase::Make;
        }
    });
    Ok(())
}
