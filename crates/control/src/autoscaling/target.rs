//! Scalable targets: `RegisterScalableTarget` and its like.

use super::{
    DIMENSION, NAMESPACE, PAGE, ROLE, bad_token, count, filter, invalid, not_found, place, policy, scale, schedule,
    tags,
};
use crate::{
    Region, State, Tx, View, iam,
    state::{ScalableTarget, Service, ServiceStatus, Tags},
};
use aws::{
    api::application_autoscaling::{
        DeregisterScalableTargetRequest, DeregisterScalableTargetResponse, DescribeScalableTargetsRequest,
        DescribeScalableTargetsResponse, RegisterScalableTargetRequest, RegisterScalableTargetResponse,
        ScalableTarget as Shape, SuspendedState,
    },
    fault::Fault,
    page::paginate,
};

/// ECS services that may be registered ("Quotas for Application Auto Scaling").
const MOST: usize = 3_000;

/// The ARN of a scalable target.
pub(crate) fn arn(region: &Region, target: &ScalableTarget) -> String {
    region.arn("application-autoscaling", format_args!("scalable-target/{}", target.id))
}

/// Registers a service, or changes what it is registered with, and brings its desired count between the bounds.
pub(super) fn register(
    tx: &mut Tx<'_>,
    request: RegisterScalableTargetRequest,
) -> Result<RegisterScalableTargetResponse, Fault> {
    let RegisterScalableTargetRequest {
        service_namespace,
        resource_id,
        scalable_dimension,
        min_capacity,
        max_capacity,
        // The service-linked role is used whatever is said ("RegisterScalableTarget").
        role_arn: _,
        suspended_state,
        tags: given,
    } = request;
    let (cluster, service) = place(service_namespace, &resource_id, scalable_dimension)?;
    if !is_active(&tx.state, &cluster, &service) {
        return Err(invalid(format!("ECS service doesn't exist: {resource_id}")));
    }
    let known = tx.state.scalable_targets.get(&resource_id).cloned();
    if known.is_some() && given.is_some() {
        return Err(invalid(
            "The scalable target that you tried to tag already exists. To update tags on an existing scalable target, use the TagResource API.",
        ));
    }
    let missing = |name: &str| invalid(format!("{name} must be specified when a scalable target is registered."));
    let bound = |given: Option<i32>, known: Option<u32>, name: &str| match given {
        Some(given) => capacity(given),
        None => known.ok_or_else(|| missing(name)),
    };
    let min = bound(min_capacity, known.as_ref().map(|known| known.min), "MinCapacity")?;
    let max = bound(max_capacity, known.as_ref().map(|known| known.max), "MaxCapacity")?;
    check_bounds(min, max)?;
    let target = match known {
        Some(known) => ScalableTarget { min, max, suspended: suspended(known.suspended, suspended_state), ..known },
        None => new(tx, (cluster, service), (min, max), suspended_state, given.unwrap_or_default())?,
    };
    iam::ensure_service_linked(tx, ROLE)?;
    let arn = arn(&tx.state.region, &target);
    tx.state.scalable_targets.put(target);
    scale::into_bounds(tx, &resource_id);
    Ok(RegisterScalableTargetResponse { scalable_target_arn: Some(arn) })
}

fn new(
    tx: &mut Tx<'_>,
    (cluster, service): (String, String),
    (min, max): (u32, u32),
    suspended_state: Option<SuspendedState>,
    given: Tags,
) -> Result<ScalableTarget, Fault> {
    if tx.state.scalable_targets.len() >= MOST {
        let message = format!("There can be at most {MOST} scalable targets of ECS services.");
        return Err(Fault::new("LimitExceededException", message));
    }
    tags::check(&given)?;
    Ok(ScalableTarget {
        cluster,
        service,
        id: tx.hex(36),
        min,
        max,
        created_at: tx.now,
        suspended: suspended(SuspendedState::default(), suspended_state),
        tags: given,
        activity: None,
        scaled_out: None,
        scaled_in: None,
    })
}

/// A capacity as it may be.
///
/// # Errors
/// `ValidationException` for a negative one.
pub(super) fn capacity(given: i32) -> Result<u32, Fault> {
    u32::try_from(given).map_err(|_| invalid("The capacity of an ECS service can't be less than 0."))
}

/// # Errors
/// `ValidationException` where nothing is between the bounds.
pub(super) fn check_bounds(min: u32, max: u32) -> Result<(), Fault> {
    if max < min { Err(invalid("Maximum capacity cannot be less than minimum capacity")) } else { Ok(()) }
}

/// What is suspended after a request: what it does not speak of stays as it is.
fn suspended(before: SuspendedState, given: Option<SuspendedState>) -> SuspendedState {
    let given = given.unwrap_or_default();
    let one = |given: Option<bool>, before: Option<bool>| Some(given.or(before).unwrap_or(false));
    SuspendedState {
        dynamic_scaling_in_suspended: one(given.dynamic_scaling_in_suspended, before.dynamic_scaling_in_suspended),
        dynamic_scaling_out_suspended: one(given.dynamic_scaling_out_suspended, before.dynamic_scaling_out_suspended),
        scheduled_scaling_suspended: one(given.scheduled_scaling_suspended, before.scheduled_scaling_suspended),
    }
}

/// Whether there is such a service, and it was not deleted.
pub(super) fn is_active(state: &State, cluster: &str, service: &str) -> bool {
    let found = state.services.get(&Service::key_of(cluster, service));
    found.is_some_and(|service| service.status == ServiceStatus::Active)
}

pub(super) fn describe(
    view: &View<'_>,
    request: DescribeScalableTargetsRequest,
) -> Result<DescribeScalableTargetsResponse, Fault> {
    let DescribeScalableTargetsRequest { service_namespace, resource_ids, scalable_dimension, max_results, next_token } =
        request;
    let resources = resource_ids.filter(|resources| !resources.is_empty());
    if scalable_dimension.is_some() && resources.is_none() {
        return Err(invalid("A resource ID is required with a scalable dimension."));
    }
    let any = filter(service_namespace, None, None)?;
    let wanted = |target: &&ScalableTarget| {
        let resource = target.resource();
        any(&resource)
            && scalable_dimension.is_none_or(|wanted| wanted == DIMENSION)
            && resources.as_ref().is_none_or(|wanted| wanted.contains(&resource))
    };
    let targets = view.state.scalable_targets.iter().filter(wanted);
    let page = paginate(targets, |target| target.resource(), max_results, next_token.as_deref(), PAGE);
    let (targets, next_token) = page.map_err(bad_token)?;
    let shape = |target: &ScalableTarget| shape(&view.state.region, target);
    Ok(DescribeScalableTargetsResponse { scalable_targets: Some(targets.into_iter().map(shape).collect()), next_token })
}

fn shape(region: &Region, target: &ScalableTarget) -> Shape {
    Shape {
        service_namespace: Some(NAMESPACE),
        resource_id: Some(target.resource()),
        scalable_dimension: Some(DIMENSION),
        min_capacity: count(target.min),
        max_capacity: count(target.max),
        predicted_capacity: None,
        role_arn: Some(format!(
            "arn:aws:iam::{}:role/aws-service-role/{ROLE}/AWSServiceRoleForApplicationAutoScaling_ECSService",
            region.account
        )),
        creation_time: Some(target.created_at),
        suspended_state: Some(target.suspended.clone()),
        scalable_target_arn: Some(arn(region, target)),
    }
}

pub(super) fn deregister(
    tx: &mut Tx<'_>,
    request: DeregisterScalableTargetRequest,
) -> Result<DeregisterScalableTargetResponse, Fault> {
    let DeregisterScalableTargetRequest { service_namespace, resource_id, scalable_dimension } = request;
    place(service_namespace, &resource_id, scalable_dimension)?;
    if !tx.state.scalable_targets.contains(&resource_id) {
        return Err(not_found("No scalable target found", "", &resource_id));
    }
    remove(tx, &resource_id);
    Ok(DeregisterScalableTargetResponse {})
}

/// Forgets a target with its policies, their alarms, and its scheduled actions. What was done to it is remembered.
pub(super) fn remove(tx: &mut Tx<'_>, resource: &str) {
    scale::abandon(tx, resource);
    policy::remove_all(tx, resource);
    schedule::remove_all(tx, resource);
    tx.state.scalable_targets.remove(resource);
}
