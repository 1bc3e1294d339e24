//! Tags of clusters, services, task definitions and tasks.

use super::{arn, clusters, task_definitions};
use crate::{
    State, Tx, View,
    state::{Record, Service, ServiceStatus, Task},
};
use aws::{
    api::ecs::{
        ListTagsForResourceRequest, ListTagsForResourceResponse, Tag, TagResourceRequest, TagResourceResponse,
        UntagResourceRequest, UntagResourceResponse,
    },
    fault::Fault,
};
use std::collections::BTreeSet;

/// No resource has more tags ("Tag restrictions", Amazon ECS Developer Guide).
const MOST: usize = 50;

/// The tag of task definitions and tasks that says how their containers speak with AWS's services: `http` or `https`.
const ENDPOINTS: &str = "neargate:endpoints";

/// Checks tags that a request brings: each key once, none of AWS's own, only characters that tags may have, and what neargate understands.
///
/// # Errors
/// `InvalidParameterException`.
pub(crate) fn validate(tags: &[Tag]) -> Result<(), Fault> {
    let invalid = |message: String| Err(Fault::new("InvalidParameterException", message));
    let mut seen = BTreeSet::new();
    for Tag { key, value } in tags {
        let (key, value) = (key.as_deref().unwrap_or_default(), value.as_deref().unwrap_or_default());
        if key.is_empty() {
            return invalid("Tag key should not be null or empty.".to_owned());
        }
        if reserved(key) || reserved(value) {
            return Err(of_aws(key));
        }
        if let Some(text) = [key, value].into_iter().find(|text| !text.chars().all(allowed)) {
            return invalid(format!("Tag key or value '{text}' contains invalid characters."));
        }
        if key == ENDPOINTS && Endpoints::read(value).is_none() {
            return invalid(format!("Value ({value}) for tag {ENDPOINTS} is invalid. It is http or https."));
        }
        if !seen.insert(key) {
            return invalid(format!("Duplicate tag key '{key}' specified."));
        }
    }
    within_limit(tags)
}

/// How a task's containers are to speak with AWS's services.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Endpoints {
    /// Over plain HTTP, which AWS's SDKs are told by variables.
    Http,
    /// Over HTTPS, as SDKs do by themselves.
    Https,
}

impl Endpoints {
    fn read(value: &str) -> Option<Self> {
        match value {
            "http" => Some(Self::Http),
            "https" => Some(Self::Https),
            _ => None,
        }
    }
}

/// What the tag `neargate:endpoints` says, if it is there.
pub(crate) fn endpoints(tags: &[Tag]) -> Option<Endpoints> {
    let tag = tags.iter().find(|tag| tag.key.as_deref() == Some(ENDPOINTS))?;
    Endpoints::read(tag.value.as_deref().unwrap_or_default())
}

/// Adds tags that were validated to those a resource has; one of the same key takes its place.
///
/// # Errors
/// `InvalidParameterException` when these are more than 50 together.
pub(crate) fn merge(tags: &mut Vec<Tag>, more: Vec<Tag>) -> Result<(), Fault> {
    for tag in more {
        match tags.iter_mut().find(|old| old.key == tag.key) {
            Some(old) => *old = tag,
            None => tags.push(tag),
        }
    }
    within_limit(tags)
}

/// Checks that these are no more than a resource can have. AWS's own don't count.
///
/// # Errors
/// `InvalidParameterException` when they are more than 50.
pub(crate) fn within_limit(tags: &[Tag]) -> Result<(), Fault> {
    let own = tags.iter().filter(|tag| !tag.key.as_deref().is_some_and(reserved));
    match own.count() {
        0..=MOST => Ok(()),
        _ => Err(Fault::new("InvalidParameterException", format!("A resource can have at most {MOST} tags."))),
    }
}

fn of_aws(key: &str) -> Fault {
    let message = format!("Tag keys and values starting with 'aws:' are reserved for internal use: '{key}'.");
    Fault::new("InvalidParameterException", message)
}

fn reserved(text: &str) -> bool {
    text.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("aws:"))
}

/// The pattern of the API model: letters, digits and spaces of any language, and a few signs.
fn allowed(c: char) -> bool {
    c.is_alphanumeric() || c.is_whitespace() || "_.:/=+-@".contains(c)
}

/// TagResource.
pub(crate) fn tag(tx: &mut Tx<'_>, input: TagResourceRequest) -> Result<TagResourceResponse, Fault> {
    let TagResourceRequest { resource_arn, tags: more } = input;
    validate(&more)?;
    let target = Target::find(&tx.state, &resource_arn)?;
    let mut tags = target.tags(&tx.state);
    merge(&mut tags, more)?;
    target.set(tx, tags)?;
    Ok(TagResourceResponse {})
}

/// UntagResource. Keys it does not have are no error.
pub(crate) fn untag(tx: &mut Tx<'_>, input: UntagResourceRequest) -> Result<UntagResourceResponse, Fault> {
    let UntagResourceRequest { resource_arn, tag_keys } = input;
    if let Some(key) = tag_keys.iter().find(|key| reserved(key)) {
        return Err(of_aws(key));
    }
    let target = Target::find(&tx.state, &resource_arn)?;
    let mut tags = target.tags(&tx.state);
    tags.retain(|tag| tag.key.as_ref().is_none_or(|key| !tag_keys.contains(key)));
    target.set(tx, tags)?;
    Ok(UntagResourceResponse {})
}

/// ListTagsForResource.
pub(crate) fn list(view: &View<'_>, input: ListTagsForResourceRequest) -> Result<ListTagsForResourceResponse, Fault> {
    let ListTagsForResourceRequest { resource_arn } = input;
    let target = Target::find(view.state, &resource_arn)?;
    Ok(ListTagsForResourceResponse { tags: Some(target.tags(view.state)) })
}

/// A tagged record, by its key.
enum Target {
    Cluster(String),
    Service(String),
    TaskDefinition(String),
    Task(String),
}

impl Target {
    fn find(state: &State, resource_arn: &str) -> Result<Self, Fault> {
        let resource = arn::parse(&state.region, resource_arn)?;
        match resource.kind {
            "cluster" => Ok(Self::Cluster(clusters::find(state, Some(resource_arn))?.name)),
            "service" => {
                let (cluster, name) = resource.id.split_once('/').ok_or_else(missing)?;
                let service = state.services.get(&Service::key_of(cluster, name));
                let service = service.filter(|service| service.status != ServiceStatus::Inactive);
                service.map(|service| Self::Service(service.key())).ok_or_else(missing)
            }
            "task-definition" => {
                let found = task_definitions::lookup(state, resource_arn)?.ok_or_else(missing)?;
                Ok(Self::TaskDefinition(found.key()))
            }
            "task" => {
                let (cluster, id) = resource.id.split_once('/').ok_or_else(missing)?;
                let task = live_or_stopped(state, id).filter(|task| task.cluster == cluster);
                task.map(|task| Self::Task(task.id.to_string())).ok_or_else(missing)
            }
            _ => Err(missing()),
        }
    }

    fn tags(&self, state: &State) -> Vec<Tag> {
        let tags = match self {
            Self::Cluster(key) => state.clusters.get(key).map(|cluster| &cluster.tags),
            Self::Service(key) => state.services.get(key).map(|service| &service.tags),
            Self::TaskDefinition(key) => state.task_definitions.get(key).map(|definition| &definition.tags),
            Self::Task(key) => live_or_stopped(state, key).map(|task| &task.tags),
        };
        tags.cloned().unwrap_or_default()
    }

    /// # Errors
    /// `InvalidParameterException` for a task that has stopped.
    fn set(&self, tx: &mut Tx<'_>, tags: Vec<Tag>) -> Result<(), Fault> {
        match self {
            Self::Cluster(key) => tx.state.clusters.update(key, |cluster| cluster.tags = tags),
            Self::Service(key) => tx.state.services.update(key, |service| service.tags = tags),
            Self::TaskDefinition(key) => tx.state.task_definitions.update(key, |definition| definition.tags = tags),
            Self::Task(key) if !tx.state.tasks.contains(key) => {
                let message = "The specified task is stopped. Specify a running task and try again.";
                return Err(Fault::new("InvalidParameterException", message));
            }
            Self::Task(key) => tx.state.tasks.update(key, |task| task.tags = tags),
        }
        Ok(())
    }
}

fn live_or_stopped<'a>(state: &'a State, id: &str) -> Option<&'a Task> {
    state.tasks.get(id).or_else(|| state.stopped_tasks.get(id).map(|stopped| &stopped.0))
}

fn missing() -> Fault {
    Fault::new("ResourceNotFoundException", "The specified resource wasn't found.")
}
