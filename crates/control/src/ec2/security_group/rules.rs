//! What authorizing, revoking and changing have in common: the parameters rules are given in, and the rules of one direction.

use super::{
    peered,
    permission::{self, Wanted},
};
use crate::{
    State,
    ec2::{
        parameter::{combination, missing},
        protocol,
    },
    state::{SecurityGroup, SecurityGroupRule},
};
use aws::{
    api::ec2::{IpPermission, IpRange, ReferencedSecurityGroup, SecurityGroupRule as Shape, UserIdGroupPair},
    fault::Fault,
};
use vpc::{Peer, Rule};

/// Rules as the ingress calls take them: IP permissions, or one of them spelled out in parameters of its own.
pub(super) struct Given {
    pub(super) ip_permissions: Option<Vec<IpPermission>>,
    pub(super) ip_protocol: Option<String>,
    pub(super) from_port: Option<i32>,
    pub(super) to_port: Option<i32>,
    pub(super) cidr_ip: Option<String>,
    pub(super) source_security_group_name: Option<String>,
    pub(super) source_security_group_owner_id: Option<String>,
}

impl Given {
    /// The rules. `None` when no parameter gives any.
    pub(super) fn read(self, state: &State, of: &SecurityGroup) -> Result<Option<Vec<Wanted>>, Fault> {
        let permissions = match (self.ip_permissions.is_some(), self.is_spelled_out()) {
            (true, true) => {
                return Err(combination(
                    "The parameter 'ipPermissions' may not be used in combination with 'ipProtocol'",
                ));
            }
            (false, false) => return Ok(None),
            (true, false) => self.ip_permissions.unwrap_or_default(),
            (false, true) => self.spelled_out()?,
        };
        if permissions.is_empty() {
            return Err(missing("ipPermissions"));
        }
        permission::read(state, of, permissions).map(Some)
    }

    fn is_spelled_out(&self) -> bool {
        let Self {
            ip_permissions: _,
            ip_protocol,
            from_port,
            to_port,
            cidr_ip,
            source_security_group_name,
            source_security_group_owner_id,
        } = self;
        let texts = [ip_protocol, cidr_ip, source_security_group_name, source_security_group_owner_id];
        texts.iter().any(|text| text.is_some()) || from_port.is_some() || to_port.is_some()
    }

    /// A source group by its name stands for all of ICMP, TCP and UDP ("AuthorizeSecurityGroupIngress", Amazon EC2 API Reference).
    fn spelled_out(self) -> Result<Vec<IpPermission>, Fault> {
        let Self {
            ip_protocol,
            from_port,
            to_port,
            cidr_ip,
            source_security_group_name,
            source_security_group_owner_id,
            ..
        } = self;
        let Some(group_name) = source_security_group_name else {
            let cidr_ip = cidr_ip.ok_or_else(|| missing("cidrIp"))?;
            let ip_ranges = Some(vec![IpRange { description: None, cidr_ip: Some(cidr_ip) }]);
            return Ok(vec![IpPermission { ip_protocol, from_port, to_port, ip_ranges, ..IpPermission::default() }]);
        };
        if cidr_ip.is_some() || ip_protocol.is_some() || from_port.is_some() || to_port.is_some() {
            return Err(combination(
                "The parameter 'sourceSecurityGroupName' may not be used in combination with 'ipProtocol' or 'cidrIp'",
            ));
        }
        let pair = UserIdGroupPair {
            group_name: Some(group_name),
            user_id: source_security_group_owner_id,
            ..UserIdGroupPair::default()
        };
        let all = [("tcp", 0, 65535), ("udp", 0, 65535), ("icmp", -1, -1)];
        let permission = |(protocol, from, to): (&str, i32, i32)| IpPermission {
            ip_protocol: Some(protocol.to_owned()),
            from_port: Some(from),
            to_port: Some(to),
            user_id_group_pairs: Some(vec![pair.clone()]),
            ..IpPermission::default()
        };
        Ok(all.into_iter().map(permission).collect())
    }
}

/// The rules of a group in one direction.
pub(super) fn of(state: &State, group: &SecurityGroup, egress: bool) -> Vec<SecurityGroupRule> {
    let mut rules = super::rules_of(state, &group.id);
    rules.retain(|rule| rule.egress == egress);
    rules
}

/// There is no such rule.
pub(super) fn not_there() -> Fault {
    Fault::new("InvalidPermission.NotFound", "The specified rule does not exist in this security group.")
}

/// A rule as a reply shows it.
pub(super) fn show(state: &State, rule: &SecurityGroupRule) -> Shape {
    let account = &state.region.account;
    let SecurityGroupRule { id, group, egress, rule, peered: elsewhere, description, tags } = rule;
    let Rule { protocol, ports, peer } = rule;
    let (from, to) = protocol::show_ports(*ports);
    let own = state.security_groups.get(group).map(|group| &group.vpc);
    let through = elsewhere.as_ref().zip(own).map(|(group, own)| peered::through(state, own, group));
    let referenced = |id: &vpc::SecurityGroupId| ReferencedSecurityGroup {
        group_id: Some(id.to_string()),
        peering_status: through.as_ref().map(|(_, status)| (*status).to_owned()),
        user_id: Some(account.clone()),
        vpc_id: elsewhere.as_ref().map(|group| group.vpc.to_string()),
        vpc_peering_connection_id: through.as_ref().map(|(peering, _)| peering.to_string()),
    };
    let (ipv4, ipv6) = ranges(peer);
    Shape {
        security_group_rule_id: Some(id.clone()),
        group_id: Some(group.to_string()),
        group_owner_id: Some(account.clone()),
        is_egress: Some(*egress),
        ip_protocol: Some(protocol::name(*protocol)),
        from_port: Some(from),
        to_port: Some(to),
        cidr_ipv4: ipv4,
        cidr_ipv6: ipv6,
        prefix_list_id: prefix_list(peer).map(ToString::to_string),
        referenced_group_info: referenced_group(peer).map(referenced),
        description: description.clone(),
        tags: Some(crate::ec2::tags::list(tags)),
        security_group_rule_arn: Some(state.region.arn("ec2", format_args!("security-group-rule/{id}"))),
    }
}

/// A peer's range, as IPv4 or as IPv6.
pub(super) fn ranges(peer: &Peer) -> (Option<String>, Option<String>) {
    match peer {
        Peer::Net(net) if net.addr().is_ipv4() => (Some(net.to_string()), None),
        Peer::Net(net) => (None, Some(net.to_string())),
        Peer::Group(_) | Peer::PrefixList(_) => (None, None),
    }
}

/// A peer's prefix list.
pub(super) fn prefix_list(peer: &Peer) -> Option<&vpc::PrefixListId> {
    match peer {
        Peer::PrefixList(id) => Some(id),
        Peer::Net(_) | Peer::Group(_) => None,
    }
}

/// A peer's group.
pub(super) fn referenced_group(peer: &Peer) -> Option<&vpc::SecurityGroupId> {
    match peer {
        Peer::Group(id) => Some(id),
        Peer::Net(_) | Peer::PrefixList(_) => None,
    }
}
