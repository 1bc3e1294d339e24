//! Scaling policies: `PutScalingPolicy` and its like.

mod alarms;
mod check;

use super::{DIMENSION, NAMESPACE, bad_token, filter, invalid, not_found, place, registered};
use crate::{
    Region, State, Tx, View, cloudwatch,
    state::{self, Record, ScalingPolicy, ScalingPolicyKind},
};
use aws::{
    api::{
        application_autoscaling::{
            Alarm, DeleteScalingPolicyRequest, DeleteScalingPolicyResponse, DescribeScalingPoliciesRequest,
            DescribeScalingPoliciesResponse, PolicyType, PutScalingPolicyRequest, PutScalingPolicyResponse,
            ScalingPolicy as Shape,
        },
        cloudwatch::StateValue,
    },
    fault::Fault,
    page::{Size, paginate},
};

/// Policies of a scalable target ("Quotas for Application Auto Scaling").
const MOST: usize = 50;
/// How many a page holds ("DescribeScalingPolicies").
const PAGE: Size = Size { default: 10, max: 10 };

/// The ARN of a policy.
pub(super) fn arn(region: &Region, policy: &ScalingPolicy) -> String {
    let ScalingPolicy { resource, name, id, creator, .. } = policy;
    region.arn(
        "autoscaling",
        format_args!("scalingPolicy:{id}:resource/ecs/{resource}:policyName/{name}:createdBy/{creator}"),
    )
}

/// The policy with that ARN, which may be without who made it.
pub(super) fn by_arn<'a>(state: &'a State, arn: &str) -> Option<&'a ScalingPolicy> {
    let rest = arn.strip_prefix(&state.region.arn("autoscaling", "scalingPolicy:"))?;
    let (id, rest) = rest.split_once(":resource/ecs/")?;
    let (resource, rest) = rest.split_once(":policyName/")?;
    let named = |name: &str| state.scaling_policies.get(&ScalingPolicy::key_of(resource, name));
    let found = rest.rsplit_once(":createdBy/").and_then(|(name, _)| named(name)).or_else(|| named(rest));
    found.filter(|policy| policy.id == id)
}

/// Makes a policy, or makes another one of it. One that tracks a target has alarms of its own.
pub(super) fn put(tx: &mut Tx<'_>, request: PutScalingPolicyRequest) -> Result<PutScalingPolicyResponse, Fault> {
    let PutScalingPolicyRequest {
        policy_name: name,
        service_namespace,
        resource_id,
        scalable_dimension,
        policy_type,
        step_scaling_policy_configuration,
        target_tracking_scaling_policy_configuration,
        predictive_scaling_policy_configuration,
    } = request;
    registered(&tx.state, service_namespace, &resource_id, scalable_dimension)?;
    if name.chars().any(char::is_control) {
        return Err(invalid("The name of a scaling policy has printable characters only."));
    }
    let known = tx.state.scaling_policies.get(&ScalingPolicy::key_of(&resource_id, &name)).cloned();
    let prefix = ScalingPolicy::prefix(&resource_id);
    if known.is_none() && tx.state.scaling_policies.prefixed(&prefix).count() >= MOST {
        let message = format!("A scalable target can have at most {MOST} scaling policies.");
        return Err(Fault::new("LimitExceededException", message));
    }
    let given = check::Given {
        kind: policy_type,
        step: step_scaling_policy_configuration,
        tracking: target_tracking_scaling_policy_configuration,
        predictive: predictive_scaling_policy_configuration.is_some(),
    };
    let checked = check::check(known.as_ref().map(|known| &known.kind), given)?;
    if let check::Checked::Tracking(configuration) = &checked {
        check::alone(&tx.state, &resource_id, &name, configuration)?;
    }
    let kind = match checked {
        check::Checked::Step(configuration) => ScalingPolicyKind::Step(configuration),
        check::Checked::Tracking(configuration) => {
            let (high, low) = alarms::names(tx, &resource_id, known.as_ref().map(|known| &known.kind), &configuration);
            ScalingPolicyKind::TargetTracking { configuration, high, low }
        }
    };
    if let Some(known) = &known {
        alarms::remove(tx, known, &kind);
    }
    let policy = match known {
        Some(known) => ScalingPolicy { kind, ..known },
        None => {
            ScalingPolicy { resource: resource_id, name, id: tx.uuid(), creator: tx.uuid(), created_at: tx.now, kind }
        }
    };
    alarms::put(tx, &policy)?;
    let arn = arn(&tx.state.region, &policy);
    tx.state.scaling_policies.put(policy.clone());
    Ok(PutScalingPolicyResponse { policy_arn: Some(arn), alarms: Some(alarms::of(&tx.state, &policy)) })
}

pub(super) fn describe(
    view: &View<'_>,
    request: DescribeScalingPoliciesRequest,
) -> Result<DescribeScalingPoliciesResponse, Fault> {
    let DescribeScalingPoliciesRequest {
        policy_names,
        service_namespace,
        resource_id,
        scalable_dimension,
        max_results,
        next_token,
    } = request;
    let of = filter(service_namespace, resource_id, scalable_dimension)?;
    let names = policy_names.filter(|names| !names.is_empty());
    let wanted = |policy: &&ScalingPolicy| {
        of(&policy.resource) && names.as_ref().is_none_or(|names| names.contains(&policy.name))
    };
    let policies = view.state.scaling_policies.iter().filter(wanted);
    let page = paginate(policies, |policy| policy.key(), max_results, next_token.as_deref(), PAGE);
    let (policies, next_token) = page.map_err(bad_token)?;
    let shape = |policy: &ScalingPolicy| shape(view.state, policy);
    Ok(DescribeScalingPoliciesResponse {
        scaling_policies: Some(policies.into_iter().map(shape).collect()),
        next_token,
    })
}

fn shape(state: &State, policy: &ScalingPolicy) -> Shape {
    let alarms: Vec<Alarm> = alarms::of(state, policy);
    let (kind, step, tracking) = match &policy.kind {
        ScalingPolicyKind::Step(step) => (PolicyType::StepScaling, Some(step.clone()), None),
        ScalingPolicyKind::TargetTracking { configuration, .. } => {
            (PolicyType::TargetTrackingScaling, None, Some(configuration.clone()))
        }
    };
    Shape {
        policy_arn: Some(arn(&state.region, policy)),
        policy_name: Some(policy.name.clone()),
        service_namespace: Some(NAMESPACE),
        resource_id: Some(policy.resource.clone()),
        scalable_dimension: Some(DIMENSION),
        policy_type: Some(kind),
        step_scaling_policy_configuration: step,
        target_tracking_scaling_policy_configuration: tracking,
        predictive_scaling_policy_configuration: None,
        alarms: Some(alarms),
        creation_time: Some(policy.created_at),
    }
}

pub(super) fn delete(
    tx: &mut Tx<'_>,
    request: DeleteScalingPolicyRequest,
) -> Result<DeleteScalingPolicyResponse, Fault> {
    let DeleteScalingPolicyRequest { policy_name, service_namespace, resource_id, scalable_dimension } = request;
    place(service_namespace, &resource_id, scalable_dimension)?;
    let key = ScalingPolicy::key_of(&resource_id, &policy_name);
    if !tx.state.scaling_policies.contains(&key) {
        let more = format!(", policy name: {policy_name}");
        return Err(not_found("No scaling policy found", &more, &resource_id));
    }
    remove(tx, &key);
    Ok(DeleteScalingPolicyResponse {})
}

/// Forgets a policy. The alarms that were made for it go with it; others no longer have it as an action ("DeleteScalingPolicy").
fn remove(tx: &mut Tx<'_>, key: &str) {
    let Some(policy) = tx.state.scaling_policies.get(key).cloned() else { return };
    alarms::remove_all(tx, &policy);
    tx.state.scaling_policies.remove(key);
    let acts = |alarm: &&state::Alarm| cloudwatch::actions_of(alarm).any(|action| names(action, &policy));
    let used: Vec<String> = tx.state.alarms.iter().filter(acts).map(Record::key).collect();
    for alarm in used {
        tx.state.alarms.update(&alarm, |alarm| {
            let lists =
                [&mut alarm.what.alarm_actions, &mut alarm.what.ok_actions, &mut alarm.what.insufficient_data_actions];
            lists.into_iter().flatten().for_each(|list| list.retain(|action| !names(action, &policy)));
        });
    }
}

/// Whether an ARN names a policy that may be gone.
fn names(arn: &str, policy: &ScalingPolicy) -> bool {
    arn.contains(&format!(":scalingPolicy:{}:", policy.id))
}

/// Forgets every policy of a target.
pub(super) fn remove_all(tx: &mut Tx<'_>, resource: &str) {
    let keys: Vec<String> =
        tx.state.scaling_policies.prefixed(&ScalingPolicy::prefix(resource)).map(Record::key).collect();
    keys.iter().for_each(|key| remove(tx, key));
}

/// Whether every policy of a target that tracks a target value, and may scale in, is ready to: its alarm for low values is in `ALARM`.
pub(super) fn is_tracking_ready(state: &State, resource: &str) -> bool {
    let ready = |policy: &ScalingPolicy| match &policy.kind {
        ScalingPolicyKind::TargetTracking { low: Some(low), .. } => {
            state.alarms.get(low).is_some_and(|alarm| alarm.state == StateValue::Alarm)
        }
        _ => true,
    };
    state.scaling_policies.prefixed(&ScalingPolicy::prefix(resource)).all(ready)
}
