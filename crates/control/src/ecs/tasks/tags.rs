//! The tags a new task gets.

use super::invalid;
use crate::{
    ecs::tags,
    state::{Cluster, Service, TaskDefinition},
};
use aws::{
    api::ecs::{PropagateTags, RunTaskRequest, Tag},
    fault::Fault,
};

/// The call's own tags, then the task definition's where they are propagated, then Amazon ECS's own.
///
/// # Errors
/// `InvalidParameterException` for tags of a service, which `RunTask` has none of, and for too many or misnamed tags.
pub(super) fn of_new_task(
    request: &RunTaskRequest,
    cluster: &Cluster,
    definition: &TaskDefinition,
) -> Result<Vec<Tag>, Fault> {
    let mut tags = request.tags.clone().unwrap_or_default();
    tags::validate(&tags)?;
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
    tags::within_limit(&tags)?;
    Ok(tags)
}

/// The tags of a new task of a service: those that are propagated to it, then Amazon ECS's own.
pub(super) fn of_service(service: &Service, definition: &TaskDefinition) -> Vec<Tag> {
    let mut tags = match service.propagate_tags {
        PropagateTags::Service => service.tags.clone(),
        PropagateTags::TaskDefinition => definition.tags.clone(),
        PropagateTags::None => Vec::new(),
    };
    if service.managed_tags {
        let managed = |key: &str, value: &str| Tag { key: Some(key.to_owned()), value: Some(value.to_owned()) };
        add(
            &mut tags,
            &[managed("aws:ecs:clusterName", &service.cluster), managed("aws:ecs:serviceName", &service.name)],
        );
    }
    tags
}

/// Whether the tags of a task, or else those of its task definition, ask for AWS's services over plain HTTP.
pub(super) fn plain_http(task: &[Tag], definition: &[Tag]) -> bool {
    let of = |tags: &[Tag]| Some(tags::endpoints(tags)? == tags::Endpoints::Http);
    of(task).or_else(|| of(definition)).unwrap_or(false)
}

/// Adds tags whose keys are not there yet.
fn add(tags: &mut Vec<Tag>, more: &[Tag]) {
    for tag in more {
        if !tags.iter().any(|other| other.key == tag.key) {
            tags.push(tag.clone());
        }
    }
}
