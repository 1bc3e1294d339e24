//! Starting tasks of a service, spread over the zones of its subnets.

use super::{controller::revision, events, standing};
use crate::{
    Tx,
    ecs::{
        clusters,
        tasks::{Capacity, Plan, check_capacity, plan_for_service},
    },
    state::{Service, ServiceRevision, Task},
};
use aws::fault::Fault;
use spec::{Desired, TaskId};
use std::collections::BTreeMap;

/// Starts tasks of the primary deployment, and says so. When that is not possible the deployment waits until it tries again.
pub(super) fn start(tx: &mut Tx<'_>, service: &mut Service, count: usize, replacing: usize) -> Vec<TaskId> {
    let now = tx.now.millis;
    let (plan, capacity) = match prepare(tx, service) {
        Ok(prepared) => prepared,
        Err(why) => {
            if let Some(primary) = service.deployments.first_mut() {
                standing::count_unplaced(primary, now);
            }
            events::warn(tx, service, &format!("was unable to place a task. Reason: {why}."));
            return Vec::new();
        }
    };
    let mut spread = Spread::of(tx, service);
    let mut started = Vec::new();
    for _ in 0..count {
        let provider = capacity.next(|provider| spread.providers.get(provider).copied().unwrap_or(0));
        let task = plan.task(tx, spread.next_subnet(&plan), provider);
        spread.add(&task);
        started.push(task.id.clone());
        tx.state.tasks.put(task);
    }
    say_started(tx, service, &started, replacing);
    started
}

/// What tasks of the primary deployment are started with.
///
/// # Errors
/// Why none can be started, without a full stop.
fn prepare(tx: &Tx<'_>, service: &Service) -> Result<(Plan, Capacity), String> {
    let words = |fault: Fault| fault.message.trim_end_matches('.').to_owned();
    let cluster = clusters::find(&tx.state, Some(&service.cluster)).map_err(words)?;
    let primary = service.primary().map(|primary| primary.revision.clone()).unwrap_or_default();
    let key = ServiceRevision::key_of(&service.cluster, &service.name, &primary);
    let revision = tx.state.service_revisions.get(&key).ok_or("The service revision was not found")?;
    let plan = plan_for_service(&tx.state, &cluster, service, &primary, &revision.what).map_err(words)?;
    let strategy = Some(revision.what.strategy.as_slice());
    let capacity = check_capacity(&cluster, revision.what.launch_type, strategy).map_err(words)?;
    let capacity = capacity.ok_or("No Container Instances were found in your cluster")?;
    match plan.no_capacity(&tx.state) {
        Some(failure) => Err(failure.reason.unwrap_or_default()),
        None => Ok((plan, capacity)),
    }
}

fn say_started(tx: &mut Tx<'_>, service: &Service, started: &[TaskId], replacing: usize) {
    let moved = service.moving.then(|| started.first().and_then(|id| tx.state.tasks.get(id))).flatten();
    let zone = moved.map(|task| format!(" in {} to AZ Rebalance", task.launch.zone)).unwrap_or_default();
    let replaced = match replacing {
        0 => String::new(),
        count => format!(" Amazon ECS replaced {count} tasks due to an unhealthy status."),
    };
    events::say_tasks(tx, service, started, |count| (format!("has started {count} tasks{zone}"), replaced.clone()));
}

/// How many of the service's tasks are where.
#[derive(Default)]
struct Spread {
    zones: BTreeMap<String, usize>,
    subnets: BTreeMap<String, usize>,
    providers: BTreeMap<String, usize>,
}

impl Spread {
    /// That of the primary deployment: tasks of others go.
    fn of(tx: &Tx<'_>, service: &Service) -> Self {
        let group = service.group();
        let primary = service.primary().map(|primary| primary.revision.as_str()).unwrap_or_default();
        let ours = tx.state.tasks.iter().filter(|task| {
            task.launch.group == group
                && task.cluster == service.cluster
                && task.desired == Desired::Running
                && revision(task) == primary
        });
        let mut spread = Self::default();
        ours.for_each(|task| spread.add(task));
        spread
    }

    fn add(&mut self, task: &Task) {
        *self.zones.entry(task.launch.zone.clone()).or_default() += 1;
        *self.subnets.entry(task.launch.subnet.to_string()).or_default() += 1;
        if let Some(provider) = &task.launch.capacity_provider {
            *self.providers.entry(provider.clone()).or_default() += 1;
        }
    }

    /// The place in the list of a subnet in the zone that has fewest tasks, and there of the one that has fewest
    /// ("Update Amazon ECS service parameters", Amazon ECS Developer Guide).
    fn next_subnet(&self, plan: &Plan) -> u64 {
        let count = |of: &BTreeMap<String, usize>, key: &str| of.get(key).copied().unwrap_or(0);
        let places = (0..).zip(plan.subnets());
        let best = places
            .min_by_key(|(place, (subnet, zone))| (count(&self.zones, zone), count(&self.subnets, subnet), *place));
        best.map_or(0, |(place, _)| place)
    }
}
