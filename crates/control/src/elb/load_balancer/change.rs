//! SetSecurityGroups, SetSubnets, SetIpAddressType.

use super::{
    super::{arn, configuration, invalid, unsupported},
    check_ip_type, check_source_nat,
    describe::show,
    nodes,
};
use crate::{
    Tx,
    ec2::interface,
    state::{LoadBalancer, LoadBalancerKind},
};
use aws::{
    api::elbv2::{
        IpAddressType, SetIpAddressTypeInput, SetIpAddressTypeOutput, SetSecurityGroupsInput, SetSecurityGroupsOutput,
        SetSubnetsInput, SetSubnetsOutput,
    },
    fault::Fault,
};

/// "If you don't associate a security group with your Network Load Balancer when you create it, you can't associate one later"
/// ("Update the security groups for your Network Load Balancer").
const NEVER: &str =
    "Security groups cannot be set on a load balancer of type 'network' that was created without security groups";

/// SetSecurityGroups.
pub(in crate::elb) fn security_groups(
    tx: &mut Tx<'_>,
    input: SetSecurityGroupsInput,
) -> Result<SetSecurityGroupsOutput, Fault> {
    let SetSecurityGroupsInput {
        load_balancer_arn,
        security_groups,
        enforce_security_group_inbound_rules_on_private_link_traffic,
    } = input;
    let LoadBalancer { id, kind, vpc, nodes, security_groups: before, .. } =
        arn::find_load_balancer(&tx.state, &load_balancer_arn)?.clone();
    if kind == LoadBalancerKind::Network {
        unsupported(
            "EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic",
            enforce_security_group_inbound_rules_on_private_link_traffic.filter(|of| of.as_str() != "on"),
        )?;
        if before.is_empty() {
            return Err(configuration(NEVER));
        }
    } else if enforce_security_group_inbound_rules_on_private_link_traffic.is_some() {
        return Err(invalid(
            "'EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic' is not supported for load balancers with type 'application'",
        ));
    }
    if security_groups.is_empty() {
        return Err(invalid("At least one security group must be specified"));
    }
    let groups = nodes::groups(&tx.state, kind, &vpc, security_groups)?;
    for node in nodes.values() {
        tx.state.network_interfaces.update(node, |interface| interface.security_groups = groups.clone());
    }
    let answer = groups.iter().map(ToString::to_string).collect();
    tx.state.load_balancers.update(&id, |load_balancer| load_balancer.security_groups = groups);
    Ok(SetSecurityGroupsOutput { security_group_ids: Some(answer), ..SetSecurityGroupsOutput::default() })
}

/// SetSubnets: makes nodes where there were none, and gives up those that are no longer wanted.
pub(in crate::elb) fn subnets(tx: &mut Tx<'_>, input: SetSubnetsInput) -> Result<SetSubnetsOutput, Fault> {
    let SetSubnetsInput {
        load_balancer_arn,
        subnets,
        subnet_mappings,
        ip_address_type,
        enable_prefix_for_ipv6_source_nat,
    } = input;
    let mut of = arn::find_load_balancer(&tx.state, &load_balancer_arn)?.clone();
    check_ip_type(ip_address_type)?;
    check_source_nat(of.kind, enable_prefix_for_ipv6_source_nat.is_some())?;
    let (vpc, wanted) = nodes::places(&tx.state, of.kind, of.internal, subnets, subnet_mappings)?;
    if vpc != of.vpc {
        let message = format!("The subnets must be in the VPC of the load balancer, '{}'", of.vpc);
        return Err(Fault::new("InvalidSubnet", message));
    }
    let before = std::mem::take(&mut of.nodes);
    for place in &wanted {
        let node = match before.get(&place.subnet.id) {
            Some(node) => node.clone(),
            None => nodes::make(tx, &of, place)?,
        };
        of.nodes.insert(place.subnet.id.clone(), node);
    }
    let gone = before.iter().filter(|(subnet, _)| !of.nodes.contains_key(*subnet));
    gone.for_each(|(_, node)| interface::withdraw(tx, node));
    let answer = show(&tx.state, &of);
    tx.state.load_balancers.put(of);
    Ok(SetSubnetsOutput {
        availability_zones: answer.availability_zones,
        ip_address_type: answer.ip_address_type,
        enable_prefix_for_ipv6_source_nat: None,
    })
}

/// SetIpAddressType: every load balancer's is IPv4.
pub(in crate::elb) fn ip_address_type(
    tx: &mut Tx<'_>,
    input: SetIpAddressTypeInput,
) -> Result<SetIpAddressTypeOutput, Fault> {
    let SetIpAddressTypeInput { load_balancer_arn, ip_address_type } = input;
    arn::find_load_balancer(&tx.state, &load_balancer_arn)?;
    check_ip_type(Some(ip_address_type))?;
    Ok(SetIpAddressTypeOutput { ip_address_type: Some(IpAddressType::Ipv4) })
}
