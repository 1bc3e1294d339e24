//! IP permissions of requests read into rules, one rule a peer, and rules written as IP permissions.

use super::{check_text, get_in, in_default_vpc};
use crate::{
    State,
    ec2::{
        parameter::{invalid, missing, not_supported, unsupported},
        protocol,
    },
    state::{SecurityGroup, SecurityGroupRule},
};
use aws::{
    api::ec2::{IpPermission, IpRange, Ipv6Range, PrefixListId, UserIdGroupPair},
    fault::Fault,
};
use std::collections::BTreeMap;
use vpc::{IpNet, Peer, Ports, Rule};

/// A rule of a request with what the user says of it.
pub(super) type Wanted = (Rule, Option<String>);

/// Reads IP permissions for a group. Order and repetition are kept.
///
/// # Errors
/// `InvalidParameterValue`, `MissingParameter`, `InvalidGroup.NotFound`, and for prefix lists and other accounts' groups the
/// refusal naming them.
pub(super) fn read(state: &State, of: &SecurityGroup, permissions: Vec<IpPermission>) -> Result<Vec<Wanted>, Fault> {
    let mut wanted = Vec::new();
    for permission in permissions {
        let IpPermission {
            ip_protocol,
            from_port,
            to_port,
            user_id_group_pairs,
            ip_ranges,
            ipv6_ranges,
            prefix_list_ids,
        } = permission;
        unsupported("IpPermissions.PrefixListIds", prefix_list_ids.filter(|lists| !lists.is_empty()))?;
        let protocol = protocol::read(&ip_protocol.ok_or_else(|| missing("ipProtocol"))?)?;
        let ports = protocol::read_ports(protocol, from_port, to_port)?;
        let (pairs, ranges) = (user_id_group_pairs.unwrap_or_default(), ip_ranges.unwrap_or_default());
        let ipv6_ranges = ipv6_ranges.unwrap_or_default();
        if pairs.is_empty() && ranges.is_empty() && ipv6_ranges.is_empty() {
            return Err(missing("cidrIp or sourceSecurityGroupId"));
        }
        for IpRange { description, cidr_ip } in ranges {
            let peer = read_range(&cidr_ip.ok_or_else(|| missing("cidrIp"))?)?;
            wanted.push((Rule { protocol, ports, peer }, check(description)?));
        }
        for Ipv6Range { description, cidr_ipv6 } in ipv6_ranges {
            let peer = read_ipv6_range(&cidr_ipv6.ok_or_else(|| missing("cidrIpv6"))?)?;
            wanted.push((Rule { protocol, ports, peer }, check(description)?));
        }
        for pair in pairs {
            let (peer, description) = read_pair(state, of, pair)?;
            wanted.push((Rule { protocol, ports, peer }, check(description)?));
        }
    }
    Ok(wanted)
}

/// Reads an IPv4 range. Bits beyond the prefix are cleared, as AWS does.
pub(super) fn read_range(text: &str) -> Result<Peer, Fault> {
    let net = text.parse::<IpNet>().ok().filter(|net| net.addr().is_ipv4());
    net.map(|net| Peer::Net(net.trunc())).ok_or_else(|| invalid(format!("CIDR block {text} is malformed")))
}

fn read_ipv6_range(text: &str) -> Result<Peer, Fault> {
    let net = text.parse::<IpNet>().ok().filter(|net| !net.addr().is_ipv4());
    net.map(|net| Peer::Net(net.trunc())).ok_or_else(|| invalid(format!("CIDR block {text} is malformed")))
}

/// Refuses rules for IPv6, which no interface has. They can be asked to be taken away all the same: clients do so to be
/// sure that a new group has none.
///
/// # Errors
/// The refusal naming IPv6 ranges.
pub(super) fn refuse_ipv6(wanted: &[Wanted]) -> Result<(), Fault> {
    match wanted.iter().any(|(rule, _)| matches!(&rule.peer, Peer::Net(net) if !net.addr().is_ipv4())) {
        true => Err(not_supported("IpPermissions.Ipv6Ranges")),
        false => Ok(()),
    }
}

/// Reads another group, by its id or, in the default VPC, by its name.
fn read_pair(state: &State, of: &SecurityGroup, pair: UserIdGroupPair) -> Result<(Peer, Option<String>), Fault> {
    let UserIdGroupPair {
        description,
        user_id,
        group_name,
        group_id,
        vpc_id,
        vpc_peering_connection_id,
        peering_status,
    } = pair;
    unsupported("IpPermissions.Groups.VpcPeeringConnectionId", vpc_peering_connection_id)?;
    unsupported("IpPermissions.Groups.PeeringStatus", peering_status)?;
    if user_id.is_some_and(|user| user != state.region.account) {
        return Err(not_supported("IpPermissions.Groups.UserId of another account"));
    }
    if vpc_id.is_some_and(|vpc| vpc != of.vpc.as_str()) {
        return Err(not_supported("IpPermissions.Groups.VpcId of another VPC"));
    }
    let id = match (group_id, group_name) {
        (Some(id), _) => id,
        (None, Some(name)) => in_default_vpc(state, &name)?.id.to_string(),
        (None, None) => return Err(missing("groupId")),
    };
    Ok((Peer::Group(get_in(state, &of.vpc, &id)?.id.clone()), description))
}

/// A description of a rule as it is kept; an empty one is none.
pub(super) fn check(description: Option<String>) -> Result<Option<String>, Fault> {
    let description = description.filter(|text| !text.is_empty());
    description.iter().try_for_each(|text| check_text("rule description", text))?;
    Ok(description)
}

/// Writes rules as IP permissions: those with the same protocol and ports together.
pub(super) fn write<'a>(account: &str, rules: impl Iterator<Item = (&'a Rule, Option<String>)>) -> Vec<IpPermission> {
    let mut permissions = BTreeMap::new();
    for (rule, description) in rules {
        let permission = permissions.entry((rule.protocol, rule.ports)).or_insert_with(|| empty(rule));
        match &rule.peer {
            Peer::Net(net) if !net.addr().is_ipv4() => {
                let range = Ipv6Range { description, cidr_ipv6: Some(net.to_string()) };
                permission.ipv6_ranges.get_or_insert_default().push(range);
            }
            Peer::Net(net) => {
                let range = IpRange { description, cidr_ip: Some(net.to_string()) };
                permission.ip_ranges.get_or_insert_default().push(range);
            }
            Peer::Group(id) => permission.user_id_group_pairs.get_or_insert_default().push(UserIdGroupPair {
                description,
                user_id: Some(account.to_owned()),
                group_id: Some(id.to_string()),
                ..UserIdGroupPair::default()
            }),
            Peer::PrefixList(id) => permission
                .prefix_list_ids
                .get_or_insert_default()
                .push(PrefixListId { description, prefix_list_id: Some(id.to_string()) }),
        }
    }
    permissions.into_values().collect()
}

/// An IP permission without peers. All of a protocol without ports is no ports at all; all of ICMP is -1.
fn empty(rule: &Rule) -> IpPermission {
    let has_ports =
        rule.ports != Ports::All || matches!(rule.protocol, vpc::IpProtocol::ICMP | vpc::IpProtocol::ICMPV6);
    let (from, to) = protocol::show_ports(rule.ports);
    IpPermission {
        ip_protocol: Some(protocol::name(rule.protocol)),
        from_port: has_ports.then_some(from),
        to_port: has_ports.then_some(to),
        user_id_group_pairs: Some(Vec::new()),
        ip_ranges: Some(Vec::new()),
        ipv6_ranges: Some(Vec::new()),
        prefix_list_ids: Some(Vec::new()),
    }
}

/// A group's rules of one direction as IP permissions.
pub(super) fn of_group(account: &str, rules: &[SecurityGroupRule], egress: bool) -> Vec<IpPermission> {
    let rules = rules.iter().filter(|rule| rule.egress == egress);
    write(account, rules.map(|rule| (&rule.rule, rule.description.clone())))
}
