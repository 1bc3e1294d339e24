//! DescribeTags.

use super::{
    describe::page,
    filter::{Field, Filters, one},
    flow_log,
    kind::Kind,
    parameter::done,
};
use crate::{State, View, state::Tags};
use aws::{
    api::ec2::{DescribeTagsRequest, DescribeTagsResult, TagDescription},
    fault::Fault,
};

const FILTERS: &[Field<TagDescription>] = &[
    ("key", |t| one(&t.key)),
    ("resource-id", |t| one(&t.resource_id)),
    ("resource-type", |t| one(&t.resource_type)),
    ("value", |t| one(&t.value)),
];

/// DescribeTags.
pub(super) fn describe(view: &View<'_>, input: DescribeTagsRequest) -> Result<DescribeTagsResult, Fault> {
    let DescribeTagsRequest { dry_run, filters, max_results, next_token } = input;
    let filters = Filters::read(filters, FILTERS)?;
    let passes = |tag: &TagDescription| {
        let pair = (tag.key.as_deref().unwrap_or_default(), tag.value.as_deref().unwrap_or_default());
        filters.pass(tag, &[pair])
    };
    let tags: Vec<_> = all(view.state).filter(passes).collect();
    let key = |tag: &TagDescription| {
        format!("{}/{}", tag.resource_id.as_deref().unwrap_or_default(), tag.key.as_deref().unwrap_or_default())
    };
    let (tags, next_token) = page(tags, key, max_results, next_token)?;
    done(dry_run, DescribeTagsResult { next_token, tags })
}

/// Every tag of every resource.
fn all(state: &State) -> impl Iterator<Item = TagDescription> + '_ {
    let elastic_ips = state.elastic_ips.iter().map(|r| (r.allocation.as_str(), &r.tags));
    let nat_gateways = state.nat_gateways.iter().map(|r| (r.id.as_str(), &r.tags));
    let endpoints = state.vpc_endpoints.iter().map(|r| (r.id.as_str(), &r.tags));
    let peerings = state.vpc_peerings.iter().map(|r| (r.id.as_str(), &r.tags));
    let prefix_lists = state.prefix_lists.iter().map(|r| (r.id.as_str(), &r.tags));
    let dhcp_options = state.dhcp_options.iter().map(|r| (r.id.as_str(), &r.tags));
    let gateways = state.internet_gateways.iter().map(|r| (r.id.as_str(), &r.tags));
    let acls = state.network_acls.iter().map(|r| (r.id.as_str(), &r.tags));
    let interfaces = state.network_interfaces.iter().map(|r| (r.id.as_str(), &r.tags));
    let route_tables = state.route_tables.iter().map(|r| (r.id.as_str(), &r.tags));
    let groups = state.security_groups.iter().map(|r| (r.id.as_str(), &r.tags));
    let rules = state.security_group_rules.iter().map(|r| (r.id.as_str(), &r.tags));
    let subnets = state.subnets.iter().map(|r| (r.id.as_str(), &r.tags));
    let vpcs = state.vpcs.iter().map(|r| (r.id.as_str(), &r.tags));
    let added = elastic_ips.chain(nat_gateways).chain(endpoints).chain(peerings).chain(prefix_lists);
    let resources = added.chain(dhcp_options).chain(gateways).chain(acls).chain(interfaces).chain(route_tables);
    let resources = resources.chain(flow_log::tagged(state));
    resources.chain(groups).chain(rules).chain(subnets).chain(vpcs).flat_map(|(id, tags)| of(id, tags))
}

fn of<'a>(id: &'a str, tags: &'a Tags) -> impl Iterator<Item = TagDescription> + 'a {
    let resource_type = Kind::of(id).map(Kind::resource_type);
    tags.iter().map(move |(key, value)| TagDescription {
        key: Some(key.clone()),
        resource_id: Some(id.to_owned()),
        resource_type,
        value: Some(value.clone()),
    })
}
