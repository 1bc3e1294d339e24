//! AWS's default quotas ("Quotas for your Application Load Balancers", Application Load Balancers guide; those of the same name in the guide
//! of Network Load Balancers), and DescribeAccountLimits.

use super::page::page;
use crate::{View, state::LoadBalancerKind};
use aws::{
    api::elbv2::{DescribeAccountLimitsInput, DescribeAccountLimitsOutput, Limit},
    fault::Fault,
};

/// Load balancers of one type in a region.
pub(super) const LOAD_BALANCERS: usize = 50;
/// Listeners of a load balancer.
pub(super) const LISTENERS: usize = 50;
/// Certificates of a load balancer, not counting default ones.
pub(super) const CERTIFICATES: usize = 25;
/// Rules of a load balancer, not counting default ones.
pub(super) const RULES: usize = 100;
/// Values of a rule's conditions, regular expressions included.
pub(super) const CONDITION_VALUES: usize = 5;
/// Wildcards in a rule's conditions.
pub(super) const CONDITION_WILDCARDS: usize = 6;
/// Target groups in a region.
pub(super) const TARGET_GROUPS: usize = 3000;
/// Target groups of a load balancer.
pub(super) const GROUPS_PER_LOAD_BALANCER: usize = 100;
/// Target groups of an action.
pub(super) const GROUPS_PER_ACTION: usize = 5;
const TARGETS_PER_APPLICATION: usize = 1000;
const TARGETS_PER_NETWORK: usize = 3000;
/// Targets of a target group.
pub(super) const TARGETS_PER_GROUP: usize = 1000;
/// Tags of a resource.
pub(super) const TAGS: usize = 50;

/// Targets of a load balancer, each counted as often as it is registered.
pub(super) const fn targets(kind: LoadBalancerKind) -> usize {
    match kind {
        LoadBalancerKind::Application => TARGETS_PER_APPLICATION,
        LoadBalancerKind::Network => TARGETS_PER_NETWORK,
    }
}

const NAMED: [(&str, usize); 15] = [
    ("application-load-balancers", LOAD_BALANCERS),
    ("condition-values-per-alb-rule", CONDITION_VALUES),
    ("condition-wildcards-per-alb-rule", CONDITION_WILDCARDS),
    ("listeners-per-application-load-balancer", LISTENERS),
    ("certificates-per-application-load-balancer", CERTIFICATES),
    ("network-load-balancers", LOAD_BALANCERS),
    ("listeners-per-network-load-balancer", LISTENERS),
    ("certificates-per-network-load-balancer", CERTIFICATES),
    ("rules-per-application-load-balancer", RULES),
    ("target-groups", TARGET_GROUPS),
    ("target-groups-per-action-on-application-load-balancer", GROUPS_PER_ACTION),
    ("target-groups-per-application-load-balancer", GROUPS_PER_LOAD_BALANCER),
    ("targets-per-application-load-balancer", TARGETS_PER_APPLICATION),
    ("targets-per-network-load-balancer", TARGETS_PER_NETWORK),
    ("targets-per-target-group", TARGETS_PER_GROUP),
];

/// DescribeAccountLimits: those of what there is here.
pub(super) fn describe(_: &View<'_>, input: DescribeAccountLimitsInput) -> Result<DescribeAccountLimitsOutput, Fault> {
    let DescribeAccountLimitsInput { marker, page_size } = input;
    let (page, next_marker) = page(NAMED, |(name, _)| (*name).to_owned(), marker.as_deref(), page_size)?;
    let limit = |(name, max): (&str, usize)| Limit { name: Some(name.to_owned()), max: Some(max.to_string()) };
    Ok(DescribeAccountLimitsOutput { limits: Some(page.into_iter().map(limit).collect()), next_marker })
}
