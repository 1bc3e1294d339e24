//! DescribeSecurityGroups.

use super::{arn, in_default_vpc, permission, rules_of};
use crate::{
    State, View,
    ec2::{
        describe::{Asked, Described, describe as describe_all},
        filter::{Field, one},
        kind::Kind,
        parameter::combination,
        protocol, tags,
    },
    state::SecurityGroup,
};
use aws::{
    api::ec2::{
        DescribeSecurityGroupsRequest, DescribeSecurityGroupsResult, IpPermission, SecurityGroup as Shape, Tag,
    },
    fault::Fault,
};

/// DescribeSecurityGroups. Names are those of groups of the default VPC, as on AWS.
pub(in crate::ec2) fn describe(
    view: &View<'_>,
    input: DescribeSecurityGroupsRequest,
) -> Result<DescribeSecurityGroupsResult, Fault> {
    let DescribeSecurityGroupsRequest { group_ids, group_names, next_token, max_results, dry_run, filters } = input;
    let state = view.state;
    let names = group_names.filter(|names| !names.is_empty());
    if names.is_some() && max_results.is_some() {
        return Err(combination("The parameter GroupNames cannot be used with the parameter MaxResults"));
    }
    let named = names.iter().flatten().map(|name| in_default_vpc(state, name).map(|group| group.id.to_string()));
    let named = named.collect::<Result<Vec<_>, _>>()?;
    let ids: Vec<String> = group_ids.unwrap_or_default().into_iter().chain(named).collect();
    let asked = Asked { ids: Some(ids), filters, max_results, next_token, dry_run };
    let all = state.security_groups.iter().map(|group| show(state, group));
    let (security_groups, next_token) =
        describe_all(asked, |id| state.security_groups.get(id).map(|group| show(state, group)), all)?;
    Ok(DescribeSecurityGroupsResult { next_token, security_groups })
}

fn show(state: &State, group: &SecurityGroup) -> Shape {
    let SecurityGroup { id, vpc, name, description, tags } = group;
    let (rules, account) = (rules_of(state, id), &state.region.account);
    Shape {
        group_id: Some(id.to_string()),
        ip_permissions_egress: Some(permission::of_group(state, group, &rules, true)),
        tags: tags::show(tags),
        vpc_id: Some(vpc.to_string()),
        security_group_arn: Some(arn(state, id)),
        owner_id: Some(account.clone()),
        group_name: Some(name.clone()),
        description: Some(description.clone()),
        ip_permissions: Some(permission::of_group(state, group, &rules, false)),
    }
}

type Permissions = Option<Vec<IpPermission>>;

fn cidrs(list: &Permissions) -> Vec<String> {
    list.iter().flatten().flat_map(|p| p.ip_ranges.iter().flatten()).flat_map(|range| one(&range.cidr_ip)).collect()
}
fn ipv6_cidrs(list: &Permissions) -> Vec<String> {
    list.iter().flatten().flat_map(|p| p.ipv6_ranges.iter().flatten()).flat_map(|range| one(&range.cidr_ipv6)).collect()
}
fn group_ids(list: &Permissions) -> Vec<String> {
    list.iter()
        .flatten()
        .flat_map(|p| p.user_id_group_pairs.iter().flatten())
        .flat_map(|pair| one(&pair.group_id))
        .collect()
}
fn group_names(list: &Permissions) -> Vec<String> {
    list.iter()
        .flatten()
        .flat_map(|p| p.user_id_group_pairs.iter().flatten())
        .flat_map(|pair| one(&pair.group_name))
        .collect()
}
fn user_ids(list: &Permissions) -> Vec<String> {
    list.iter()
        .flatten()
        .flat_map(|p| p.user_id_group_pairs.iter().flatten())
        .flat_map(|pair| one(&pair.user_id))
        .collect()
}
fn prefix_lists(list: &Permissions) -> Vec<String> {
    list.iter()
        .flatten()
        .flat_map(|p| p.prefix_list_ids.iter().flatten())
        .flat_map(|entry| one(&entry.prefix_list_id))
        .collect()
}
fn protocols(list: &Permissions) -> Vec<String> {
    list.iter().flatten().flat_map(|p| &p.ip_protocol).flat_map(|name| protocol::spellings(name)).collect()
}
fn from_ports(list: &Permissions) -> Vec<String> {
    list.iter().flatten().flat_map(|p| one(&p.from_port)).collect()
}
fn to_ports(list: &Permissions) -> Vec<String> {
    list.iter().flatten().flat_map(|p| one(&p.to_port)).collect()
}

impl Described for Shape {
    const KIND: Kind = Kind::SecurityGroup;
    const IDS: &'static str = "GroupIds";
    const FILTERS: &'static [Field<Self>] = &[
        ("description", |g| one(&g.description)),
        ("egress.ip-permission.cidr", |g| cidrs(&g.ip_permissions_egress)),
        ("egress.ip-permission.from-port", |g| from_ports(&g.ip_permissions_egress)),
        ("egress.ip-permission.group-id", |g| group_ids(&g.ip_permissions_egress)),
        ("egress.ip-permission.group-name", |g| group_names(&g.ip_permissions_egress)),
        ("egress.ip-permission.ipv6-cidr", |g| ipv6_cidrs(&g.ip_permissions_egress)),
        ("egress.ip-permission.prefix-list-id", |g| prefix_lists(&g.ip_permissions_egress)),
        ("egress.ip-permission.protocol", |g| protocols(&g.ip_permissions_egress)),
        ("egress.ip-permission.to-port", |g| to_ports(&g.ip_permissions_egress)),
        ("egress.ip-permission.user-id", |g| user_ids(&g.ip_permissions_egress)),
        ("group-id", |g| one(&g.group_id)),
        ("group-name", |g| one(&g.group_name)),
        ("ip-permission.cidr", |g| cidrs(&g.ip_permissions)),
        ("ip-permission.from-port", |g| from_ports(&g.ip_permissions)),
        ("ip-permission.group-id", |g| group_ids(&g.ip_permissions)),
        ("ip-permission.group-name", |g| group_names(&g.ip_permissions)),
        ("ip-permission.ipv6-cidr", |g| ipv6_cidrs(&g.ip_permissions)),
        ("ip-permission.prefix-list-id", |g| prefix_lists(&g.ip_permissions)),
        ("ip-permission.protocol", |g| protocols(&g.ip_permissions)),
        ("ip-permission.to-port", |g| to_ports(&g.ip_permissions)),
        ("ip-permission.user-id", |g| user_ids(&g.ip_permissions)),
        ("owner-id", |g| one(&g.owner_id)),
        ("vpc-id", |g| one(&g.vpc_id)),
    ];
    fn id(&self) -> &str {
        self.group_id.as_deref().unwrap_or_default()
    }
    fn tags(&self) -> &Option<Vec<Tag>> {
        &self.tags
    }
}
