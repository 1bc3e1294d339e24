//! What the service scheduler does next: a pure function of a service and its tasks.
//!
//! Two numbers bound a rolling deployment ("Deploy Amazon ECS services by replacing tasks", Amazon ECS Developer Guide):
//! with what is healthy the scheduler never goes below `minimumHealthyPercent` of the desired count, rounded up, and
//! with what runs or is about to never above `maximumPercent` of it, rounded down. Within them it starts what is missing first and stops
//! what is replaced when the new is healthy; where there is no room for the new, it makes room as far as the minimum lets it.
//!
//! Nothing is remembered here: what was decided shows in the tasks, and the next decision starts from them.

use crate::state::{Deployment, Service, ServiceStatus};
use aws::api::ecs::DeploymentRolloutState;
use spec::{Millis, TaskId};
use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

/// As much of a task as is decided by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TaskView {
    /// Its id.
    pub(crate) id: TaskId,
    /// The revision whose deployment started it.
    pub(crate) revision: String,
    /// Its Availability Zone.
    pub(crate) zone: String,
    /// How far it is.
    pub(crate) stage: Stage,
    /// When it was started.
    pub(crate) created_at: Millis,
    /// Whether it is protected from being stopped for another or for fewer.
    pub(crate) protected: bool,
}

/// How far a task is, from what is missed least to what is missed most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stage {
    /// It stops, or its containers have ended.
    Ending,
    /// It is to stop, and is being taken out of its target groups.
    Leaving,
    /// Its health checks fail.
    Unhealthy,
    /// It is on its way to run.
    Starting,
    /// It runs, and nothing is known of its health yet.
    Unproven,
    /// It counts as healthy.
    Healthy,
}

/// One thing to do. Those of one decision go together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// Tasks are started in the primary deployment.
    Start {
        /// How many.
        count: usize,
        /// How many of them take the place of unhealthy ones.
        replacing: usize,
    },
    /// A task is stopped.
    Stop(TaskId, Why),
    /// The primary deployment has what it should have, and is alone.
    Complete,
    /// A deployment that is not the primary one has nothing left; by its revision.
    Drop(String),
    /// So many tasks of a deployment, by its revision, would be stopped if they were not protected.
    Protected(String, usize),
    /// Neither start nor stop is possible within the bounds.
    Blocked,
    /// The service has what it should have from now on, or has not any more.
    Steady(bool),
    /// Tasks are being moved between zones from now on, or are not any more.
    Moving(bool),
    /// The service was deleted and has nothing left.
    End,
}

/// Why a task is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Why {
    /// There are to be fewer, or others.
    Scaling,
    /// Its health checks fail.
    Unhealthy,
    /// There are too many in its zone.
    Rebalancing,
}

/// What bounds the tasks of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bounds {
    /// How many there are to be.
    pub(crate) desired: usize,
    /// At least so many stay healthy.
    pub(crate) least: usize,
    /// At most so many run or are about to.
    pub(crate) most: usize,
}

impl Bounds {
    /// Those of a service.
    pub(crate) fn of(service: &Service) -> Self {
        let desired = service.desired_count as usize;
        let percent = |value: Option<i32>, default| value.and_then(|v| usize::try_from(v).ok()).unwrap_or(default);
        Self {
            desired,
            least: (desired * percent(service.configuration.minimum_healthy_percent, 100)).div_ceil(100),
            most: desired * percent(service.configuration.maximum_percent, 200) / 100,
        }
    }
}

/// What is to be done for a service now. `zones` are those it may have tasks in.
pub(crate) fn decide(service: &Service, tasks: &[TaskView], zones: &BTreeSet<String>, now: Millis) -> Vec<Step> {
    match (service.status, service.primary()) {
        (ServiceStatus::Inactive, _) | (_, None) => Vec::new(),
        (ServiceStatus::Draining, _) => drain(tasks),
        (ServiceStatus::Active, Some(primary)) => Look::at(service, primary, tasks).steps(service, zones, now),
    }
}

/// A deleted service stops everything.
fn drain(tasks: &[TaskView]) -> Vec<Step> {
    if tasks.is_empty() {
        return vec![Step::End];
    }
    let live = tasks.iter().filter(|task| task.stage >= Stage::Unhealthy);
    live.map(|task| Step::Stop(task.id.clone(), Why::Scaling)).collect()
}

/// The tasks of a service, sorted.
struct Look<'a> {
    bounds: Bounds,
    primary: &'a Deployment,
    /// Those of the primary deployment that are healthy or may become so.
    good: Vec<&'a TaskView>,
    /// Those of it that are unhealthy.
    bad: Vec<&'a TaskView>,
    /// Those of other deployments.
    old: Vec<&'a TaskView>,
    /// How many are being taken out of their target groups.
    leaving: usize,
    /// The revisions that something of is left.
    revisions: BTreeSet<&'a str>,
    /// How many of each zone run or are about to.
    zones: BTreeMap<&'a str, usize>,
    /// What is not stopped because it is protected.
    protected: Vec<Step>,
}

impl<'a> Look<'a> {
    fn at(service: &Service, primary: &'a Deployment, tasks: &'a [TaskView]) -> Self {
        let live = || tasks.iter().filter(|task| task.stage >= Stage::Unhealthy);
        let ours = |task: &&TaskView| task.revision == primary.revision;
        let mut zones = BTreeMap::new();
        live().for_each(|task| *zones.entry(task.zone.as_str()).or_default() += 1);
        Self {
            bounds: Bounds::of(service),
            primary,
            good: live().filter(ours).filter(|task| task.stage > Stage::Unhealthy).collect(),
            bad: live().filter(ours).filter(|task| task.stage == Stage::Unhealthy).collect(),
            old: live().filter(|task| !ours(task)).collect(),
            leaving: tasks.iter().filter(|task| task.stage == Stage::Leaving).count(),
            revisions: tasks.iter().filter(|task| task.stage > Stage::Ending).map(|t| t.revision.as_str()).collect(),
            zones,
            protected: Vec::new(),
        }
    }

    fn steps(mut self, service: &Service, zones: &BTreeSet<String>, now: Millis) -> Vec<Step> {
        let mut steps = Vec::new();
        let moving = self.moves(service, zones);
        if moving != service.moving {
            steps.push(Step::Moving(moving));
        }
        let goal = self.bounds.desired + usize::from(moving);
        let (start, missing) = self.starts(goal, now);
        if start > 0 {
            steps.push(Step::Start { count: start, replacing: start.min(self.bad.len()) });
        }
        let stops = self.stops(goal, missing, moving);
        let waits = start > 0 || !stops.is_empty() || self.leaving > 0 || self.under_way();
        if missing > 0 && !waits {
            steps.push(Step::Blocked);
        }
        let quiet = start == 0 && missing == 0 && stops.is_empty();
        steps.extend(stops.into_iter().map(|(id, why)| Step::Stop(id, why)));
        steps.append(&mut self.protected);
        steps.extend(self.ends(service, quiet && !moving));
        steps
    }

    fn healthy(&self, tasks: &[&TaskView]) -> usize {
        tasks.iter().filter(|task| task.stage == Stage::Healthy).count()
    }

    /// Whether something is on its way to be healthy.
    fn under_way(&self) -> bool {
        let wait = |task: &&&TaskView| matches!(task.stage, Stage::Starting | Stage::Unproven);
        self.good.iter().chain(&self.old).any(|task| wait(&task))
    }

    /// How many tasks to start now, and how many more there should be but for which there is no room.
    fn starts(&self, goal: usize, now: Millis) -> (usize, usize) {
        if self.primary.state == DeploymentRolloutState::Failed || now < self.primary.retry.not_before {
            return (0, 0);
        }
        let wanted = goal.saturating_sub(self.good.len());
        let live = self.good.len() + self.bad.len() + self.old.len();
        let start = wanted.min(self.bounds.most.saturating_sub(live));
        (start, wanted - start)
    }

    /// Which tasks to stop. `missing` more should be started than there is room for.
    fn stops(&mut self, goal: usize, missing: usize, moving: bool) -> Vec<(TaskId, Why)> {
        let healthy = self.healthy(&self.good);
        let mut spare = (healthy + self.healthy(&self.old)).saturating_sub(self.bounds.least);
        let mut stops = Vec::new();
        // Unhealthy ones stay until others are healthy in their place. Without room for those, one after the other goes before.
        let unhealthy = self.bad.len().saturating_sub(self.bounds.desired.saturating_sub(healthy));
        let one = usize::from(missing > 0 && !self.under_way() && !self.bad.is_empty());
        let bad: Vec<&TaskView> = self.bad.iter().take(unhealthy.max(one)).copied().collect();
        stops.extend(bad.iter().map(|task| (task.id.clone(), Why::Unhealthy)));
        // Old ones stay as far as the new are not healthy yet.
        let replaced = self.old.len().saturating_sub(self.bounds.desired.saturating_sub(healthy));
        let expendable = self.old.len().saturating_sub(self.bounds.least.saturating_sub(healthy));
        let room = missing.saturating_sub(bad.len()).min(expendable);
        let old = std::mem::take(&mut self.old);
        let stopped = self.pick(&old, replaced.max(room), &mut spare);
        stops.extend(stopped.into_iter().map(|task| (task.id.clone(), Why::Scaling)));
        self.old = old;
        // One that moves to another zone is stopped there when the new one is healthy.
        let good = std::mem::take(&mut self.good);
        let surplus = good.len().saturating_sub(goal);
        if moving && surplus == 0 && healthy == goal {
            let fullest =
                self.zones.iter().max_by_key(|(zone, count)| (**count, Reverse(**zone))).map(|(zone, _)| *zone);
            let there: Vec<&TaskView> =
                good.iter().filter(|task| Some(task.zone.as_str()) == fullest).copied().collect();
            let moved = self.pick(&there, 1, &mut spare);
            stops.extend(moved.into_iter().map(|task| (task.id.clone(), Why::Rebalancing)));
        }
        let fewer = self.pick(&good, surplus, &mut spare);
        stops.extend(fewer.into_iter().map(|task| (task.id.clone(), Why::Scaling)));
        self.good = good;
        stops
    }

    /// Picks tasks to stop: those that are missed least first, then those in the zones that have most, then the newest. None that is
    /// protected, and no more healthy ones than there are to spare.
    fn pick<'t>(&mut self, from: &[&'t TaskView], count: usize, spare: &mut usize) -> Vec<&'t TaskView> {
        let mut left: Vec<&TaskView> = from.iter().filter(|task| !task.protected).copied().collect();
        let mut picked = Vec::new();
        while picked.len() < count {
            let zones = &self.zones;
            let order = |task: &&&TaskView| {
                let there = zones.get(task.zone.as_str()).copied().unwrap_or(0);
                (task.stage, Reverse(there), Reverse(task.created_at), task.id.clone())
            };
            let Some(next) = left.iter().min_by_key(order).copied() else { break };
            if next.stage == Stage::Healthy {
                if *spare == 0 {
                    break;
                }
                *spare -= 1;
            }
            left.retain(|task| task.id != next.id);
            if let Some(count) = self.zones.get_mut(next.zone.as_str()) {
                *count = count.saturating_sub(1);
            }
            picked.push(next);
        }
        let kept = from.iter().filter(|task| task.protected).count().min(count - picked.len());
        let revision = from.first().map(|task| task.revision.clone()).unwrap_or_default();
        self.protected.extend((kept > 0).then_some(Step::Protected(revision, kept)));
        picked
    }

    /// Whether a task is to be moved to another zone: the service is at rest but for that, there is room for one more, and two zones differ
    /// by two or more ("Balancing an Amazon ECS service across Availability Zones", Amazon ECS Developer Guide).
    fn moves(&self, service: &Service, zones: &BTreeSet<String>) -> bool {
        let Bounds { desired, most, .. } = self.bounds;
        let at_rest = self.primary.state == DeploymentRolloutState::Completed
            && self.old.is_empty()
            && self.bad.is_empty()
            && self.good.len() >= desired
            && self.good.len() <= desired + usize::from(service.moving)
            && self.healthy(&self.good) >= desired;
        if !service.rebalancing || !at_rest || most <= desired || zones.len() < 2 {
            return false;
        }
        let counts = || zones.iter().map(|zone| self.zones.get(zone.as_str()).copied().unwrap_or(0));
        let (fewest, most) = (counts().min().unwrap_or(0), counts().max().unwrap_or(0));
        // With the one that moves in place already, it is the other one that is left to be stopped.
        let placed = usize::from(self.good.len() > desired);
        most - fewest + placed >= 2 && most - fewest >= 1
    }

    /// What has come to its end.
    fn ends(&self, service: &Service, quiet: bool) -> Vec<Step> {
        let others = service.deployments.iter().skip(1);
        let gone = others.filter(|deployment| !self.revisions.contains(deployment.revision.as_str()));
        let gone: Vec<Step> = gone.map(|deployment| Step::Drop(deployment.revision.clone())).collect();
        let alone = gone.len() + 1 == service.deployments.len() && self.old.is_empty() && self.leaving == 0;
        let whole = self.good.len() == self.bounds.desired && self.healthy(&self.good) == self.bounds.desired;
        let settled = quiet && alone && whole && self.bad.is_empty();
        let completes = settled && self.primary.state == DeploymentRolloutState::InProgress;
        let steady = settled && (completes || self.primary.state == DeploymentRolloutState::Completed);
        let mut steps = gone;
        steps.extend(completes.then_some(Step::Complete));
        steps.extend((steady != service.steady).then_some(Step::Steady(steady)));
        steps
    }
}
