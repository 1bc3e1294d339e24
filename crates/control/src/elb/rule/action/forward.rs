//! Forwarding to target groups ("ForwardActionConfig", Elastic Load Balancing API Reference).

use super::super::super::{arn, configuration, invalid, limits};
use crate::{
    State,
    state::{Forward, ForwardStickiness, ListenerRule, LoadBalancer, LoadBalancerKind, Record, Target, TargetGroup},
};
use aws::{
    api::elbv2::{Action, ActionTypeEnum, ForwardActionConfig, TargetGroupStickinessConfig, TargetGroupTuple},
    fault::Fault,
};
use spec::balancing::TargetGroupId;
use std::collections::BTreeSet;

/// A forward action with its groups as they were asked for: by ARN.
pub(super) struct Asked {
    groups: Vec<(String, u16)>,
    stickiness: ForwardStickiness,
}

/// # Errors
/// `ValidationError`.
pub(super) fn read(group: Option<String>, config: Option<ForwardActionConfig>) -> Result<Asked, Fault> {
    let ForwardActionConfig { target_groups, target_group_stickiness_config } = config.unwrap_or_default();
    let listed = target_groups.unwrap_or_default();
    if listed.len() > limits::GROUPS_PER_ACTION {
        let most = limits::GROUPS_PER_ACTION;
        return Err(invalid(format!("You cannot specify more than {most} target groups per action")));
    }
    let matches = |group: &String| matches!(listed.as_slice(), [one] if one.target_group_arn.as_ref() == Some(group));
    if !listed.is_empty() && group.as_ref().is_some_and(|group| !matches(group)) {
        return Err(invalid(
            "You can specify both a target group list and a top-level target group ARN only if the ARNs match",
        ));
    }
    let several = listed.len() > 1;
    let mut groups = Vec::new();
    for TargetGroupTuple { target_group_arn, weight } in listed {
        let arn = target_group_arn.ok_or_else(|| invalid("A target group ARN must be specified"))?;
        if groups.iter().any(|(other, _)| *other == arn) {
            return Err(invalid("A target group can be specified only once per action"));
        }
        groups.push((arn, weighed(weight, several)?));
    }
    if groups.is_empty() {
        let arn = group.ok_or_else(|| invalid("A target group ARN must be specified"))?;
        groups.push((arn, 1));
    }
    Ok(Asked { groups, stickiness: sticky(target_group_stickiness_config)? })
}

/// A group's weight; one of several must have one.
fn weighed(weight: Option<i32>, several: bool) -> Result<u16, Fault> {
    match weight {
        None if several => Err(invalid("The weight for each target group must be between 0 and 999, inclusive")),
        None => Ok(1),
        Some(weight) => u16::try_from(weight)
            .ok()
            .filter(|weight| *weight <= 999)
            // AWS says so, and takes 0.
            .ok_or_else(|| invalid("The weight for the target group must be between 1 and 999, inclusive")),
    }
}

fn sticky(config: Option<TargetGroupStickinessConfig>) -> Result<ForwardStickiness, Fault> {
    let TargetGroupStickinessConfig { enabled, duration_seconds } = config.unwrap_or_default();
    let enabled = enabled == Some(true);
    let duration = duration_seconds
        .map(|seconds| {
            let read = u32::try_from(seconds).ok().filter(|seconds| (1..=604_800).contains(seconds));
            read.ok_or_else(|| invalid("Target group stickiness duration must be between 1 and 604800 seconds"))
        })
        .transpose()?;
    if enabled && duration.is_none() {
        return Err(invalid("You must provide a duration when enabling target group stickiness"));
    }
    Ok(ForwardStickiness { enabled, duration })
}

/// Holds the groups of an action against the load balancer it is for.
///
/// # Errors
/// `TargetGroupNotFound`, `InvalidConfigurationRequest` for groups of another VPC, `TargetGroupAssociationLimit`,
/// `TooManyUniqueTargetGroupsPerLoadBalancer`, `TooManyTargets`.
pub(super) fn check(
    state: &State,
    load_balancer: &LoadBalancer,
    asked: Asked,
    replacing: Option<&str>,
) -> Result<Forward, Fault> {
    let missing = || Fault::new("TargetGroupNotFound", "One or more target groups not found");
    let mut groups: Vec<&TargetGroup> = Vec::new();
    for (arn, _) in &asked.groups {
        groups.push(arn::maybe_target_group(state, arn)?.ok_or_else(missing)?);
    }
    let those_that = |wrong: &dyn Fn(&TargetGroup) -> bool| {
        let arns: Vec<String> =
            groups.iter().filter(|group| wrong(group)).map(|group| arn::target_group(&state.region, group)).collect();
        (!arns.is_empty()).then(|| arns.join(", "))
    };
    if let Some(arns) = those_that(&|group| group.vpc != load_balancer.vpc) {
        let of = arn::load_balancer(&state.region, load_balancer);
        return Err(configuration(format!(
            "The following target groups are in a different VPC than load balancer '{of}': {arns}"
        )));
    }
    let network = load_balancer.kind == LoadBalancerKind::Network;
    if let Some(group) = groups.iter().find(|group| group.flows.is_some() != network) {
        let protocol = super::super::super::target_group::protocol_shown(group);
        let kind = if network { "network" } else { "application" };
        return Err(configuration(format!(
            "The protocol '{protocol}' of a target group is not supported for load balancers with type '{kind}'"
        )));
    }
    let elsewhere = |group: &TargetGroup| {
        let other = |rule: &&ListenerRule| rule.load_balancer != load_balancer.id;
        state.listener_rules.iter().filter(other).any(|rule| rule.groups().any(|id| *id == group.id))
    };
    if let Some(arns) = those_that(&elsewhere) {
        let message =
            format!("The following target groups cannot be associated with more than one load balancer: {arns}");
        return Err(Fault::new("TargetGroupAssociationLimit", message));
    }
    check_number(state, load_balancer, &groups, replacing)?;
    let weights = asked.groups.iter().map(|(_, weight)| *weight);
    let groups = groups.iter().map(|group| group.id.clone()).zip(weights).collect();
    Ok(Forward { groups, stickiness: asked.stickiness })
}

/// Holds all that a load balancer would forward to against its quotas.
fn check_number(
    state: &State,
    load_balancer: &LoadBalancer,
    more: &[&TargetGroup],
    replacing: Option<&str>,
) -> Result<(), Fault> {
    let prefix = format!("{}/", load_balancer.id);
    let others = state.listener_rules.prefixed(&prefix).filter(|rule| replacing != Some(rule.key().as_str()));
    let mut all: BTreeSet<&TargetGroupId> = others.flat_map(ListenerRule::groups).collect();
    all.extend(more.iter().map(|group| &group.id));
    if all.len() > limits::GROUPS_PER_LOAD_BALANCER {
        let message = "The maximum number of target groups per load balancer has been reached";
        return Err(Fault::new("TooManyUniqueTargetGroupsPerLoadBalancer", message));
    }
    let targets = |group: &&TargetGroupId| state.targets.prefixed(&Target::prefix(group)).count();
    if all.iter().map(targets).sum::<usize>() > limits::targets(load_balancer.kind) {
        return Err(Fault::new("TooManyTargets", "The maximum number of targets per load balancer has been reached"));
    }
    Ok(())
}

pub(super) fn show(state: &State, of: &Forward) -> Action {
    let arn_of = |id: &TargetGroupId| state.target_groups.get(id).map(|group| arn::target_group(&state.region, group));
    let groups = of
        .groups
        .iter()
        .map(|(id, weight)| TargetGroupTuple { target_group_arn: arn_of(id), weight: Some(i32::from(*weight)) });
    let stickiness = TargetGroupStickinessConfig {
        enabled: Some(of.stickiness.enabled),
        duration_seconds: of.stickiness.duration.and_then(|seconds| i32::try_from(seconds).ok()),
    };
    Action {
        r#type: Some(ActionTypeEnum::Forward),
        target_group_arn: match of.groups.as_slice() {
            [(only, _)] => arn_of(only),
            _ => None,
        },
        forward_config: Some(ForwardActionConfig {
            target_groups: Some(groups.collect()),
            target_group_stickiness_config: Some(stickiness),
        }),
        ..Action::default()
    }
}
