//! Application Auto Scaling: the desired count of ECS services follows what alarms say and what schedules say.
//!
//! | module | what |
//! |---|---|
//! | `target`, `policy`, `schedule`, `activity`, `tags` | the operations, one module a resource |
//! | `decide` | what a policy wants, and what is done of it: pure |
//! | `invoke` | an alarm invokes policies |
//! | `scale` | sets the desired count, by the code of `UpdateService` |
//! | `controller` | a target's activity ends, and a target with its service |
//!
//! Absent: other services' resources than ECS services, predictive scaling, metrics (alarms bring their values).

mod activity;
mod controller;
mod decide;
mod invoke;
mod policy;
mod scale;
mod schedule;
mod tags;
mod target;
#[cfg(test)]
mod tests;

pub(crate) use controller::run;
pub(crate) use invoke::{Invocation, invoke, policy_of};
pub(crate) use schedule::run as run_scheduled;
pub(crate) use target::arn;

use crate::{Service, State, state::ScalableTarget};
use aws::{
    api::application_autoscaling::{API, ScalableDimension, ServiceNamespace, op},
    fault::Fault,
    page::{BadToken, Size},
};

/// The routing table.
pub fn service() -> Service {
    Service::new(&API)
        .write(op::RegisterScalableTarget, target::register)
        .read(op::DescribeScalableTargets, target::describe)
        .write(op::DeregisterScalableTarget, target::deregister)
        .write(op::PutScalingPolicy, policy::put)
        .read(op::DescribeScalingPolicies, policy::describe)
        .write(op::DeleteScalingPolicy, policy::delete)
        .write(op::PutScheduledAction, schedule::put)
        .read(op::DescribeScheduledActions, schedule::describe)
        .write(op::DeleteScheduledAction, schedule::delete)
        .read(op::DescribeScalingActivities, activity::describe)
        .read(op::ListTagsForResource, tags::list)
        .write(op::TagResource, tags::tag)
        .write(op::UntagResource, tags::untag)
}

/// Whose service-linked role acts for ECS services' scalable targets.
pub(crate) const ROLE: &str = "ecs.application-autoscaling.amazonaws.com";
/// How many of most things a page holds ("DescribeScalableTargets", Application Auto Scaling API Reference).
const PAGE: Size = Size { default: 50, max: 50 };
/// What scales here.
const NAMESPACE: ServiceNamespace = ServiceNamespace::Ecs;
/// What of it is scaled.
const DIMENSION: ScalableDimension = ScalableDimension::EcsServiceDesiredCount;

/// A request that can't be right.
fn invalid(message: impl Into<String>) -> Fault {
    Fault::new("ValidationException", message)
}

/// Something AWS has and neargate does not.
fn unsupported(what: &str) -> Fault {
    invalid(format!("neargate does not support {what} yet."))
}

/// Something that is not there.
fn not_found(what: &str, more: &str, resource: &str) -> Fault {
    let message =
        format!("{what} for service namespace: ecs, resource ID: {resource}, scalable dimension: {DIMENSION}{more}");
    Fault::new("ObjectNotFoundException", message)
}

/// A token of a page that is not ours.
fn bad_token(_: BadToken) -> Fault {
    Fault::new("InvalidNextTokenException", "The next token supplied was invalid.")
}

/// Cluster and service that a request is about.
///
/// # Errors
/// By name for resources of other services; in AWS's words for what goes together nowhere.
fn place(namespace: ServiceNamespace, resource: &str, dimension: ScalableDimension) -> Result<(String, String), Fault> {
    if namespace != NAMESPACE {
        return Err(unsupported(&format!("scaling of resources in the service namespace {namespace}")));
    }
    let parts: Vec<&str> = resource.split('/').collect();
    match parts.as_slice() {
        ["service", cluster, service] if dimension == DIMENSION && !cluster.is_empty() && !service.is_empty() => {
            Ok(((*cluster).to_owned(), (*service).to_owned()))
        }
        _ => Err(invalid("Unsupported service namespace, resource type or scalable dimension")),
    }
}

/// The scalable target that a request is about.
///
/// # Errors
/// `ObjectNotFoundException` when it is not registered; also those of [`place`].
fn registered<'a>(
    state: &'a State,
    namespace: ServiceNamespace,
    resource: &str,
    dimension: ScalableDimension,
) -> Result<&'a ScalableTarget, Fault> {
    place(namespace, resource, dimension)?;
    let found = state.scalable_targets.get(resource);
    found.ok_or_else(|| not_found("No scalable target registered", "", resource))
}

/// Whether things of a target are asked for. Of other services there are none.
///
/// # Errors
/// For a dimension that no resource is said for.
fn filter(
    namespace: ServiceNamespace,
    resource: Option<String>,
    dimension: Option<ScalableDimension>,
) -> Result<impl Fn(&str) -> bool, Fault> {
    if dimension.is_some() && resource.is_none() {
        return Err(invalid("A resource ID is required with a scalable dimension."));
    }
    let any = namespace == NAMESPACE && dimension.is_none_or(|wanted| wanted == DIMENSION);
    Ok(move |of: &str| any && resource.as_deref().is_none_or(|wanted| wanted == of))
}

/// A count as the wire has it.
fn count(count: u32) -> Option<i32> {
    i32::try_from(count).ok()
}
