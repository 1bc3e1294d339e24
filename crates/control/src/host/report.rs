//! A host's word, written down.

use crate::{
    Tx,
    state::{Container, Host, Seen, State, Task},
};
use aws::{api::ecs::HealthStatus, doc::Timestamp};
use spec::{
    ContainerSpec, ContainerStatus, Health, HostStatus, Millis, Phase, Revision, SyncRequest, TaskId, TaskStatus,
};

/// Whether a report was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// It was: the host may be answered, and its lease renewed.
    Taken,
    /// A later one was heard before. The answer to it must not renew the host's lease: the control plane did not count it either.
    Stale,
}

/// Takes in what a host says of itself. Reports that arrive late, twice or out of order change nothing.
pub fn report(tx: &mut Tx<'_>, request: &SyncRequest) -> Heard {
    let status = &request.status;
    let known = tx.state.hosts.get(&status.host).cloned();
    let lost = known.as_ref().and_then(|host| host.lost);
    if stale(tx, status, lost.is_some()) {
        return Heard::Stale;
    }
    let seen = Seen {
        at: tx.now.millis,
        incarnation: status.incarnation,
        sequence: status.sequence,
        observed: status.observed,
        networked: status.networked,
        applied: status.balancing.applied,
    };
    tx.state.seen.insert(status.host.clone(), seen);
    balancing(tx, status);
    // A host that was given up comes back with nothing, and knows it: its tasks' addresses may be others' by now.
    let lost = lost.filter(|lost| !status.tasks.is_empty() || status.observed < *lost);
    let host = Host { id: status.host.clone(), capacity: request.capacity.clone(), lost };
    if known.as_ref() != Some(&host) {
        tx.state.hosts.put(host);
    }
    if lost.is_none() {
        tasks(tx, status);
    }
    Heard::Taken
}

/// Takes in what a host's balancer has seen, if it is anything else than before.
fn balancing(tx: &mut Tx<'_>, status: &HostStatus) {
    if tx.state.balancing.get(&status.host).is_none_or(|known| **known != status.balancing) {
        tx.state.balancing.insert(status.host.clone(), status.balancing.clone().into());
    }
}

/// Counts every host as heard now: for when the control plane itself could not listen (its machine slept, its clock was set), which
/// says nothing of the hosts. It only delays giving one up.
pub fn all_heard(state: &mut State, now: Timestamp) {
    state.seen = state.seen.iter().map(|(host, seen)| (host.clone(), Seen { at: now.millis, ..*seen })).collect();
}

/// Whether something later was heard of the same host. One that was given up may start again with a clock that was set back.
fn stale(tx: &Tx<'_>, status: &HostStatus, lost: bool) -> bool {
    let Some(seen) = tx.state.seen.get(&status.host) else { return false };
    if lost && status.incarnation != seen.incarnation {
        return false;
    }
    (status.incarnation, status.sequence) <= (seen.incarnation, seen.sequence)
}

fn tasks(tx: &mut Tx<'_>, status: &HostStatus) {
    let mine = tx.state.tasks.iter().filter(|task| task.is_on(&status.host));
    let news = |task: &&Task| match status.tasks.get(&task.id) {
        Some(said) => is_news(task, said),
        None => misses(task, status.observed),
    };
    let changed: Vec<TaskId> = mine.filter(news).map(|task| task.id.clone()).collect();
    let now = tx.now;
    for id in changed {
        tx.state.tasks.update(&id, |task| match status.tasks.get(&id) {
            Some(said) => listed(task, said, now),
            None => task.word.absent = Some(status.observed),
        });
    }
}

/// Whether it means something that a task is not listed by its host, which acts on the given revision: it was listed before, or
/// its host knows by now that it should stop. What was noted before is replaced only by what says more.
fn misses(task: &Task, observed: Revision) -> bool {
    let threshold = task.withdrawn.or(task.stopping);
    let reached = threshold.is_some_and(|threshold| observed >= threshold);
    match task.word.absent {
        None => task.word.listed || reached,
        Some(noted) => reached && threshold.is_some_and(|threshold| noted < threshold),
    }
}

/// Whether a report says anything of a task that is not known yet. Told without a copy, for most reports say of most tasks what
/// the one before did.
fn is_news(task: &Task, said: &TaskStatus) -> bool {
    let times = &task.times;
    let times = (said.pull_started_at.is_some() && times.pull_started_at.is_none())
        || said.pull_stopped_at.is_some_and(|at| times.pull_stopped_at != Some(moment(at)))
        || (said.execution_stopped_at.is_some() && times.execution_stopped_at.is_none());
    let word = !task.word.listed
        || task.word.absent.is_some()
        || (said.failure.is_some() && task.word.failure.is_none())
        || task.word.shipping != said.shipping;
    let container = |(of, is): (&ContainerSpec, &Container)| match said.containers.get(&of.name) {
        Some(said) if is.phase != Phase::Stopped => {
            let mut after = is.clone();
            container(&mut after, said);
            after != *is
        }
        _ => false,
    };
    times || word || task.each_container().any(container)
}

/// Copies what a report says of a task. What has ended never runs again, whatever is said later.
fn listed(task: &mut Task, said: &TaskStatus, now: Timestamp) {
    let before = task.clone();
    task.word.listed = true;
    task.word.absent = None;
    task.word.shipping = said.shipping;
    task.word.failure = task.word.failure.take().or_else(|| said.failure.clone());
    let times = &mut task.times;
    times.connectivity_at.get_or_insert(now);
    times.pull_started_at = times.pull_started_at.or(said.pull_started_at.map(moment));
    times.pull_stopped_at = said.pull_stopped_at.map(moment).or(times.pull_stopped_at);
    times.execution_stopped_at = times.execution_stopped_at.or(said.execution_stopped_at.map(moment));
    let launch = task.launch.clone();
    for (of, is) in launch.containers.iter().zip(&mut task.containers) {
        if let Some(said) = said.containers.get(&of.name)
            && is.phase != Phase::Stopped
        {
            container(is, said);
        }
    }
    if *task != before {
        task.version += 1;
    }
}

fn container(is: &mut Container, said: &ContainerStatus) {
    is.phase = is.phase.max(said.phase);
    is.started = is.started || said.started_at.is_some() || said.phase == Phase::Running;
    is.runtime_id = said.runtime_id.clone().or(is.runtime_id.take());
    is.image_digest = said.image_digest.clone().or(is.image_digest.take());
    is.exit_code = said.exit_code;
    is.reason = said.reason.clone();
    is.health = match said.health {
        Health::Unknown => HealthStatus::Unknown,
        Health::Healthy => HealthStatus::Healthy,
        Health::Unhealthy => HealthStatus::Unhealthy,
    };
}

fn moment(millis: Millis) -> Timestamp {
    Timestamp { millis }
}
