//! A service as Amazon ECS describes it.

use super::{
    connect,
    controller::{revision, view},
    decide::Stage,
};
use crate::{
    State,
    ecs::arn,
    state::{Deployed, Deployment, Service, ServiceEvent, ServiceRevision, Status, Task},
};
use aws::api::ecs::{
    self, AvailabilityZoneRebalancing, DeploymentController, DeploymentControllerType, ResourceManagementType,
    SchedulingStrategy, ServiceConnectConfiguration, ServiceCurrentRevisionSummary,
};

/// How many tasks run, and how many are on their way there.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Counts {
    pub(super) running: i32,
    pub(super) pending: i32,
    /// How many of both are not told to stop.
    pub(super) wanted: i32,
}

impl Counts {
    /// Those of the tasks of one revision of a service, or of all of them.
    pub(super) fn of(state: &State, service: &Service, of: Option<&str>) -> Self {
        let group = service.group();
        let ours = |task: &&Task| {
            task.launch.group == group
                && task.cluster == service.cluster
                && of.is_none_or(|wanted| revision(task) == wanted)
        };
        let mut counts = Self::default();
        for task in state.tasks.iter().filter(ours) {
            match task.status {
                Status::Running => counts.running += 1,
                Status::Provisioning | Status::Pending | Status::Activating => counts.pending += 1,
                Status::Deactivating | Status::Stopping | Status::Deprovisioning | Status::Stopped => {}
            }
            counts.wanted += i32::from(view(task).stage >= Stage::Unhealthy);
        }
        counts
    }
}

/// A service in a reply. Without its tags the list of them is left out.
pub(super) fn service(state: &State, service: &Service, with_tags: bool) -> ecs::Service {
    let region = &state.region;
    let counts = Counts::of(state, service, None);
    let primary = service.primary().map(|primary| primary.revision.as_str()).or(service.last_completed.as_deref());
    let what = primary.and_then(|revision| deployed(state, service, revision));
    let current = service.primary().map(|primary| {
        let counts = Counts::of(state, service, Some(&primary.revision));
        ServiceCurrentRevisionSummary {
            arn: Some(arn::service_revision(region, &service.cluster, &service.name, &primary.revision)),
            requested_task_count: i32::try_from(service.desired_count).ok(),
            running_task_count: Some(counts.running),
            pending_task_count: Some(counts.pending),
        }
    });
    let rollout = service.primary().map(|primary| &primary.rollout);
    ecs::Service {
        service_arn: Some(arn::service(region, &service.cluster, &service.name)),
        service_name: Some(service.name.clone()),
        cluster_arn: Some(arn::cluster(region, &service.cluster)),
        load_balancers: Some(what.map(|what| what.load_balancers.clone()).unwrap_or_default()),
        service_registries: Some(what.map(|what| what.registries.clone()).unwrap_or_default()),
        status: Some(service.status.as_str().to_owned()),
        desired_count: i32::try_from(service.desired_count).ok(),
        running_count: Some(counts.running),
        pending_count: Some(counts.pending),
        launch_type: what.and_then(|what| what.launch_type),
        capacity_provider_strategy: what.map(|what| what.strategy.clone()).filter(|strategy| !strategy.is_empty()),
        platform_version: what.map(|what| what.platform_version.clone()),
        platform_family: Some("Linux".to_owned()),
        task_definition: what.map(|what| what.task_definition.clone()),
        deployment_configuration: Some(service.configuration.clone()),
        deployments: Some(service.deployments.iter().map(|of| deployment(state, service, of)).collect()),
        role_arn: Some(format!(
            "arn:aws:iam::{}:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS",
            region.account
        )),
        events: Some(events(state, service)),
        created_at: Some(service.created_at),
        current_service_deployment: rollout
            .map(|rollout| arn::service_deployment(region, &service.cluster, &service.name, rollout)),
        current_service_revisions: Some(current.into_iter().collect()),
        placement_constraints: Some(Vec::new()),
        placement_strategy: Some(Vec::new()),
        network_configuration: what.map(|what| what.network.clone()),
        health_check_grace_period_seconds: i32::try_from(service.grace_period).ok(),
        scheduling_strategy: Some(SchedulingStrategy::Replica),
        deployment_controller: Some(DeploymentController { r#type: Some(DeploymentControllerType::Ecs) }),
        tags: with_tags.then(|| service.tags.clone()),
        created_by: Some(service.created_by.clone()),
        enable_ecs_managed_tags: Some(service.managed_tags),
        propagate_tags: Some(service.propagate_tags),
        enable_execute_command: Some(false),
        availability_zone_rebalancing: Some(match service.rebalancing {
            true => AvailabilityZoneRebalancing::Enabled,
            false => AvailabilityZoneRebalancing::Disabled,
        }),
        resource_management_type: Some(ResourceManagementType::Customer),
        ..ecs::Service::default()
    }
}

/// What a revision of a service is made of.
pub(super) fn deployed<'a>(state: &'a State, service: &Service, revision: &str) -> Option<&'a Deployed> {
    let key = ServiceRevision::key_of(&service.cluster, &service.name, revision);
    state.service_revisions.get(&key).map(|revision| &revision.what)
}

fn deployment(state: &State, service: &Service, of: &Deployment) -> ecs::Deployment {
    let counts = Counts::of(state, service, Some(&of.revision));
    let primary = service.primary().is_some_and(|primary| primary.revision == of.revision);
    let what = deployed(state, service, &of.revision);
    let key = ServiceRevision::key_of(&service.cluster, &service.name, &of.revision);
    let connect = state.service_revisions.get(&key).and_then(|revision| revision.connect.as_ref());
    ecs::Deployment {
        id: Some(of.id()),
        status: Some(if primary { "PRIMARY" } else { "ACTIVE" }.to_owned()),
        task_definition: what.map(|what| what.task_definition.clone()),
        desired_count: if primary { i32::try_from(service.desired_count).ok() } else { Some(counts.wanted) },
        pending_count: Some(counts.pending),
        running_count: Some(counts.running),
        failed_tasks: i32::try_from(of.failed_tasks).ok(),
        created_at: Some(of.created_at),
        updated_at: Some(of.updated_at),
        capacity_provider_strategy: what.map(|what| what.strategy.clone()).filter(|strategy| !strategy.is_empty()),
        launch_type: what.and_then(|what| what.launch_type),
        platform_version: what.map(|what| match what.platform_version.as_str() {
            "LATEST" => "1.4.0".to_owned(),
            version => version.to_owned(),
        }),
        platform_family: Some("Linux".to_owned()),
        network_configuration: what.map(|what| what.network.clone()),
        rollout_state: Some(of.state),
        rollout_state_reason: Some(of.reason.clone()),
        service_connect_configuration: configuration(what),
        service_connect_resources: connect.map(|connect| connect::resources(state, connect)),
        ..ecs::Deployment::default()
    }
}

/// `serviceConnectConfiguration` of what is deployed.
pub(super) fn configuration(what: Option<&Deployed>) -> Option<ServiceConnectConfiguration> {
    what.and_then(|what| what.connect.as_ref()).map(|connect| connect.configuration.clone())
}

/// What was said of a service, the newest first.
fn events(state: &State, service: &Service) -> Vec<ecs::ServiceEvent> {
    let prefix = ServiceEvent::prefix(&service.cluster, &service.name);
    let mut events: Vec<ecs::ServiceEvent> = state
        .service_events
        .prefixed(&prefix)
        .map(|event| ecs::ServiceEvent {
            id: Some(event.id.clone()),
            created_at: Some(event.created_at),
            message: Some(event.message.clone()),
        })
        .collect();
    events.reverse();
    events
}
