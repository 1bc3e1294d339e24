//! Names of load balancers and target groups, and what follows from them.

use super::{health::unhealthy_nodes, invalid};
use crate::{
    Region, State,
    state::{ListenerRule, LoadBalancer, LoadBalancerKind, Target},
};
use aws::fault::Fault;
use spec::balancing::TargetGroupId;

/// Characters of a name.
const LONGEST: usize = 32;

fn is_plain(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// Refuses what can't be a load balancer's name ("CreateLoadBalancer", Elastic Load Balancing API Reference).
///
/// # Errors
/// `ValidationError`, for its length before anything else.
pub(super) fn check_load_balancer(name: &str) -> Result<(), Fault> {
    let wrong = |why: &str| Err(invalid(format!("The load balancer name '{name}' {why}")));
    match name {
        _ if name.chars().count() > LONGEST => wrong(&format!("cannot be longer than '{LONGEST}' characters")),
        "" => wrong("cannot be empty"),
        _ if name.starts_with("internal-") => wrong("cannot begin with 'internal-'"),
        _ if !is_plain(name) => wrong("can only contain characters that are alphanumeric characters and hyphens(-)"),
        _ if name.starts_with('-') => wrong("cannot begin with a hyphen(-)"),
        _ if name.ends_with('-') => wrong("cannot end with a hyphen(-)"),
        _ => Ok(()),
    }
}

/// Refuses what can't be a target group's name ("CreateTargetGroup", Elastic Load Balancing API Reference).
///
/// # Errors
/// `ValidationError`.
pub(super) fn check_target_group(name: &str) -> Result<(), Fault> {
    if name.chars().count() > LONGEST {
        return Err(invalid(format!("Target group name '{name}' cannot be longer than '{LONGEST}' characters")));
    }
    if name.is_empty() || !is_plain(name) || name.starts_with('-') || name.ends_with('-') {
        return Err(invalid(format!(
            "1 validation error detected: Value '{name}' at 'targetGroupName' failed to satisfy constraint: Member must satisfy regular expression pattern: (?!^-)(?!.*-$)^[A-Za-z0-9-]+$"
        )));
    }
    Ok(())
}

/// The DNS name of a load balancer, whose case follows its name's.
pub(crate) fn dns_name(region: &Region, of: &LoadBalancer) -> String {
    let LoadBalancer { id, kind, name, number, internal, .. } = of;
    if *kind == LoadBalancerKind::Network {
        return format!("{name}-{id}.elb.{}.amazonaws.com", region.name);
    }
    let internal = if *internal { "internal-" } else { "" };
    format!("{internal}{name}-{number}.{}.elb.amazonaws.com", region.name)
}

/// The load balancer that a name is of; the console puts `dualstack.` before it.
fn named<'a>(state: &'a State, text: &str) -> Option<&'a LoadBalancer> {
    let name = plain(text);
    state.load_balancers.iter().find(|of| dns_name(&state.region, of).eq_ignore_ascii_case(&name))
}

fn plain(text: &str) -> String {
    let name = text.trim_end_matches('.').to_ascii_lowercase();
    name.strip_prefix("dualstack.").map_or_else(|| name.clone(), str::to_owned)
}

/// The load balancer's name that a text is, if it is one's, as resolvers know it.
pub(crate) fn known(state: &State, text: &str) -> Option<String> {
    named(state, text).map(|_| plain(text))
}

/// The hosted zone of the load balancer that a name is of, if it is one's.
pub(crate) fn hosted_zone_of(state: &State, text: &str) -> Option<String> {
    named(state, text).and_then(|of| hosted_zone(&state.region, of.kind))
}

/// The domain of load balancers' names that a hosted zone is of, if it is one of the region's.
pub(crate) fn domain_of_zone(region: &Region, zone: &str) -> Option<String> {
    let of = |kind| hosted_zone(region, kind).as_deref() == Some(zone);
    let name = &region.name;
    let application = of(LoadBalancerKind::Application).then(|| format!("{name}.elb.amazonaws.com"));
    application.or_else(|| of(LoadBalancerKind::Network).then(|| format!("elb.{name}.amazonaws.com")))
}

/// Whether the load balancer of that name has a node that serves, and a target ("How Amazon Route 53 determines the status of health checks",
/// Amazon Route 53 Developer Guide: one without any is unhealthy).
pub(crate) fn serves(state: &State, text: &str) -> bool {
    let Some(of) = named(state, text) else { return false };
    let failing = unhealthy_nodes(state, of);
    let prefix = format!("{}/", of.id);
    let mut groups = state.listener_rules.prefixed(&prefix).flat_map(ListenerRule::groups);
    let has_targets = |group: &TargetGroupId| state.targets.prefixed(&Target::prefix(group)).any(Target::is_registered);
    of.nodes.values().any(|node| !failing.contains(node)) && groups.any(has_targets)
}

/// The hosted zones of load balancers' DNS names ("Elastic Load Balancing endpoints and quotas", AWS General Reference).
const HOSTED_ZONES: [(&str, &str); 16] = [
    ("ap-northeast-1", "Z14GRHDCWA56QT"),
    ("ap-northeast-2", "ZWKZPGTI48KDX"),
    ("ap-south-1", "ZP97RAFLXTNZK"),
    ("ap-southeast-1", "Z1LMS91P8CMLE5"),
    ("ap-southeast-2", "Z1GM3OXH4ZPM65"),
    ("ca-central-1", "ZQSVJUPU6J1EY"),
    ("eu-central-1", "Z215JYRZR1TBD5"),
    ("eu-north-1", "Z23TAZ6LKFMNIO"),
    ("eu-west-1", "Z32O12XQLNTSW2"),
    ("eu-west-2", "ZHURV8PSTC4K8"),
    ("eu-west-3", "Z3Q77PNBQS71R4"),
    ("sa-east-1", "Z2P70J7HTTTPLU"),
    ("us-east-1", "Z35SXDOTRQ7X7K"),
    ("us-east-2", "Z3AADJGX6KTTL2"),
    ("us-west-1", "Z368ELLRRE2KJ0"),
    ("us-west-2", "Z1H1FL5HABSF5"),
];

/// The same of Network Load Balancers.
const NETWORK_HOSTED_ZONES: [(&str, &str); 16] = [
    ("ap-northeast-1", "Z31USIVHYNEOWT"),
    ("ap-northeast-2", "ZIBE1TIR4HY56"),
    ("ap-south-1", "ZVDDRBQ08TROA"),
    ("ap-southeast-1", "ZKVM4W9LS7TM"),
    ("ap-southeast-2", "ZCT6FZBF4DROD"),
    ("ca-central-1", "Z2EPGBW3API2WT"),
    ("eu-central-1", "Z3F0SRJ5LGBH90"),
    ("eu-north-1", "Z1UDT6IFJ4EJM"),
    ("eu-west-1", "Z2IFOLAFXWLO4F"),
    ("eu-west-2", "ZD4D7Y8KGAS4G"),
    ("eu-west-3", "Z1CMS0P5QUZ6D5"),
    ("sa-east-1", "ZTK26PT1VY4CU"),
    ("us-east-1", "Z26RNL4JYFTOTI"),
    ("us-east-2", "ZLMOA37VPKANP"),
    ("us-west-1", "Z24FKFUX50B4VW"),
    ("us-west-2", "Z18D5FSROUN65G"),
];

/// `CanonicalHostedZoneId` in a region; none in one whose it is not known.
pub(super) fn hosted_zone(region: &Region, kind: LoadBalancerKind) -> Option<String> {
    let zones = match kind {
        LoadBalancerKind::Application => &HOSTED_ZONES,
        LoadBalancerKind::Network => &NETWORK_HOSTED_ZONES,
    };
    zones.iter().find(|(name, _)| *name == region.name).map(|(_, zone)| (*zone).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_refused_in_aws_words() {
        let refused = |name: &str| check_load_balancer(name).unwrap_err().message;
        let long = "internal-aaaaaaaaaaaaaaaaaaaaaa_-";
        assert_eq!(refused(long), format!("The load balancer name '{long}' cannot be longer than '32' characters"));
        assert_eq!(refused("internal-a"), "The load balancer name 'internal-a' cannot begin with 'internal-'");
        assert_eq!(refused("a-"), "The load balancer name 'a-' cannot end with a hyphen(-)");
        let letters = "can only contain characters that are alphanumeric characters and hyphens(-)";
        assert_eq!(refused("a_b"), format!("The load balancer name 'a_b' {letters}"));
        assert!(check_load_balancer("Web-1").is_ok() && check_target_group("Web-1").is_ok());
        for wrong in ["", "-a", "a-", "a_b", "a.b", "é"] {
            assert!(check_target_group(wrong).is_err() && check_load_balancer(wrong).is_err(), "{wrong}");
        }
    }
}
