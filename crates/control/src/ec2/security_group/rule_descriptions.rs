//! UpdateSecurityGroupRuleDescriptionsIngress and UpdateSecurityGroupRuleDescriptionsEgress.

use super::{named, permission, rules};
use crate::{
    Tx,
    ec2::{
        kind::Kind,
        parameter::{combination, done, missing},
    },
    state::{Record, SecurityGroup, SecurityGroupRule},
};
use aws::{
    api::ec2::{
        IpPermission, SecurityGroupRuleDescription, UpdateSecurityGroupRuleDescriptionsEgressRequest,
        UpdateSecurityGroupRuleDescriptionsEgressResult, UpdateSecurityGroupRuleDescriptionsIngressRequest,
        UpdateSecurityGroupRuleDescriptionsIngressResult,
    },
    fault::Fault,
};

/// UpdateSecurityGroupRuleDescriptionsIngress.
pub(in crate::ec2) fn ingress(
    tx: &mut Tx<'_>,
    input: UpdateSecurityGroupRuleDescriptionsIngressRequest,
) -> Result<UpdateSecurityGroupRuleDescriptionsIngressResult, Fault> {
    let UpdateSecurityGroupRuleDescriptionsIngressRequest {
        dry_run,
        group_id,
        group_name,
        ip_permissions,
        security_group_rule_descriptions,
    } = input;
    let group = named(&tx.state, group_id, group_name)?;
    update(tx, &group, false, ip_permissions, security_group_rule_descriptions)?;
    done(dry_run, UpdateSecurityGroupRuleDescriptionsIngressResult { r#return: Some(true) })
}

/// UpdateSecurityGroupRuleDescriptionsEgress.
pub(in crate::ec2) fn egress(
    tx: &mut Tx<'_>,
    input: UpdateSecurityGroupRuleDescriptionsEgressRequest,
) -> Result<UpdateSecurityGroupRuleDescriptionsEgressResult, Fault> {
    let UpdateSecurityGroupRuleDescriptionsEgressRequest {
        dry_run,
        group_id,
        group_name,
        ip_permissions,
        security_group_rule_descriptions,
    } = input;
    let group = named(&tx.state, group_id, group_name)?;
    update(tx, &group, true, ip_permissions, security_group_rule_descriptions)?;
    done(dry_run, UpdateSecurityGroupRuleDescriptionsEgressResult { r#return: Some(true) })
}

/// Sets what is said of rules, found by what they say or by their ids. Without a text it is removed.
fn update(
    tx: &mut Tx<'_>,
    group: &SecurityGroup,
    egress: bool,
    permissions: Option<Vec<IpPermission>>,
    descriptions: Option<Vec<SecurityGroupRuleDescription>>,
) -> Result<(), Fault> {
    let there = rules::of(&tx.state, group, egress);
    let permissions = permissions.filter(|list| !list.is_empty());
    let descriptions = descriptions.filter(|list| !list.is_empty());
    let texts: Vec<(SecurityGroupRule, Option<String>)> = match (permissions, descriptions) {
        (Some(_), Some(_)) => {
            return Err(combination(
                "The parameter 'ipPermissions' may not be used in combination with 'securityGroupRuleDescriptions'",
            ));
        }
        (None, None) => return Err(missing("ipPermissions or securityGroupRuleDescriptions")),
        (Some(permissions), None) => {
            let find = |(wanted, text)| {
                let found = there.iter().find(|rule| rule.rule == wanted).cloned();
                found.map(|rule| (rule, text)).ok_or_else(rules::not_there)
            };
            permission::read(&tx.state, group, permissions)?.into_iter().map(find).collect::<Result<_, _>>()?
        }
        (None, Some(descriptions)) => {
            let find = |SecurityGroupRuleDescription { security_group_rule_id, description }| {
                let id: String = security_group_rule_id.ok_or_else(|| missing("securityGroupRuleId"))?;
                let found = there.iter().find(|rule| rule.id == id).cloned();
                Ok((found.ok_or_else(|| Kind::SecurityGroupRule.missing(&id))?, permission::check(description)?))
            };
            descriptions.into_iter().map(find).collect::<Result<_, Fault>>()?
        }
    };
    for (rule, text) in texts {
        tx.state.security_group_rules.update(&rule.key(), |rule| rule.description = text);
    }
    Ok(())
}
