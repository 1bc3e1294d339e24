//! Deployments of a service: begun, completed, failed, rolled back. Nothing else changes them, but for the counts of what failed
//! (in `standing`).

use super::{alarms, connect, events};
use crate::{
    Tx,
    state::{Deployed, Deployment, Record, Retry, Service, ServiceDeployment, ServiceRevision, deployment_id},
};
use aws::{
    api::ecs::{DeploymentRolloutState as State, ServiceDeploymentStatus as Status},
    doc::Timestamp,
    fault::Fault,
};

/// How many service deployments of a service are described: the newest.
const KEPT: usize = 100;

/// Begins a deployment of a new revision. What is not completed yet is given up for it.
///
/// # Errors
/// Why it can't join its namespace.
pub(super) fn begin(tx: &mut Tx<'_>, service: &mut Service, what: Deployed) -> Result<(), Fault> {
    let connect = connect::join(tx, service, &what)?;
    // Nineteen digits, the first of them not zero.
    let id = (1_000_000_000_000_000_000 + tx.draw() % 9_000_000_000_000_000_000).to_string();
    let (cluster, name) = (service.cluster.clone(), service.name.clone());
    let revision = ServiceRevision {
        cluster: cluster.clone(),
        service: name.clone(),
        id: id.clone(),
        created_at: tx.now,
        what,
        connect,
    };
    tx.state.service_revisions.put(revision);
    supersede(tx, service);
    let unwatched = !alarms::alarmed(&tx.state, service).is_empty();
    let rollout = format!("{}-{}", tx.hex(8), tx.hex(12));
    let deployment = ServiceDeployment {
        cluster,
        service: name,
        id: rollout.clone(),
        created_at: tx.now,
        updated_at: tx.now,
        finished_at: None,
        stopped_at: None,
        sources: service.deployments.iter().map(|deployment| deployment.revision.clone()).collect(),
        target: id.clone(),
        status: Status::InProgress,
        reason: None,
        configuration: service.configuration.clone(),
        rollback: None,
        failed_tasks: 0,
        alarmed: Vec::new(),
        unwatched,
    };
    tx.state.service_deployments.put(deployment);
    let reason = format!("ECS deployment {} in progress.", deployment_id(&id));
    service.deployments.insert(0, Deployment { unwatched, ..fresh(id, rollout, reason, tx.now) });
    trim(tx, service);
    Ok(())
}

fn fresh(revision: String, rollout: String, reason: String, now: Timestamp) -> Deployment {
    Deployment {
        revision,
        rollout,
        created_at: now,
        updated_at: now,
        state: State::InProgress,
        reason,
        failed_tasks: 0,
        rollback: false,
        retry: Retry::default(),
        unwatched: false,
        baking_since: None,
    }
}

/// A deployment under way that another takes the place of is stopped.
fn supersede(tx: &mut Tx<'_>, service: &Service) {
    let Some(primary) = service.primary().filter(|primary| primary.state == State::InProgress) else { return };
    let status = if primary.rollback { Status::RollbackFailed } else { Status::Stopped };
    let why = "The service deployment was stopped because a new service deployment was started.";
    over(tx, service, primary, status, Some(why.to_owned()));
}

/// A service deployment is over.
fn over(tx: &mut Tx<'_>, service: &Service, deployment: &Deployment, status: Status, reason: Option<String>) {
    let key = ServiceDeployment::key_of(&service.cluster, &service.name, &deployment.rollout);
    let now = tx.now;
    tx.state.service_deployments.update(&key, |record| {
        record.status = status;
        record.reason = reason;
        record.updated_at = now;
        record.finished_at = Some(now);
        if status == Status::Stopped {
            record.stopped_at = Some(now);
        }
        if !deployment.rollback {
            record.failed_tasks = deployment.failed_tasks;
        }
    });
}

/// The primary deployment has everything, and is alone. Alarms have their time to notice what is wrong with it.
pub(super) fn complete(tx: &mut Tx<'_>, service: &mut Service) {
    let bake = alarms::bake(&tx.state, service);
    let now = tx.now;
    if let Some(primary) = service.deployments.first_mut() {
        let since = *primary.baking_since.get_or_insert(now);
        if now.millis < since.millis + bake {
            return;
        }
    }
    let Some(primary) = service.deployments.first_mut() else { return };
    primary.state = State::Completed;
    primary.reason = format!("ECS deployment {} completed.", primary.id());
    primary.updated_at = tx.now;
    service.last_completed = Some(primary.revision.clone());
    let primary = primary.clone();
    let status = if primary.rollback { Status::RollbackSuccessful } else { Status::Successful };
    over(tx, service, &primary, status, None);
    connect::leave(tx, service);
    events::say(tx, service, &format!("(deployment {}) deployment completed.", primary.id()));
}

/// Why a deployment fails.
pub(super) enum Failure {
    /// Too many of its tasks failed ("How the Amazon ECS deployment circuit breaker detects failures", Amazon ECS Developer Guide).
    Tasks,
    /// These alarms are in `ALARM` ("How CloudWatch alarms detect Amazon ECS deployment failures", same guide).
    Alarms(Vec<String>),
}

/// The primary deployment has failed: it starts no more tasks, and the last completed one takes its place where that is wanted.
pub(super) fn fail(tx: &mut Tx<'_>, service: &mut Service, why: Failure) {
    let configuration = &service.configuration;
    let (who, what, rollback, alarmed) = match why {
        Failure::Tasks => {
            let breaker = configuration.deployment_circuit_breaker.as_ref();
            let rollback = breaker.and_then(|breaker| breaker.rollback);
            ("ECS deployment circuit breaker", "tasks failed to start.", rollback, Vec::new())
        }
        Failure::Alarms(alarmed) => {
            let rollback = configuration.alarms.as_ref().and_then(|alarms| alarms.rollback);
            ("ECS deployment alarms", "alarm detected.", rollback, alarmed)
        }
    };
    let Some(failed) = service.deployments.first_mut() else { return };
    failed.state = State::Failed;
    failed.reason = format!("{who}: {what}");
    failed.updated_at = tx.now;
    let failed = failed.clone();
    events::say(tx, service, &format!("(deployment {}) deployment failed: {what}", failed.id()));
    let key = ServiceDeployment::key_of(&service.cluster, &service.name, &failed.rollout);
    tx.state.service_deployments.update(&key, |record| record.alarmed = alarmed);
    let back = service.last_completed.clone().filter(|back| *back != failed.revision);
    match back.filter(|_| rollback == Some(true)) {
        Some(back) => roll_back(tx, service, &back, who),
        None => over(tx, service, &failed, Status::Stopped, Some(failed.reason.clone())),
    }
}

/// The deployment of an earlier revision becomes the primary one again, with the tasks it still has.
pub(super) fn roll_back(tx: &mut Tx<'_>, service: &mut Service, back: &str, who: &str) {
    let Some(from) = service.primary().cloned() else { return };
    let id = deployment_id(back);
    events::say(tx, service, &format!("rolling back to deployment {id}."));
    let kept = service.deployments.iter().position(|deployment| deployment.revision == back);
    let kept = kept.map(|index| service.deployments.remove(index));
    let mut deployment = kept.unwrap_or_else(|| fresh(back.to_owned(), String::new(), String::new(), tx.now));
    deployment.state = State::InProgress;
    deployment.reason = format!("{who}: rolling back to deploymentId {id}.");
    deployment.rollback = true;
    deployment.baking_since = None;
    deployment.rollout = from.rollout.clone();
    deployment.updated_at = tx.now;
    service.deployments.insert(0, deployment);
    let key = ServiceDeployment::key_of(&service.cluster, &service.name, &from.rollout);
    let now = tx.now;
    tx.state.service_deployments.update(&key, |record| {
        record.status = Status::RollbackInProgress;
        record.finished_at = None;
        record.reason = Some(from.reason.clone());
        record.updated_at = now;
        record.rollback = Some((back.to_owned(), now, from.reason.clone()));
        record.failed_tasks = from.failed_tasks;
    });
}

/// A deployment under way is stopped where it is: its tasks stay, and no more are started.
pub(super) fn stop(tx: &mut Tx<'_>, service: &mut Service, reason: &str) {
    let Some(primary) = service.deployments.first_mut() else { return };
    primary.state = State::Failed;
    primary.reason = reason.to_owned();
    primary.updated_at = tx.now;
    let primary = primary.clone();
    over(tx, service, &primary, Status::Stopped, Some(reason.to_owned()));
}

/// The service was deleted: what is not completed never will be.
pub(super) fn give_up(tx: &mut Tx<'_>, service: &mut Service) {
    if let Some(primary) = service.primary().filter(|primary| primary.state == State::InProgress).cloned() {
        let status = if primary.rollback { Status::RollbackFailed } else { Status::Stopped };
        over(tx, service, &primary, status, Some("The service was deleted.".to_owned()));
    }
    service.deployments.clear();
    connect::leave_all(tx, service);
}

/// A deployment that has no tasks any more is not described.
pub(super) fn drop(service: &mut Service, revision: &str) {
    let primary = service.primary().map(|primary| primary.revision.clone());
    service.deployments.retain(|deployment| deployment.revision != revision || primary.as_deref() == Some(revision));
}

/// Forgets the oldest service deployments, and revisions that nothing names any more.
fn trim(tx: &mut Tx<'_>, service: &Service) {
    let prefix = ServiceDeployment::prefix(&service.cluster, &service.name);
    let mut all: Vec<ServiceDeployment> = tx.state.service_deployments.prefixed(&prefix).cloned().collect();
    if all.len() <= KEPT {
        return;
    }
    all.sort_by_key(|deployment| std::cmp::Reverse(deployment.created_at.millis));
    for old in all.split_off(KEPT) {
        tx.state.service_deployments.remove(&old.key());
    }
    let named = |id: &String| {
        let in_history = |record: &ServiceDeployment| {
            record.target == *id
                || record.sources.contains(id)
                || record.rollback.as_ref().is_some_and(|(back, ..)| back == id)
        };
        service.last_completed.as_ref() == Some(id)
            || service.deployments.iter().any(|deployment| deployment.revision == *id)
            || all.iter().any(in_history)
    };
    let revisions = tx.state.service_revisions.prefixed(&prefix).filter(|revision| !named(&revision.id));
    let gone: Vec<String> = revisions.map(Record::key).collect();
    for key in gone {
        tx.state.service_revisions.remove(&key);
    }
}

/// Forgets everything of a service but the service itself.
pub(super) fn forget(tx: &mut Tx<'_>, cluster: &str, name: &str) {
    let prefix = ServiceDeployment::prefix(cluster, name);
    let events: Vec<String> = tx.state.service_events.prefixed(&prefix).map(Record::key).collect();
    let deployments: Vec<String> = tx.state.service_deployments.prefixed(&prefix).map(Record::key).collect();
    let revisions: Vec<String> = tx.state.service_revisions.prefixed(&prefix).map(Record::key).collect();
    events.iter().for_each(|key| std::mem::drop(tx.state.service_events.remove(key)));
    deployments.iter().for_each(|key| std::mem::drop(tx.state.service_deployments.remove(key)));
    revisions.iter().for_each(|key| std::mem::drop(tx.state.service_revisions.remove(key)));
}
