//! The tags a new task gets.

use super::invalid;
use crate::state::{Cluster, TaskDefinition};
use aws::{
    api::ecs::{PropagateTags, RunTaskRequest, Tag},
    fault::Fault,
};

/// At most this many on a resource ("Tagging Amazon ECS resources", Amazon ECS Developer Guide).
const LIMIT: usize = 50;

/// The call's own tags, then the task definition's where they are propagated, then Amazon ECS's own.
///
/// # Errors
/// `InvalidParameterException` for tags of a service, which `RunTask` has none of, and for too many or misnamed tags.
pub(super) fn of_new_task(
    request: &RunTaskRequest,
    cluster: &Cluster,
    definition: &TaskDefinition,
) -> Result<Vec<Tag>, Fault> {
    let mut tags: Vec<Tag> = Vec::new();
    for tag in request.tags.iter().flatten() {
        let key = tag.key.as_deref().unwrap_or_default();
        if key.to_ascii_lowercase().starts_with("aws:") {
            return Err(invalid(format!("Tag keys can't start with 'aws:', which is reserved: {key}")));
        }
        if tags.iter().any(|other| other.key == tag.key) {
            return Err(invalid(format!("Duplicate tag keys found: {key}")));
        }
        tags.push(tag.clone());
    }
    match request.propagate_tags {
        Some(PropagateTags::Service) => {
            return Err(invalid("propagateTags 'SERVICE' is not supported when running a task."));
        }
        Some(PropagateTags::TaskDefinition) => add(&mut tags, &definition.tags),
        Some(PropagateTags::None) | None => {}
    }
    if request.enable_ecs_managed_tags == Some(true) {
        add(&mut tags, &[Tag { key: Some("aws:ecs:clusterName".to_owned()), value: Some(cluster.name.clone()) }]);
    }
    let own = tags.iter().filter(|tag| !tag.key.as_deref().unwrap_or_default().starts_with("aws:")).count();
    if own > LIMIT { Err(invalid(format!("A resource can have at most {LIMIT} tags."))) } else { Ok(tags) }
}

/// Adds tags whose keys are not there yet.
fn add(tags: &mut Vec<Tag>, more: &[Tag]) {
    for tag in more {
        if !tags.iter().any(|other| other.key == tag.key) {
            tags.push(tag.clone());
        }
    }
}
