//! What Service Connect's proxies have counted, as CloudWatch's metrics ("Amazon ECS CloudWatch metrics", Amazon ECS Developer Guide).
//!
//! What came in for a discovery name is counted by the tasks that offer it (`DiscoveryName`), what went there from tasks with Service
//! Connect by these (`TargetDiscoveryName`): their service is then the client.

use super::Data;
use control::{State, ecs::connect_targets};
use metrics::Distribution;
use spec::{
    TaskId,
    connect::{ConnectCounts, PortCounts},
};
use std::collections::BTreeMap;

/// Of whom a proxy is.
pub(super) struct Owner {
    /// The cluster of its task.
    cluster: String,
    /// The service.
    service: String,
    /// How many tasks are behind each discovery name that it uses.
    targets: BTreeMap<String, usize>,
}

/// Of whom each proxy is. Of one whose task is gone nobody is told any more.
pub(super) fn owners(state: &State, proxies: &BTreeMap<TaskId, ConnectCounts>) -> BTreeMap<TaskId, Owner> {
    let owner = |id: &TaskId| {
        let task = state.tasks.get(id)?;
        let service = task.launch.group.strip_prefix("service:")?.to_owned();
        Some((id.clone(), Owner { cluster: task.cluster.clone(), service, targets: connect_targets(state, task) }))
    };
    proxies.keys().filter_map(owner).collect()
}

/// What was asked of a discovery name.
#[derive(Default)]
struct Asked<'a> {
    /// How many targets there are.
    targets: usize,
    /// Requests by cluster and service.
    clients: BTreeMap<(&'a str, &'a str), u64>,
}

/// The metrics of all proxies of a host.
pub(super) fn add(data: &mut Data, owners: &BTreeMap<TaskId, Owner>, proxies: &BTreeMap<TaskId, ConnectCounts>) {
    let mut asked: BTreeMap<&str, Asked<'_>> = BTreeMap::new();
    for (id, ConnectCounts { inbound, outbound }) in proxies {
        let Some(Owner { cluster, service, targets }) = owners.get(id) else { continue };
        let of = [("ClusterName", cluster.as_str()), ("ServiceName", service.as_str())];
        for (name, counts) in inbound {
            each(&of, ("DiscoveryName", name), |dimensions| came_in(data, counts, dimensions));
        }
        for (name, counts) in outbound {
            each(&of, ("TargetDiscoveryName", name), |dimensions| went_out(data, counts, dimensions));
            let Asked { targets: most, clients } = asked.entry(name).or_default();
            *most = (*most).max(targets.get(name).copied().unwrap_or(0));
            *clients.entry((cluster.as_str(), service.as_str())).or_default() += counts.requests;
        }
    }
    for (name, Asked { targets, clients }) in asked {
        let share = |requests: u64| Distribution::of(requests as f64 / targets.max(1) as f64, 1.0);
        let all = clients.values().sum();
        if all > 0 {
            data.ecs("RequestCountPerTarget", "Count", share(all), &[("TargetDiscoveryName", name)]);
        }
        for ((cluster, service), requests) in clients.iter().filter(|(_, requests)| **requests > 0) {
            let of = [("ClusterName", *cluster), ("ServiceName", *service), ("TargetDiscoveryName", name)];
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

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failure ends the test")]
mod tests {
    use super::*;

    /// What two clients and a server have counted, as the sum of each metric by its dimensions' values.
    fn told() -> BTreeMap<String, f64> {
        let client = |requests, answers: &[(u16, u64)]| ConnectCounts {
            inbound: BTreeMap::new(),
            outbound: [(
                "api".to_owned(),
                PortCounts {
                    processed_bytes: 1000,
                    requests,
                    answers: answers.iter().copied().collect(),
                    times: vec![(0.25, requests)],
                    ..PortCounts::default()
                },
            )]
            .into(),
        };
        let came_in = PortCounts {
            active_connections: Some(2),
            new_connections: 3,
            processed_bytes: 2000,
            requests: 12,
            ..PortCounts::default()
        };
        let server = ConnectCounts { inbound: [("api".to_owned(), came_in)].into(), outbound: BTreeMap::new() };
        let proxies: BTreeMap<TaskId, ConnectCounts> = [
            ("a".into(), client(4, &[(2, 4)])),
            ("b".into(), client(8, &[(2, 5), (5, 3)])),
            ("c".into(), server),
            ("gone".into(), client(100, &[(2, 100)])),
        ]
        .into();
        let owner = |service: &str| Owner {
            cluster: "shop".to_owned(),
            service: service.to_owned(),
            targets: [("api".to_owned(), 3)].into(),
        };
        let owners = [("a".into(), owner("web")), ("b".into(), owner("app")), ("c".into(), owner("api"))].into();
        let mut data = Data::new(0);
        add(&mut data, &owners, &proxies);
        let mut told = BTreeMap::new();
        for datum in data.all {
            assert_eq!(datum.metric.namespace, "AWS/ECS");
            let dimensions = datum.metric.dimensions.iter().map(|(name, value)| format!(" {name}={value}"));
            let key = format!("{}{}", datum.metric.name, dimensions.collect::<String>());
            *told.entry(key).or_default() += datum.values.sum;
        }
        told
    }

    #[test]
    fn servers_tell_what_came_in_and_clients_what_they_sent() {
        let told = told();
        let is = |key: &str| told.get(key).copied();
        assert_eq!(is("RequestCount DiscoveryName=api"), Some(12.0));
        assert_eq!(is("RequestCount ClusterName=shop DiscoveryName=api ServiceName=api"), Some(12.0));
        assert_eq!(is("GrpcRequestCount DiscoveryName=api"), None);
        assert_eq!(is("ActiveConnectionCount DiscoveryName=api"), Some(2.0));
        assert_eq!(is("NewConnectionCount DiscoveryName=api"), Some(3.0));
        assert_eq!(is("ProcessedBytes DiscoveryName=api"), Some(2000.0));
        assert_eq!(is("TargetProcessedBytes TargetDiscoveryName=api"), Some(2000.0));
        assert_eq!(is("HTTPCode_Target_2XX_Count TargetDiscoveryName=api"), Some(9.0));
        assert_eq!(is("HTTPCode_Target_5XX_Count ClusterName=shop ServiceName=app TargetDiscoveryName=api"), Some(3.0));
        assert_eq!(is("HTTPCode_Target_5XX_Count ClusterName=shop ServiceName=web TargetDiscoveryName=api"), None);
        assert_eq!(is("TargetResponseTime TargetDiscoveryName=api"), Some(12.0 * 250.0));
    }

    #[test]
    fn requests_are_shared_out_among_targets() {
        let told = told();
        assert_eq!(told["RequestCountPerTarget TargetDiscoveryName=api"], 4.0);
        assert_eq!(told["RequestCountPerTarget ClusterName=shop ServiceName=app TargetDiscoveryName=api"], 8.0 / 3.0);
    }
}
