//! CreateVpcEndpoint.

use super::{
    check_addresses, check_dns_options, describe::show, dns, interfaces, policy, refuse_for_gateway, routes,
    service_named, wrong,
};
use crate::{
    Tx,
    ec2::{
        client_token::Call,
        parameter::{done, missing, not_supported, unsupported},
        quota, tags, vpc,
    },
    state::{Lifecycle, VpcEndpoint, VpcEndpointKind},
};
use ::vpc::{AwsService, EndpointId};
use aws::{
    api::ec2::{CreateVpcEndpointRequest, CreateVpcEndpointResult, ResourceType, VpcEndpointType},
    fault::Fault,
};
use std::collections::BTreeMap;

/// CreateVpcEndpoint. The endpoint is there once every host has it (`pending` until then).
pub(in crate::ec2) fn create(
    tx: &mut Tx<'_>,
    input: CreateVpcEndpointRequest,
) -> Result<CreateVpcEndpointResult, Fault> {
    let call = Call::new("CreateVpcEndpoint", input.client_token.as_ref(), &input)?;
    let (token, dry_run) = (input.client_token.clone(), input.dry_run);
    let before = call.made_before(&tx.state)?.and_then(|id| tx.state.vpc_endpoints.get(&id).cloned());
    let endpoint = match before {
        Some(endpoint) => endpoint,
        None => {
            let endpoint = make(tx, input)?;
            call.remember(tx, &endpoint.id);
            endpoint
        }
    };
    done(dry_run, CreateVpcEndpointResult { vpc_endpoint: Some(show(&tx.state, &endpoint)), client_token: token })
}

/// What a kind of endpoint is made from.
struct Parts {
    route_tables: Vec<String>,
    subnets: Vec<String>,
    groups: Vec<String>,
    private_dns: Option<bool>,
    private_within: bool,
}

fn make(tx: &mut Tx<'_>, input: CreateVpcEndpointRequest) -> Result<VpcEndpoint, Fault> {
    let CreateVpcEndpointRequest {
        dry_run: _,
        vpc_endpoint_type,
        vpc_id,
        service_name,
        policy_document,
        route_table_ids,
        subnet_ids,
        security_group_ids,
        ip_address_type,
        dns_options,
        client_token: _,
        private_dns_enabled,
        tag_specifications,
        subnet_configurations,
        service_network_arn,
        resource_configuration_arn,
        service_region,
    } = input;
    unsupported("SubnetConfigurations", subnet_configurations.filter(|list| !list.is_empty()))?;
    unsupported("ServiceNetworkArn", service_network_arn)?;
    unsupported("ResourceConfigurationArn", resource_configuration_arn)?;
    let region = tx.state.region.name.clone();
    unsupported("ServiceRegion of another region", service_region.filter(|service| *service != region))?;
    check_addresses(ip_address_type)?;
    let service = service_named(&region, &service_name.ok_or_else(|| missing("ServiceName"))?)?;
    let vpc = vpc::get(&tx.state, &vpc_id)?.clone();
    let policy = policy::check(policy_document)?;
    let tags = tags::at_creation(tag_specifications, ResourceType::VpcEndpoint)?;
    let parts = Parts {
        route_tables: route_table_ids.unwrap_or_default(),
        subnets: subnet_ids.unwrap_or_default(),
        groups: security_group_ids.unwrap_or_default(),
        private_dns: private_dns_enabled,
        private_within: check_dns_options(dns_options)?,
    };
    let id = EndpointId::from(tx.ec2_id("vpce"));
    let kind = match vpc_endpoint_type {
        None | Some(VpcEndpointType::Gateway) => gateway(tx, &id, &vpc, service, parts)?,
        Some(VpcEndpointType::Interface) => interface(tx, &id, &vpc, service, parts)?,
        Some(other) => return Err(not_supported(&format!("VpcEndpointType={other}"))),
    };
    let endpoint = VpcEndpoint {
        id,
        vpc: vpc.id,
        service: service.name.to_owned(),
        state: Lifecycle::Pending,
        since: tx.state.revision + 1,
        policy,
        kind,
        created_at: tx.now,
        tags,
    };
    tx.state.vpc_endpoints.put(endpoint.clone());
    Ok(endpoint)
}

fn gateway(
    tx: &mut Tx<'_>,
    id: &EndpointId,
    vpc: &crate::state::Vpc,
    service: &AwsService,
    parts: Parts,
) -> Result<VpcEndpointKind, Fault> {
    let Parts { route_tables, subnets, groups, private_dns, private_within } = parts;
    let Some(list) = service.prefix_list else {
        return Err(wrong("Endpoint type (Gateway) does not match available service types ([Interface])."));
    };
    refuse_for_gateway(!subnets.is_empty(), !groups.is_empty(), private_dns, private_within)?;
    let is_gateway = |endpoint: &&VpcEndpoint| matches!(endpoint.kind, VpcEndpointKind::Gateway { .. });
    check_quota(tx.state.vpc_endpoints.iter().filter(is_gateway).count(), quota::GATEWAY_ENDPOINTS)?;
    let route_tables = routes::add(tx, id, &vpc.id, &list.into(), &route_tables)?;
    Ok(VpcEndpointKind::Gateway { route_tables })
}

/// Private DNS is on unless it is said not to be, but for services that have it only within limits: a name for Amazon S3 that leads
/// to the endpoint inside the VPC has to be asked for ("Private DNS", Amazon S3 User Guide).
fn interface(
    tx: &mut Tx<'_>,
    id: &EndpointId,
    vpc: &crate::state::Vpc,
    service: &AwsService,
    parts: Parts,
) -> Result<VpcEndpointKind, Fault> {
    let Parts { route_tables, subnets, groups, private_dns, private_within } = parts;
    if !route_tables.is_empty() {
        return Err(wrong("Route table IDs are not supported for Interface type VPC Endpoint."));
    }
    let private_dns = private_dns.unwrap_or(service.prefix_list.is_none());
    if private_dns {
        dns::check_private(&tx.state, vpc, service, None)?;
        if service.prefix_list.is_some() && !private_within {
            return Err(not_supported("DnsOptions.PrivateDnsOnlyForInboundResolverEndpoint"));
        }
    }
    let of_vpc =
        |endpoint: &&VpcEndpoint| endpoint.vpc == vpc.id && matches!(endpoint.kind, VpcEndpointKind::Interface { .. });
    check_quota(tx.state.vpc_endpoints.iter().filter(of_vpc).count(), quota::INTERFACE_ENDPOINTS_PER_VPC)?;
    let security_groups = interfaces::groups(&tx.state, &vpc.id, &groups)?;
    let (dns_label, hosted_zone) = dns::draw(tx, id);
    let mut made = BTreeMap::new();
    interfaces::add(tx, id, &vpc.id, &subnets, &security_groups, &mut made)?;
    Ok(VpcEndpointKind::Interface { interfaces: made, security_groups, dns_label, hosted_zone, private_dns })
}

fn check_quota(there: usize, most: usize) -> Result<(), Fault> {
    let message = "The maximum number of VPC endpoints has been reached.";
    if there < most { Ok(()) } else { Err(Fault::new("VpcEndpointLimitExceeded", message)) }
}
