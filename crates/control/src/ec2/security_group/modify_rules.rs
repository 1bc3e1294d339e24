//! ModifySecurityGroupRules.

use super::{authorize::duplicate, check_weight, get, peered, permission, rules};
use crate::{
    State, Tx,
    ec2::{
        kind::Kind,
        parameter::{done, invalid, missing, unsupported},
        protocol,
    },
    state::SecurityGroupRule,
};
use aws::{
    api::ec2::{
        ModifySecurityGroupRulesRequest, ModifySecurityGroupRulesResult, SecurityGroupRuleRequest,
        SecurityGroupRuleUpdate,
    },
    fault::Fault,
};
use std::collections::BTreeSet;
use vpc::{Peer, Rule};

/// ModifySecurityGroupRules: all of them or none.
pub(in crate::ec2) fn modify(
    tx: &mut Tx<'_>,
    input: ModifySecurityGroupRulesRequest,
) -> Result<ModifySecurityGroupRulesResult, Fault> {
    let ModifySecurityGroupRulesRequest { group_id, security_group_rules, dry_run } = input;
    let group = get(&tx.state, &group_id)?.clone();
    if security_group_rules.is_empty() {
        return Err(missing("securityGroupRules"));
    }
    let mut touched = BTreeSet::new();
    for SecurityGroupRuleUpdate { security_group_rule_id: id, security_group_rule } in security_group_rules {
        let there = super::rules_of(&tx.state, &group.id).into_iter().find(|rule| rule.id == id);
        let mut rule = there.ok_or_else(|| Kind::SecurityGroupRule.missing(&id))?;
        let request = security_group_rule.ok_or_else(|| missing("securityGroupRule"))?;
        if !touched.insert(id) {
            return Err(invalid("The same security group rule ID must not appear multiple times"));
        }
        (rule.rule, rule.description) = read(&tx.state, &rule, request)?;
        rule.peered = match &rule.rule.peer {
            Peer::Group(id) => peered::reach(&tx.state, &group.vpc, id, None)?,
            Peer::Net(_) | Peer::PrefixList(_) => None,
        };
        tx.state.security_group_rules.put(rule);
    }
    for egress in [false, true] {
        let all = rules::of(&tx.state, &group, egress);
        let mut seen = BTreeSet::new();
        if let Some(twice) = all.iter().find(|rule| !seen.insert(&rule.rule)) {
            return Err(duplicate(&twice.rule));
        }
        check_weight(&tx.state, &group.id, egress)?;
    }
    done(dry_run, ModifySecurityGroupRulesResult { r#return: Some(true) })
}

/// The rule as it is to be, whole: what is not said is not kept. A range stays a range and a group a group.
fn read(
    state: &State,
    now: &SecurityGroupRule,
    request: SecurityGroupRuleRequest,
) -> Result<(Rule, Option<String>), Fault> {
    let SecurityGroupRuleRequest {
        ip_protocol,
        from_port,
        to_port,
        cidr_ipv4,
        cidr_ipv6,
        prefix_list_id,
        referenced_group_id,
        description,
    } = request;
    unsupported("SecurityGroupRule.CidrIpv6", cidr_ipv6)?;
    let protocol = protocol::read(&ip_protocol.ok_or_else(|| missing("ipProtocol"))?)?;
    let ports = protocol::read_ports(protocol, from_port, to_port)?;
    let wrong = |why: &str| invalid(format!("Invalid rule type for security group rule '{}'. {why}", now.id));
    let peer = match (cidr_ipv4, referenced_group_id, prefix_list_id) {
        (Some(range), None, None) => permission::read_range(&range)?,
        (None, Some(id), None) => Peer::Group(id.into()),
        (None, None, Some(id)) => permission::read_list(state, &id)?,
        _ => {
            return Err(wrong(
                "You must specify exactly one of CidrIpv4, CidrIpv6, PrefixListId and ReferencedGroupId.",
            ));
        }
    };
    if std::mem::discriminant(&peer) != std::mem::discriminant(&now.rule.peer) {
        return Err(wrong("The rule type can't be changed."));
    }
    Ok((Rule { protocol, ports, peer }, permission::check(description)?))
}
