//! DescribeClusters and ListClusters.

use super::{DEFAULT, invalid, name};
use crate::{
    State, View,
    ecs::arn,
    state::{Cluster, ClusterStatus, Service, ServiceStatus, Status},
};
use aws::{
    api::ecs::{
        self, ClusterField, DescribeClustersRequest, DescribeClustersResponse, Failure, KeyValuePair,
        ListClustersRequest, ListClustersResponse,
    },
    fault::Fault,
    page,
};

/// DescribeClusters describes no more at once.
const MOST: usize = 100;

/// Describes clusters, deleted ones too; the default one when none is named.
pub(crate) fn describe(view: &View<'_>, input: DescribeClustersRequest) -> Result<DescribeClustersResponse, Fault> {
    let DescribeClustersRequest { clusters, include } = input;
    let include = include.unwrap_or_default();
    let mut references = clusters.unwrap_or_default();
    if references.is_empty() {
        references.push(DEFAULT.to_owned());
    }
    if references.len() > MOST {
        return Err(invalid(format!("Clusters list can have at most {MOST} items.")));
    }
    let (mut found, mut failures) = (Vec::new(), Vec::new());
    for reference in references {
        let name = name(view.state, &reference)?;
        match view.state.clusters.get(name) {
            Some(cluster) => found.push(shape(view.state, cluster, &include)),
            None => failures.push(Failure {
                arn: Some(arn::cluster(&view.state.region, name)),
                reason: Some("MISSING".to_owned()),
                detail: None,
            }),
        }
    }
    Ok(DescribeClustersResponse { clusters: Some(found), failures: Some(failures) })
}

/// Lists the ARNs of the active clusters.
pub(crate) fn list(view: &View<'_>, input: ListClustersRequest) -> Result<ListClustersResponse, Fault> {
    let ListClustersRequest { next_token, max_results } = input;
    let active = view.state.clusters.iter().filter(|cluster| cluster.status == ClusterStatus::Active);
    let size = page::Size { default: 100, max: 100 };
    let page = page::paginate(active, |cluster| cluster.name.clone(), max_results, next_token.as_deref(), size);
    let (clusters, next_token) = page.map_err(|bad| bad.fault("InvalidParameterException"))?;
    Ok(ListClustersResponse {
        cluster_arns: Some(clusters.into_iter().map(|cluster| cluster.arn.clone()).collect()),
        next_token,
    })
}

/// A cluster as AWS shows it: some of it only when asked for.
pub(super) fn shape(state: &State, cluster: &Cluster, include: &[ClusterField]) -> ecs::Cluster {
    let Cluster {
        name,
        arn,
        status,
        settings,
        configuration,
        capacity_providers,
        default_capacity_provider_strategy,
        connect_namespace,
        tags,
    } = cluster;
    let asked = |field| include.contains(&field);
    let tasks = Tasks::count(state, cluster);
    ecs::Cluster {
        cluster_arn: Some(arn.clone()),
        cluster_name: Some(name.clone()),
        configuration: configuration.clone().filter(|_| asked(ClusterField::Configurations)),
        status: Some(status.as_str().to_owned()),
        registered_container_instances_count: Some(0),
        running_tasks_count: Some(tasks.running),
        pending_tasks_count: Some(tasks.pending),
        active_services_count: Some(services(state, cluster, ServiceStatus::Active)),
        statistics: Some(if asked(ClusterField::Statistics) { statistics(state, cluster, &tasks) } else { Vec::new() }),
        tags: Some(if asked(ClusterField::Tags) { tags.clone() } else { Vec::new() }),
        settings: Some(if asked(ClusterField::Settings) { settings.clone() } else { Vec::new() }),
        capacity_providers: Some(capacity_providers.clone()),
        default_capacity_provider_strategy: Some(default_capacity_provider_strategy.clone()),
        attachments: asked(ClusterField::Attachments).then(Vec::new),
        attachments_status: None,
        service_connect_defaults: connect_namespace
            .clone()
            .map(|namespace| ecs::ClusterServiceConnectDefaults { namespace: Some(namespace) }),
    }
}

/// How many tasks of a cluster run, and how many are on their way there.
#[derive(Default)]
struct Tasks {
    running: i32,
    pending: i32,
}

impl Tasks {
    fn count(state: &State, cluster: &Cluster) -> Self {
        let mut tasks = Self::default();
        for task in state.tasks.iter().filter(|task| task.cluster == cluster.name) {
            match task.status {
                Status::Running => tasks.running += 1,
                Status::Provisioning | Status::Pending | Status::Activating => tasks.pending += 1,
                Status::Deactivating | Status::Stopping | Status::Deprovisioning | Status::Stopped => {}
            }
        }
        tasks
    }
}

/// How many of a cluster's services have that status.
fn services(state: &State, cluster: &Cluster, status: ServiceStatus) -> i32 {
    let prefix = Service::key_of(&cluster.name, "");
    let count = state.services.prefixed(&prefix).filter(|service| service.status == status).count();
    i32::try_from(count).unwrap_or(i32::MAX)
}

/// The statistics of "DescribeClusters", in AWS's order. Everything runs on Fargate.
fn statistics(state: &State, cluster: &Cluster, tasks: &Tasks) -> Vec<KeyValuePair> {
    let value = |name: &str| match name {
        "runningFargateTasksCount" => tasks.running,
        "pendingFargateTasksCount" => tasks.pending,
        "activeFargateServiceCount" => services(state, cluster, ServiceStatus::Active),
        "drainingFargateServiceCount" => services(state, cluster, ServiceStatus::Draining),
        _ => 0,
    };
    let names = [
        "runningEC2TasksCount",
        "runningFargateTasksCount",
        "pendingEC2TasksCount",
        "pendingFargateTasksCount",
        "runningExternalTasksCount",
        "pendingExternalTasksCount",
        "activeEC2ServiceCount",
        "activeFargateServiceCount",
        "drainingEC2ServiceCount",
        "drainingFargateServiceCount",
        "activeExternalServiceCount",
        "drainingExternalServiceCount",
    ];
    names.map(|name| KeyValuePair { name: Some(name.to_owned()), value: Some(value(name).to_string()) }).to_vec()
}
