//! Elastic Load Balancing v2: load balancers, target groups, listeners and their rules and certificates.

mod certificates;
mod listener;
mod load_balancer;
mod rule;
mod target_group;
#[cfg(test)]
mod tests;

use super::{
    Types, Wanted, ask, at, call, changed_tags,
    words::{self, items},
};
use crate::{Tx, View};
use aws::{api::elbv2::API, fault::Fault};
use serde_json::{Value, json};

/// This service's types.
pub(super) const TYPES: Types = &[
    ("AWS::ElasticLoadBalancingV2::Listener", &listener::Listener),
    ("AWS::ElasticLoadBalancingV2::ListenerCertificate", &certificates::Certificates),
    ("AWS::ElasticLoadBalancingV2::ListenerRule", &rule::Rule),
    ("AWS::ElasticLoadBalancingV2::LoadBalancer", &load_balancer::LoadBalancer),
    ("AWS::ElasticLoadBalancingV2::TargetGroup", &target_group::TargetGroup),
];

/// What a Describe operation tells of one: the first of the list that its answer has under this name. `None`: it is not there.
///
/// # Errors
/// The operation's refusal, other than that it is missing.
fn described(view: &View<'_>, operation: &str, input: Value, list: &str) -> Result<Option<Value>, Fault> {
    words::first(ask(view, &API, operation, input), &format!("/{list}"))
}

/// The tags of something that is made; nothing where there are none.
fn tags(wanted: &Wanted<'_>) -> Value {
    match wanted.tag_list("Key", "Value") {
        Value::Array(tags) if tags.is_empty() => Value::Null,
        tags => tags,
    }
}

/// Brings tags in line with what is wanted.
///
/// # Errors
/// Those of AddTags and RemoveTags.
fn update_tags(tx: &mut Tx<'_>, arn: &str, before: &Wanted<'_>, wanted: &Wanted<'_>) -> Result<(), Fault> {
    let (set, removed) = changed_tags(before, wanted);
    if !set.is_empty() {
        let tags: Value = set.into_iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect();
        call(tx, &API, "AddTags", json!({ "ResourceArns": [arn], "Tags": tags }))?;
    }
    if !removed.is_empty() {
        call(tx, &API, "RemoveTags", json!({ "ResourceArns": [arn], "TagKeys": removed }))?;
    }
    Ok(())
}

/// Sets attributes, if a template has any that differ from before. One that it has no longer keeps its value.
///
/// # Errors
/// Those of the operation.
fn set_attributes(
    tx: &mut Tx<'_>,
    operation: &str,
    (parameter, arn): (&str, &str),
    property: &str,
    before: Option<&Wanted<'_>>,
    wanted: &Wanted<'_>,
) -> Result<(), Fault> {
    let there: Vec<&Value> = before.and_then(|before| before.get(property)).into_iter().flat_map(items).collect();
    let changed: Vec<&Value> =
        wanted.get(property).into_iter().flat_map(items).filter(|attribute| !there.contains(attribute)).collect();
    if changed.is_empty() {
        return Ok(());
    }
    call(tx, &API, operation, json!({ parameter: arn, "Attributes": changed })).map(drop)
}

/// The attributes that a template names, as they are now.
///
/// # Errors
/// Those of the operation.
fn read_attributes(view: &View<'_>, operation: &str, input: Value, written: &Value) -> Result<Value, Fault> {
    let all = at(&ask(view, &API, operation, input)?, "/Attributes");
    let named = |attribute: &&Value| items(written).any(|one| one["Key"] == attribute["Key"]);
    Ok(items(&all).filter(named).cloned().collect())
}

/// What making something that is there already comes to: the operations answer with the one that is there, a stack may not have it.
fn exists(kind: &str, name: &str) -> Fault {
    words::exists(&format!("AWS::ElasticLoadBalancingV2::{kind}"), name)
}
