//! DescribeTargetHealth.

use super::{
    super::{arn, health, unsupported_list},
    operations::address,
};
use crate::{
    View,
    state::{Target, TargetGroup},
};
use aws::{
    api::elbv2::{
        DescribeTargetHealthInput, DescribeTargetHealthOutput, TargetDescription, TargetHealth as Shape,
        TargetHealthDescription, TargetHealthReasonEnum, TargetHealthStateEnum,
    },
    fault::Fault,
};
use spec::balancing::TargetAddress;

/// DescribeTargetHealth: of all targets of a group, or of some, which need not be registered.
pub(in crate::elb) fn describe(
    view: &View<'_>,
    input: DescribeTargetHealthInput,
) -> Result<DescribeTargetHealthOutput, Fault> {
    let DescribeTargetHealthInput { target_group_arn, targets, include } = input;
    unsupported_list("Include", include)?;
    let state = view.state;
    let group = arn::find_target_group(state, &target_group_arn)?;
    let wanted = targets.unwrap_or_default();
    let known = |target: &Target| {
        let health::Seen { state, reason, description } = health::of(state, target);
        let zone = target.zone.clone().unwrap_or_else(|| "all".to_owned());
        describe_one(group, target.address, Some(zone), Shape { state: Some(state), reason, description })
    };
    let prefix = Target::prefix(&group.id);
    let descriptions = if wanted.is_empty() {
        state.targets.prefixed(&prefix).map(known).collect()
    } else {
        let one = |TargetDescription { id, port, availability_zone, quic_server_id: _ }| {
            let address = address(group, id, port)?;
            let absent = || describe_one(group, address, availability_zone, not_registered());
            Ok(state.targets.get(&Target::key_of(&group.id, address)).map_or_else(absent, known))
        };
        wanted.into_iter().map(one).collect::<Result<_, Fault>>()?
    };
    Ok(DescribeTargetHealthOutput { target_health_descriptions: Some(descriptions) })
}

fn describe_one(
    group: &TargetGroup,
    address: TargetAddress,
    zone: Option<String>,
    health: Shape,
) -> TargetHealthDescription {
    let (ip, port) = (address.0.ip(), address.0.port());
    let check = group.health_check.port.map_or(port, |port| port.get());
    TargetHealthDescription {
        target: Some(TargetDescription {
            id: Some(ip.to_string()),
            port: Some(port.into()),
            availability_zone: zone,
            quic_server_id: None,
        }),
        health_check_port: Some(check.to_string()),
        target_health: Some(health),
        anomaly_detection: None,
        administrative_override: None,
    }
}

fn not_registered() -> Shape {
    Shape {
        state: Some(TargetHealthStateEnum::Unused),
        reason: Some(TargetHealthReasonEnum::TargetNotRegistered),
        description: Some("Target is not registered to the target group".to_owned()),
    }
}
