//! `DescribeServices` and `ListServices`.

use super::{connect, find, invalid, name, wire};
use crate::{
    View,
    ecs::{arn, clusters},
    state::{Record, Service, ServiceRevision, ServiceStatus},
};
use aws::{
    api::ecs::{
        DescribeServicesRequest, DescribeServicesResponse, Failure, LaunchType, ListServicesByNamespaceRequest,
        ListServicesByNamespaceResponse, ListServicesRequest, ListServicesResponse, ResourceManagementType,
        SchedulingStrategy, ServiceField,
    },
    fault::Fault,
    page::{Size, paginate},
};

/// At most this many services a call ("DescribeServices", Amazon ECS API Reference).
const MOST: usize = 10;
/// How many ARNs a page holds ("ListServices", Amazon ECS API Reference).
const PAGE: Size = Size { default: 10, max: 100 };

/// Describes services by name or ARN; those that are not there are failures.
pub(super) fn describe(view: &View<'_>, request: DescribeServicesRequest) -> Result<DescribeServicesResponse, Fault> {
    let DescribeServicesRequest { cluster, services: references, include } = request;
    let cluster = clusters::find(view.state, cluster.as_deref())?;
    if references.is_empty() {
        return Err(invalid("Services cannot be empty."));
    }
    if references.len() > MOST {
        return Err(invalid(format!("services can have at most {MOST} items.")));
    }
    let with_tags = include.iter().flatten().any(|field| *field == ServiceField::Tags);
    let (mut services, mut failures) = (Vec::new(), Vec::new());
    for reference in &references {
        match find(view.state, &cluster.name, reference) {
            Ok(service) => services.push(wire::service(view.state, service, with_tags)),
            Err(fault) if fault.code == "ServiceNotFoundException" => {
                let name = name(view.state, &cluster.name, reference).unwrap_or(reference);
                failures.push(Failure {
                    arn: Some(match reference.starts_with("arn:") {
                        true => reference.clone(),
                        false => arn::service(&view.state.region, &cluster.name, name),
                    }),
                    reason: Some("MISSING".to_owned()),
                    detail: None,
                });
            }
            Err(fault) => return Err(fault),
        }
    }
    Ok(DescribeServicesResponse { services: Some(services), failures: Some(failures) })
}

/// Lists the ARNs of a cluster's services, without those that were deleted and still drain ("DeleteService", Amazon ECS API Reference).
pub(super) fn list(view: &View<'_>, request: ListServicesRequest) -> Result<ListServicesResponse, Fault> {
    let ListServicesRequest {
        cluster,
        next_token,
        max_results,
        launch_type,
        scheduling_strategy,
        resource_management_type,
    } = request;
    let cluster = clusters::find(view.state, cluster.as_deref())?;
    if max_results.is_some_and(|max| !(1..=100).contains(&max)) {
        return Err(invalid("maxResults must be between 1 and 100."));
    }
    let of_launch_type = |service: &Service| {
        let revision = service.primary().map(|primary| primary.revision.as_str()).unwrap_or_default();
        let key = ServiceRevision::key_of(&service.cluster, &service.name, revision);
        let found = view.state.service_revisions.get(&key).and_then(|revision| revision.what.launch_type);
        launch_type.is_none_or(|wanted| wanted == LaunchType::Fargate && found == Some(wanted))
    };
    let wanted = |service: &&Service| {
        service.status == ServiceStatus::Active
            && of_launch_type(service)
            && scheduling_strategy != Some(SchedulingStrategy::Daemon)
            && resource_management_type != Some(ResourceManagementType::Ecs)
    };
    let prefix = Service::key_of(&cluster.name, "");
    let services = view.state.services.prefixed(&prefix).filter(wanted);
    let page = paginate(services, |service| service.name.clone(), max_results, next_token.as_deref(), PAGE);
    let (services, next_token) = page.map_err(|bad| bad.fault("InvalidParameterException"))?;
    let arns = services.iter().map(|service| arn::service(&view.state.region, &service.cluster, &service.name));
    Ok(ListServicesResponse { service_arns: Some(arns.collect()), next_token })
}

/// Lists the ARNs of the services that are in a namespace by Service Connect, whichever their cluster.
pub(super) fn list_by_namespace(
    view: &View<'_>,
    request: ListServicesByNamespaceRequest,
) -> Result<ListServicesByNamespaceResponse, Fault> {
    let ListServicesByNamespaceRequest { namespace, next_token, max_results } = request;
    if max_results.is_some_and(|max| !(1..=100).contains(&max)) {
        return Err(invalid("maxResults must be between 1 and 100."));
    }
    let id = connect::namespace(view.state, &namespace)?.id.as_str();
    let there = |service: &&Service| {
        service.status == ServiceStatus::Active && connect::namespace_of(view.state, service) == Some(id)
    };
    let services = view.state.services.iter().filter(there);
    let page = paginate(services, |service| service.key(), max_results, next_token.as_deref(), PAGE);
    let (services, next_token) = page.map_err(|bad| bad.fault("InvalidParameterException"))?;
    let arns = services.iter().map(|service| arn::service(&view.state.region, &service.cluster, &service.name));
    Ok(ListServicesByNamespaceResponse { service_arns: Some(arns.collect()), next_token })
}
