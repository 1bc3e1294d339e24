//! IP permissions of requests read into rules, one rule a peer, and rules written as IP permissions.

use super::{check_text, in_default_vpc, peered, rules_of};
use crate::{
    State,
    ec2::{
        parameter::{invalid, missing, not_supported},
        prefix_list, protocol,
    },
    state::{PeeredGroup, SecurityGroup, SecurityGroupRule},
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
/// `InvalidParameterValue`, `MissingParameter`, `InvalidGroup.NotFound`, `InvalidPrefixListID.NotFound`, and for other accounts'
/// groups the refusal naming them.
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
        let protocol = protocol::read(&ip_protocol.ok_or_else(|| missing("ipProtocol"))?)?;
        let ports = protocol::read_ports(protocol, from_port, to_port)?;
        let (pairs, ranges) = (user_id_group_pairs.unwrap_or_default(), ip_ranges.unwrap_or_default());
        let (ipv6_ranges, lists) = (ipv6_ranges.unwrap_or_default(), prefix_list_ids.unwrap_or_default());
        if pairs.is_empty() && ranges.is_empty() && ipv6_ranges.is_empty() && lists.is_empty() {
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
        for PrefixListId { description, prefix_list_id } in lists {
            let peer = read_list(state, &prefix_list_id.ok_or_else(|| missing("prefixListId"))?)?;
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

/// Reads a prefix list that is there.
pub(super) fn read_list(state: &State, id: &str) -> Result<Peer, Fault> {
    prefix_list::weight(state, id)?;
    Ok(Peer::PrefixList(id.into()))
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

/// Reads another group, by its id or, in the default VPC, by its name. One that a rule names already is read even when it is
/// gone, so that stale rules can be taken away. Its peering status is what a reply said and may be sent back as it was.
fn read_pair(state: &State, of: &SecurityGroup, pair: UserIdGroupPair) -> Result<(Peer, Option<String>), Fault> {
    let UserIdGroupPair {
        description,
        user_id,
        group_name,
        group_id,
        vpc_id,
        vpc_peering_connection_id,
        peering_status: _,
    } = pair;
    if user_id.is_some_and(|user| user != state.region.account) {
        return Err(not_supported("IpPermissions.Groups.UserId of another account"));
    }
    let id = match (group_id, group_name) {
        (Some(id), _) => id,
        (None, Some(name)) => in_default_vpc(state, &name)?.id.to_string(),
        (None, None) => return Err(missing("groupId")),
    };
    let peer = Peer::Group(id.as_str().into());
    if !rules_of(state, &of.id).iter().any(|rule| rule.rule.peer == peer) {
        let found = peered::reach(state, &of.vpc, &id, vpc_peering_connection_id.as_deref())?;
        let vpc = found.as_ref().map_or(&of.vpc, |found| &found.vpc);
        if vpc_id.is_some_and(|wanted| wanted != vpc.as_str()) {
            return Err(peered::foreign());
        }
    }
    Ok((peer, description))
}

/// A description of a rule as it is kept; an empty one is none.
pub(super) fn check(description: Option<String>) -> Result<Option<String>, Fault> {
    let description = description.filter(|text| !text.is_empty());
    description.iter().try_for_each(|text| check_text("rule description", text))?;
    Ok(description)
}

/// A rule to be written, with what the user says of it and where the group it names is.
pub(super) type Written<'a> = (&'a Rule, Option<String>, Option<&'a PeeredGroup>);

/// Writes rules of a VPC as IP permissions: those with the same protocol and ports together.
pub(super) fn write<'a>(
    state: &State,
    vpc: &vpc::VpcId,
    rules: impl Iterator<Item = Written<'a>>,
) -> Vec<IpPermission> {
    let mut permissions = BTreeMap::new();
    for (rule, description, elsewhere) in rules {
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
            Peer::Group(id) => {
                let through = elsewhere.map(|group| peered::through(state, vpc, group));
                permission.user_id_group_pairs.get_or_insert_default().push(UserIdGroupPair {
                    description,
                    user_id: Some(state.region.account.clone()),
                    group_name: None,
                    group_id: Some(id.to_string()),
                    vpc_id: elsewhere.map(|group| group.vpc.to_string()),
                    vpc_peering_connection_id: through.as_ref().map(|(peering, _)| peering.to_string()),
                    peering_status: through.map(|(_, status)| status.to_owned()),
                });
            }
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
pub(super) fn of_group(
    state: &State,
    group: &SecurityGroup,
    rules: &[SecurityGroupRule],
    egress: bool,
) -> Vec<IpPermission> {
    let rules = rules.iter().filter(|rule| rule.egress == egress);
    write(state, &group.vpc, rules.map(|rule| (&rule.rule, rule.description.clone(), rule.peered.as_ref())))
}
