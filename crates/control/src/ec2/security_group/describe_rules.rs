//! DescribeSecurityGroupRules.

use super::rules::show;
use crate::{
    View,
    ec2::{
        describe::{Asked, Described, describe as describe_all},
        filter::{Field, one},
        kind::Kind,
    },
};
use aws::{
    api::ec2::{DescribeSecurityGroupRulesRequest, DescribeSecurityGroupRulesResult, SecurityGroupRule as Shape, Tag},
    fault::Fault,
};

/// DescribeSecurityGroupRules.
pub(in crate::ec2) fn describe(
    view: &View<'_>,
    input: DescribeSecurityGroupRulesRequest,
) -> Result<DescribeSecurityGroupRulesResult, Fault> {
    let DescribeSecurityGroupRulesRequest { filters, security_group_rule_ids, dry_run, next_token, max_results } =
        input;
    let state = view.state;
    let asked = Asked { ids: security_group_rule_ids, filters, max_results, next_token, dry_run };
    let get = |id: &str| state.security_group_rules.iter().find(|rule| rule.id == id).map(|rule| show(state, rule));
    let all = state.security_group_rules.iter().map(|rule| show(state, rule));
    let (security_group_rules, next_token) = describe_all(asked, get, all)?;
    Ok(DescribeSecurityGroupRulesResult { security_group_rules, next_token })
}

impl Described for Shape {
    const KIND: Kind = Kind::SecurityGroupRule;
    const IDS: &'static str = "SecurityGroupRuleIds";
    const FILTERS: &'static [Field<Self>] =
        &[("group-id", |r| one(&r.group_id)), ("security-group-rule-id", |r| one(&r.security_group_rule_id))];
    fn id(&self) -> &str {
        self.security_group_rule_id.as_deref().unwrap_or_default()
    }
    fn tags(&self) -> &Option<Vec<Tag>> {
        &self.tags
    }
}
