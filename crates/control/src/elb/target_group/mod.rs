//! Target groups ("Target groups for your Application Load Balancers", Application Load Balancers guide).

pub(super) mod attributes;
pub(super) mod create;
pub(super) mod describe;
mod health_check;
pub(super) mod modify;

use super::arn;
use crate::{
    State, Tx,
    state::{ListenerRule, LoadBalancer, Record, Target, TargetGroup},
};
use aws::{
    api::elbv2::{DeleteTargetGroupInput, DeleteTargetGroupOutput, ProtocolEnum},
    fault::Fault,
};
use spec::balancing::{FlowProtocol, ProtocolVersion, TargetGroupId};

/// `ProtocolVersion` as on the wire.
pub(super) fn version_text(of: ProtocolVersion) -> &'static str {
    match of {
        ProtocolVersion::Http1 => "HTTP1",
        ProtocolVersion::Http2 => "HTTP2",
        ProtocolVersion::Grpc => "GRPC",
    }
}

/// A protocol of flows as on the wire.
pub(super) fn protocol_of(flows: FlowProtocol) -> ProtocolEnum {
    match flows {
        FlowProtocol::Tcp => ProtocolEnum::Tcp,
        FlowProtocol::Udp => ProtocolEnum::Udp,
        FlowProtocol::TcpUdp => ProtocolEnum::TcpUdp,
    }
}

/// `Protocol` of a group.
pub(super) fn protocol_shown(of: &TargetGroup) -> ProtocolEnum {
    match (of.flows, of.tls) {
        (Some(_), true) => ProtocolEnum::Tls,
        (Some(flows), false) => protocol_of(flows),
        (None, true) => ProtocolEnum::Https,
        (None, false) => ProtocolEnum::Http,
    }
}

/// The load balancer whose rules forward to a group; there is never more than one.
pub(super) fn load_balancer_of<'a>(state: &'a State, group: &TargetGroupId) -> Option<&'a LoadBalancer> {
    let names = |rule: &&ListenerRule| rule.groups().any(|id| id == group);
    state.load_balancers.get(&state.listener_rules.iter().find(names)?.load_balancer)
}

/// DeleteTargetGroup. One that is gone already is deleted once more.
pub(super) fn delete(tx: &mut Tx<'_>, input: DeleteTargetGroupInput) -> Result<DeleteTargetGroupOutput, Fault> {
    let DeleteTargetGroupInput { target_group_arn } = input;
    let Some(TargetGroup { id, .. }) = arn::maybe_target_group(&tx.state, &target_group_arn)?.cloned() else {
        return Ok(DeleteTargetGroupOutput {});
    };
    if load_balancer_of(&tx.state, &id).is_some() {
        let message = format!("Target group '{target_group_arn}' is currently in use by a listener or a rule");
        return Err(Fault::new("ResourceInUse", message));
    }
    let targets: Vec<String> = tx.state.targets.prefixed(&Target::prefix(&id)).map(Record::key).collect();
    targets.iter().for_each(|target| drop(tx.state.targets.remove(target)));
    tx.state.target_groups.remove(&id);
    Ok(DeleteTargetGroupOutput {})
}
