//! DescribeTargetGroupAttributes and ModifyTargetGroupAttributes ("Edit target group attributes for your Application Load Balancer").

use super::{
    super::{
        arn,
        attribute::{self, Attribute, boolean, digits, number},
        configuration, invalid,
        listener::stream,
        not_supported,
    },
    protocol_shown,
};
use crate::{
    Tx, View,
    state::{HealthThresholds, StickinessKind, TargetCrossZone, TargetGroup, TargetGroupAttributes},
};
use aws::{
    api::elbv2::{
        DescribeTargetGroupAttributesInput, DescribeTargetGroupAttributesOutput, ModifyTargetGroupAttributesInput,
        ModifyTargetGroupAttributesOutput, TargetGroupAttribute,
    },
    fault::Fault,
};
use spec::balancing::{Algorithm, FlowProtocol};

/// One that is a number.
macro_rules! numeric {
    ($key:literal, $range:expr, $($field:ident).+) => {
        Attribute {
            key: $key,
            show: |of| of.attributes.$($field).+.to_string(),
            set: |of, key, value| number(key, value, $range).map(|value| of.attributes.$($field).+ = value),
        }
    };
}

/// One that is a least number of targets, or `off`.
macro_rules! threshold {
    ($key:literal, $read:expr, $field:ident.$part:ident) => {
        Attribute {
            key: $key,
            show: |of| of.attributes.$field.$part.map_or_else(|| "off".to_owned(), |least| least.to_string()),
            set: |of, key, value| $read(key, value).map(|value| of.attributes.$field.$part = value),
        }
    };
}

/// A week's seconds.
const WEEK: u32 = 604_800;

/// Every attribute of an Application Load Balancer's target group, in AWS's order.
const TABLE: [Attribute<TargetGroup>; 14] = [
    Attribute {
        key: "stickiness.enabled",
        show: |of| of.attributes.stickiness.enabled.to_string(),
        set: |of, key, value| boolean(key, value).map(|value| of.attributes.stickiness.enabled = value),
    },
    threshold!(
        "target_group_health.unhealthy_state_routing.minimum_healthy_targets.count",
        least,
        unhealthy_routing.count
    ),
    threshold!(
        "target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage",
        share,
        unhealthy_routing.percentage
    ),
    numeric!("deregistration_delay.timeout_seconds", 0..=3600, deregistration_delay),
    threshold!("target_group_health.dns_failover.minimum_healthy_targets.count", count, dns_failover.count),
    threshold!("target_group_health.dns_failover.minimum_healthy_targets.percentage", share, dns_failover.percentage),
    Attribute {
        key: "stickiness.type",
        show: |of| kind_text(of.attributes.stickiness.kind).to_owned(),
        set: |of, _, value| kind(value).map(|value| of.attributes.stickiness.kind = value),
    },
    numeric!("stickiness.lb_cookie.duration_seconds", 1..=WEEK, stickiness.duration),
    numeric!("stickiness.app_cookie.duration_seconds", 1..=WEEK, stickiness.application_duration),
    Attribute {
        key: "stickiness.app_cookie.cookie_name",
        show: |of| of.attributes.stickiness.cookie.clone(),
        set: |of, key, value| cookie(key, value).map(|value| of.attributes.stickiness.cookie = value),
    },
    Attribute {
        key: "slow_start.duration_seconds",
        show: |of| of.attributes.slow_start.to_string(),
        set: |of, key, value| {
            of.attributes.slow_start = if value == "0" { 0 } else { number(key, value, 30..=900)? };
            Ok(())
        },
    },
    Attribute {
        key: "load_balancing.algorithm.type",
        show: |of| algorithm_text(of.attributes.algorithm).to_owned(),
        set: |of, _, value| algorithm(value).map(|value| of.attributes.algorithm = value),
    },
    Attribute {
        key: "load_balancing.algorithm.anomaly_mitigation",
        show: |_| "off".to_owned(),
        set: |_, key, value| match value {
            "on" | "off" => attribute::only(key, value, "off"),
            _ => Err(invalid(format!("'{key}' must be one of [off, on]"))),
        },
    },
    Attribute {
        key: "load_balancing.cross_zone.enabled",
        show: |of| cross_zone_text(of.attributes.cross_zone).to_owned(),
        set: |of, key, value| cross_zone(key, value).map(|value| of.attributes.cross_zone = value),
    },
];

/// One that says something of flows.
macro_rules! of_flows {
    ($key:literal, $field:ident) => {
        Attribute {
            key: $key,
            show: |of| of.attributes.flows.$field.to_string(),
            set: |of, key, value| boolean(key, value).map(|value| of.attributes.flows.$field = value),
        }
    };
}

/// Every attribute of a Network Load Balancer's target group.
const NETWORK: [Attribute<TargetGroup>; 13] = [
    of_flows!("deregistration_delay.connection_termination.enabled", end_when_deregistered),
    numeric!("deregistration_delay.timeout_seconds", 0..=3600, deregistration_delay),
    threshold!("target_group_health.dns_failover.minimum_healthy_targets.count", count, dns_failover.count),
    threshold!("target_group_health.dns_failover.minimum_healthy_targets.percentage", share, dns_failover.percentage),
    threshold!(
        "target_group_health.unhealthy_state_routing.minimum_healthy_targets.count",
        least,
        unhealthy_routing.count
    ),
    threshold!(
        "target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage",
        share,
        unhealthy_routing.percentage
    ),
    of_flows!("target_health_state.unhealthy.connection_termination.enabled", end_when_unhealthy),
    numeric!("target_health_state.unhealthy.draining_interval_seconds", 0..=360_000, flows.unhealthy_draining),
    Attribute {
        key: "stickiness.enabled",
        show: |of| of.attributes.stickiness.enabled.to_string(),
        set: |of, key, value| boolean(key, value).map(|value| of.attributes.stickiness.enabled = value),
    },
    Attribute {
        key: "stickiness.type",
        show: |of| kind_text(of.attributes.stickiness.kind).to_owned(),
        set: |_, _, value| match value {
            "source_ip" => Ok(()),
            _ => Err(invalid(format!("Stickiness type '{value}' must be one of [source_ip]"))),
        },
    },
    Attribute {
        key: "load_balancing.cross_zone.enabled",
        show: |of| cross_zone_text(of.attributes.cross_zone).to_owned(),
        set: |of, key, value| cross_zone(key, value).map(|value| of.attributes.cross_zone = value),
    },
    Attribute {
        key: "preserve_client_ip.enabled",
        show: |of| of.attributes.flows.preserve_client_ip.to_string(),
        set: |of, key, value| match (boolean(key, value)?, of.flows) {
            (false, Some(FlowProtocol::Udp | FlowProtocol::TcpUdp)) => Err(configuration(format!(
                "'{key}' cannot be disabled for target groups with the protocol '{}'",
                protocol_shown(of)
            ))),
            (value, _) => {
                of.attributes.flows.preserve_client_ip = value;
                Ok(())
            }
        },
    },
    Attribute {
        key: "proxy_protocol_v2.enabled",
        show: |of| of.attributes.flows.proxy_protocol.to_string(),
        set: |of, key, value| {
            let read = boolean(key, value)?;
            if read && of.flows != Some(FlowProtocol::Tcp) {
                let protocol = protocol_shown(of);
                return Err(not_supported(format_args!("'{key}' of a target group with the protocol '{protocol}'")));
            }
            of.attributes.flows.proxy_protocol = read;
            Ok(())
        },
    },
];

fn table(of: &TargetGroup) -> &'static [Attribute<TargetGroup>] {
    if of.flows.is_some() { &NETWORK } else { &TABLE }
}

/// A number of targets, 1 at least.
fn least(key: &str, value: &str) -> Result<Option<u32>, Fault> {
    let read = digits(value).filter(|least| *least > 0);
    read.map(Some).ok_or_else(|| invalid(format!("The value of '{key}' must be a positive integer")))
}

fn count(key: &str, value: &str) -> Result<Option<u32>, Fault> {
    match (value, digits(value)) {
        ("off", _) => Ok(None),
        (_, Some(least @ 1..)) => Ok(Some(least)),
        _ => Err(invalid(format!("The value of '{key}' must be 'off' or a positive integer"))),
    }
}

fn share(key: &str, value: &str) -> Result<Option<u8>, Fault> {
    let read = count(key, value)?.map(|share| u8::try_from(share).ok().filter(|share| *share <= 100));
    match read {
        None => Ok(None),
        Some(Some(share)) => Ok(Some(share)),
        Some(None) => Err(invalid(format!("'{key}' must be 'off' or an integer from 1 to 100 inclusive"))),
    }
}

fn kind_text(kind: StickinessKind) -> &'static str {
    match kind {
        StickinessKind::LoadBalancer => "lb_cookie",
        StickinessKind::Application => "app_cookie",
        StickinessKind::SourceIp => "source_ip",
    }
}

fn kind(value: &str) -> Result<StickinessKind, Fault> {
    match value {
        "lb_cookie" => Ok(StickinessKind::LoadBalancer),
        "app_cookie" => Ok(StickinessKind::Application),
        "source_ip" | "source_ip_dest_ip" | "source_ip_dest_ip_proto" => Err(configuration(format!(
            "Stickiness type '{value}' is not supported for target groups with the HTTP protocol"
        ))),
        _ => Err(invalid(format!("Stickiness type '{value}' must be one of [app_cookie, lb_cookie]"))),
    }
}

/// A cookie's name: a token (RFC 6265, 4.1.1), and none of the load balancer's own.
fn cookie(key: &str, value: &str) -> Result<String, Fault> {
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    let own = ["AWSALB", "AWSALBAPP", "AWSALBTG"].iter().any(|own| value.eq_ignore_ascii_case(own));
    if own || value.starts_with("AWSALBAPP-") {
        return Err(invalid(format!("The cookie name '{value}' is reserved for use by the load balancer")));
    }
    if value.bytes().all(token) {
        Ok(value.to_owned())
    } else {
        Err(invalid(format!("The value of '{key}' contains invalid characters")))
    }
}

fn algorithm_text(algorithm: Algorithm) -> &'static str {
    match algorithm {
        Algorithm::RoundRobin => "round_robin",
        Algorithm::LeastOutstandingRequests => "least_outstanding_requests",
        Algorithm::WeightedRandom => "weighted_random",
    }
}

fn algorithm(value: &str) -> Result<Algorithm, Fault> {
    let all = [Algorithm::RoundRobin, Algorithm::WeightedRandom, Algorithm::LeastOutstandingRequests];
    let found = all.into_iter().find(|algorithm| algorithm_text(*algorithm) == value);
    let named = all.map(algorithm_text).join(", ");
    found.ok_or_else(|| invalid(format!("'Load balancer algorithm' must be one of [{named}]")))
}

fn cross_zone_text(of: TargetCrossZone) -> &'static str {
    match of {
        TargetCrossZone::LoadBalancer => "use_load_balancer_configuration",
        TargetCrossZone::On => "true",
        TargetCrossZone::Off => "false",
    }
}

fn cross_zone(key: &str, value: &str) -> Result<TargetCrossZone, Fault> {
    let all = [TargetCrossZone::LoadBalancer, TargetCrossZone::On, TargetCrossZone::Off];
    let found = all.into_iter().find(|of| cross_zone_text(*of) == value);
    found.ok_or_else(|| invalid(format!("'{key}' must be one of {}", all.map(cross_zone_text).join(","))))
}

/// Refuses attributes that do not go together.
fn check(of: &TargetGroupAttributes) -> Result<(), Fault> {
    let sticky = &of.stickiness;
    if sticky.enabled && sticky.kind == StickinessKind::Application && sticky.cookie.is_empty() {
        let message = "You must set an application cookie name to enable stickiness of type 'app_cookie'";
        return Err(configuration(message));
    }
    if of.slow_start > 0 && of.algorithm != Algorithm::RoundRobin {
        let algorithm = algorithm_text(of.algorithm).replace('_', " ");
        let message = format!("You cannot enable both slow start and {algorithm} algorithm on a target group");
        return Err(configuration(message));
    }
    let by_cookie = sticky.kind != StickinessKind::SourceIp;
    if sticky.enabled && by_cookie && of.cross_zone == TargetCrossZone::Off {
        return Err(configuration("You cannot enable stickiness when cross-zone load balancing is disabled"));
    }
    // What is off is met by any number.
    let least = |of: &HealthThresholds| (of.count.unwrap_or(0), of.percentage.unwrap_or(0));
    let (dns, routing) = (least(&of.dns_failover), least(&of.unhealthy_routing));
    if dns.0 < routing.0 || dns.1 < routing.1 {
        return Err(configuration(
            "DNS failover threshold must be greater than or equal to unhealthy state routing threshold",
        ));
    }
    Ok(())
}

fn show(of: &TargetGroup) -> Option<Vec<TargetGroupAttribute>> {
    let shape = |(key, value)| TargetGroupAttribute { key: Some(key), value: Some(value) };
    Some(attribute::show(of, table(of)).into_iter().map(shape).collect())
}

/// DescribeTargetGroupAttributes.
pub(in crate::elb) fn describe(
    view: &View<'_>,
    input: DescribeTargetGroupAttributesInput,
) -> Result<DescribeTargetGroupAttributesOutput, Fault> {
    let DescribeTargetGroupAttributesInput { target_group_arn } = input;
    let attributes = show(arn::find_target_group(view.state, &target_group_arn)?);
    Ok(DescribeTargetGroupAttributesOutput { attributes })
}

/// ModifyTargetGroupAttributes.
pub(in crate::elb) fn modify(
    tx: &mut Tx<'_>,
    input: ModifyTargetGroupAttributesInput,
) -> Result<ModifyTargetGroupAttributesOutput, Fault> {
    let ModifyTargetGroupAttributesInput { target_group_arn, attributes } = input;
    let mut of = arn::find_target_group(&tx.state, &target_group_arn)?.clone();
    let given = attributes.into_iter().map(|TargetGroupAttribute { key, value }| (key, value)).collect();
    let table = table(&of);
    attribute::modify(&mut of, "Target group", table, given)?;
    check(&of.attributes)?;
    let attributes = show(&of);
    let (id, is_network) = (of.id.clone(), of.flows.is_some());
    tx.state.target_groups.put(of);
    if is_network {
        stream::check_group(&tx.state, &id)?;
    }
    Ok(ModifyTargetGroupAttributesOutput { attributes })
}
