//! What the benchmarks have served: load balancers as the control plane would tell them.

use spec::balancing::*;
use std::{collections::BTreeMap, net::SocketAddr, num::NonZeroU16, sync::Arc};

/// A rule that forwards to a group whatever meets its conditions.
pub fn forward(group: &str, priority: u16, conditions: Vec<Condition>) -> Rule {
    let action = Action::Forward { groups: vec![(group.into(), 1)], stickiness: None };
    Rule { arn: format!("rule/{priority}"), priority, conditions, transforms: Vec::new(), action }
}

/// So many rules, as different as users have them, which a request for `/small` of a host of ours does not meet.
pub fn unmet(group: &str, count: u16) -> Vec<Rule> {
    let conditions = |n: u16| match n % 4 {
        0 => vec![Condition::Path(vec![format!("/api/v{n}/*")])],
        1 => vec![Condition::Host(vec![format!("*.tenant-{n}.example.com")])],
        2 => vec![Condition::Header { name: "X-Version".into(), values: vec![format!("{n}*")] }],
        _ => vec![Condition::Path(vec!["/small".into()]), Condition::Query(vec![(Some("n".into()), n.to_string())])],
    };
    (1..=count).map(|n| forward(group, n, conditions(n))).collect()
}

/// A load balancer with one listener that has these rules, and forwards to a group of the same name what meets none.
pub fn balancer(arn: &str, listen: SocketAddr, mut rules: Vec<Rule>) -> LoadBalancer {
    rules.push(forward(arn, 0, Vec::new()));
    let listener = Listener { arn: format!("{arn}/listener"), tls: None, stream: None, rules };
    LoadBalancer {
        arn: arn.into(),
        nodes: BTreeMap::from([(
            format!("eni-{arn}").as_str().into(),
            Node { vpc: "vpc-1".into(), zone: "a".into(), address: listen.ip(), public: None },
        )]),
        listeners: NonZeroU16::new(listen.port()).map(|port| (port, listener)).into_iter().collect(),
        flows: BTreeMap::new(),
        idle_timeout: 60,
        client_keep_alive: 3600,
        desync_mitigation: DesyncMitigation::Defensive,
        drop_invalid_header_fields: false,
        preserve_host_header: false,
        xff_processing: XffProcessing::Append,
        xff_client_port: false,
        tls_headers: false,
        http2: true,
        access_log: None,
    }
}

/// A target group with these targets.
pub fn group(targets: impl IntoIterator<Item = SocketAddr>) -> TargetGroup {
    TargetGroup {
        arn: "g".into(),
        tls: false,
        version: ProtocolVersion::Http1,
        health_check: TargetHealthCheck {
            tcp: false,
            tls: false,
            port: None,
            path: "/".into(),
            interval: 30,
            timeout: 5,
            healthy_threshold: 5,
            unhealthy_threshold: 2,
            matcher: vec![(200, 499)],
        },
        flows: None,
        algorithm: Algorithm::RoundRobin,
        anomaly_mitigation: false,
        slow_start: 0,
        stickiness: None,
        cross_zone: true,
        minimum_healthy: 1,
        minimum_healthy_percent: None,
        targets: targets
            .into_iter()
            .map(|target| (TargetAddress(target), Target { zone: Some("a".into()), since: 1, draining_until: None }))
            .collect(),
    }
}

/// All of them, with the namespace of this process as every node's.
pub fn snapshot(
    revision: u64,
    balancers: Vec<LoadBalancer>,
    groups: BTreeMap<TargetGroupId, TargetGroup>,
) -> balancer::Snapshot {
    let namespaces =
        balancers.iter().flat_map(|one| one.nodes.keys().cloned()).map(|id| (id, "/proc/self/ns/net".into())).collect();
    let load_balancers = balancers.into_iter().map(|one| (one.arn.as_str().into(), Arc::new(one))).collect();
    let target_groups = groups.into_iter().map(|(id, group)| (id, Arc::new(group))).collect();
    balancer::Snapshot {
        revision,
        balancing: Arc::new(Balancing { load_balancers, target_groups }),
        namespaces,
        ..Default::default()
    }
}
