//! Load balancers' ("CloudWatch metrics for your Application Load Balancer", "… for your Network Load Balancer").

use super::{BALANCER, Data, NETWORK, count};
use metrics::Distribution;
use spec::measured::{FlowCounts, FlowKind, GroupCounts, NetworkCounts, NodeCounts};
use std::collections::BTreeMap;

/// Rules that are evaluated for each request without counting ("Elastic Load Balancing pricing").
const FREE_RULES: f64 = 10.0;

/// The codes from `first` to the last that begins with the same digit.
fn class(answers: &BTreeMap<u16, u64>, first: u16) -> u64 {
    answers.range(first..first + 100).map(|(_, count)| count).sum()
}

impl Data {
    /// The metrics of one node: of its load balancer, of that in its zone, and of the target groups in both.
    pub(super) fn node(&mut self, node: &NodeCounts) {
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

    /// The metrics of a Network Load Balancer's node: of the load balancer, and of that in the node's zone.
    pub(super) fn network(&mut self, node: &NodeCounts, of: &NetworkCounts) {
        let NetworkCounts {
            flows,
            client_resets,
            target_resets,
            own_resets,
            client_handshakes,
            target_handshakes,
            port_allocation_errors,
            packets,
            time,
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
        // Of the ten seconds in which these were counted; the metric is the highest of such rates.
        let rate = *packets as f64 * 1_000.0 / (*time).max(1) as f64;
        let some = [
            ("ProcessedPackets", *packets),
            ("ClientTLSNegotiationErrorCount", *client_handshakes),
            ("TargetTLSNegotiationErrorCount", *target_handshakes),
        ];
        for dimensions in [&[balancer][..], &of_zone[..]] {
            for (name, unit, number) in &always {
                self.add(name, unit, Distribution::of(*number as f64, 1.0), dimensions);
            }
            if *time > 0 {
                self.add("PeakPacketsPerSecond", "Count", Distribution::of(rate, 1.0), dimensions);
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
}
