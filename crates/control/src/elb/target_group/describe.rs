//! DescribeTargetGroups.

use super::{
    super::{arn, invalid, page::page},
    health_check, load_balancer_of, protocol_shown, version_text,
};
use crate::{State, View, state::TargetGroup};
use aws::{
    api::elbv2::{
        DescribeTargetGroupsInput, DescribeTargetGroupsOutput, TargetGroup as Shape, TargetGroupIpAddressTypeEnum,
        TargetTypeEnum,
    },
    fault::Fault,
};

/// DescribeTargetGroups: all, those of a load balancer, or those of some ARNs or names.
pub(in crate::elb) fn describe(
    view: &View<'_>,
    input: DescribeTargetGroupsInput,
) -> Result<DescribeTargetGroupsOutput, Fault> {
    let DescribeTargetGroupsInput { load_balancer_arn, target_group_arns, names, marker, page_size } = input;
    let state = view.state;
    let (arns, names) = (target_group_arns.unwrap_or_default(), names.unwrap_or_default());
    let missing = || Fault::new("TargetGroupNotFound", "One or more target groups not found");
    let mut found: Vec<&TargetGroup> = match (load_balancer_arn, arns.is_empty(), names.is_empty()) {
        (None, true, true) => state.target_groups.iter().collect(),
        (Some(of), true, true) => {
            let of = arn::find_load_balancer(state, &of)?;
            let uses = |group: &&TargetGroup| load_balancer_of(state, &group.id).is_some_and(|user| user.id == of.id);
            state.target_groups.iter().filter(uses).collect()
        }
        (None, false, true) => {
            let find = |arn: &String| arn::maybe_target_group(state, arn)?.ok_or_else(missing);
            arns.iter().map(find).collect::<Result<_, _>>()?
        }
        (None, true, false) => {
            let find = |name: &String| state.target_groups.iter().find(|group| group.name == *name).ok_or_else(missing);
            names.iter().map(find).collect::<Result<_, _>>()?
        }
        _ => {
            return Err(invalid(
                "Target group names, target group ARNs, and a load balancer ARN cannot be specified at the same time",
            ));
        }
    };
    found.sort_by(|one, other| one.id.cmp(&other.id));
    found.dedup_by(|one, other| one.id == other.id);
    let (found, next_marker) = page(found, |group| group.id.to_string(), marker.as_deref(), page_size)?;
    let target_groups = found.into_iter().map(|group| show(state, group)).collect();
    Ok(DescribeTargetGroupsOutput { target_groups: Some(target_groups), next_marker })
}

/// A target group as a reply shows it.
pub(super) fn show(state: &State, of: &TargetGroup) -> Shape {
    let TargetGroup { id, name, vpc, instances, tls: _, flows, version, port, health_check, attributes: _, tags: _ } =
        of;
    let users = load_balancer_of(state, id).map(|user| arn::load_balancer(&state.region, user));
    Shape {
        target_group_arn: Some(arn::target_group(&state.region, of)),
        target_group_name: Some(name.clone()),
        protocol: Some(protocol_shown(of)),
        port: Some(port.get().into()),
        vpc_id: Some(vpc.to_string()),
        load_balancer_arns: Some(users.into_iter().collect()),
        target_type: Some(if *instances { TargetTypeEnum::Instance } else { TargetTypeEnum::Ip }),
        protocol_version: flows.is_none().then(|| version_text(*version).to_owned()),
        ip_address_type: Some(TargetGroupIpAddressTypeEnum::Ipv4),
        ..health_check::show(health_check, *version)
    }
}
