//! Tags of EC2 resources: at creation, and CreateTags and DeleteTags ("Tag your Amazon EC2 resources", Amazon EC2 User Guide).

use super::{
    kind::Kind,
    nat_gateway,
    parameter::{done, invalid},
    quota,
};
use crate::{
    State, Tx,
    state::{SecurityGroupRule, Tags},
};
use aws::{
    api::ec2::{CreateTagsRequest, DeleteTagsRequest, ResourceType, Tag, TagSpecification},
    fault::Fault,
    shape::Nothing,
};

/// No more than a thousand resources a call ("CreateTags", Amazon EC2 API Reference).
const MAX_RESOURCES: usize = 1000;

/// The tags a call wants on the one kind of resource it makes.
///
/// # Errors
/// `InvalidParameterValue` for a specification of another kind or without tags, and for a wrong key or value; `TagLimitExceeded`.
pub(super) fn at_creation(specifications: Option<Vec<TagSpecification>>, makes: ResourceType) -> Result<Tags, Fault> {
    let mut tags = Tags::new();
    for TagSpecification { resource_type, tags: wanted } in specifications.unwrap_or_default() {
        let Some(kind) = resource_type else {
            return Err(invalid("Tag specification resource type must have a value"));
        };
        if kind != makes {
            return Err(invalid(format!("'{kind}' is not a valid taggable resource type for this operation.")));
        }
        let wanted = wanted
            .filter(|tags| !tags.is_empty())
            .ok_or_else(|| invalid("Tag specification must have at least one tag"))?;
        put(&mut tags, read(wanted)?)?;
    }
    Ok(tags)
}

/// Tags as a reply shows them. Without any, AWS leaves the list out.
pub(super) fn show(tags: &Tags) -> Option<Vec<Tag>> {
    Some(list(tags)).filter(|tags| !tags.is_empty())
}

/// Tags as a reply shows them where AWS always gives the list.
pub(super) fn list(tags: &Tags) -> Vec<Tag> {
    tags.iter().map(|(key, value)| Tag { key: Some(key.clone()), value: Some(value.clone()) }).collect()
}

/// CreateTags.
pub(super) fn create(tx: &mut Tx<'_>, input: CreateTagsRequest) -> Result<Nothing, Fault> {
    let CreateTagsRequest { dry_run, resources, tags } = input;
    let tags = read(tags)?;
    for id in targets(resources)? {
        if Kind::of(&id) == Some(Kind::NatGateway) {
            nat_gateway::check_tags(&tags)?;
        }
        let mut result = Ok(());
        change(&mut tx.state, &id, |now| result = put(now, tags.clone()))?;
        result?;
    }
    done(dry_run, Nothing)
}

/// DeleteTags. Without tags it takes all but AWS's own; with a value, only the tag that has it.
pub(super) fn delete(tx: &mut Tx<'_>, input: DeleteTagsRequest) -> Result<Nothing, Fault> {
    let DeleteTagsRequest { dry_run, resources, tags } = input;
    let tags = tags.unwrap_or_default();
    if tags.iter().flat_map(|tag| &tag.key).any(|key| reserved(key)) {
        return Err(invalid("Tag keys starting with 'aws:' are reserved for internal use"));
    }
    for id in targets(resources)? {
        change(&mut tx.state, &id, |now| {
            let goes = |key: &str, value: &str| {
                let named = |tag: &Tag| {
                    tag.key.as_deref() == Some(key) && tag.value.as_deref().is_none_or(|wanted| wanted == value)
                };
                !reserved(key) && (tags.is_empty() || tags.iter().any(named))
            };
            now.retain(|key, value| !goes(key, value));
        })?;
    }
    done(dry_run, Nothing)
}

/// Changes the tags of the resource with that id.
fn change(state: &mut State, id: &str, change: impl FnOnce(&mut Tags)) -> Result<(), Fault> {
    let kind = Kind::of(id).ok_or_else(|| Fault::new("InvalidID", format!("The ID '{id}' is not valid")))?;
    let there = match kind {
        Kind::DhcpOptions => state.dhcp_options.contains(id),
        Kind::ElasticIp => state.elastic_ips.contains(id),
        Kind::Endpoint => state.vpc_endpoints.contains(id),
        Kind::FlowLog => state.flow_logs.contains(id),
        Kind::InternetGateway => state.internet_gateways.contains(id),
        Kind::NatGateway => state.nat_gateways.contains(id),
        Kind::NetworkAcl => state.network_acls.contains(id),
        Kind::NetworkInterface => state.network_interfaces.contains(id),
        Kind::Peering => state.vpc_peerings.contains(id),
        Kind::PrefixList => state.prefix_lists.contains(id),
        Kind::RouteTable => state.route_tables.contains(id),
        Kind::SecurityGroup => state.security_groups.contains(id),
        Kind::SecurityGroupRule => state.security_group_rules.iter().any(|rule| rule.id == id),
        Kind::Subnet => state.subnets.contains(id),
        Kind::Vpc => state.vpcs.contains(id),
    };
    if !there {
        return Err(kind.missing(id));
    }
    match kind {
        Kind::DhcpOptions => state.dhcp_options.update(id, |r| change(&mut r.tags)),
        Kind::ElasticIp => state.elastic_ips.update(id, |r| change(&mut r.tags)),
        Kind::Endpoint => state.vpc_endpoints.update(id, |r| change(&mut r.tags)),
        Kind::FlowLog => state.flow_logs.update(id, |r| change(&mut r.tags)),
        Kind::InternetGateway => state.internet_gateways.update(id, |r| change(&mut r.tags)),
        Kind::NatGateway => state.nat_gateways.update(id, |r| change(&mut r.tags)),
        Kind::NetworkAcl => state.network_acls.update(id, |r| change(&mut r.tags)),
        Kind::NetworkInterface => state.network_interfaces.update(id, |r| change(&mut r.tags)),
        Kind::Peering => state.vpc_peerings.update(id, |r| change(&mut r.tags)),
        Kind::PrefixList => state.prefix_lists.update(id, |r| change(&mut r.tags)),
        Kind::RouteTable => state.route_tables.update(id, |r| change(&mut r.tags)),
        Kind::SecurityGroup => state.security_groups.update(id, |r| change(&mut r.tags)),
        Kind::SecurityGroupRule => {
            let rule = state.security_group_rules.iter().find(|rule| rule.id == id).map(crate::state::Record::key);
            state
                .security_group_rules
                .update(&rule.unwrap_or_default(), |r: &mut SecurityGroupRule| change(&mut r.tags));
        }
        Kind::Subnet => state.subnets.update(id, |r| change(&mut r.tags)),
        Kind::Vpc => state.vpcs.update(id, |r| change(&mut r.tags)),
    }
    Ok(())
}

fn targets(resources: Vec<String>) -> Result<Vec<String>, Fault> {
    if resources.is_empty() {
        return Err(super::parameter::missing("resourceIdSet"));
    }
    if resources.len() > MAX_RESOURCES {
        return Err(invalid(format!("Resource IDs can't be more than {MAX_RESOURCES} in one request")));
    }
    Ok(resources)
}

/// Checks tags of a request ("Tag restrictions").
fn read(tags: Vec<Tag>) -> Result<Tags, Fault> {
    if tags.is_empty() {
        return Err(super::parameter::missing("tagSet"));
    }
    let mut read = Tags::new();
    for Tag { key, value } in tags {
        let key = key.filter(|key| !key.is_empty()).ok_or_else(|| invalid("Tag key cannot be null or empty."))?;
        let value = value.unwrap_or_default();
        if reserved(&key) {
            return Err(invalid("Tag keys starting with 'aws:' are reserved for internal use"));
        }
        if key.chars().count() > 128 {
            return Err(invalid(format!("Tag key exceeds the maximum length of 128 characters: '{key}'")));
        }
        if value.chars().count() > 256 {
            return Err(invalid(format!(
                "Tag value exceeds the maximum length of 256 characters for the tag key '{key}'"
            )));
        }
        if read.insert(key.clone(), value).is_some() {
            return Err(invalid(format!("Duplicate tag key '{key}' specified.")));
        }
    }
    Ok(read)
}

/// Adds tags, replacing those of the same key.
fn put(tags: &mut Tags, more: Tags) -> Result<(), Fault> {
    tags.extend(more);
    if tags.keys().filter(|key| !reserved(key)).count() > quota::TAGS {
        return Err(Fault::new("TagLimitExceeded", "The maximum number of Tags for a resource has been reached."));
    }
    Ok(())
}

/// Whether a key is AWS's own.
fn reserved(key: &str) -> bool {
    key.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("aws:"))
}
