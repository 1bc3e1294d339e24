//! RevokeSecurityGroupIngress and RevokeSecurityGroupEgress.

use super::{
    get, named,
    permission::{self, Wanted},
    rules::{self, Given},
};
use crate::{
    State, Tx,
    ec2::{
        kind::Kind,
        parameter::{combination, done, missing, unsupported},
        protocol, vpc,
    },
    state::{Record, SecurityGroup, SecurityGroupRule},
};
use ::vpc::Rule;
use aws::{
    api::ec2::{
        IpPermission, RevokeSecurityGroupEgressRequest, RevokeSecurityGroupEgressResult,
        RevokeSecurityGroupIngressRequest, RevokeSecurityGroupIngressResult, RevokedSecurityGroupRule,
    },
    fault::Fault,
};

/// RevokeSecurityGroupIngress.
pub(in crate::ec2) fn ingress(
    tx: &mut Tx<'_>,
    input: RevokeSecurityGroupIngressRequest,
) -> Result<RevokeSecurityGroupIngressResult, Fault> {
    let RevokeSecurityGroupIngressRequest {
        cidr_ip,
        from_port,
        group_id,
        group_name,
        ip_permissions,
        ip_protocol,
        source_security_group_name,
        source_security_group_owner_id,
        to_port,
        security_group_rule_ids,
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
    let wanted = given.read(&tx.state, &group)?;
    let (revoked, unknown) = revoke(tx, &group, false, security_group_rule_ids, wanted)?;
    let answer = RevokeSecurityGroupIngressResult {
        r#return: Some(true),
        unknown_ip_permissions: Some(unknown),
        revoked_security_group_rules: Some(revoked.iter().map(show).collect()),
    };
    done(dry_run, answer)
}

/// RevokeSecurityGroupEgress. AWS too takes only IP permissions or rule ids here.
pub(in crate::ec2) fn egress(
    tx: &mut Tx<'_>,
    input: RevokeSecurityGroupEgressRequest,
) -> Result<RevokeSecurityGroupEgressResult, Fault> {
    let RevokeSecurityGroupEgressRequest {
        security_group_rule_ids,
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
    let permissions = ip_permissions.filter(|permissions| !permissions.is_empty());
    let wanted = permissions.map(|permissions| permission::read(&tx.state, &group, permissions)).transpose()?;
    let (revoked, unknown) = revoke(tx, &group, true, security_group_rule_ids, wanted)?;
    let answer = RevokeSecurityGroupEgressResult {
        r#return: Some(true),
        unknown_ip_permissions: Some(unknown),
        revoked_security_group_rules: Some(revoked.iter().map(show).collect()),
    };
    done(dry_run, answer)
}

/// Removes rules by their ids or by what they say. What rules say of themselves (descriptions) is not looked at.
fn revoke(
    tx: &mut Tx<'_>,
    group: &SecurityGroup,
    egress: bool,
    ids: Option<Vec<String>>,
    wanted: Option<Vec<Wanted>>,
) -> Result<(Vec<SecurityGroupRule>, Vec<IpPermission>), Fault> {
    let there = rules::of(&tx.state, group, egress);
    let ids = ids.filter(|ids| !ids.is_empty());
    let (gone, unknown) = match (ids, wanted) {
        (Some(_), Some(_)) => {
            return Err(combination(
                "The parameter 'securityGroupRuleIds' may not be used in combination with 'ipPermissions'",
            ));
        }
        (None, None) => return Err(missing("ipPermissions or securityGroupRuleIds")),
        (Some(ids), None) => (by_ids(&there, &ids)?, Vec::new()),
        (None, Some(wanted)) => by_rules(&tx.state, group, &there, wanted)?,
    };
    gone.iter().for_each(|rule| drop(tx.state.security_group_rules.remove(&rule.key())));
    Ok((gone, unknown))
}

fn by_ids(there: &[SecurityGroupRule], ids: &[String]) -> Result<Vec<SecurityGroupRule>, Fault> {
    let find = |id: &String| {
        there.iter().find(|rule| rule.id == *id).cloned().ok_or_else(|| Kind::SecurityGroupRule.missing(id))
    };
    let mut found = ids.iter().map(find).collect::<Result<Vec<_>, _>>()?;
    found.sort_by(|a, b| a.id.cmp(&b.id));
    found.dedup_by(|a, b| a.id == b.id);
    Ok(found)
}

/// In the default VPC what is not there is told of, elsewhere it is an error
/// ("RevokeSecurityGroupIngress", Amazon EC2 API Reference).
fn by_rules(
    state: &State,
    group: &SecurityGroup,
    there: &[SecurityGroupRule],
    wanted: Vec<Wanted>,
) -> Result<(Vec<SecurityGroupRule>, Vec<IpPermission>), Fault> {
    let is_wanted = |rule: &&SecurityGroupRule| wanted.iter().any(|(wanted, _)| *wanted == rule.rule);
    let gone: Vec<_> = there.iter().filter(is_wanted).cloned().collect();
    let unknown = wanted.iter().filter(|(wanted, _)| !there.iter().any(|rule| rule.rule == *wanted));
    let unknown =
        permission::write(state, &group.vpc, unknown.map(|(rule, description)| (rule, description.clone(), None)));
    let tolerant = vpc::default_vpc(state).is_some_and(|default| default.id == group.vpc);
    if unknown.is_empty() || tolerant { Ok((gone, unknown)) } else { Err(rules::not_there()) }
}

fn show(rule: &SecurityGroupRule) -> RevokedSecurityGroupRule {
    let SecurityGroupRule { id, group, egress, rule, peered: _, description, tags: _ } = rule;
    let Rule { protocol, ports, peer } = rule;
    let (from, to) = protocol::show_ports(*ports);
    let (ipv4, ipv6) = rules::ranges(peer);
    RevokedSecurityGroupRule {
        security_group_rule_id: Some(id.clone()),
        group_id: Some(group.to_string()),
        is_egress: Some(*egress),
        ip_protocol: Some(protocol::name(*protocol)),
        from_port: Some(from),
        to_port: Some(to),
        cidr_ipv4: ipv4,
        cidr_ipv6: ipv6,
        prefix_list_id: rules::prefix_list(peer).map(ToString::to_string),
        referenced_group_id: rules::referenced_group(peer).map(ToString::to_string),
        description: description.clone(),
    }
}
