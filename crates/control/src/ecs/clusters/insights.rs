//! Container Insights: which clusters have it, and what is counted of them ("Amazon ECS Container Insights metrics", Amazon CloudWatch
//! User Guide).

use crate::{
    State,
    state::{Cluster, ClusterStatus, Service, ServiceStatus, Status},
};
use std::collections::BTreeMap;

/// What a cluster's setting `containerInsights` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Insights {
    /// There are no such metrics.
    Disabled,
    /// Metrics of the cluster, its services and task definition families.
    Enabled,
    /// Those of tasks and containers, too.
    Enhanced,
}

/// What is counted of a cluster that has Container Insights.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterCount {
    /// Its name.
    pub cluster: String,
    /// Tasks that run.
    pub tasks: usize,
    /// Its services.
    pub services: Vec<ServiceCount>,
}

/// What is counted of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceCount {
    /// Its name.
    pub service: String,
    /// Tasks that it should have.
    pub desired: u32,
    /// Tasks that run.
    pub running: usize,
    /// Tasks on their way there.
    pub pending: usize,
    /// Its deployments.
    pub deployments: usize,
}

/// Whether a cluster has Container Insights; one that is not there has none.
pub fn insights(state: &State, cluster: &str) -> Insights {
    state.clusters.get(cluster).map_or(Insights::Disabled, of)
}

fn of(cluster: &Cluster) -> Insights {
    match cluster.settings.iter().find_map(|setting| setting.value.as_deref()) {
        Some("enabled") => Insights::Enabled,
        Some("enhanced") => Insights::Enhanced,
        _ => Insights::Disabled,
    }
}

/// What is counted of the clusters that have Container Insights.
pub fn counts(state: &State) -> Vec<ClusterCount> {
    let active = state.clusters.iter().filter(|cluster| cluster.status == ClusterStatus::Active);
    let insightful: Vec<&Cluster> = active.filter(|cluster| of(cluster) != Insights::Disabled).collect();
    if insightful.is_empty() {
        return Vec::new();
    }
    // Running and pending ones, by cluster and group.
    let mut tasks: BTreeMap<(&str, &str), (usize, usize)> = BTreeMap::new();
    for task in state.tasks.iter() {
        let (running, pending) = tasks.entry((&task.cluster, &task.launch.group)).or_default();
        match task.status {
            Status::Running => *running += 1,
            Status::Provisioning | Status::Pending | Status::Activating => *pending += 1,
            Status::Deactivating | Status::Stopping | Status::Deprovisioning | Status::Stopped => {}
        }
    }
    let service = |service: &Service| {
        let group = service.group();
        let (running, pending) = tasks.get(&(service.cluster.as_str(), group.as_str())).copied().unwrap_or_default();
        ServiceCount {
            service: service.name.clone(),
            desired: service.desired_count,
            running,
            pending,
            deployments: service.deployments.len(),
        }
    };
    let cluster = |cluster: &&Cluster| {
        let of_cluster = tasks.iter().filter(|((name, _), _)| *name == cluster.name);
        let prefix = Service::key_of(&cluster.name, "");
        let services = state.services.prefixed(&prefix);
        ClusterCount {
            cluster: cluster.name.clone(),
            tasks: of_cluster.map(|(_, (running, _))| running).sum(),
            services: services.filter(|service| service.status != ServiceStatus::Inactive).map(service).collect(),
        }
    };
    insightful.iter().map(cluster).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ecs::tasks::tests::Fixture;
    use serde_json::json;

    #[test]
    fn what_is_counted_of_a_cluster_follows_its_setting() {
        let mut fixture = Fixture::new();
        let network = json!({"awsvpcConfiguration": {"subnets": [fixture.subnet]}});
        let service = json!({"serviceName": "site", "taskDefinition": "web", "desiredCount": 2,
            "launchType": "FARGATE", "networkConfiguration": network});
        fixture.world.ecs("CreateService", service);
        assert_eq!(counts(&fixture.world.state), []);
        for (value, expected) in [("enabled", Insights::Enabled), ("enhanced", Insights::Enhanced)] {
            let settings = json!({"cluster": "default", "settings": [{"name": "containerInsights", "value": value}]});
            fixture.world.ecs("UpdateClusterSettings", settings);
            assert_eq!(insights(&fixture.world.state, "default"), expected);
        }
        let service = ServiceCount { service: "site".to_owned(), desired: 2, running: 0, pending: 2, deployments: 1 };
        let cluster = ClusterCount { cluster: "default".to_owned(), tasks: 0, services: vec![service] };
        assert_eq!(counts(&fixture.world.state), [cluster]);
        assert_eq!(insights(&fixture.world.state, "none"), Insights::Disabled);
    }
}
