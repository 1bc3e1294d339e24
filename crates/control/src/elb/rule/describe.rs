//! DescribeRules.

use super::{
    super::{arn, invalid, page::page},
    action, condition, transform,
};
use crate::{
    State, View,
    state::{ListenerRule, LoadBalancer, Record},
};
use aws::{
    api::elbv2::{DescribeRulesInput, DescribeRulesOutput, Rule as Shape},
    fault::Fault,
};

/// DescribeRules: of one listener, by their priorities, or those of some ARNs.
pub(in crate::elb) fn describe(view: &View<'_>, input: DescribeRulesInput) -> Result<DescribeRulesOutput, Fault> {
    let DescribeRulesInput { listener_arn, rule_arns, marker, page_size } = input;
    let (state, arns) = (view.state, rule_arns.unwrap_or_default());
    let found: Vec<(&LoadBalancer, &ListenerRule)> = match listener_arn {
        Some(_) if !arns.is_empty() => {
            return Err(invalid("A listener ARN and rule ARNs cannot be specified at the same time"));
        }
        Some(arn) => {
            let (of, listener) = arn::find_listener(state, &arn)?;
            let rules = state.listener_rules.prefixed(&ListenerRule::prefix(&of.id, &listener.id)).collect::<Vec<_>>();
            rules.into_iter().map(|rule| (of, rule)).collect()
        }
        None if arns.is_empty() => {
            return Err(invalid("You must specify either a listener ARN or rule ARNs"));
        }
        None => {
            let mut found = arns.iter().map(|arn| arn::find_rule(state, arn)).collect::<Result<Vec<_>, _>>()?;
            found.sort_by_key(|(_, rule)| rule.key());
            found.dedup_by_key(|(_, rule)| rule.key());
            found
        }
    };
    // The default rule is the last.
    let place = |rule: &ListenerRule| rule.priority.map_or_else(|| "z".to_owned(), |priority| format!("{priority:05}"));
    let key = |(_, rule): &(&LoadBalancer, &ListenerRule)| format!("{}/{}", place(rule), rule.key());
    let (found, next_marker) = page(found, key, marker.as_deref(), page_size)?;
    let rules = found.into_iter().map(|(of, rule)| show(state, of, rule)).collect();
    Ok(DescribeRulesOutput { rules: Some(rules), next_marker })
}

/// A rule as a reply shows it.
pub(super) fn show(state: &State, load_balancer: &LoadBalancer, of: &ListenerRule) -> Shape {
    let ListenerRule {
        load_balancer: _,
        listener: _,
        id: _,
        priority,
        conditions,
        transforms,
        action: _,
        order: _,
        tags: _,
    } = of;
    Shape {
        rule_arn: Some(arn::rule(&state.region, load_balancer, of)),
        priority: Some(priority.map_or_else(|| "default".to_owned(), |priority| priority.to_string())),
        conditions: Some(conditions.iter().map(condition::show).collect()),
        actions: Some(vec![action::show(state, of)]),
        is_default: Some(priority.is_none()),
        transforms: Some(transforms.iter().map(transform::show).collect()),
    }
}
