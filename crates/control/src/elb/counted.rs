//! How many targets of each target group are healthy, for CloudWatch.

use super::{arn, health, target_group};
use crate::{
    State,
    state::{LoadBalancer, Target, TargetGroup},
};
use aws::api::elbv2::TargetHealthStateEnum as Health;
use std::collections::BTreeMap;

/// The targets of a group that a load balancer uses, counted by Availability Zones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupHealth {
    /// The load balancer as metrics name it: `app/NAME/ID`.
    pub load_balancer: String,
    /// The group as metrics name it: `targetgroup/NAME/ID`.
    pub target_group: String,
    /// How many are healthy.
    pub healthy: BTreeMap<String, usize>,
    /// How many are unhealthy.
    pub unhealthy: BTreeMap<String, usize>,
}

/// Those of every group that a load balancer uses.
pub fn group_health(state: &State) -> Vec<GroupHealth> {
    let groups = state.target_groups.iter();
    let used = groups.filter_map(|group| Some(of(state, target_group::load_balancer_of(state, &group.id)?, group)));
    used.collect()
}

fn of(state: &State, balancer: &LoadBalancer, group: &TargetGroup) -> GroupHealth {
    let zones = balancer.nodes.keys().filter_map(|subnet| state.subnets.get(subnet));
    let none: BTreeMap<String, usize> = zones.map(|subnet| (subnet.zone.clone(), 0)).collect();
    let (mut healthy, mut unhealthy) = (none.clone(), none.clone());
    let prefix = Target::prefix(&group.id);
    for target in state.targets.prefixed(&prefix).filter(|target| target.is_registered()) {
        let counts = match health::of(state, target).state {
            Health::Healthy => &mut healthy,
            Health::Unhealthy | Health::UnhealthyDraining => &mut unhealthy,
            _ => continue,
        };
        // One that is in no zone is counted in the first.
        let zone = target.zone.clone().or_else(|| none.keys().next().cloned()).unwrap_or_default();
        *counts.entry(zone).or_default() += 1;
    }
    GroupHealth {
        load_balancer: arn::short_name(balancer),
        target_group: format!("targetgroup/{}/{}", group.name, group.id),
        healthy,
        unhealthy,
    }
}
