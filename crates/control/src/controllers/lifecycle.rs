//! Where in its life a task is ("Task lifecycle", Amazon ECS Developer Guide).
//!
//! Everything is told from what was asked of the task and what its host and its target groups have said of it; nothing is remembered
//! besides. A task of a service behind a load balancer is `RUNNING` when it was registered, and its containers are not stopped before
//! its target groups are done with it.

use super::{lost, tasks_that};
use crate::{
    State, Tx,
    ecs::{services::unused, tasks::retire},
    iam::end_task_credentials,
    state::{AttachmentStatus, Expiring, Expiry, Status, StoppedTask, Task},
};
use aws::{api::ecs::TaskStopCode, doc::Timestamp};
use spec::{Desired, HostId, Phase, TaskId};
use std::collections::BTreeSet;

/// How long a stopped task is described: "at least one hour" ("DescribeTasks", Amazon ECS API Reference).
pub const STOPPED_TASK_KEPT: i64 = 60 * 60 * 1000;

/// What a task does next.
enum Next {
    /// Its status changes.
    To(Status),
    /// It is to stop.
    Stop(TaskStopCode, String),
}

/// Moves every task as far as it has come. One that comes further in several steps takes them at once.
pub fn run(tx: &mut Tx<'_>) {
    let lost = lost(&tx.state);
    for id in tasks_that(&tx.state, |task| next(&tx.state, task, &lost).is_some()) {
        // A task has fewer states than this.
        for _ in 0..8 {
            match tx.state.tasks.get(&id).and_then(|task| next(&tx.state, task, &lost)) {
                Some(Next::To(status)) => advance(tx, &id, status),
                Some(Next::Stop(code, reason)) => retire(tx, &id, code, &reason),
                None => break,
            }
        }
    }
}

fn next(state: &State, task: &Task, lost: &BTreeSet<HostId>) -> Option<Next> {
    let advance = |status| Some(Next::To(status));
    let alone = task.host.as_ref().is_some_and(|host| !lost.is_empty() && lost.contains(host));
    if task.desired == Desired::Running {
        return match reason_to_stop(task, alone) {
            Some((code, reason)) => Some(Next::Stop(code, reason)),
            None => further(task).and_then(advance),
        };
    }
    match task.status {
        Status::Running => advance(Status::Deactivating),
        Status::Activating if task.standing.registered => advance(Status::Deactivating),
        // Requests that are under way go on as long as there is somebody to answer them.
        Status::Deactivating if !(alone || ended(task) || interrupted(task) || unused(state, task)) => None,
        // Nothing placed means nothing to stop.
        Status::Provisioning | Status::Pending if task.host.is_none() => advance(Status::Deprovisioning),
        // Nothing points at the task, or not any more.
        Status::Provisioning | Status::Pending | Status::Activating | Status::Deactivating => advance(Status::Stopping),
        Status::Stopping if alone || ended(task) => advance(Status::Deprovisioning),
        Status::Deprovisioning if task.attachment.status == AttachmentStatus::Deleted => advance(Status::Stopped),
        Status::Stopping | Status::Deprovisioning | Status::Stopped => None,
    }
}

/// How far a task that should run has come.
fn further(task: &Task) -> Option<Status> {
    let started = || task.containers.iter().any(|container| container.phase > Phase::Pending);
    let all_started = || task.containers.iter().all(|container| container.phase > Phase::Pending);
    match task.status {
        Status::Provisioning if task.attachment.interface.is_some() => Some(Status::Pending),
        Status::Pending if started() => Some(Status::Activating),
        Status::Activating if all_started() && (!task.launch.is_registered_somewhere() || task.standing.registered) => {
            Some(Status::Running)
        }
        _ => None,
    }
}

/// Why a task that should run can't any more ("Stopped tasks error messages", Amazon ECS Developer Guide).
fn reason_to_stop(task: &Task, alone: bool) -> Option<(TaskStopCode, String)> {
    if alone {
        let why = "The host of the task has not been heard from within its lease and was given up.";
        return Some((TaskStopCode::InfrastructureHealth, why.to_owned()));
    }
    if let Some(failure) = &task.word.failure {
        // What fails a task that has run is no failure to start.
        let ran = task.times.started_at.is_some();
        return Some(match ran {
            true => (TaskStopCode::EssentialContainerExited, failure.reason.clone()),
            false => (TaskStopCode::TaskFailedToStart, told_of_the_task(&failure.reason)),
        });
    }
    if let Some((_, ended)) = task.each_container().find(|(of, is)| of.essential && is.phase == Phase::Stopped) {
        return Some(match (&ended.reason, ended.started) {
            (_, true) | (None, false) => {
                (TaskStopCode::EssentialContainerExited, "Essential container in task exited".to_owned())
            }
            // One that never started is why the task failed to.
            (Some(reason), false) => (TaskStopCode::TaskFailedToStart, told_of_the_task(reason)),
        });
    }
    if task.word.listed && task.word.absent.is_some() {
        let why = "The host of the task has restarted and does not run it any more.";
        return Some((TaskStopCode::InfrastructureHealth, why.to_owned()));
    }
    None
}

/// What a task says of why it failed to start. That a container's process could not be started is told by the container's
/// `reason` alone, as on Fargate; that an image could not be pulled or a resource not be made ready, by the task as well
/// ("Stopped tasks error messages", Amazon ECS Developer Guide).
fn told_of_the_task(reason: &str) -> String {
    let of_the_container = reason.starts_with("CannotStartContainerError");
    if of_the_container { "Task failed to start".to_owned() } else { reason.to_owned() }
}

/// Whether a task that should stop has: its containers' ends are reported and their output is delivered, for which it takes the task's
/// interface; or its host has none of it.
fn ended(task: &Task) -> bool {
    let stopped = task.containers.iter().all(|container| container.phase == Phase::Stopped) && !task.word.shipping;
    let gone = matches!((task.word.absent, task.stopping), (Some(absent), Some(stopping)) if absent >= stopping);
    stopped || gone || (task.word.listed && task.word.absent.is_some())
}

/// Whether its capacity is wanted back: the warning is the signal to end ("Fargate Spot termination notices", Amazon ECS Developer Guide).
fn interrupted(task: &Task) -> bool {
    task.stop.as_ref().is_some_and(|stop| stop.code == TaskStopCode::SpotInterruption)
}

fn advance(tx: &mut Tx<'_>, id: &TaskId, status: Status) {
    let (now, revision) = (tx.now, tx.state.revision + 1);
    tx.state.tasks.update(id, |task| {
        task.status = status;
        task.version += 1;
        let times = &mut task.times;
        match status {
            Status::Running => times.started_at = Some(now),
            Status::Stopping => times.stopping_at = Some(now),
            Status::Deprovisioning => {
                task.withdrawn = task.host.as_ref().map(|_| revision);
                task.containers.iter_mut().for_each(|container| container.phase = Phase::Stopped);
                times.stopping_at.get_or_insert(now);
                if times.started_at.is_some() {
                    times.execution_stopped_at.get_or_insert(now);
                }
            }
            Status::Stopped => times.stopped_at = Some(now),
            Status::Provisioning | Status::Pending | Status::Activating | Status::Deactivating => {}
        }
    });
    if status == Status::Stopped
        && let Some(task) = tx.state.tasks.remove(id)
    {
        end_task_credentials(tx, id);
        let at = Timestamp { millis: now.millis + STOPPED_TASK_KEPT };
        tx.state.expiries.put(Expiry { at, what: Expiring::Task(id.clone()) });
        tx.state.stopped_tasks.put(StoppedTask(Task::clone(&task)));
    }
}
