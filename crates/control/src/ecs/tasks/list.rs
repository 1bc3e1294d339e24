//! `ListTasks`.

use super::{invalid, unsupported};
use crate::{
    View,
    ecs::{arn, clusters, services},
    state::Task,
};
use aws::{
    api::ecs::{DesiredStatus, LaunchType, ListTasksRequest, ListTasksResponse},
    fault::Fault,
    page::{Size, paginate},
};
use spec::Desired;

/// How many ARNs a page holds ("ListTasks", Amazon ECS API Reference).
const PAGE: Size = Size { default: 100, max: 100 };

/// Lists the ARNs of a cluster's tasks. Of those that have stopped only when they are asked for.
pub(super) fn list(view: &View<'_>, request: ListTasksRequest) -> Result<ListTasksResponse, Fault> {
    let cluster = clusters::find(view.state, request.cluster.as_deref())?;
    combination(&request)?;
    let service = request.service_name.as_deref().map(|service| services::find(view.state, &cluster.name, service));
    let group = service.transpose()?.map(|service| service.group());
    let desired = request.desired_status.unwrap_or(DesiredStatus::Running);
    let stopped = view.state.stopped_tasks.iter().map(|stopped| &stopped.0);
    let stopped = stopped.filter(|_| desired == DesiredStatus::Stopped);
    let wanted = |task: &&Task| {
        let desired = match desired {
            DesiredStatus::Running => task.desired == Desired::Running,
            DesiredStatus::Stopped => task.desired == Desired::Stopped,
            // No task's desired status ever is PENDING, as the API Reference says.
            DesiredStatus::Pending => false,
        };
        desired
            && task.cluster == cluster.name
            && group.as_ref().is_none_or(|group| task.launch.group == *group)
            && matches(task, &request)
    };
    let tasks = view.state.tasks.iter().chain(stopped).filter(wanted);
    let page = paginate(tasks, |task| task.id.to_string(), request.max_results, request.next_token.as_deref(), PAGE);
    let (tasks, next_token) = page.map_err(|bad| bad.fault("InvalidParameterException"))?;
    let arns = tasks.into_iter().map(|task| arn::task(&view.state.region, &task.cluster, &task.id)).collect();
    Ok(ListTasksResponse { task_arns: Some(arns), next_token })
}

/// Which filters go together: `startedBy` goes with no other but `desiredStatus`.
fn combination(request: &ListTasksRequest) -> Result<(), Fault> {
    if request.daemon_name.is_some() {
        return Err(unsupported("daemonName"));
    }
    if request.max_results.is_some_and(|max| !(1..=100).contains(&max)) {
        return Err(invalid("maxResults must be between 1 and 100."));
    }
    let others = [&request.container_instance, &request.family, &request.service_name].into_iter().any(Option::is_some);
    if request.started_by.is_some() && (others || request.launch_type.is_some()) {
        return Err(invalid("startedBy must be the only filter when it is specified."));
    }
    if request.container_instance.is_some() {
        return Err(invalid("The referenced container instance was not found."));
    }
    Ok(())
}

fn matches(task: &Task, request: &ListTasksRequest) -> bool {
    request.family.as_ref().is_none_or(|family| task.launch.family == *family)
        && request.started_by.as_ref().is_none_or(|by| task.launch.started_by.as_ref() == Some(by))
        && request.launch_type.is_none_or(|launch| launch == LaunchType::Fargate)
}
