//! ModifyVpcAttribute and DescribeVpcAttribute ("DNS attributes for your VPC", Amazon VPC User Guide).

use super::{
    parameter::{combination, done, only_false},
    vpc::get,
};
use crate::{Tx, View};
use aws::{
    api::ec2::{
        AttributeBooleanValue, DescribeVpcAttributeRequest, DescribeVpcAttributeResult, ModifyVpcAttributeRequest,
        VpcAttributeName,
    },
    fault::Fault,
    shape::Nothing,
};

/// ModifyVpcAttribute. One attribute a call, as on AWS.
pub(super) fn modify(tx: &mut Tx<'_>, input: ModifyVpcAttributeRequest) -> Result<Nothing, Fault> {
    let ModifyVpcAttributeRequest {
        enable_dns_hostnames,
        enable_dns_support,
        vpc_id,
        enable_network_address_usage_metrics,
    } = input;
    let id = get(&tx.state, &vpc_id)?.id.clone();
    let value = |attribute: Option<AttributeBooleanValue>| attribute.and_then(|attribute| attribute.value);
    let (hostnames, support) = (value(enable_dns_hostnames), value(enable_dns_support));
    let metrics = value(enable_network_address_usage_metrics);
    let given = [
        ("enableDnsHostnames", hostnames),
        ("enableDnsSupport", support),
        ("enableNetworkAddressUsageMetrics", metrics),
    ];
    let names: Vec<_> = given.iter().filter(|(_, value)| value.is_some()).map(|(name, _)| *name).collect();
    match names.len() {
        0 => return Err(combination("No attributes specified.")),
        1 => {}
        _ => return Err(combination(format!("Fields for multiple attribute types specified: {}", names.join(", ")))),
    }
    only_false("EnableNetworkAddressUsageMetrics", metrics)?;
    tx.state.vpcs.update(&id, |vpc| {
        vpc.dns_hostnames = hostnames.unwrap_or(vpc.dns_hostnames);
        vpc.dns_support = support.unwrap_or(vpc.dns_support);
    });
    Ok(Nothing)
}

/// DescribeVpcAttribute.
pub(super) fn describe(
    view: &View<'_>,
    input: DescribeVpcAttributeRequest,
) -> Result<DescribeVpcAttributeResult, Fault> {
    let DescribeVpcAttributeRequest { attribute, vpc_id, dry_run } = input;
    let vpc = get(view.state, &vpc_id)?;
    let is = |name, value| (attribute == name).then_some(AttributeBooleanValue { value: Some(value) });
    let answer = DescribeVpcAttributeResult {
        enable_dns_hostnames: is(VpcAttributeName::EnableDnsHostnames, vpc.dns_hostnames),
        enable_dns_support: is(VpcAttributeName::EnableDnsSupport, vpc.dns_support),
        enable_network_address_usage_metrics: is(VpcAttributeName::EnableNetworkAddressUsageMetrics, false),
        vpc_id: Some(vpc.id.to_string()),
    };
    done(dry_run, answer)
}
