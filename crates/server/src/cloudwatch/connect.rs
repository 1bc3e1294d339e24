//! What Service Connect's proxies have counted, as CloudWatch's metrics ("Amazon ECS CloudWatch metrics", Amazon ECS Developer Guide).
//!
//! What came in for a discovery name is counted by the tasks that offer it (`DiscoveryName`), what went there from tasks with Service
//! Connect by these (`TargetDiscoveryName`): their service is then the client.

use super::measured::Data;
use control::{State, ecs::connect_targets};
use metrics::Distribution;
use spec::{
    TaskId,
    connect::{ConnectCounts, PortCounts},
};
use std::collections::BTreeMap;

/// Cluster and service of a client.
type Client = (String, String);

/// The metrics of all proxies of a host.
pub(super) fn add(data: &mut Data, state: &State, proxies: &BTreeMap<TaskId, ConnectCounts>) {
    // Requests to a discovery name, of each client, and how many targets there are.
    let mut asked: BTreeMap<&str, (usize, BTreeMap<Client, u64>)> = BTreeMap::new();
    for (id, ConnectCounts { inbound, outbound }) in proxies {
        let Some(task) = state.tasks.get(id) else { continue };
        let service = task.launch.group.strip_prefix("service:").unwrap_or_default();
        let of = [("ClusterName", task.cluster.as_str()), ("ServiceName", service)];
        for (name, counts) in inbound {
            each(&of, ("DiscoveryName", name), |dimensions| came_in(data, counts, dimensions));
        }
        let targets = if outbound.is_empty() { BTreeMap::new() } else { connect_targets(state, task) };
        for (name, counts) in outbound {
            each(&of, ("TargetDiscoveryName", name), |dimensions| went_out(data, counts, dimensions));
            let (most, clients) = asked.entry(name).or_default();
            *most = (*most).max(targets.get(name).copied().unwrap_or(0));
            *clients.entry((task.cluster.clone(), service.to_owned())).or_default() += counts.requests;
        }
    }
    for (name, (targets, clients)) in asked {
        let share = |requests: u64| Distribution::of(requests as f64 / targets.max(1) as f64, 1.0);
        let all = clients.values().sum();
        if all > 0 {
            data.ecs("RequestCountPerTarget", "Count", share(all), &[("TargetDiscoveryName", name)]);
        }
        for ((cluster, service), requests) in clients.iter().filter(|(_, requests)| **requests > 0) {
            let of = [("ClusterName", cluster.as_str()), ("ServiceName", service), ("TargetDiscoveryName", name)];
            data.ecs("RequestCountPerTarget", "Count", share(*requests), &of);
        }
    }
}

/// With the name alone, and with cluster and service.
fn each(of: &[(&str, &str); 2], name: (&str, &String), mut add: impl FnMut(&[(&str, &str)])) {
    let [cluster, service] = *of;
    let name = (name.0, name.1.as_str());
    add(&[name]);
    add(&[cluster, service, name]);
}

/// What came in for a discovery name.
fn came_in(data: &mut Data, counts: &PortCounts, dimensions: &[(&str, &str)]) {
    let PortCounts { active_connections, new_connections, processed_bytes, requests, grpc_requests, .. } = counts;
    let one = |number: u64| Distribution::of(number as f64, 1.0);
    if let Some(active) = active_connections {
        data.ecs("ActiveConnectionCount", "Count", one(*active), dimensions);
    }
    data.ecs("NewConnectionCount", "Count", one(*new_connections), dimensions);
    data.ecs("ProcessedBytes", "Bytes", one(*processed_bytes), dimensions);
    // Connections have no requests.
    for (name, number) in [("RequestCount", *requests), ("GrpcRequestCount", *grpc_requests)] {
        if number > 0 {
            data.ecs(name, "Count", one(number), dimensions);
        }
    }
}

/// What clients sent to a discovery name, and what became of it.
fn went_out(data: &mut Data, counts: &PortCounts, dimensions: &[(&str, &str)]) {
    let PortCounts { processed_bytes, answers, times, .. } = counts;
    let one = |number: u64| Distribution::of(number as f64, 1.0);
    data.ecs("TargetProcessedBytes", "Bytes", one(*processed_bytes), dimensions);
    for (digit, number) in answers.iter().filter(|(digit, number)| (2..=5).contains(*digit) && **number > 0) {
        data.ecs(&format!("HTTPCode_Target_{digit}XX_Count"), "Count", one(*number), dimensions);
    }
    let mut time = Distribution::default();
    times.iter().for_each(|(seconds, count)| time.add(seconds * 1000.0, *count as f64));
    data.ecs("TargetResponseTime", "Milliseconds", time, dimensions);
}
