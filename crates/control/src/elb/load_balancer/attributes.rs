//! DescribeLoadBalancerAttributes and ModifyLoadBalancerAttributes ("Edit attributes for your Application Load Balancer").

use super::super::{
    access_logs, arn,
    attribute::{self, Attribute, boolean, digits, only},
    configuration, invalid,
};
use crate::{
    Tx, View,
    state::{LoadBalancer, LoadBalancerKind},
};
use aws::{
    api::elbv2::{
        DescribeLoadBalancerAttributesInput, DescribeLoadBalancerAttributesOutput, LoadBalancerAttribute,
        ModifyLoadBalancerAttributesInput, ModifyLoadBalancerAttributesOutput,
    },
    fault::Fault,
};
use spec::balancing::{DesyncMitigation, XffProcessing};

/// One that neargate has only one value of.
macro_rules! fixed {
    ($key:literal, $value:literal) => {
        Attribute { key: $key, show: |_| $value.to_owned(), set: |_, key, value| only(key, value, $value) }
    };
}

/// One that is true or false.
macro_rules! flag {
    ($key:literal, $field:ident) => {
        Attribute {
            key: $key,
            show: |of| of.attributes.$field.to_string(),
            set: |of, key, value| boolean(key, value).map(|value| of.attributes.$field = value),
        }
    };
}

/// Every attribute of an Application Load Balancer, in AWS's order. Absent but for their defaults: logs of connections and health checks,
/// AWS WAF, zonal shift, IPv6.
const TABLE: [Attribute<LoadBalancer>; 23] = [
    Attribute {
        key: "access_logs.s3.enabled",
        show: |of| of.attributes.access_logs.enabled.to_string(),
        set: |of, key, value| boolean(key, value).map(|value| of.attributes.access_logs.enabled = value),
    },
    Attribute {
        key: "access_logs.s3.bucket",
        show: |of| of.attributes.access_logs.bucket.clone(),
        set: |of, key, value| access_logs::bucket(key, value).map(|value| of.attributes.access_logs.bucket = value),
    },
    Attribute {
        key: "access_logs.s3.prefix",
        show: |of| of.attributes.access_logs.prefix.clone(),
        set: |of, key, value| access_logs::prefix(key, value).map(|value| of.attributes.access_logs.prefix = value),
    },
    Attribute {
        key: "idle_timeout.timeout_seconds",
        show: |of| of.attributes.idle_timeout.to_string(),
        set: |of, key, value| idle_timeout(key, value).map(|value| of.attributes.idle_timeout = value),
    },
    flag!("deletion_protection.enabled", deletion_protection),
    flag!("routing.http2.enabled", http2),
    flag!("routing.http.drop_invalid_header_fields.enabled", drop_invalid_header_fields),
    flag!("routing.http.xff_client_port.enabled", xff_client_port),
    flag!("routing.http.preserve_host_header.enabled", preserve_host_header),
    Attribute {
        key: "routing.http.xff_header_processing.mode",
        show: |of| xff_text(of.attributes.xff_processing).to_owned(),
        set: |of, key, value| xff(key, value).map(|value| of.attributes.xff_processing = value),
    },
    Attribute {
        key: "load_balancing.cross_zone.enabled",
        show: |_| "true".to_owned(),
        set: |_, key, value| match boolean(key, value)? {
            true => Ok(()),
            false => Err(configuration(format!(
                "The value for '{key}' must always be 'true' for an Application Load Balancer"
            ))),
        },
    },
    Attribute {
        key: "routing.http.desync_mitigation_mode",
        show: |of| desync_text(of.attributes.desync_mitigation).to_owned(),
        set: |of, _, value| desync(value).map(|value| of.attributes.desync_mitigation = value),
    },
    Attribute {
        key: "client_keep_alive.seconds",
        show: |of| of.attributes.client_keep_alive.to_string(),
        set: |of, key, value| keep_alive(key, value).map(|value| of.attributes.client_keep_alive = value),
    },
    fixed!("waf.fail_open.enabled", "false"),
    flag!("routing.http.x_amzn_tls_version_and_cipher_suite.enabled", tls_headers),
    fixed!("connection_logs.s3.enabled", "false"),
    fixed!("connection_logs.s3.bucket", ""),
    fixed!("connection_logs.s3.prefix", ""),
    fixed!("health_check_logs.s3.enabled", "false"),
    fixed!("health_check_logs.s3.bucket", ""),
    fixed!("health_check_logs.s3.prefix", ""),
    fixed!("zonal_shift.config.enabled", "false"),
    Attribute {
        key: "ipv6.deny_all_igw_traffic",
        show: |of| of.internal.to_string(),
        set: |of, key, value| only(key, value, if of.internal { "true" } else { "false" }),
    },
];

/// Every attribute of a Network Load Balancer. Absent but for their defaults: logs to Amazon S3, zonal shift, other ways of DNS than by any
/// zone, further addresses, IPv6.
const NETWORK: [Attribute<LoadBalancer>; 9] = [
    flag!("load_balancing.cross_zone.enabled", cross_zone),
    flag!("deletion_protection.enabled", deletion_protection),
    fixed!("access_logs.s3.enabled", "false"),
    fixed!("access_logs.s3.bucket", ""),
    fixed!("access_logs.s3.prefix", ""),
    fixed!("dns_record.client_routing_policy", "any_availability_zone"),
    fixed!("secondary_ips.auto_assigned.per_subnet", "0"),
    fixed!("zonal_shift.config.enabled", "false"),
    Attribute {
        key: "ipv6.deny_all_igw_traffic",
        show: |of| of.internal.to_string(),
        set: |of, key, value| only(key, value, if of.internal { "true" } else { "false" }),
    },
];

fn table(of: &LoadBalancer) -> &'static [Attribute<LoadBalancer>] {
    match of.kind {
        LoadBalancerKind::Application => &TABLE,
        LoadBalancerKind::Network => &NETWORK,
    }
}

/// AWS's own words, which take seconds for characters.
fn idle_timeout(key: &str, value: &str) -> Result<u32, Fault> {
    match digits(value) {
        Some(seconds @ 1..=4000) => Ok(seconds),
        Some(0) => Err(invalid(format!("The value of '{key}' cannot be less than 1 characters"))),
        _ => Err(invalid(format!("The value of '{key}' cannot be greater than 4000 characters"))),
    }
}

fn keep_alive(key: &str, value: &str) -> Result<u32, Fault> {
    let seconds = digits(value).filter(|seconds| (60..=604_800).contains(seconds));
    seconds.ok_or_else(|| invalid(format!("The value of '{key}' must be an integer between 60 and 604800")))
}

fn desync_text(mode: DesyncMitigation) -> &'static str {
    match mode {
        DesyncMitigation::Monitor => "monitor",
        DesyncMitigation::Defensive => "defensive",
        DesyncMitigation::Strictest => "strictest",
    }
}

fn desync(value: &str) -> Result<DesyncMitigation, Fault> {
    let modes = [DesyncMitigation::Monitor, DesyncMitigation::Defensive, DesyncMitigation::Strictest];
    let found = modes.into_iter().find(|mode| desync_text(*mode) == value);
    found.ok_or_else(|| invalid(format!("'{value}' must be one of [defensive, monitor, strictest]")))
}

fn xff_text(mode: XffProcessing) -> &'static str {
    match mode {
        XffProcessing::Append => "append",
        XffProcessing::Preserve => "preserve",
        XffProcessing::Remove => "remove",
    }
}

fn xff(key: &str, value: &str) -> Result<XffProcessing, Fault> {
    let modes = [XffProcessing::Append, XffProcessing::Preserve, XffProcessing::Remove];
    let found = modes.into_iter().find(|mode| xff_text(*mode) == value);
    found.ok_or_else(|| invalid(format!("'{key}' must be set as 'preserve', 'append', or 'remove'")))
}

fn show(of: &LoadBalancer) -> Option<Vec<LoadBalancerAttribute>> {
    let shape = |(key, value)| LoadBalancerAttribute { key: Some(key), value: Some(value) };
    Some(attribute::show(of, table(of)).into_iter().map(shape).collect())
}

/// DescribeLoadBalancerAttributes.
pub(in crate::elb) fn describe(
    view: &View<'_>,
    input: DescribeLoadBalancerAttributesInput,
) -> Result<DescribeLoadBalancerAttributesOutput, Fault> {
    let DescribeLoadBalancerAttributesInput { load_balancer_arn } = input;
    let attributes = show(arn::find_load_balancer(view.state, &load_balancer_arn)?);
    Ok(DescribeLoadBalancerAttributesOutput { attributes })
}

/// ModifyLoadBalancerAttributes.
pub(in crate::elb) fn modify(
    tx: &mut Tx<'_>,
    input: ModifyLoadBalancerAttributesInput,
) -> Result<ModifyLoadBalancerAttributesOutput, Fault> {
    let ModifyLoadBalancerAttributesInput { load_balancer_arn, attributes } = input;
    let before = arn::find_load_balancer(&tx.state, &load_balancer_arn)?.clone();
    let mut of = before.clone();
    let given = attributes.into_iter().map(|LoadBalancerAttribute { key, value }| (key, value)).collect();
    let table = table(&of);
    attribute::modify(&mut of, "Load balancer", table, given)?;
    access_logs::check(&tx.state, &before, &mut of)?;
    let attributes = show(&of);
    tx.state.load_balancers.put(of);
    Ok(ModifyLoadBalancerAttributesOutput { attributes })
}
