//! The service scheduler: takes note of what became of a service's tasks, decides, and does it.
//!
//! Restarted at any moment it goes on where it was, for everything it goes by is in the records.

use super::{
    alarms,
    decide::{Stage, Step, TaskView, Why, decide},
    deployments::{self, Failure},
    events, registries, standing,
    start::start,
};
use crate::{
    State, Tx,
    ecs::tasks::retire,
    elb::targets::{self, TargetState},
    state::{Expiring, Expiry, Proof, Record, Service, ServiceStatus, Status, Task, TaskTarget, deployment_id},
};
use aws::{
    api::ecs::{DeploymentRolloutState, TaskStopCode},
    doc::Timestamp,
};
use spec::{Desired, Phase, TaskId};
use std::collections::{BTreeMap, BTreeSet};

/// How long an inactive service is described. AWS does not say how long.
const INACTIVE_KEPT: i64 = 60 * 60 * 1000;

/// Looks at every service.
pub fn run(tx: &mut Tx<'_>) {
    let live = tx.state.services.iter().filter(|service| service.status != ServiceStatus::Inactive);
    let keys: Vec<String> = live.map(Record::key).collect();
    if keys.is_empty() {
        return;
    }
    let tasks = tasks_of_services(&tx.state);
    for key in keys {
        let Some(mut service) = tx.state.services.get(&key).cloned() else { continue };
        let mut ids = tasks.get(&key).cloned().unwrap_or_default();
        register(tx, &service, &ids);
        deregister(tx, &service, &ids);
        registries::tell_health(tx, &ids);
        take_note(tx, &mut service, &ids);
        break_circuit(tx, &mut service);
        heed_alarms(tx, &mut service);
        schedule(tx, &mut service, &mut ids);
        tx.state.services.update(&key, |record| *record = service);
    }
}

/// The live tasks of each service, by its key.
fn tasks_of_services(state: &State) -> BTreeMap<String, Vec<TaskId>> {
    let mut tasks: BTreeMap<String, Vec<TaskId>> = BTreeMap::new();
    for task in state.tasks.iter() {
        if let Some(name) = task.launch.group.strip_prefix("service:") {
            tasks.entry(Service::key_of(&task.cluster, name)).or_default().push(task.id.clone());
        }
    }
    tasks
}

/// Registers tasks whose containers have started with their target groups.
fn register(tx: &mut Tx<'_>, service: &Service, ids: &[TaskId]) {
    let ready = |task: &&Task| {
        task.status == Status::Activating
            && task.desired == Desired::Running
            && !task.standing.registered
            && task.launch.is_registered_somewhere()
            && task.containers.iter().all(|container| container.phase > Phase::Pending)
    };
    let ready: Vec<Task> = ids.iter().filter_map(|id| tx.state.tasks.get(id)).filter(ready).cloned().collect();
    for (target, tasks) in by_target(&ready) {
        for task in &tasks {
            if let Some(address) = standing::address(task, &target) {
                targets::register(tx, &target.group, address);
            }
        }
        events::say_targets(tx, service, "registered", tasks.len(), &target);
    }
    ready.iter().for_each(|task| registries::register(tx, service, task));
    for task in &ready {
        tx.state.tasks.update(&task.id, |task| task.standing.registered = true);
    }
}

/// Takes tasks that are to stop out of their target groups.
fn deregister(tx: &mut Tx<'_>, service: &Service, ids: &[TaskId]) {
    let leaves = |task: &&Task| task.desired == Desired::Stopped && task.standing.registered;
    let leaving: Vec<Task> = ids.iter().filter_map(|id| tx.state.tasks.get(id)).filter(leaves).cloned().collect();
    for (target, tasks) in by_target(&leaving) {
        for task in &tasks {
            if let Some(address) = standing::address(task, &target) {
                targets::deregister(tx, &target.group, address);
            }
        }
        events::say_targets(tx, service, "deregistered", tasks.len(), &target);
    }
    leaving.iter().for_each(|task| registries::deregister(tx, task));
    let mut deployments: BTreeMap<String, usize> = BTreeMap::new();
    for task in &leaving {
        tx.state.tasks.update(&task.id, |task| task.standing.registered = false);
        if task.launch.targets.is_empty() {
            continue;
        }
        *deployments.entry(task.launch.started_by.clone().unwrap_or_default()).or_default() += 1;
    }
    for (deployment, count) in deployments {
        events::say_draining(tx, service, &deployment, count);
    }
}

/// Tasks by the target groups they are to be registered with.
fn by_target(tasks: &[Task]) -> Vec<(TaskTarget, Vec<&Task>)> {
    let mut targets: BTreeMap<(String, u16), (TaskTarget, Vec<&Task>)> = BTreeMap::new();
    for task in tasks {
        for target in &task.launch.targets {
            let of = targets.entry((target.arn.clone(), target.port)).or_insert_with(|| (target.clone(), Vec::new()));
            of.1.push(task);
        }
    }
    targets.into_values().collect()
}

/// Takes note of tasks that became healthy or unhealthy, of protections that ended, and of tasks that failed.
fn take_note(tx: &mut Tx<'_>, service: &mut Service, ids: &[TaskId]) {
    let now = tx.now;
    let reset =
        service.configuration.deployment_circuit_breaker.as_ref().and_then(|breaker| breaker.reset_on_healthy_task);
    for id in ids {
        let Some(task) = tx.state.tasks.get(id) else { continue };
        let before = task.standing;
        let mut after = before;
        after.protected_until = before.protected_until.filter(|until| *until > now);
        let revision = revision(task).to_owned();
        let deployment = service.deployments.iter().position(|deployment| deployment.revision == revision);
        if task.desired == Desired::Running {
            after.health = standing::proof(&tx.state, service, task, now.millis);
        }
        let deployment = deployment.and_then(|index| service.deployments.get_mut(index));
        if let Some(deployment) = deployment {
            if task.desired == Desired::Running && task.status == Status::Running {
                deployment.retry.round = 0;
            }
            if after.health == Proof::Healthy && before.health != Proof::Healthy && reset != Some(false) {
                deployment.failed_tasks = 0;
            }
            if task.desired == Desired::Stopped && !before.counted {
                standing::count(deployment, task, now.millis);
            }
        }
        after.counted |= task.desired == Desired::Stopped;
        if after != before {
            tx.state.tasks.update(id, |task| task.standing = after);
        }
    }
    if let Some(primary) = service.primary()
        && standing::impaired(primary)
    {
        let service = service.clone();
        events::warn(tx, &service, "is unable to consistently start tasks successfully.");
    }
}

/// Fails the primary deployment when too many of its tasks have failed. One that is there to replace a failed one is not given up.
fn break_circuit(tx: &mut Tx<'_>, service: &mut Service) {
    let enabled = service.configuration.deployment_circuit_breaker.as_ref().and_then(|breaker| breaker.enable);
    let Some(primary) = service.primary() else { return };
    let watched = enabled == Some(true) && primary.state == DeploymentRolloutState::InProgress && !primary.rollback;
    if watched && service.status == ServiceStatus::Active && primary.failed_tasks >= standing::threshold(service) {
        deployments::fail(tx, service, Failure::Tasks);
    }
}

/// Fails the primary deployment when an alarm says so.
fn heed_alarms(tx: &mut Tx<'_>, service: &mut Service) {
    let triggered = alarms::triggered(&tx.state, service);
    if service.status == ServiceStatus::Active && !triggered.is_empty() {
        deployments::fail(tx, service, Failure::Alarms(triggered));
    }
}

/// The revision whose deployment started a task.
pub(super) fn revision(task: &Task) -> &str {
    let by = task.launch.started_by.as_deref().unwrap_or_default();
    by.strip_prefix("ecs-svc/").unwrap_or(by)
}

/// A task as it is decided by.
pub(super) fn view(task: &Task) -> TaskView {
    let stage = match (task.desired, task.status) {
        (Desired::Stopped, Status::Running | Status::Deactivating) => Stage::Leaving,
        (Desired::Stopped, _) => Stage::Ending,
        (Desired::Running, Status::Running) => match task.standing.health {
            Proof::None => Stage::Unproven,
            Proof::Healthy => Stage::Healthy,
            Proof::Unhealthy | Proof::UnhealthyTarget(_) => Stage::Unhealthy,
        },
        (Desired::Running, _) => Stage::Starting,
    };
    TaskView {
        id: task.id.clone(),
        revision: revision(task).to_owned(),
        zone: task.launch.zone.clone(),
        stage,
        created_at: task.times.created_at.millis,
        protected: task.standing.protected_until.is_some(),
    }
}

/// Decides, and does what was decided, until nothing is to be done at this moment.
fn schedule(tx: &mut Tx<'_>, service: &mut Service, ids: &mut Vec<TaskId>) {
    // Each round starts and stops what there is room for; a stop makes room for a start.
    for _ in 0..4 {
        let views: Vec<TaskView> = ids.iter().filter_map(|id| tx.state.tasks.get(id)).map(view).collect();
        let steps = decide(service, &views, &zones(&tx.state, service), tx.now.millis);
        if steps.is_empty() {
            return;
        }
        let stops: Vec<(TaskId, Why)> = steps
            .iter()
            .filter_map(|step| match step {
                Step::Stop(id, why) => Some((id.clone(), *why)),
                _ => None,
            })
            .collect();
        for step in steps {
            match step {
                Step::Start { count, replacing } => ids.extend(start(tx, service, count, replacing)),
                Step::Stop(..) => {}
                Step::Complete => deployments::complete(tx, service),
                Step::Drop(revision) => deployments::drop(service, &revision),
                Step::Protected(revision, count) => {
                    let of = deployment_id(&revision);
                    let what = format!("was unable to scale in due to (reason {count} tasks under protection)");
                    events::warn(
                        tx,
                        service,
                        &format!("was unable to reach steady state because (taskSet {of}) {what}"),
                    );
                }
                Step::Blocked => events::warn(tx, service, BLOCKED),
                Step::Steady(steady) => {
                    service.steady = steady;
                    if steady {
                        events::say(tx, service, "has reached a steady state.");
                    }
                }
                Step::Moving(moving) => {
                    service.moving = moving;
                    say_moving(tx, service, &views);
                }
                Step::End => end(tx, service),
            }
        }
        stop(tx, service, &stops);
        if stops.is_empty() {
            return;
        }
    }
}

/// What is said when neither start nor stop is possible ("Service event messages", Amazon ECS Developer Guide).
const BLOCKED: &str = "was unable to stop or start tasks during a deployment because of the service deployment configuration. \
                       Update the minimumHealthyPercent or maximumPercent value and try again.";

/// The Availability Zones that new tasks may be in.
fn zones(state: &State, service: &Service) -> BTreeSet<String> {
    let primary = service.primary().map(|primary| primary.revision.as_str()).unwrap_or_default();
    let key = crate::state::ServiceRevision::key_of(&service.cluster, &service.name, primary);
    let network =
        state.service_revisions.get(&key).and_then(|revision| revision.what.network.awsvpc_configuration.clone());
    let subnets = network.and_then(|network| network.subnets).unwrap_or_default();
    subnets.iter().filter_map(|id| state.subnets.get(id)).map(|subnet| subnet.zone.clone()).collect()
}

/// Stops tasks, and says so: first why unhealthy ones are unhealthy.
fn stop(tx: &mut Tx<'_>, service: &Service, stops: &[(TaskId, Why)]) {
    let primary = service.primary().map(|primary| primary.id()).unwrap_or_default();
    for (id, _) in stops {
        let Some(task) = tx.state.tasks.get(id).cloned() else { continue };
        let (reason, event) = match task.standing.health {
            Proof::Unhealthy => (
                "Task failed container health checks".to_owned(),
                Some(format!("(task {id}) failed container health checks.")),
            ),
            Proof::UnhealthyTarget(number) => failed_target(&tx.state, &task, number),
            Proof::None | Proof::Healthy => (format!("Scaling activity initiated by (deployment {primary})"), None),
        };
        if let Some(event) = event {
            events::say(tx, service, &event);
        }
        retire(tx, id, TaskStopCode::ServiceSchedulerInitiated, &reason);
    }
    let status = |id: &TaskId| tx.state.tasks.get(id).map(|task| task.status);
    let (running, pending): (Vec<_>, Vec<_>) = stops.iter().partition(|(id, _)| status(id) == Some(Status::Running));
    let (moved, others): (Vec<_>, Vec<_>) = running.into_iter().partition(|(_, why)| *why == Why::Rebalancing);
    let ids = |stops: Vec<&(TaskId, Why)>| stops.into_iter().map(|(id, _)| id.clone()).collect::<Vec<_>>();
    let zone = moved.first().and_then(|(id, _)| tx.state.tasks.get(id)).map(|task| task.launch.zone.clone());
    let zone = zone.unwrap_or_default();
    events::say_tasks(tx, service, &ids(others), |count| (format!("has stopped {count} running tasks"), String::new()));
    events::say_tasks(tx, service, &ids(moved), |count| {
        (format!("has stopped {count} running tasks in {zone} to AZ Rebalance"), String::new())
    });
    if !pending.is_empty() {
        events::say(tx, service, &format!("stopped {} pending tasks.", pending.len()));
    }
}

/// Why a task is stopped whose target is unhealthy, and what is said of it.
fn failed_target(state: &State, task: &Task, number: u8) -> (String, Option<String>) {
    let Some(target) = task.launch.targets.get(usize::from(number)) else { return (String::new(), None) };
    let health = standing::address(task, target).and_then(|address| targets::health(state, &target.group, address));
    let why = match health {
        Some(TargetState::Unhealthy { reason }) => reason,
        _ => "Health checks failed".to_owned(),
    };
    let (id, port, arn) = (&task.id, target.port, &target.arn);
    let event = format!("(task {id}) (port {port}) is unhealthy in (target-group {arn}) due to (reason {why}).");
    (format!("Task failed ELB health checks in (target-group {arn})"), Some(event))
}

/// Says how many tasks there are in which zone.
fn say_moving(tx: &mut Tx<'_>, service: &Service, views: &[TaskView]) {
    let mut counts: BTreeMap<String, usize> = zones(&tx.state, service).into_iter().map(|zone| (zone, 0)).collect();
    let live = views.iter().filter(|view| view.stage >= Stage::Unhealthy);
    live.for_each(|view| *counts.entry(view.zone.clone()).or_default() += 1);
    let mut counts: Vec<(String, usize)> = counts.into_iter().collect();
    counts.sort_by_key(|(zone, count)| (std::cmp::Reverse(*count), zone.clone()));
    let each: Vec<String> = counts.iter().map(|(zone, count)| format!("{count} tasks in {zone}")).collect();
    let each = each.join(", ");
    let spread = counts.first().map_or(0, |(_, most)| *most) - counts.last().map_or(0, |(_, least)| *least);
    match (service.moving, spread) {
        (true, _) => events::say(tx, service, &format!("is not AZ balanced with {each}. AZ Rebalancing in progress.")),
        (false, ..=1) => events::say(tx, service, &format!("is AZ balanced with {each}.")),
        // Something else came first.
        (false, _) => {}
    }
}

/// Nothing of a deleted service is left.
fn end(tx: &mut Tx<'_>, service: &mut Service) {
    service.status = ServiceStatus::Inactive;
    deployments::give_up(tx, service);
    let at = Timestamp { millis: tx.now.millis + INACTIVE_KEPT };
    tx.state.expiries.put(Expiry { at, what: Expiring::Service(service.key()) });
}

/// Forgets an inactive service. One that was made again since is another.
pub(crate) fn expire(tx: &mut Tx<'_>, key: &str) {
    let inactive = |service: &&Service| service.status == ServiceStatus::Inactive;
    let Some(service) = tx.state.services.get(key).filter(inactive).cloned() else { return };
    deployments::forget(tx, &service.cluster, &service.name);
    tx.state.services.remove(key);
}
