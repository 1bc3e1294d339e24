//! What hosts have measured, and what is counted here, as CloudWatch's metrics.

mod balancers;
mod connect;
mod gateways;
mod tasks;

use super::unkept;
use crate::app::App;
use aws::fault::Fault;
use control::elb::{GroupHealth, group_health};
use metrics::{Datum, Distribution, Metric, Sender};
use spec::Millis;
use spec::measured::{Measured, is_network};
use std::collections::BTreeMap;

const BALANCER: &str = "AWS/ApplicationELB";
/// Network Load Balancers' ("CloudWatch metrics for your Network Load Balancer").
const NETWORK: &str = "AWS/NetworkELB";
const ECS: &str = "AWS/ECS";
const INSIGHTS: &str = "ECS/ContainerInsights";
const NAT: &str = "AWS/NATGateway";

/// Takes in what a host has measured.
///
/// # Errors
/// When it can't be kept.
pub(crate) fn take(app: &App, measured: Measured) -> Result<(), Fault> {
    let Measured { host, by, number, at, nodes, tasks, nat_gateways, connect } = measured;
    let mut data = Data::new(at);
    let state = app.core.state();
    let mut asked: BTreeMap<String, u64> = BTreeMap::new();
    for node in nodes.values() {
        if let Some(network) = &node.network {
            data.network(node, network);
            continue;
        }
        data.node(node);
        for group in node.groups.values() {
            *asked.entry(group.target_group.clone()).or_default() += group.requests;
        }
    }
    asked.retain(|_, requests| *requests > 0);
    let health = if asked.is_empty() { Vec::new() } else { group_health(&state) };
    for (name, requests) in asked {
        let sum = |zones: &BTreeMap<String, usize>| zones.values().sum::<usize>();
        let group = health.iter().find(|group| group.target_group == name);
        // Where none is healthy, all of them have the requests.
        let targets = group.map_or(0, |group| match sum(&group.healthy) {
            0 => sum(&group.unhealthy),
            healthy => healthy,
        });
        let share = requests as f64 / targets.max(1) as f64;
        data.add("RequestCountPerTarget", "Count", Distribution::of(share, 1.0), &[("TargetGroup", name.as_str())]);
        let of = nodes.values().find(|node| node.groups.values().any(|group| group.target_group == name));
        let balancer = of.map(|node| node.load_balancer.clone()).unwrap_or_default();
        let both = [("LoadBalancer", balancer.as_str()), ("TargetGroup", name.as_str())];
        data.add("RequestCountPerTarget", "Count", Distribution::of(share, 1.0), &both);
    }
    for (id, usage) in &tasks {
        data.task(&state, id, usage);
    }
    nat_gateways.iter().for_each(|(id, counts)| data.nat_gateway(id.as_str(), counts));
    connect::add(&mut data, &connect::owners(&state, &connect), &connect);
    let sender = Sender { name: format!("{host} {by}"), number };
    app.metrics.put(Some(sender), data.all, app.core.clock().now().millis).map_err(unkept)
}

/// Once a minute: how many targets of each group are healthy, and what clusters with Container Insights have.
///
/// # Errors
/// When it can't be kept.
pub(crate) fn sample(app: &App, now: Millis) -> Result<(), Fault> {
    let mut data = Data::new(now);
    let state = app.core.state();
    control::ecs::counts(&state).iter().for_each(|cluster| data.cluster(cluster));
    for GroupHealth { load_balancer, target_group, healthy, unhealthy } in group_health(&state) {
        data.namespace = if is_network(&load_balancer) { NETWORK } else { BALANCER };
        if !is_network(&load_balancer) {
            // That is always told: no requests are none, so that a service may be scaled in when there are none.
            data.add(
                "RequestCountPerTarget",
                "Count",
                Distribution::of(0.0, 1.0),
                &[("TargetGroup", target_group.as_str())],
            );
            let both = [("LoadBalancer", load_balancer.as_str()), ("TargetGroup", target_group.as_str())];
            data.add("RequestCountPerTarget", "Count", Distribution::of(0.0, 1.0), &both);
        }
        for (name, zones) in [("HealthyHostCount", &healthy), ("UnHealthyHostCount", &unhealthy)] {
            let of = |count: usize| Distribution::of(count as f64, 1.0);
            let (balancer, group) = (("LoadBalancer", load_balancer.as_str()), ("TargetGroup", target_group.as_str()));
            data.add(name, "Count", of(zones.values().sum()), &[balancer, group]);
            for (zone, count) in zones {
                data.add(name, "Count", of(*count), &[balancer, group, ("AvailabilityZone", zone.as_str())]);
            }
        }
    }
    if data.all.is_empty() {
        return Ok(());
    }
    // A server that starts again in the same minute has counted already.
    let number = u64::try_from(now - now.rem_euclid(state.region.minute.max(1))).unwrap_or_default();
    app.metrics.put(Some(Sender { name: "counts".to_owned(), number }), data.all, now).map_err(unkept)
}

struct Data {
    at: Millis,
    namespace: &'static str,
    all: Vec<Datum>,
}

/// So many things, each counted as one.
fn count(count: u64) -> Distribution {
    Distribution::of(1.0, count as f64)
}

impl Data {
    fn new(at: Millis) -> Self {
        Self { at, namespace: BALANCER, all: Vec::new() }
    }

    fn add(&mut self, name: &str, unit: &str, values: Distribution, dimensions: &[(&str, &str)]) {
        if values.count <= 0.0 {
            return;
        }
        let dimensions = dimensions.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let metric = Metric::new(self.namespace, name, dimensions);
        self.all.push(Datum { metric, unit: unit.to_owned(), at: self.at, values });
    }

    /// Adds a metric of Amazon ECS.
    fn ecs(&mut self, name: &str, unit: &str, values: Distribution, dimensions: &[(&str, &str)]) {
        let before = std::mem::replace(&mut self.namespace, ECS);
        self.add(name, unit, values, dimensions);
        self.namespace = before;
    }
}
