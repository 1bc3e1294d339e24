//! Targets: how they come into a group and go, for users and for services alike ("Register targets with your Application Load Balancer
//! target group", Application Load Balancers guide).
//!
//! A target that is deregistered gets nothing new at once. It has its group's deregistration delay to finish what is under way, then hosts are
//! told of it no more; when every host acts on that, it is gone.

pub(super) mod describe;
pub(super) mod operations;

use super::{arn, health, target_group};
use crate::{
    State, Tx,
    state::{Draining, Expiring, Expiry, Target, TargetGroup},
};
use aws::{api::elbv2::TargetHealthStateEnum, doc::Timestamp};
use spec::{
    Millis,
    balancing::{TargetAddress, TargetGroupId},
};
use std::net::IpAddr;
use vpc::VpcId;

/// The health of a target ("Target health status", Application Load Balancers guide).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TargetState {
    /// `initial`.
    Initial,
    /// `healthy`.
    Healthy,
    /// `unhealthy`.
    Unhealthy {
        /// The description of the reason.
        reason: String,
    },
    /// `unused`.
    Unused,
    /// `draining`.
    Draining,
    /// `unavailable`.
    Unavailable,
}

/// Whether the target group with an ARN is one of instances; none where there is no such group.
pub fn has_instances(state: &State, arn: &str) -> Option<bool> {
    Some(arn::maybe_target_group(state, arn).ok()??.instances)
}

/// Whether a load balancer uses the target group with an ARN; none where there is no such group.
pub fn is_used(state: &State, arn: &str) -> Option<bool> {
    let found = arn::maybe_target_group(state, arn).ok()??;
    Some(target_group::load_balancer_of(state, &found.id).is_some())
}

/// Registers a target in a group; in one that is not there, nothing.
pub fn register(tx: &mut Tx<'_>, group: &TargetGroupId, address: TargetAddress) {
    let Some(TargetGroup { vpc, .. }) = tx.state.target_groups.get(group) else { return };
    let zone = zone_of(&tx.state, vpc, address.0.ip());
    put(tx, group, address, zone);
}

/// Makes a target registered. One that is draining stays, as another one.
fn put(tx: &mut Tx<'_>, group: &TargetGroupId, address: TargetAddress, zone: Option<String>) {
    let known = tx.state.targets.get(&Target::key_of(group, address));
    if known.is_some_and(Target::is_registered) {
        return;
    }
    let since = known.map_or(tx.now.millis, |known| tx.now.millis.max(known.since + 1));
    tx.state.targets.put(Target { group: group.clone(), address, zone, since, draining: None });
}

/// Deregisters a target; one that is not registered, not. In a group that no load balancer uses there is nothing to wait for but hosts.
pub fn deregister(tx: &mut Tx<'_>, group: &TargetGroupId, address: TargetAddress) {
    let Some(TargetGroup { attributes, .. }) = tx.state.target_groups.get(group) else { return };
    let used = target_group::load_balancer_of(&tx.state, group).is_some();
    let delay = if used { Millis::from(attributes.deregistration_delay) * 1000 } else { 0 };
    let (key, until) = (Target::key_of(group, address), tx.now.millis + delay);
    if !tx.state.targets.get(&key).is_some_and(Target::is_registered) {
        return;
    }
    tx.state.targets.update(&key, |target| target.draining = Some(Draining { until, withdrawn: None }));
    tx.state.expiries.put(Expiry { at: Timestamp { millis: until }, what: Expiring::TargetDraining(key) });
}

/// Takes a target that has had its time away from hosts. One that was registered anew meanwhile, or that has longer, stays.
pub(crate) fn withdraw(tx: &mut Tx<'_>, key: &str, now: Millis) {
    let revision = tx.state.revision + 1;
    tx.state.targets.update(key, |target| {
        if let Some(draining) = target.draining.as_mut().filter(|draining| draining.until <= now) {
            draining.withdrawn.get_or_insert(revision);
        }
    });
}

/// How a target is; none when it is not registered and nothing of it is left on any host.
pub fn health(state: &State, group: &TargetGroupId, address: TargetAddress) -> Option<TargetState> {
    let target = state.targets.get(&Target::key_of(group, address))?;
    let seen = health::of(state, target);
    Some(match seen.state {
        TargetHealthStateEnum::Initial => TargetState::Initial,
        TargetHealthStateEnum::Healthy => TargetState::Healthy,
        TargetHealthStateEnum::Unhealthy | TargetHealthStateEnum::UnhealthyDraining => {
            TargetState::Unhealthy { reason: seen.description.unwrap_or_default() }
        }
        TargetHealthStateEnum::Unused => TargetState::Unused,
        TargetHealthStateEnum::Draining => TargetState::Draining,
        TargetHealthStateEnum::Unavailable => TargetState::Unavailable,
    })
}

/// The Availability Zone of an address of a VPC: that of the subnet it is in.
fn zone_of(state: &State, vpc: &VpcId, ip: IpAddr) -> Option<String> {
    let holds = |subnet: &&crate::state::Subnet| subnet.vpc == *vpc && subnet.cidr.contains(&ip);
    state.subnets.iter().find(holds).map(|subnet| subnet.zone.clone())
}
