//! `CreateService`.

use super::{check, connect, deployments, invalid, unsupported, wire};
use crate::{
    Tx,
    ecs::{clusters, tags, tasks},
    iam::Identity,
    state::{Cluster, Deployed, Service, ServiceStatus},
};
use aws::{
    api::ecs::{CreateServiceRequest, CreateServiceResponse, PropagateTags, SchedulingStrategy},
    fault::Fault,
};

/// Services in a cluster ("Amazon ECS service quotas", Amazon ECS Developer Guide).
const MOST: usize = 5_000;

/// Makes a service, and begins the deployment of its first revision. The same request again answers the service it made.
pub(super) fn create(tx: &mut Tx<'_>, request: CreateServiceRequest) -> Result<CreateServiceResponse, Fault> {
    let cluster = clusters::find(&tx.state, request.cluster.as_deref())?;
    let name = &request.service_name;
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if name.is_empty() || name.len() > 255 || !name.chars().all(allowed) {
        return Err(invalid(r"serviceName must match ^[a-zA-Z0-9\-_]{1,255}$"));
    }
    let there = tx.state.services.get(&Service::key_of(&cluster.name, name));
    match there.map(|there| (there.status, there.request == request)) {
        Some((ServiceStatus::Active, true)) => {
            let service = there.map(|there| wire::service(&tx.state, there, true));
            return Ok(CreateServiceResponse { service });
        }
        Some((ServiceStatus::Active, false)) => return Err(invalid("Creation of service was not idempotent.")),
        Some((ServiceStatus::Draining, _)) => {
            return Err(invalid("Unable to Start a service that is still Draining."));
        }
        Some((ServiceStatus::Inactive, _)) | None => {}
    }
    let prefix = Service::key_of(&cluster.name, "");
    let active = |service: &&Service| service.status != ServiceStatus::Inactive;
    if tx.state.services.prefixed(&prefix).filter(active).count() >= MOST {
        return Err(Fault::new("LimitExceededException", format!("The limit of {MOST} services is exceeded.")));
    }
    let (mut service, what) = requested(tx, &cluster, request)?;
    deployments::forget(tx, &service.cluster, &service.name);
    deployments::begin(tx, &mut service, what)?;
    let answer = wire::service(&tx.state, &service, true);
    tx.state.services.put(service);
    Ok(CreateServiceResponse { service: Some(answer) })
}

/// The service that a request describes, without a deployment, and what is to be deployed.
fn requested(tx: &Tx<'_>, cluster: &Cluster, request: CreateServiceRequest) -> Result<(Service, Deployed), Fault> {
    let CreateServiceRequest {
        cluster: _,
        service_name,
        task_definition,
        availability_zone_rebalancing,
        load_balancers,
        service_registries,
        desired_count,
        client_token,
        launch_type,
        capacity_provider_strategy,
        platform_version,
        role,
        deployment_configuration,
        placement_constraints,
        placement_strategy,
        network_configuration,
        health_check_grace_period_seconds,
        scheduling_strategy,
        deployment_controller,
        tags: given_tags,
        enable_ecs_managed_tags,
        propagate_tags,
        enable_execute_command,
        service_connect_configuration,
        volume_configurations,
        vpc_lattice_configurations,
        gateway_connectors,
        monitoring,
    } = request.clone();
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
    if scheduling_strategy == Some(SchedulingStrategy::Daemon) {
        return Err(unsupported("the scheduling strategy DAEMON"));
    }
    if role.is_some_and(|role| !role.is_empty()) {
        return Err(invalid("You cannot specify an IAM role for services that require a service linked role."));
    }
    let token = |token: &String| token.len() <= 36 && token.bytes().all(|byte| (33..=126).contains(&byte));
    if client_token.as_ref().is_some_and(|given| !token(given)) {
        return Err(invalid("clientToken can have up to 36 ASCII characters in the range of 33-126 (inclusive)."));
    }
    let reference = task_definition.filter(|reference| !reference.is_empty());
    let reference = reference.ok_or_else(|| invalid("TaskDefinition can not be blank."))?;
    let definition = tasks::definition(&tx.state, &reference)?;
    let count =
        desired_count.ok_or_else(|| invalid("desiredCount must be specified for the REPLICA scheduling strategy."))?;
    let tags = given_tags.unwrap_or_default();
    tags::validate(&tags)?;
    let configuration = check::configuration(Default::default(), deployment_configuration)?;
    let load_balancers = load_balancers.unwrap_or_default();
    let (launch_type, strategy) = check::capacity(cluster, launch_type, capacity_provider_strategy.as_deref())?;
    let service = Service {
        cluster: cluster.name.clone(),
        name: service_name,
        status: ServiceStatus::Active,
        created_at: tx.now,
        created_by: Identity::of(&tx.view()).arn,
        desired_count: check::desired_count(count)?,
        grace_period: check::grace_period(health_check_grace_period_seconds.unwrap_or(0), !load_balancers.is_empty())?,
        rebalancing: check::rebalancing(availability_zone_rebalancing, None, &configuration)?,
        configuration,
        managed_tags: enable_ecs_managed_tags.unwrap_or(false),
        propagate_tags: propagate_tags.unwrap_or(PropagateTags::None),
        tags,
        deployments: Vec::new(),
        last_completed: None,
        steady: false,
        moving: false,
        request,
    };
    let what = Deployed {
        task_definition: definition.arn.clone(),
        launch_type,
        strategy,
        platform_version: platform_version.filter(|version| !version.is_empty()).unwrap_or_else(|| "LATEST".to_owned()),
        network: network_configuration.unwrap_or_default(),
        load_balancers,
        registries: service_registries.unwrap_or_default(),
        connect: service_connect_configuration
            .map(|given| connect::check(&tx.state, cluster, &service, &definition, given))
            .transpose()?,
    };
    check::deployed(&tx.state, cluster, &service, &definition, &what)?;
    Ok((service, what))
}
