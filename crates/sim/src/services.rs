//! A user of services, and what must be so of their scheduler.
//!
//! Never, by its own doing: fewer healthy tasks than `minimumHealthyPercent` allows, or more tasks than `maximumPercent` does. In the end:
//! every deployment is over, every service has what it wants, and a deleted one has nothing.

use crate::{
    cluster::Chance,
    server::Server,
    workload::{object, take_text, text},
};
use aws::{
    api::{
        cloudwatch, ec2,
        ecs::{self, DeploymentRolloutState, TaskStopCode},
    },
    doc::Doc,
    fault::Fault,
};
use control::{
    State,
    state::{Proof, Service, ServiceStatus, Status, Task},
};
use spec::{Desired, Millis};
use std::collections::BTreeMap;

/// Two subnets in two zones, with eleven usable addresses each.
const SUBNETS: [(&str, &str); 2] = [("10.0.0.32/28", "us-east-1a"), ("10.0.0.48/28", "us-east-1b")];
/// The services that come and go.
const NAMES: [&str; 2] = ["api", "site"];
/// The alarms that deployments are watched by. The second is never made.
const ALARMS: [&str; 2] = ["errors", "nobody"];
/// Bounds that leave room for a deployment, whatever the desired count.
const BOUNDS: [(i64, i64); 4] = [(100, 200), (50, 200), (0, 100), (0, 150)];

/// Somebody who deploys all day.
pub(crate) struct Services {
    subnets: Vec<String>,
}

impl Services {
    /// Makes the services' subnets.
    ///
    /// # Errors
    /// When the control plane refuses something it should do.
    pub(crate) fn new(server: &mut Server, chance: &mut Chance, vpc: &str) -> Result<Self, Fault> {
        let mut subnets = Vec::new();
        for (cidr, zone) in SUBNETS {
            let input = object([("VpcId", text(vpc)), ("CidrBlock", text(cidr)), ("AvailabilityZone", text(zone))]);
            let mut made = server.call(0, chance, &ec2::API, "CreateSubnet", input)?;
            subnets.push(take_text(&mut made, &["subnet", "subnetId"]));
        }
        Ok(Self { subnets })
    }

    /// Makes one call, or none.
    ///
    /// # Errors
    /// What the control plane refuses.
    pub(crate) fn step(&self, server: &mut Server, now: Millis, chance: &mut Chance) -> Result<(), Fault> {
        if !chance.one_in(25) {
            return Ok(());
        }
        if chance.one_in(5) {
            return alarm(server, now, chance);
        }
        let Some(name) = chance.pick(&NAMES) else { return Ok(()) };
        let status = server.state.services.get(&Service::key_of("default", name)).map(|service| service.status);
        let (operation, input) = match status {
            None | Some(ServiceStatus::Inactive) => ("CreateService", self.create(name, chance)),
            Some(ServiceStatus::Draining) => return Ok(()),
            Some(ServiceStatus::Active) if chance.one_in(8) => {
                ("DeleteService", object([("service", text(name)), ("force", Doc::Bool(true))]))
            }
            Some(ServiceStatus::Active) => ("UpdateService", update(name, chance)),
        };
        server.call(now, chance, &ecs::API, operation, input).map(drop)
    }

    fn create(&self, name: &str, chance: &mut Chance) -> Doc {
        let subnets = self.subnets.iter().map(text).collect();
        let network = object([("awsvpcConfiguration", object([("subnets", Doc::List(subnets))]))]);
        let breaker = object([("enable", Doc::Bool(chance.one_in(2))), ("rollback", Doc::Bool(chance.one_in(2)))]);
        let (least, most) = chance.pick(&BOUNDS).unwrap_or((100, 200));
        let configuration = object([
            ("deploymentCircuitBreaker", breaker),
            ("alarms", watched(chance)),
            ("minimumHealthyPercent", Doc::Int(least)),
            ("maximumPercent", Doc::Int(most)),
        ]);
        object([
            ("serviceName", text(name)),
            ("taskDefinition", text("web")),
            ("desiredCount", Doc::Int(chance.below(4).into())),
            ("launchType", text("FARGATE")),
            ("networkConfiguration", network),
            ("deploymentConfiguration", configuration),
        ])
    }
}

/// Two alarms watch deployments, or none does.
fn watched(chance: &mut Chance) -> Doc {
    object([
        ("alarmNames", Doc::List(ALARMS.map(text).into())),
        ("enable", Doc::Bool(chance.one_in(2))),
        ("rollback", Doc::Bool(chance.one_in(2))),
    ])
}

/// Gives an alarm some state; there is one that never was made.
fn alarm(server: &mut Server, now: Millis, chance: &mut Chance) -> Result<(), Fault> {
    let [name, _] = ALARMS;
    if !server.state.alarms.contains(name) {
        let input = object([
            ("AlarmName", text(name)),
            ("Namespace", text("Test")),
            ("MetricName", text("Errors")),
            ("Statistic", text("Sum")),
            ("Period", Doc::Int(60)),
            ("EvaluationPeriods", Doc::Int(2)),
            ("Threshold", Doc::Int(1)),
            ("ComparisonOperator", text("GreaterThanThreshold")),
        ]);
        return server.call(now, chance, &cloudwatch::API, "PutMetricAlarm", input).map(drop);
    }
    let state = if chance.one_in(3) { "ALARM" } else { "OK" };
    let input = object([("AlarmName", text(name)), ("StateValue", text(state)), ("StateReason", text("by chance"))]);
    server.call(now, chance, &cloudwatch::API, "SetAlarmState", input).map(drop)
}

fn update(name: &str, chance: &mut Chance) -> Doc {
    let mut members = vec![("service".to_owned(), text(name))];
    let scale = chance.one_in(2);
    if scale {
        members.push(("desiredCount".to_owned(), Doc::Int(chance.below(4).into())));
    }
    if !scale || chance.one_in(2) {
        members.push(("forceNewDeployment".to_owned(), Doc::Bool(true)));
    }
    Doc::Map(members.into_iter().collect())
}

/// The tasks of each service that should run.
fn running(state: &State) -> BTreeMap<(&str, &str), Vec<&Task>> {
    let mut tasks: BTreeMap<(&str, &str), Vec<&Task>> = BTreeMap::new();
    for task in state.tasks.iter().filter(|task| task.desired == Desired::Running) {
        if let Some(name) = task.launch.group.strip_prefix("service:") {
            tasks.entry((&task.cluster, name)).or_default().push(task);
        }
    }
    tasks
}

fn healthy(task: &Task) -> bool {
    task.status == Status::Running && task.standing.health == Proof::Healthy
}

/// Holds what one transaction did to the tasks of services against the services' bounds.
///
/// # Errors
/// The bound it broke.
pub(crate) fn between(before: &State, after: &State) -> Result<(), String> {
    let (was, is) = (running(before), running(after));
    for service in after.services.iter().filter(|service| service.status == ServiceStatus::Active) {
        let key = (service.cluster.as_str(), service.name.as_str());
        let (was, is) = (was.get(&key).map_or(&[][..], Vec::as_slice), is.get(&key).map_or(&[][..], Vec::as_slice));
        let desired = i64::from(service.desired_count);
        let percent = |value: Option<i32>| i64::from(value.unwrap_or(0));
        let most = desired * percent(service.configuration.maximum_percent) / 100;
        let least = (desired * percent(service.configuration.minimum_healthy_percent) + 99) / 100;
        let count = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        if is.iter().any(|task| !before.tasks.contains(&task.id)) && count(is.len()) > most {
            return Err(format!(
                "{} tasks of {key:?} were brought to {}, and {most} are the most",
                is.len() - was.len(),
                is.len()
            ));
        }
        let stopped = |task: &&&Task| {
            let after = after.tasks.get(&task.id).or_else(|| after.stopped_tasks.get(&task.id).map(|task| &task.0));
            let by_it = |task: &Task| {
                task.stop.as_ref().is_some_and(|stop| stop.code == TaskStopCode::ServiceSchedulerInitiated)
            };
            healthy(task) && after.is_some_and(|task| by_it(task) && task.standing.health == Proof::Healthy)
        };
        let (stopped, left) = (was.iter().filter(stopped).count(), is.iter().filter(|task| healthy(task)).count());
        if stopped > 0 && count(left) < least {
            return Err(format!(
                "{stopped} healthy tasks of {key:?} were stopped, {left} are left, and {least} are the least"
            ));
        }
    }
    Ok(())
}

/// Whether every service is at rest.
pub(crate) fn settled(state: &State) -> bool {
    in_the_end(state).is_ok()
}

/// Looks at services after the faults have ended and time has passed.
///
/// # Errors
/// What is not as it must be.
pub(crate) fn in_the_end(state: &State) -> Result<(), String> {
    let running = running(state);
    for service in state.services.iter() {
        let key = (service.cluster.as_str(), service.name.as_str());
        let tasks = running.get(&key).map_or(&[][..], Vec::as_slice);
        match service.status {
            ServiceStatus::Draining => return Err(format!("{key:?} is deleted and not gone")),
            ServiceStatus::Inactive => {}
            ServiceStatus::Active => at_rest(service, tasks).map_err(|why| format!("{key:?} {why}"))?,
        }
    }
    let served = |key: &(&str, &str)| {
        let service = state.services.get(&Service::key_of(key.0, key.1));
        service.is_some_and(|service| service.status == ServiceStatus::Active)
    };
    if let Some(key) = running.keys().find(|key| !served(key)) {
        return Err(format!("tasks of {key:?} are left over"));
    }
    let over = |rollout: &str, key: (&str, &str)| {
        let key = control::state::ServiceDeployment::key_of(key.0, key.1, rollout);
        state.service_deployments.get(&key).is_some_and(|deployment| deployment.finished_at.is_some())
    };
    let under_way = state.service_deployments.iter().find(|of| !over(&of.id, (&of.cluster, &of.service)));
    under_way.map_or(Ok(()), |of| Err(format!("service deployment {} of {} is not over", of.id, of.service)))
}

fn at_rest(service: &Service, tasks: &[&Task]) -> Result<(), String> {
    let Some(primary) = service.primary() else { return Err("has no deployment".to_owned()) };
    match primary.state {
        DeploymentRolloutState::InProgress => Err(format!("is still deploying: {:?}", service.deployments)),
        // Its circuit breaker has opened or an alarm went off, and it was not to go back.
        DeploymentRolloutState::Failed => Ok(()),
        DeploymentRolloutState::Completed => {
            let ours =
                tasks.iter().filter(|task| healthy(task) && task.launch.started_by == Some(primary.id())).count();
            let whole = ours == tasks.len() && ours == service.desired_count as usize;
            match whole && service.steady && service.deployments.len() == 1 {
                true => Ok(()),
                false => Err(format!(
                    "has {ours} of {} tasks, {} deployments",
                    service.desired_count,
                    service.deployments.len()
                )),
            }
        }
    }
}
