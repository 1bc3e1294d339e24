//! VPC endpoints: interfaces in subnets behind which a service answers, and targets for routes to a service ("Access AWS services
//! through AWS PrivateLink", "Gateway endpoints", AWS PrivateLink Guide). Absent: policies that don't allow everything, endpoint
//! services of one's own, Gateway Load Balancer, resource and service-network endpoints, IPv6.

pub(super) mod create;
pub(super) mod delete;
pub(super) mod describe;
mod dns;
mod interfaces;
pub(super) mod modify;
mod policy;
mod routes;
pub(super) mod services;

use super::{
    kind::Kind,
    parameter::{not_supported, only_false, unsupported},
};
use crate::{State, state::VpcEndpoint};
use aws::{
    api::ec2::{DnsOptionsSpecification, DnsRecordIpType, IpAddressType},
    fault::Fault,
};
use vpc::{AWS_SERVICES, AwsService};

/// An endpoint by its id.
///
/// # Errors
/// `InvalidVpcEndpointId.NotFound`, `InvalidVpcEndpointId.Malformed`.
fn get<'a>(state: &'a State, id: &str) -> Result<&'a VpcEndpoint, Fault> {
    state.vpc_endpoints.get(id).ok_or_else(|| Kind::Endpoint.missing(id))
}

/// A parameter that can't be, in the words these calls have for it.
fn wrong(message: impl Into<String>) -> Fault {
    Fault::new("InvalidParameter", message)
}

/// Refuses what only an interface endpoint has.
///
/// # Errors
/// `InvalidParameter`.
fn refuse_for_gateway(
    subnets: bool,
    groups: bool,
    private_dns: Option<bool>,
    private_within: bool,
) -> Result<(), Fault> {
    if subnets {
        return Err(wrong("Subnet IDs are not supported for Gateway type VPC Endpoint."));
    }
    if groups {
        return Err(wrong("Security group IDs are not supported for Gateway type VPC Endpoint."));
    }
    if private_dns == Some(true) {
        return Err(wrong("Private DNS is not supported for Gateway type VPC Endpoint."));
    }
    if private_within {
        return Err(wrong(
            "DnsOptions PrivateDnsOnlyForInboundResolverEndpoint is applicable only to Interface VPC Endpoints.",
        ));
    }
    Ok(())
}

/// A service by the name of its endpoint service.
///
/// # Errors
/// `InvalidServiceName`.
fn service_named(region: &str, name: &str) -> Result<&'static AwsService, Fault> {
    let found = AWS_SERVICES.iter().find(|service| service.service_name(region) == name);
    let message = || format!("The Vpc Endpoint Service '{name}' does not exist");
    found.ok_or_else(|| Fault::new("InvalidServiceName", message()))
}

/// Refuses all kinds of addresses but IPv4.
fn check_addresses(addresses: Option<IpAddressType>) -> Result<(), Fault> {
    match addresses {
        None | Some(IpAddressType::Ipv4) => Ok(()),
        Some(other) => Err(not_supported(&format!("IpAddressType={other}"))),
    }
}

/// Refuses all DNS options but the defaults, and says whether private names are asked for within the VPC too
/// (`PrivateDnsOnlyForInboundResolverEndpoint` given as false).
fn check_dns_options(options: Option<DnsOptionsSpecification>) -> Result<bool, Fault> {
    let DnsOptionsSpecification {
        dns_record_ip_type,
        private_dns_only_for_inbound_resolver_endpoint: only_inbound,
        private_dns_preference,
        private_dns_specified_domains,
    } = options.unwrap_or_default();
    match dns_record_ip_type {
        None | Some(DnsRecordIpType::Ipv4 | DnsRecordIpType::ServiceDefined) => {}
        Some(other) => return Err(not_supported(&format!("DnsOptions.DnsRecordIpType={other}"))),
    }
    only_false("DnsOptions.PrivateDnsOnlyForInboundResolverEndpoint", only_inbound)?;
    let other = private_dns_preference.filter(|preference| preference != "ALL_DOMAINS");
    unsupported("DnsOptions.PrivateDnsPreference", other)?;
    let domains = private_dns_specified_domains.filter(|domains| !domains.is_empty());
    unsupported("DnsOptions.PrivateDnsSpecifiedDomains", domains)?;
    Ok(only_inbound == Some(false))
}
