//! ModifyVpcEndpoint.

use super::{check_addresses, check_dns_options, dns, get, interfaces, policy, refuse_for_gateway, routes, wrong};
use crate::{
    Tx,
    ec2::{
        interface,
        parameter::{combination, done, not_supported, unsupported},
        vpc,
    },
    state::{Lifecycle, VpcEndpoint, VpcEndpointKind},
};
use ::vpc::{AwsService, EndpointId, VpcId};
use aws::{
    api::ec2::{ModifyVpcEndpointRequest, ModifyVpcEndpointResult},
    fault::Fault,
};

/// What comes to an endpoint and what goes.
struct Changes {
    add_tables: Vec<String>,
    remove_tables: Vec<String>,
    add_subnets: Vec<String>,
    remove_subnets: Vec<String>,
    add_groups: Vec<String>,
    remove_groups: Vec<String>,
    private_dns: Option<bool>,
    private_within: bool,
}

/// ModifyVpcEndpoint. New interfaces and names make the endpoint `pending` until every host has them.
pub(in crate::ec2) fn modify(
    tx: &mut Tx<'_>,
    input: ModifyVpcEndpointRequest,
) -> Result<ModifyVpcEndpointResult, Fault> {
    let ModifyVpcEndpointRequest {
        dry_run,
        vpc_endpoint_id,
        reset_policy,
        policy_document,
        add_route_table_ids,
        remove_route_table_ids,
        add_subnet_ids,
        remove_subnet_ids,
        add_security_group_ids,
        remove_security_group_ids,
        ip_address_type,
        dns_options,
        private_dns_enabled,
        subnet_configurations,
    } = input;
    unsupported("SubnetConfigurations", subnet_configurations.filter(|list| !list.is_empty()))?;
    check_addresses(ip_address_type)?;
    let mut endpoint = get(&tx.state, &vpc_endpoint_id)?.clone();
    if matches!(endpoint.state, Lifecycle::Deleting | Lifecycle::Deleted) {
        let message = format!("The VPC endpoint {vpc_endpoint_id} is being deleted.");
        return Err(Fault::new("IncorrectState", message));
    }
    match (reset_policy, policy::check(policy_document)?) {
        (Some(true), Some(_)) => {
            return Err(combination("The parameter ResetPolicy cannot be used with the parameter PolicyDocument"));
        }
        (Some(true), None) => endpoint.policy = None,
        (_, Some(policy)) => endpoint.policy = Some(policy),
        (_, None) => {}
    }
    let changes = Changes {
        add_tables: add_route_table_ids.unwrap_or_default(),
        remove_tables: remove_route_table_ids.unwrap_or_default(),
        add_subnets: add_subnet_ids.unwrap_or_default(),
        remove_subnets: remove_subnet_ids.unwrap_or_default(),
        add_groups: add_security_group_ids.unwrap_or_default(),
        remove_groups: remove_security_group_ids.unwrap_or_default(),
        private_dns: private_dns_enabled,
        private_within: check_dns_options(dns_options)?,
    };
    let VpcEndpoint { id, vpc, service, .. } = endpoint.clone();
    let service = AwsService::named(&service);
    let hosts_must_know = match &mut endpoint.kind {
        VpcEndpointKind::Gateway { .. } => gateway(tx, &id, &vpc, &mut endpoint.kind, service, changes)?,
        VpcEndpointKind::Interface { .. } => interface(tx, &id, &vpc, &mut endpoint.kind, service, changes)?,
    };
    if hosts_must_know {
        (endpoint.state, endpoint.since) = (Lifecycle::Pending, tx.state.revision + 1);
    }
    tx.state.vpc_endpoints.put(endpoint);
    done(dry_run, ModifyVpcEndpointResult { r#return: Some(true) })
}

fn gateway(
    tx: &mut Tx<'_>,
    id: &EndpointId,
    vpc: &VpcId,
    kind: &mut VpcEndpointKind,
    service: Option<&AwsService>,
    changes: Changes,
) -> Result<bool, Fault> {
    let VpcEndpointKind::Gateway { route_tables } = kind else { return Ok(false) };
    let subnets = !changes.add_subnets.is_empty() || !changes.remove_subnets.is_empty();
    let groups = !changes.add_groups.is_empty() || !changes.remove_groups.is_empty();
    refuse_for_gateway(subnets, groups, changes.private_dns, changes.private_within)?;
    for table in &changes.remove_tables {
        if !route_tables.remove(table.as_str()) {
            return Err(wrong(format!("Route table {table} is not associated with the VPC endpoint {id}")));
        }
        routes::remove(tx, id, table);
    }
    if let Some(list) = service.and_then(|service| service.prefix_list) {
        route_tables.extend(routes::add(tx, id, vpc, &list.into(), &changes.add_tables)?);
    }
    Ok(false)
}

fn interface(
    tx: &mut Tx<'_>,
    id: &EndpointId,
    of: &VpcId,
    kind: &mut VpcEndpointKind,
    service: Option<&AwsService>,
    changes: Changes,
) -> Result<bool, Fault> {
    let VpcEndpointKind::Interface { interfaces: there, security_groups, private_dns, .. } = kind else {
        return Ok(false);
    };
    if !changes.add_tables.is_empty() || !changes.remove_tables.is_empty() {
        return Err(wrong("Route table IDs are not supported for Interface type VPC Endpoint."));
    }
    for subnet in &changes.remove_subnets {
        let gone = there.remove(subnet.as_str());
        let gone =
            gone.ok_or_else(|| wrong(format!("Subnet {subnet} is not associated with the VPC endpoint {id}")))?;
        interface::withdraw(tx, &gone);
    }
    let mut groups: Vec<String> = security_groups.iter().map(ToString::to_string).collect();
    for group in &changes.remove_groups {
        let at = groups.iter().position(|there| there == group);
        let at =
            at.ok_or_else(|| wrong(format!("Security group {group} is not associated with the VPC endpoint {id}")))?;
        groups.remove(at);
    }
    groups.extend(changes.add_groups);
    if groups.is_empty() {
        return Err(wrong("At least one security group must be associated with the VPC endpoint."));
    }
    *security_groups = interfaces::groups(&tx.state, of, &groups)?;
    for interface in there.values() {
        tx.state.network_interfaces.update(interface, |interface| interface.security_groups = security_groups.clone());
    }
    interfaces::add(tx, id, of, &changes.add_subnets, security_groups, there)?;
    let turned = changes.private_dns.filter(|on| on != private_dns);
    if let (Some(true), Some(service)) = (turned, service) {
        dns::check_private(&tx.state, vpc::get(&tx.state, of)?, service, Some(id))?;
        if service.prefix_list.is_some() && !changes.private_within {
            return Err(not_supported("DnsOptions.PrivateDnsOnlyForInboundResolverEndpoint"));
        }
    }
    *private_dns = turned.unwrap_or(*private_dns);
    Ok(!changes.add_subnets.is_empty() || turned.is_some())
}
