//! AuthorizeSecurityGroupIngress and AuthorizeSecurityGroupEgress.

use super::{
    check_weight, get, named, peered,
    permission::{self, Wanted},
    rules::{self, Given},
};
use crate::{
    Tx,
    ec2::{
        parameter::{done, invalid, missing, unsupported},
        protocol, tags,
    },
    state::{SecurityGroup, SecurityGroupRule, Tags},
};
use aws::{
    api::ec2::{
        AuthorizeSecurityGroupEgressRequest, AuthorizeSecurityGroupEgressResult, AuthorizeSecurityGroupIngressRequest,
        AuthorizeSecurityGroupIngressResult, ResourceType,
    },
    fault::Fault,
};
use std::collections::BTreeSet;
use vpc::{IpProtocol, Peer, Ports, Rule};

/// AuthorizeSecurityGroupIngress.
pub(in crate::ec2) fn ingress(
    tx: &mut Tx<'_>,
    input: AuthorizeSecurityGroupIngressRequest,
) -> Result<AuthorizeSecurityGroupIngressResult, Fault> {
    let AuthorizeSecurityGroupIngressRequest {
        cidr_ip,
        from_port,
        group_id,
        group_name,
        ip_permissions,
        ip_protocol,
        source_security_group_name,
        source_security_group_owner_id,
        to_port,
        tag_specifications,
        dry_run,
    } = input;
    let group = named(&tx.state, group_id, group_name)?;
    let given = Given {
        ip_permissions,
        ip_protocol,
        from_port,
        to_port,
        cidr_ip,
        source_security_group_name,
        source_security_group_owner_id,
    };
    let wanted = given.read(&tx.state, &group)?.ok_or_else(|| missing("ipPermissions"))?;
    let tags = tags::at_creation(tag_specifications, ResourceType::SecurityGroupRule)?;
    let made = add(tx, &group, false, wanted, tags)?;
    let rules = made.iter().map(|rule| rules::show(&tx.state, rule)).collect();
    done(dry_run, AuthorizeSecurityGroupIngressResult { r#return: Some(true), security_group_rules: Some(rules) })
}

/// AuthorizeSecurityGroupEgress. AWS too takes only IP permissions here.
pub(in crate::ec2) fn egress(
    tx: &mut Tx<'_>,
    input: AuthorizeSecurityGroupEgressRequest,
) -> Result<AuthorizeSecurityGroupEgressResult, Fault> {
    let AuthorizeSecurityGroupEgressRequest {
        tag_specifications,
        dry_run,
        group_id,
        source_security_group_name,
        source_security_group_owner_id,
        ip_protocol,
        from_port,
        to_port,
        cidr_ip,
        ip_permissions,
    } = input;
    unsupported("SourceSecurityGroupName", source_security_group_name)?;
    unsupported("SourceSecurityGroupOwnerId", source_security_group_owner_id)?;
    unsupported("IpProtocol", ip_protocol)?;
    unsupported("FromPort", from_port)?;
    unsupported("ToPort", to_port)?;
    unsupported("CidrIp", cidr_ip)?;
    let group = get(&tx.state, &group_id)?.clone();
    let permissions =
        ip_permissions.filter(|permissions| !permissions.is_empty()).ok_or_else(|| missing("ipPermissions"))?;
    let wanted = permission::read(&tx.state, &group, permissions)?;
    let tags = tags::at_creation(tag_specifications, ResourceType::SecurityGroupRule)?;
    let made = add(tx, &group, true, wanted, tags)?;
    let rules = made.iter().map(|rule| rules::show(&tx.state, rule)).collect();
    done(dry_run, AuthorizeSecurityGroupEgressResult { r#return: Some(true), security_group_rules: Some(rules) })
}

/// Adds rules: all of them or none.
fn add(
    tx: &mut Tx<'_>,
    group: &SecurityGroup,
    egress: bool,
    wanted: Vec<Wanted>,
    tags: Tags,
) -> Result<Vec<SecurityGroupRule>, Fault> {
    permission::refuse_ipv6(&wanted)?;
    let there = rules::of(&tx.state, group, egress);
    let mut seen = BTreeSet::new();
    for (rule, _) in &wanted {
        if !seen.insert(rule) {
            return Err(invalid("The same permission must not appear multiple times"));
        }
        if there.iter().any(|other| other.rule == *rule) {
            return Err(duplicate(rule));
        }
    }
    let mut made = Vec::with_capacity(wanted.len());
    for (rule, description) in wanted {
        let peered = match &rule.peer {
            Peer::Group(id) => peered::reach(&tx.state, &group.vpc, id, None)?,
            Peer::Net(_) | Peer::PrefixList(_) => None,
        };
        let rule = SecurityGroupRule {
            id: tx.ec2_id("sgr"),
            group: group.id.clone(),
            egress,
            rule,
            peered,
            description,
            tags: tags.clone(),
        };
        tx.state.security_group_rules.put(rule.clone());
        made.push(rule);
    }
    check_weight(&tx.state, &group.id, egress)?;
    Ok(made)
}

/// The rule is there already.
pub(super) fn duplicate(rule: &Rule) -> Fault {
    let peer = match &rule.peer {
        Peer::Net(net) => net.to_string(),
        Peer::Group(id) => id.to_string(),
        Peer::PrefixList(id) => id.to_string(),
    };
    let protocol =
        if rule.protocol == IpProtocol::All { "ALL".to_owned() } else { protocol::name(rule.protocol).to_uppercase() };
    let ports = match rule.ports {
        Ports::Range(from, to) => format!(", from port: {from}, to port: {to}"),
        Ports::Icmp(r#type, code) => {
            format!(", type: {type}, code: {}", code.map_or_else(|| "ALL".to_owned(), |code| code.to_string()))
        }
        Ports::All => String::new(),
    };
    Fault::new(
        "InvalidPermission.Duplicate",
        format!("the specified rule \"peer: {peer}, {protocol}{ports}, ALLOW\" already exists"),
    )
}
