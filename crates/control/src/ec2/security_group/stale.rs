//! DescribeStaleSecurityGroups.

use super::{peered, permission, rules_of};
use crate::{
    State, View,
    ec2::{describe::page, parameter::done, vpc},
    state::{SecurityGroup, SecurityGroupRule},
};
use aws::{
    api::ec2::{
        DescribeStaleSecurityGroupsRequest, DescribeStaleSecurityGroupsResult, IpPermission, StaleIpPermission,
        StaleSecurityGroup,
    },
    fault::Fault,
};

/// DescribeStaleSecurityGroups: a VPC's groups with rules that name a group of another VPC that is gone, or that no peering
/// connection leads to any more.
pub(in crate::ec2) fn describe(
    view: &View<'_>,
    input: DescribeStaleSecurityGroupsRequest,
) -> Result<DescribeStaleSecurityGroupsResult, Fault> {
    let DescribeStaleSecurityGroupsRequest { dry_run, max_results, next_token, vpc_id } = input;
    let state = view.state;
    let vpc = &vpc::get(state, &vpc_id)?.id;
    let groups = state.security_groups.iter().filter(|group| group.vpc == *vpc);
    let stale = groups.filter_map(|group| show(state, group)).collect();
    let key = |group: &StaleSecurityGroup| group.group_id.clone().unwrap_or_default();
    let (stale_security_group_set, next_token) = page(stale, key, max_results, next_token)?;
    done(dry_run, DescribeStaleSecurityGroupsResult { next_token, stale_security_group_set })
}

fn show(state: &State, group: &SecurityGroup) -> Option<StaleSecurityGroup> {
    let mut rules: Vec<SecurityGroupRule> = rules_of(state, &group.id);
    rules.retain(|rule| peered::is_stale(state, &group.vpc, rule));
    let stale = |egress| permission::of_group(state, group, &rules, egress).into_iter().map(of_permission).collect();
    (!rules.is_empty()).then(|| StaleSecurityGroup {
        description: Some(group.description.clone()),
        group_id: Some(group.id.to_string()),
        group_name: Some(group.name.clone()),
        stale_ip_permissions: Some(stale(false)),
        stale_ip_permissions_egress: Some(stale(true)),
        vpc_id: Some(group.vpc.to_string()),
    })
}

/// Only groups can be stale; ranges and prefix lists stay empty.
fn of_permission(permission: IpPermission) -> StaleIpPermission {
    let IpPermission { ip_protocol, from_port, to_port, user_id_group_pairs, .. } = permission;
    StaleIpPermission {
        from_port,
        ip_protocol,
        ip_ranges: Some(Vec::new()),
        prefix_list_ids: Some(Vec::new()),
        to_port,
        user_id_group_pairs,
    }
}
