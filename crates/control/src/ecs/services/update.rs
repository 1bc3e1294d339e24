//! `UpdateService`.

use super::{check, connect, deployments, find, invalid, scale, wire};
use crate::{
    Tx,
    ecs::{clusters, tasks},
    state::{Cluster, Deployed, Service, ServiceRevision, ServiceStatus},
};
use aws::{
    api::ecs::{UpdateServiceRequest, UpdateServiceResponse},
    fault::Fault,
};

/// Changes what the request names. A new deployment begins when what is deployed changes, or when it is told to.
pub(super) fn update(tx: &mut Tx<'_>, request: UpdateServiceRequest) -> Result<UpdateServiceResponse, Fault> {
    let cluster = clusters::find(&tx.state, request.cluster.as_deref())?;
    let before = find(&tx.state, &cluster.name, &request.service)?.clone();
    if before.status != ServiceStatus::Active {
        return Err(Fault::new("ServiceNotActiveException", "Service was not ACTIVE."));
    }
    let force = request.force_new_deployment == Some(true);
    let (mut service, was, what) = requested(tx, &cluster, before, request)?;
    if force || was != what {
        deployments::begin(tx, &mut service, what)?;
    }
    let answer = wire::service(&tx.state, &service, true);
    tx.state.services.put(service);
    Ok(UpdateServiceResponse { service: Some(answer) })
}

/// The service as the request changes it, what is deployed and what is to be.
fn requested(
    tx: &Tx<'_>,
    cluster: &Cluster,
    mut service: Service,
    request: UpdateServiceRequest,
) -> Result<(Service, Deployed, Deployed), Fault> {
    let UpdateServiceRequest {
        cluster: _,
        service: _,
        desired_count,
        task_definition,
        capacity_provider_strategy,
        deployment_configuration,
        availability_zone_rebalancing,
        network_configuration,
        placement_constraints,
        placement_strategy,
        platform_version,
        force_new_deployment: _,
        health_check_grace_period_seconds,
        deployment_controller,
        enable_execute_command,
        enable_ecs_managed_tags,
        load_balancers,
        propagate_tags,
        service_registries,
        service_connect_configuration,
        volume_configurations,
        vpc_lattice_configurations,
        gateway_connectors,
        monitoring,
    } = request;
    check::Extras {
        constraints: placement_constraints.as_deref(),
        placement: placement_strategy.as_deref(),
        volumes: volume_configurations.as_deref(),
        lattice: vpc_lattice_configurations.as_deref(),
        gateways: gateway_connectors.as_deref(),
        monitoring: monitoring.as_ref(),
        execute_command: enable_execute_command,
        controller: deployment_controller.as_ref(),
    }
    .refuse()?;
    let primary = service.primary().map(|primary| primary.revision.clone()).unwrap_or_default();
    let key = ServiceRevision::key_of(&service.cluster, &service.name, &primary);
    let revision = tx.state.service_revisions.get(&key).ok_or_else(|| invalid("The service has no revision."))?;
    let was = revision.what.clone();
    let mut what = was.clone();
    if let Some(reference) = task_definition.filter(|reference| !reference.is_empty()) {
        what.task_definition = tasks::definition(&tx.state, &reference)?.arn;
    }
    if let Some(strategy) = capacity_provider_strategy {
        // An empty strategy takes the one there is away ("UpdateService", Amazon ECS API Reference).
        let launch_type = strategy.is_empty().then_some(aws::api::ecs::LaunchType::Fargate);
        (what.launch_type, what.strategy) = check::capacity(cluster, launch_type, Some(&strategy))?;
    }
    what.network = network_configuration.unwrap_or(what.network);
    what.platform_version = platform_version.filter(|version| !version.is_empty()).unwrap_or(what.platform_version);
    what.load_balancers = load_balancers.unwrap_or(what.load_balancers);
    what.registries = service_registries.unwrap_or(what.registries);
    let behind_load_balancer = !what.load_balancers.is_empty();
    if let Some(count) = desired_count {
        scale::set(&mut service, Some(&what), count)?;
    }
    let rebalancing = Some(service.rebalancing);
    service.configuration = check::configuration(service.configuration, deployment_configuration)?;
    service.rebalancing = check::rebalancing(availability_zone_rebalancing, rebalancing, &service.configuration)?;
    service.grace_period = match health_check_grace_period_seconds {
        Some(seconds) => check::grace_period(seconds, behind_load_balancer)?,
        None if behind_load_balancer => service.grace_period,
        None => 0,
    };
    service.managed_tags = enable_ecs_managed_tags.unwrap_or(service.managed_tags);
    service.propagate_tags = propagate_tags.unwrap_or(service.propagate_tags);
    let connecting = service_connect_configuration.is_some() || what.task_definition != was.task_definition;
    if connecting || was != what {
        let definition = tx.state.task_definitions.iter().find(|definition| definition.arn == what.task_definition);
        let definition = definition.ok_or_else(|| Fault::new("ClientException", "TaskDefinition not found."))?;
        let known = || was.connect.as_ref().map(|connect| connect.configuration.clone());
        if let Some(given) = service_connect_configuration.or_else(known).filter(|_| connecting) {
            what.connect = Some(connect::check(&tx.state, cluster, &service, definition, given)?);
        }
        check::deployed(&tx.state, cluster, &service, definition, &what)?;
    }
    Ok((service, was, what))
}
