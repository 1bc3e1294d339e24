//! Tasks that are not stopped to have fewer or others: `UpdateTaskProtection` and `GetTaskProtection`
//! ("Protect your Amazon ECS tasks from being terminated by scale-in events", Amazon ECS Developer Guide).

use super::invalid;
use crate::{
    State, Tx, View,
    ecs::{arn, clusters, tasks},
    state::{Status, Task},
};
use aws::{
    api::ecs::{
        Failure, GetTaskProtectionRequest, GetTaskProtectionResponse, ProtectedTask, UpdateTaskProtectionRequest,
        UpdateTaskProtectionResponse,
    },
    doc::Timestamp,
    fault::Fault,
};
use spec::Desired;

/// At most this many tasks a call ("UpdateTaskProtection", Amazon ECS API Reference).
const MOST: usize = 10;
/// How many minutes a protection lasts, unless told otherwise.
const MINUTES: i32 = 120;
/// The most minutes.
const LONGEST: i32 = 2_880;

/// Protects tasks of services for a time, or not any longer.
pub(super) fn update(
    tx: &mut Tx<'_>,
    request: UpdateTaskProtectionRequest,
) -> Result<UpdateTaskProtectionResponse, Fault> {
    let UpdateTaskProtectionRequest { cluster, tasks, protection_enabled, expires_in_minutes } = request;
    let cluster = clusters::find(&tx.state, Some(&cluster))?;
    count(tasks.len())?;
    let minutes = expires_in_minutes.unwrap_or(MINUTES);
    if !(1..=LONGEST).contains(&minutes) {
        return Err(invalid(format!("expiresInMinutes must be between 1 and {LONGEST}.")));
    }
    let until = Timestamp { millis: tx.now.millis + i64::from(minutes) * 60_000 };
    let until = protection_enabled.then_some(until);
    let (mut protected, mut failures) = (Vec::new(), Vec::new());
    for reference in &tasks {
        match of_service(&tx.state, &cluster.name, reference)? {
            Ok(task) => {
                let id = task.id.clone();
                tx.state.tasks.update(&id, |task| task.standing.protected_until = until);
                protected.extend(tx.state.tasks.get(&id).map(|task| shape(&tx.state, task)));
            }
            Err(failure) => failures.push(failure),
        }
    }
    Ok(UpdateTaskProtectionResponse { protected_tasks: Some(protected), failures: Some(failures) })
}

/// Describes whether tasks of services are protected.
pub(super) fn get(view: &View<'_>, request: GetTaskProtectionRequest) -> Result<GetTaskProtectionResponse, Fault> {
    let GetTaskProtectionRequest { cluster, tasks } = request;
    let cluster = clusters::find(view.state, Some(&cluster))?;
    let tasks = tasks.unwrap_or_default();
    count(tasks.len())?;
    let (mut protected, mut failures) = (Vec::new(), Vec::new());
    for reference in &tasks {
        match of_service(view.state, &cluster.name, reference)? {
            Ok(task) => protected.push(shape(view.state, task)),
            Err(failure) => failures.push(failure),
        }
    }
    Ok(GetTaskProtectionResponse { protected_tasks: Some(protected), failures: Some(failures) })
}

fn count(count: usize) -> Result<(), Fault> {
    match count {
        0 => Err(invalid("Tasks cannot be empty.")),
        1..=MOST => Ok(()),
        _ => Err(invalid(format!("tasks can have at most {MOST} items."))),
    }
}

/// A task that a service runs, or why it is none.
fn of_service<'a>(state: &'a State, cluster: &str, reference: &str) -> Result<Result<&'a Task, Failure>, Fault> {
    let id = tasks::id(state, cluster, reference)?;
    let failure = |reason: &str| {
        let arn = Some(arn::task(&state.region, cluster, id));
        Err(Failure { arn, reason: Some(reason.to_owned()), detail: None })
    };
    let task = state.tasks.get(id).filter(|task| task.cluster == cluster);
    Ok(match task {
        None => failure("MISSING"),
        Some(task) if !task.launch.group.starts_with("service:") => failure("TASK_NOT_VALID"),
        Some(task) if task.desired == Desired::Stopped || task.status > Status::Running => failure("TASK_NOT_VALID"),
        Some(task) => Ok(task),
    })
}

fn shape(state: &State, task: &Task) -> ProtectedTask {
    ProtectedTask {
        task_arn: Some(arn::task(&state.region, &task.cluster, &task.id)),
        protection_enabled: Some(task.standing.protected_until.is_some()),
        expiration_date: task.standing.protected_until,
    }
}
