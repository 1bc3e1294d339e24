//! DescribeNetworkAcls.

use super::{
    cidr::everywhere,
    describe::{Asked, Described, describe as describe_all},
    filter::{Field, each, never, one},
    kind::Kind,
    protocol, tags,
};
use crate::{
    State, View,
    state::{AclEntry, NetworkAcl},
};
use aws::{
    api::ec2::{
        DescribeNetworkAclsRequest, DescribeNetworkAclsResult, IcmpTypeCode, NetworkAcl as Shape,
        NetworkAclAssociation, NetworkAclEntry, PortRange, RuleAction, Tag,
    },
    fault::Fault,
};
use vpc::Ports;

/// The number of the last rule of every ACL, which denies what no other allowed.
const LAST: i32 = 32767;

/// DescribeNetworkAcls.
pub(super) fn describe(view: &View<'_>, input: DescribeNetworkAclsRequest) -> Result<DescribeNetworkAclsResult, Fault> {
    let DescribeNetworkAclsRequest { next_token, max_results, dry_run, network_acl_ids, filters } = input;
    let state = view.state;
    let asked = Asked { ids: network_acl_ids, filters, max_results, next_token, dry_run };
    let all = state.network_acls.iter().map(|acl| show(state, acl));
    let (network_acls, next_token) =
        describe_all(asked, |id| state.network_acls.get(id).map(|acl| show(state, acl)), all)?;
    Ok(DescribeNetworkAclsResult { network_acls, next_token })
}

/// An ACL as a reply shows it: what leaves the subnet first, then by number.
pub(super) fn show(state: &State, acl: &NetworkAcl) -> Shape {
    let associations =
        state.subnets.iter().filter(|subnet| subnet.network_acl.acl == acl.id).map(|subnet| NetworkAclAssociation {
            network_acl_association_id: Some(subnet.network_acl.association.clone()),
            network_acl_id: Some(acl.id.to_string()),
            subnet_id: Some(subnet.id.to_string()),
        });
    let last = |egress| NetworkAclEntry {
        cidr_block: Some(everywhere().to_string()),
        egress: Some(egress),
        protocol: Some("-1".to_owned()),
        rule_action: Some(RuleAction::Deny),
        rule_number: Some(LAST),
        ..NetworkAclEntry::default()
    };
    let entries = acl.entries.iter().map(show_entry).chain([last(true), last(false)]);
    Shape {
        associations: Some(associations.collect()),
        entries: Some(entries.collect()),
        is_default: Some(acl.is_default),
        network_acl_id: Some(acl.id.to_string()),
        tags: Some(tags::list(&acl.tags)),
        vpc_id: Some(acl.vpc.to_string()),
        owner_id: Some(state.region.account.clone()),
    }
}

fn show_entry(entry: &AclEntry) -> NetworkAclEntry {
    let AclEntry { number, egress, protocol, ports, cidr, allow } = entry;
    let is_ipv4 = cidr.addr().is_ipv4();
    let range = match ports {
        Ports::Range(from, to) => Some(PortRange { from: Some((*from).into()), to: Some((*to).into()) }),
        _ => None,
    };
    let icmp = match ports {
        Ports::Icmp(r#type, code) => {
            Some(IcmpTypeCode { code: Some(code.map_or(-1, Into::into)), r#type: Some((*r#type).into()) })
        }
        _ => None,
    };
    NetworkAclEntry {
        cidr_block: Some(cidr.to_string()).filter(|_| is_ipv4),
        egress: Some(*egress),
        icmp_type_code: icmp,
        ipv6_cidr_block: Some(cidr.to_string()).filter(|_| !is_ipv4),
        port_range: range,
        protocol: Some(protocol::number(*protocol)),
        rule_action: Some(if *allow { RuleAction::Allow } else { RuleAction::Deny }),
        rule_number: Some((*number).into()),
    }
}

impl Described for Shape {
    const KIND: Kind = Kind::NetworkAcl;
    const IDS: &'static str = "NetworkAclIds";
    const FILTERS: &'static [Field<Self>] = &[
        ("association.association-id", |a| each(&a.associations, |x| &x.network_acl_association_id)),
        ("association.network-acl-id", |a| each(&a.associations, |x| &x.network_acl_id)),
        ("association.subnet-id", |a| each(&a.associations, |x| &x.subnet_id)),
        ("default", |a| one(&a.is_default)),
        ("entry.cidr", |a| each(&a.entries, |e| &e.cidr_block)),
        ("entry.egress", |a| each(&a.entries, |e| &e.egress)),
        ("entry.icmp.code", |a| {
            a.entries.iter().flatten().flat_map(|e| &e.icmp_type_code).flat_map(|i| one(&i.code)).collect()
        }),
        ("entry.icmp.type", |a| {
            a.entries.iter().flatten().flat_map(|e| &e.icmp_type_code).flat_map(|i| one(&i.r#type)).collect()
        }),
        ("entry.ipv6-cidr", never),
        ("entry.port-range.from", |a| {
            a.entries.iter().flatten().flat_map(|e| &e.port_range).flat_map(|p| one(&p.from)).collect()
        }),
        ("entry.port-range.to", |a| {
            a.entries.iter().flatten().flat_map(|e| &e.port_range).flat_map(|p| one(&p.to)).collect()
        }),
        ("entry.protocol", |a| {
            a.entries.iter().flatten().flat_map(|e| &e.protocol).flat_map(|p| protocol::spellings(p)).collect()
        }),
        ("entry.rule-action", |a| each(&a.entries, |e| &e.rule_action)),
        ("entry.rule-number", |a| each(&a.entries, |e| &e.rule_number)),
        ("network-acl-id", |a| one(&a.network_acl_id)),
        ("owner-id", |a| one(&a.owner_id)),
        ("vpc-id", |a| one(&a.vpc_id)),
    ];
    fn id(&self) -> &str {
        self.network_acl_id.as_deref().unwrap_or_default()
    }
    fn tags(&self) -> &Option<Vec<Tag>> {
        &self.tags
    }
}
