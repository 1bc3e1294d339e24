//! What hosts have measured, as CloudWatch's metrics: those of load balancers ("CloudWatch metrics for your Application Load Balancer") and
//! of services ("Amazon ECS CloudWatch metrics").

use super::unkept;
use crate::app::App;
use aws::fault::Fault;
use control::elb::{GroupHealth, group_health};
use metrics::{Datum, Distribution, Metric, Sender};
use spec::measured::{FlowCounts, FlowKind, GroupCounts, Measured, NetworkCounts, NodeCounts, TaskUsage, is_network};
use spec::{Millis, TaskId};
use std::collections::BTreeMap;

const BALANCER: &str = "AWS/ApplicationELB";
/// Network Load Balancers' ("CloudWatch metrics for your Network Load Balancer").
const NETWORK: &str = "AWS/NetworkELB";
const ECS: &str = "AWS/ECS";
/// Rules that are evaluated for each request without counting ("Elastic Load Balancing pricing").
const FREE_RULES: f64 = 10.0;

/// Takes in what a host has measured.
///
/// # Errors
/// When it can't be kept.
pub(crate) fn take(app: &App, measured: Measured) -> Result<(), Fault> {
    let Measured { host, by, number, at, nodes, tasks, connect } = measured;
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
    super::connect::add(&mut data, &super::connect::owners(&state, &connect), &connect);
    let sender = Sender { name: format!("{host} {by}"), number };
    app.metrics.put(Some(sender), data.all, app.core.clock().now().millis).map_err(unkept)
}

/// Once a minute: how many targets of each group are healthy.
///
/// # Errors
/// When it can't be kept.
pub(crate) fn sample(app: &App, now: Millis) -> Result<(), Fault> {
    let mut data = Data::new(now);
    for GroupHealth { load_balancer, target_group, healthy, unhealthy } in group_health(&app.core.state()) {
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
    app.metrics.put(None, data.all, now).map_err(unkept)
}

/// What is to be kept.
pub(super) struct Data {
    at: Millis,
    namespace: &'static str,
    /// All that was added.
    pub(super) all: Vec<Datum>,
}

/// So many things, each counted as one.
fn count(count: u64) -> Distribution {
    Distribution::of(1.0, count as f64)
}

/// The codes from `first` to the last that begins with the same digit.
fn class(answers: &BTreeMap<u16, u64>, first: u16) -> u64 {
    answers.range(first..first + 100).map(|(_, count)| count).sum()
}

impl Data {
    pub(super) fn new(at: Millis) -> Self {
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
    pub(super) fn ecs(&mut self, name: &str, unit: &str, values: Distribution, dimensions: &[(&str, &str)]) {
        let before = std::mem::replace(&mut self.namespace, ECS);
        self.add(name, unit, values, dimensions);
        self.namespace = before;
    }

    /// The metrics of one node: of its load balancer, of that in its zone, and of the target groups in both.
    fn node(&mut self, node: &NodeCounts) {
        let NodeCounts {
            load_balancer,
            zone,
            requests,
            new_connections,
            active_connections,
            rejected_connections,
            processed_bytes,
            rule_evaluations,
            fixed_responses,
            redirects,
            answers,
            non_sticky,
            non_compliant,
            dropped_invalid_headers,
            forwarded_invalid_headers,
            groups,
            network: _,
        } = node;
        let exact = |code: u16| answers.get(&code).copied().unwrap_or(0);
        let counted = [
            ("RequestCount", *requests),
            ("NewConnectionCount", *new_connections),
            ("RejectedConnectionCount", *rejected_connections),
            ("RuleEvaluations", *rule_evaluations),
            ("HTTP_Fixed_Response_Count", *fixed_responses),
            ("HTTP_Redirect_Count", *redirects),
            ("HTTPCode_ELB_3XX_Count", class(answers, 300)),
            ("HTTPCode_ELB_4XX_Count", class(answers, 400)),
            ("HTTPCode_ELB_5XX_Count", class(answers, 500)),
            ("HTTPCode_ELB_500_Count", exact(500)),
            ("HTTPCode_ELB_502_Count", exact(502)),
            ("HTTPCode_ELB_503_Count", exact(503)),
            ("HTTPCode_ELB_504_Count", exact(504)),
            ("NonStickyRequestCount", *non_sticky),
            ("DesyncMitigationMode_NonCompliant_Request_Count", *non_compliant),
            ("DroppedInvalidHeaderRequestCount", *dropped_invalid_headers),
            ("ForwardedInvalidHeaderRequestCount", *forwarded_invalid_headers),
        ];
        let balancer = ("LoadBalancer", load_balancer.as_str());
        let of_zone = [("AvailabilityZone", zone.as_str()), balancer];
        for dimensions in [&[balancer][..], &of_zone[..]] {
            for (name, number) in counted {
                self.add(name, "Count", count(number), dimensions);
            }
            if let Some(active) = active_connections.filter(|active| *active > 0) {
                self.add("ActiveConnectionCount", "Count", Distribution::of(active as f64, 1.0), dimensions);
            }
            if *processed_bytes > 0 {
                let bytes = Distribution::of(*processed_bytes as f64, 1.0);
                self.add("ProcessedBytes", "Bytes", bytes, dimensions);
            }
            for group in groups.values() {
                self.group(group, dimensions);
            }
        }
        self.units(node);
    }

    /// The metrics of a Network Load Balancer's node: of the load balancer, and of that in the node's zone. Absent: packets.
    fn network(&mut self, node: &NodeCounts, of: &NetworkCounts) {
        let NetworkCounts {
            flows,
            client_resets,
            target_resets,
            own_resets,
            client_handshakes,
            target_handshakes,
            port_allocation_errors,
        } = of;
        self.namespace = NETWORK;
        let balancer = ("LoadBalancer", node.load_balancer.as_str());
        let of_zone = [("AvailabilityZone", node.zone.as_str()), balancer];
        let sum = |of: fn(&FlowCounts) -> u64| flows.values().map(of).sum::<u64>();
        let active = flows.values().filter_map(|flows| flows.active).reduce(|one, other| one + other);
        // What there is always, also where it is none.
        let always = [
            ("NewFlowCount", "Count", sum(|flows| flows.new)),
            ("ProcessedBytes", "Bytes", sum(|flows| flows.bytes)),
            ("TCP_Client_Reset_Count", "Count", *client_resets),
            ("TCP_Target_Reset_Count", "Count", *target_resets),
            ("TCP_ELB_Reset_Count", "Count", *own_resets),
            ("PortAllocationErrorCount", "Count", *port_allocation_errors),
        ];
        let always = always.into_iter().chain(active.map(|active| ("ActiveFlowCount", "Count", active)));
        let always: Vec<_> = always.collect();
        let some = [
            ("ClientTLSNegotiationErrorCount", *client_handshakes),
            ("TargetTLSNegotiationErrorCount", *target_handshakes),
        ];
        for dimensions in [&[balancer][..], &of_zone[..]] {
            for (name, unit, number) in &always {
                self.add(name, unit, Distribution::of(*number as f64, 1.0), dimensions);
            }
            let of_kinds = flows.iter().flat_map(|(kind, flows)| {
                let kind = match kind {
                    FlowKind::Tcp => "TCP",
                    FlowKind::Tls => "TLS",
                    FlowKind::Udp => "UDP",
                };
                let counted = [("NewFlowCount", "Count", flows.new), ("ProcessedBytes", "Bytes", flows.bytes)];
                let active = ("ActiveFlowCount", "Count", flows.active.unwrap_or(0));
                counted
                    .into_iter()
                    .chain([active])
                    .map(move |(name, unit, count)| (format!("{name}_{kind}"), unit, count))
            });
            let some = some.iter().map(|(name, number)| ((*name).to_owned(), "Count", *number));
            for (name, unit, number) in of_kinds.chain(some).filter(|(.., number)| *number > 0) {
                self.add(&name, unit, Distribution::of(number as f64, 1.0), dimensions);
            }
        }
        self.network_units(balancer, flows);
        self.namespace = BALANCER;
    }

    /// Load Balancer Capacity Units of an hour of each kind of flows, the one of three that is the most ("Elastic Load Balancing pricing"):
    /// new flows a second, active ones a minute, a gigabyte an hour.
    fn network_units(&mut self, balancer: (&str, &str), flows: &BTreeMap<FlowKind, FlowCounts>) {
        const SECONDS: f64 = 3_600.0;
        let mut all = 0.0;
        for (kind, flows) in flows {
            let (name, new, active) = match kind {
                FlowKind::Tcp => ("ConsumedLCUs_TCP", 800.0, 100_000.0),
                FlowKind::Tls => ("ConsumedLCUs_TLS", 50.0, 3_000.0),
                FlowKind::Udp => ("ConsumedLCUs_UDP", 400.0, 50_000.0),
            };
            let units = [
                flows.new as f64 / (new * SECONDS),
                flows.active.unwrap_or(0) as f64 / (active * 60.0),
                flows.bytes as f64 / 1e9,
            ];
            let most = units.into_iter().fold(0.0, f64::max);
            all += most;
            if most > 0.0 {
                self.add(name, "Count", Distribution::of(most, 1.0), &[balancer]);
            }
        }
        self.add("ConsumedLCUs", "Count", Distribution::of(all, 1.0), &[balancer]);
    }

    /// The metrics of a target group on a node, with the group as a dimension and without it.
    fn group(&mut self, group: &GroupCounts, of: &[(&str, &str)]) {
        let GroupCounts { target_group, requests, answers, connection_errors, times } = group;
        let mut time = Distribution::default();
        times.iter().for_each(|(seconds, count)| time.add(*seconds, *count as f64));
        let answered = |digit: u16| answers.get(&digit).copied().unwrap_or(0);
        let with_group: Vec<(&str, &str)> =
            of.iter().copied().chain([("TargetGroup", target_group.as_str())]).collect();
        // Requests of the load balancer are counted by its nodes.
        self.add("RequestCount", "Count", count(*requests), &with_group);
        for dimensions in [of, with_group.as_slice()] {
            for (name, number) in [
                ("HTTPCode_Target_2XX_Count", answered(2)),
                ("HTTPCode_Target_3XX_Count", answered(3)),
                ("HTTPCode_Target_4XX_Count", answered(4)),
                ("HTTPCode_Target_5XX_Count", answered(5)),
                ("TargetConnectionErrorCount", *connection_errors),
            ] {
                self.add(name, "Count", count(number), dimensions);
            }
            self.add("TargetResponseTime", "Seconds", time.clone(), dimensions);
        }
    }

    /// Load Balancer Capacity Units of an hour: the one of four that is the most ("Elastic Load Balancing pricing"): 25 new connections a
    /// second, 3,000 active ones a minute, a gigabyte an hour, 1,000 evaluated rules a second.
    fn units(&mut self, node: &NodeCounts) {
        const SECONDS: f64 = 3_600.0;
        let rules = node.rule_evaluations as f64 - FREE_RULES * node.requests as f64;
        let units = [
            node.new_connections as f64 / (25.0 * SECONDS),
            node.active_connections.unwrap_or(0) as f64 / (3_000.0 * 60.0),
            node.processed_bytes as f64 / 1e9,
            rules.max(0.0) / (1_000.0 * SECONDS),
        ];
        let most = units.into_iter().fold(0.0, f64::max);
        if most > 0.0 {
            self.add(
                "ConsumedLCUs",
                "Count",
                Distribution::of(most, 1.0),
                &[("LoadBalancer", node.load_balancer.as_str())],
            );
        }
    }

    /// How much of what a service's task has it uses, in per cent.
    fn task(&mut self, state: &control::State, id: &TaskId, usage: &TaskUsage) {
        let Some(task) = state.tasks.get(id) else { return };
        let Some(service) = task.launch.group.strip_prefix("service:") else { return };
        self.namespace = ECS;
        let of = [("ClusterName", task.cluster.as_str()), ("ServiceName", service)];
        let processors = f64::from(task.launch.cpu) / 1024.0;
        let cpu = usage.cpu as f64 / usage.time.max(1) as f64 / processors * 100.0;
        let memory = usage.memory as f64 / (f64::from(task.launch.memory) * f64::from(1 << 20)) * 100.0;
        for (name, value) in [("CPUUtilization", cpu), ("MemoryUtilization", memory)] {
            self.add(name, "Percent", Distribution::of(value, 1.0), &of);
            self.add(name, "Percent", Distribution::of(value, 1.0), &[("ClusterName", task.cluster.as_str())]);
        }
    }
}
