//! What was deployed when: `ListServiceDeployments`, `DescribeServiceDeployments` and `DescribeServiceRevisions`.

use super::{
    find, invalid, standing,
    wire::{Counts, configuration},
};
use crate::{
    Region, State, View,
    ecs::{arn, clusters, task_definitions},
    state::{Service, ServiceDeployment, ServiceRevision},
};
use aws::{
    api::ecs::{
        self, ContainerImage, DescribeServiceDeploymentsRequest, DescribeServiceDeploymentsResponse,
        DescribeServiceRevisionsRequest, DescribeServiceRevisionsResponse, Failure, ListServiceDeploymentsRequest,
        ListServiceDeploymentsResponse, ResolvedConfiguration, Rollback, ServiceDeploymentAlarms,
        ServiceDeploymentBrief, ServiceDeploymentCircuitBreaker, ServiceDeploymentRollbackMonitorsStatus as Monitors,
        ServiceDeploymentStatus as Status, ServiceRevisionLoadBalancer, ServiceRevisionSummary,
    },
    fault::Fault,
    page::{Size, paginate},
};

/// At most this many a call ("DescribeServiceDeployments" and "DescribeServiceRevisions", Amazon ECS API Reference).
const MOST: usize = 20;
/// How many a page holds ("ListServiceDeployments", Amazon ECS API Reference).
const PAGE: Size = Size { default: 20, max: 100 };

/// Lists a service's deployments, the newest first.
pub(super) fn list(
    view: &View<'_>,
    request: ListServiceDeploymentsRequest,
) -> Result<ListServiceDeploymentsResponse, Fault> {
    let ListServiceDeploymentsRequest { service, cluster, status, created_at, next_token, max_results } = request;
    let cluster = clusters::find(view.state, cluster.as_deref())?;
    let service = find(view.state, &cluster.name, &service)?;
    let (after, before) = created_at.map_or((None, None), |at| (at.after, at.before));
    let wanted = |deployment: &&ServiceDeployment| {
        status.as_ref().is_none_or(|status| status.is_empty() || status.contains(&deployment.status))
            && after.is_none_or(|after| deployment.created_at >= after)
            && before.is_none_or(|before| deployment.created_at <= before)
    };
    let prefix = ServiceDeployment::prefix(&service.cluster, &service.name);
    let all = view.state.service_deployments.prefixed(&prefix).filter(wanted);
    // Newest first: pages are cut in the order of their keys.
    let key = |deployment: &&ServiceDeployment| {
        format!("{:020}/{}", i64::MAX - deployment.created_at.millis.max(0), deployment.id)
    };
    let page = paginate(all, key, max_results, next_token.as_deref(), PAGE);
    let (deployments, next_token) = page.map_err(|bad| bad.fault("InvalidParameterException"))?;
    let brief = |of: &ServiceDeployment| brief(&view.state.region, of);
    Ok(ListServiceDeploymentsResponse {
        service_deployments: Some(deployments.into_iter().map(brief).collect()),
        next_token,
    })
}

fn brief(region: &Region, of: &ServiceDeployment) -> ServiceDeploymentBrief {
    ServiceDeploymentBrief {
        service_deployment_arn: Some(arn::service_deployment(region, &of.cluster, &of.service, &of.id)),
        service_arn: Some(arn::service(region, &of.cluster, &of.service)),
        cluster_arn: Some(arn::cluster(region, &of.cluster)),
        started_at: Some(of.created_at),
        created_at: Some(of.created_at),
        finished_at: of.finished_at,
        target_service_revision_arn: Some(arn::service_revision(region, &of.cluster, &of.service, &of.target)),
        status: Some(of.status),
        status_reason: of.reason.clone(),
    }
}

/// Describes service deployments; those that are not there are failures.
pub(super) fn describe_deployments(
    view: &View<'_>,
    request: DescribeServiceDeploymentsRequest,
) -> Result<DescribeServiceDeploymentsResponse, Fault> {
    let DescribeServiceDeploymentsRequest { service_deployment_arns: arns } = request;
    at_most("serviceDeploymentArns", arns.len())?;
    let (mut found, mut failures) = (Vec::new(), Vec::new());
    for arn in arns {
        let (cluster, service, id) = deployment_of(view.state, &arn)?;
        let key = ServiceDeployment::key_of(&cluster, &service, &id);
        match view.state.service_deployments.get(&key) {
            Some(deployment) => found.push(shape(view.state, deployment)),
            None => failures.push(missing(arn)),
        }
    }
    Ok(DescribeServiceDeploymentsResponse { service_deployments: Some(found), failures: Some(failures) })
}

/// Describes service revisions; those that are not there are failures.
pub(super) fn describe_revisions(
    view: &View<'_>,
    request: DescribeServiceRevisionsRequest,
) -> Result<DescribeServiceRevisionsResponse, Fault> {
    let DescribeServiceRevisionsRequest { service_revision_arns: arns } = request;
    at_most("serviceRevisionArns", arns.len())?;
    let (mut found, mut failures) = (Vec::new(), Vec::new());
    for arn in arns {
        let (cluster, service, id) = parts(view.state, &arn, "service-revision")?;
        match view.state.service_revisions.get(&ServiceRevision::key_of(&cluster, &service, &id)) {
            Some(revision) => found.push(revision_shape(view.state, revision)),
            None => failures.push(missing(arn)),
        }
    }
    Ok(DescribeServiceRevisionsResponse { service_revisions: Some(found), failures: Some(failures) })
}

fn at_most(what: &str, count: usize) -> Result<(), Fault> {
    match count {
        0 => Err(invalid(format!("{what} cannot be empty."))),
        1..=MOST => Ok(()),
        _ => Err(invalid(format!("{what} can have at most {MOST} items."))),
    }
}

fn missing(arn: String) -> Failure {
    Failure { arn: Some(arn), reason: Some("MISSING".to_owned()), detail: None }
}

/// Cluster, service and id in the ARN of a service deployment.
///
/// # Errors
/// `InvalidParameterException` for anything else.
pub(super) fn deployment_of(state: &State, arn: &str) -> Result<(String, String, String), Fault> {
    parts(state, arn, "service-deployment")
}

fn parts(state: &State, of: &str, kind: &str) -> Result<(String, String, String), Fault> {
    let resource = arn::parse(&state.region, of)?;
    let parts: Vec<&str> = resource.id.split('/').collect();
    match parts.as_slice() {
        [cluster, service, id] if resource.kind == kind => {
            Ok(((*cluster).to_owned(), (*service).to_owned(), (*id).to_owned()))
        }
        _ => Err(arn::invalid(of)),
    }
}

fn shape(state: &State, of: &ServiceDeployment) -> ecs::ServiceDeployment {
    let region = &state.region;
    let service = state.services.get(&Service::key_of(&of.cluster, &of.service));
    let summary = |id: &String, target: bool| {
        let counts = service.map(|service| Counts::of(state, service, Some(id))).unwrap_or_default();
        let desired = service.and_then(|service| i32::try_from(service.desired_count).ok());
        let now = of.finished_at.is_none();
        ServiceRevisionSummary {
            arn: Some(arn::service_revision(region, &of.cluster, &of.service, id)),
            requested_task_count: if target && now { desired } else { Some(counts.wanted) },
            running_task_count: Some(counts.running),
            pending_task_count: Some(counts.pending),
            ..ServiceRevisionSummary::default()
        }
    };
    ecs::ServiceDeployment {
        service_deployment_arn: Some(arn::service_deployment(region, &of.cluster, &of.service, &of.id)),
        service_arn: Some(arn::service(region, &of.cluster, &of.service)),
        cluster_arn: Some(arn::cluster(region, &of.cluster)),
        created_at: Some(of.created_at),
        started_at: Some(of.created_at),
        finished_at: of.finished_at,
        stopped_at: of.stopped_at,
        updated_at: Some(of.updated_at),
        source_service_revisions: Some(of.sources.iter().map(|id| summary(id, false)).collect()),
        target_service_revision: Some(summary(&of.target, true)),
        status: Some(of.status),
        status_reason: of.reason.clone(),
        deployment_configuration: Some(of.configuration.clone()),
        rollback: of.rollback.as_ref().map(|(back, at, why)| Rollback {
            reason: Some(why.clone()),
            started_at: Some(*at),
            service_revision_arn: Some(arn::service_revision(region, &of.cluster, &of.service, back)),
        }),
        deployment_circuit_breaker: Some(circuit_breaker(service, of)),
        alarms: Some(alarms(of)),
        ..ecs::ServiceDeployment::default()
    }
}

fn alarms(of: &ServiceDeployment) -> ServiceDeploymentAlarms {
    let configured = of.configuration.alarms.as_ref().filter(|alarms| alarms.enable == Some(true));
    let status = match configured {
        None => Monitors::Disabled,
        Some(_) if of.unwatched => Monitors::Disabled,
        Some(_) if !of.alarmed.is_empty() => Monitors::Triggered,
        Some(_) if of.finished_at.is_some() || of.rollback.is_some() => Monitors::MonitoringComplete,
        Some(_) => Monitors::Monitoring,
    };
    ServiceDeploymentAlarms {
        status: Some(status),
        alarm_names: configured.and_then(|alarms| alarms.alarm_names.clone()),
        triggered_alarm_names: (!of.alarmed.is_empty()).then(|| of.alarmed.clone()),
    }
}

fn circuit_breaker(service: Option<&Service>, of: &ServiceDeployment) -> ServiceDeploymentCircuitBreaker {
    let breaker = of.configuration.deployment_circuit_breaker.as_ref();
    let enabled = breaker.and_then(|breaker| breaker.enable) == Some(true);
    let current = service.and_then(|service| {
        let deployment = service.deployments.iter().find(|deployment| deployment.revision == of.target)?;
        Some(deployment.failed_tasks).filter(|_| of.finished_at.is_none() && of.rollback.is_none())
    });
    let failures = current.unwrap_or(of.failed_tasks);
    let failed = of.rollback.is_some() || of.status == Status::Stopped;
    let threshold = service.map(standing::threshold).unwrap_or_default();
    let status = match (enabled, of.finished_at.is_some()) {
        (false, _) => Monitors::Disabled,
        (true, _) if failed && failures >= threshold => Monitors::Triggered,
        (true, true) => Monitors::MonitoringComplete,
        (true, false) => Monitors::Monitoring,
    };
    ServiceDeploymentCircuitBreaker {
        status: Some(status),
        failure_count: i32::try_from(failures).ok(),
        threshold: i32::try_from(threshold).ok(),
    }
}

fn revision_shape(state: &State, of: &ServiceRevision) -> ecs::ServiceRevision {
    let (region, what) = (&state.region, &of.what);
    let definition = task_definitions::lookup(state, &what.task_definition).ok().flatten();
    let image = |container: &ecs::ContainerDefinition| ContainerImage {
        container_name: container.name.clone(),
        image: container.image.clone(),
        image_digest: None,
    };
    let images = definition.map(|definition| definition.containers().iter().map(image).collect());
    let balancers = what.load_balancers.iter().map(|of| ServiceRevisionLoadBalancer {
        target_group_arn: of.target_group_arn.clone(),
        production_listener_rule: None,
    });
    ecs::ServiceRevision {
        service_revision_arn: Some(arn::service_revision(region, &of.cluster, &of.service, &of.id)),
        service_arn: Some(arn::service(region, &of.cluster, &of.service)),
        cluster_arn: Some(arn::cluster(region, &of.cluster)),
        task_definition: Some(what.task_definition.clone()),
        capacity_provider_strategy: Some(what.strategy.clone()).filter(|strategy| !strategy.is_empty()),
        launch_type: what.launch_type,
        platform_version: Some(match what.platform_version.as_str() {
            "LATEST" => "1.4.0".to_owned(),
            version => version.to_owned(),
        }),
        platform_family: Some("Linux".to_owned()),
        load_balancers: Some(what.load_balancers.clone()),
        service_registries: Some(what.registries.clone()),
        service_connect_configuration: configuration(Some(what)),
        network_configuration: Some(what.network.clone()),
        container_images: images,
        guard_duty_enabled: Some(false),
        created_at: Some(of.created_at),
        resolved_configuration: Some(ResolvedConfiguration {
            load_balancers: Some(balancers.collect()),
            ..ResolvedConfiguration::default()
        }),
        ..ecs::ServiceRevision::default()
    }
}
