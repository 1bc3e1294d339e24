//! ModifyTargetGroup: of its health check.

use super::{super::arn, describe::show, health_check};
use crate::Tx;
use aws::{
    api::elbv2::{ModifyTargetGroupInput, ModifyTargetGroupOutput},
    fault::Fault,
};

/// ModifyTargetGroup: what is not said stays.
pub(in crate::elb) fn modify(tx: &mut Tx<'_>, input: ModifyTargetGroupInput) -> Result<ModifyTargetGroupOutput, Fault> {
    let ModifyTargetGroupInput {
        target_group_arn,
        health_check_protocol,
        health_check_port,
        health_check_path,
        health_check_enabled,
        health_check_interval_seconds,
        health_check_timeout_seconds,
        healthy_threshold_count,
        unhealthy_threshold_count,
        matcher,
    } = input;
    let mut group = arn::find_target_group(&tx.state, &target_group_arn)?.clone();
    let asked = health_check::Asked {
        protocol: health_check_protocol,
        port: health_check_port,
        enabled: health_check_enabled,
        path: health_check_path,
        interval: health_check_interval_seconds,
        timeout: health_check_timeout_seconds,
        healthy: healthy_threshold_count,
        unhealthy: unhealthy_threshold_count,
        matcher,
    };
    let network = group.flows.is_some();
    health_check::change(&mut group.health_check, group.version, network, asked)?;
    let answer = show(&tx.state, &group);
    tx.state.target_groups.put(group);
    Ok(ModifyTargetGroupOutput { target_groups: Some(vec![answer]) })
}
