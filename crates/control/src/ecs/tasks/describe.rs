//! `DescribeTasks`.

use super::{find, id, invalid, wire};
use crate::{
    View,
    ecs::{arn, clusters},
};
use aws::{
    api::ecs::{DescribeTasksRequest, DescribeTasksResponse, Failure, TaskField},
    fault::Fault,
};

/// At most this many tasks a call ("DescribeTasks", Amazon ECS API Reference).
const TASKS: usize = 100;

/// Describes tasks by id or ARN; those that are not there are failures.
pub(super) fn describe(view: &View<'_>, request: DescribeTasksRequest) -> Result<DescribeTasksResponse, Fault> {
    let cluster = clusters::find(view.state, request.cluster.as_deref())?;
    if request.tasks.is_empty() {
        return Err(invalid("Tasks cannot be empty."));
    }
    if request.tasks.len() > TASKS {
        return Err(invalid(format!("taskIds can have at most {TASKS} items.")));
    }
    let with_tags = request.include.iter().flatten().any(|field| *field == TaskField::Tags);
    let (mut tasks, mut failures) = (Vec::new(), Vec::new());
    for reference in &request.tasks {
        let id = id(view.state, &cluster.name, reference)?;
        match find(view.state, id).filter(|task| task.cluster == cluster.name) {
            Some(task) => tasks.push(wire::task(&view.state.region, task, with_tags)),
            None => failures.push(Failure {
                arn: Some(arn::task(&view.state.region, &cluster.name, id)),
                reason: Some("MISSING".to_owned()),
                detail: None,
            }),
        }
    }
    Ok(DescribeTasksResponse { tasks: Some(tasks), failures: Some(failures) })
}
