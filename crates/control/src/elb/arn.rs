//! ARNs, and what they name ("Identify Elastic Load Balancing resources", Service Authorization Reference). Each ends with 16 hexadecimal
//! digits, and begins with those of what the resource is part of.

use super::invalid;
use crate::{
    Region, State,
    state::{Listener, ListenerRule, LoadBalancer, LoadBalancerKind, TargetGroup},
};
use aws::fault::Fault;

const SERVICE: &str = "elasticloadbalancing";

/// Something that an ARN names.
pub(super) enum Named<'a> {
    LoadBalancer(&'a LoadBalancer),
    Listener(&'a Listener),
    Rule(&'a ListenerRule),
    TargetGroup(&'a TargetGroup),
}

/// What stands for a load balancer's type in its ARN.
fn kind(of: &LoadBalancer) -> &'static str {
    match of.kind {
        LoadBalancerKind::Application => "app",
        LoadBalancerKind::Network => "net",
    }
}

/// A load balancer as ARNs, metrics, logs and its interfaces' descriptions name it: `app/NAME/ID` or `net/NAME/ID`.
pub(super) fn short_name(of: &LoadBalancer) -> String {
    format!("{}/{}/{}", kind(of), of.name, of.id)
}

/// The ARN of a load balancer.
pub(super) fn load_balancer(region: &Region, of: &LoadBalancer) -> String {
    region.arn(SERVICE, format_args!("loadbalancer/{}", short_name(of)))
}

/// The ARN of a target group.
pub(super) fn target_group(region: &Region, of: &TargetGroup) -> String {
    region.arn(SERVICE, format_args!("targetgroup/{}/{}", of.name, of.id))
}

/// The ARN of a listener of a load balancer.
pub(super) fn listener(region: &Region, load_balancer: &LoadBalancer, of: &Listener) -> String {
    region.arn(SERVICE, format_args!("listener/{}/{}", short_name(load_balancer), of.id))
}

/// The ARN of a rule of a load balancer.
pub(super) fn rule(region: &Region, load_balancer: &LoadBalancer, of: &ListenerRule) -> String {
    region.arn(SERVICE, format_args!("listener-rule/{}/{}/{}", short_name(load_balancer), of.listener, of.id))
}

/// The parts of a resource of one kind after the kind, if the ARN is one of this region and account.
fn parts<'a>(region: &Region, kind: &str, arn: &'a str) -> Option<Vec<&'a str>> {
    let prefix = region.arn(SERVICE, format_args!("{kind}/"));
    let parts: Vec<&str> = arn.strip_prefix(&prefix)?.split('/').collect();
    parts.iter().all(|part| !part.is_empty()).then_some(parts)
}

/// What is not an ARN of its kind.
fn malformed(kind: &str, arn: &str) -> Fault {
    invalid(format!("'{arn}' is not a valid {kind} ARN"))
}

/// The load balancer of an ARN; none where there is no such one.
///
/// # Errors
/// `ValidationError` for what is no such ARN.
pub(super) fn maybe_load_balancer<'a>(state: &'a State, arn: &str) -> Result<Option<&'a LoadBalancer>, Fault> {
    match parts(&state.region, "loadbalancer", arn).as_deref() {
        Some([of @ ("app" | "net" | "gwy"), name, id]) => {
            Ok(state.load_balancers.get(id).filter(|found| found.name == **name && kind(found) == *of))
        }
        _ => Err(malformed("load balancer", arn)),
    }
}

/// The load balancer of an ARN.
///
/// # Errors
/// `ValidationError` for what is no such ARN, `LoadBalancerNotFound`.
pub(super) fn find_load_balancer<'a>(state: &'a State, arn: &str) -> Result<&'a LoadBalancer, Fault> {
    let missing = || Fault::new("LoadBalancerNotFound", format!("Load balancer '{arn}' not found"));
    maybe_load_balancer(state, arn)?.ok_or_else(missing)
}

/// The target group of an ARN; none where there is no such one.
///
/// # Errors
/// `ValidationError` for what is no such ARN.
pub(super) fn maybe_target_group<'a>(state: &'a State, arn: &str) -> Result<Option<&'a TargetGroup>, Fault> {
    match parts(&state.region, "targetgroup", arn).as_deref() {
        Some([name, id]) => Ok(state.target_groups.get(id).filter(|found| found.name == **name)),
        _ => Err(malformed("target group", arn)),
    }
}

/// The target group of an ARN.
///
/// # Errors
/// `ValidationError` for what is no such ARN, `TargetGroupNotFound`.
pub(super) fn find_target_group<'a>(state: &'a State, arn: &str) -> Result<&'a TargetGroup, Fault> {
    let missing = || Fault::new("TargetGroupNotFound", format!("Target groups '{arn}' not found"));
    maybe_target_group(state, arn)?.ok_or_else(missing)
}

/// The listener of an ARN, and its load balancer.
///
/// # Errors
/// `ValidationError` for what is no such ARN, `ListenerNotFound`.
pub(super) fn find_listener<'a>(state: &'a State, arn: &str) -> Result<(&'a LoadBalancer, &'a Listener), Fault> {
    let found = match parts(&state.region, "listener", arn).as_deref() {
        Some([of @ ("app" | "net" | "gwy"), name, balancer, id]) => state
            .load_balancers
            .get(balancer)
            .filter(|found| found.name == **name && kind(found) == *of)
            .zip(state.listeners.get(&Listener::key_of(balancer, id))),
        _ => return Err(malformed("listener", arn)),
    };
    found.ok_or_else(|| Fault::new("ListenerNotFound", "One or more listeners not found"))
}

/// The rule of an ARN, and its load balancer.
///
/// # Errors
/// `ValidationError` for what is no such ARN, `RuleNotFound`.
pub(super) fn find_rule<'a>(state: &'a State, arn: &str) -> Result<(&'a LoadBalancer, &'a ListenerRule), Fault> {
    let found = match parts(&state.region, "listener-rule", arn).as_deref() {
        Some([of @ ("app" | "net" | "gwy"), name, balancer, listener, id]) => state
            .load_balancers
            .get(balancer)
            .filter(|found| found.name == **name && kind(found) == *of)
            .zip(state.listener_rules.get(&ListenerRule::key_of(balancer, listener, id))),
        _ => return Err(malformed("rule", arn)),
    };
    found.ok_or_else(|| Fault::new("RuleNotFound", "One or more rules not found"))
}

/// Whatever an ARN names.
///
/// # Errors
/// `ValidationError` for what is no ARN of this service, and for each kind its own for what is not there.
pub(super) fn find<'a>(state: &'a State, arn: &str) -> Result<Named<'a>, Fault> {
    let is = |kind: &str| parts(&state.region, kind, arn).is_some();
    if is("loadbalancer") {
        find_load_balancer(state, arn).map(Named::LoadBalancer)
    } else if is("targetgroup") {
        find_target_group(state, arn).map(Named::TargetGroup)
    } else if is("listener") {
        find_listener(state, arn).map(|(_, listener)| Named::Listener(listener))
    } else if is("listener-rule") {
        find_rule(state, arn).map(|(_, rule)| Named::Rule(rule))
    } else {
        Err(malformed("resource", arn))
    }
}
