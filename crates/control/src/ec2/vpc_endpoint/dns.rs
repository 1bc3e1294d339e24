//! The DNS names of interface endpoints ("VPC endpoint DNS names", AWS PrivateLink Guide).

use super::wrong;
use crate::{
    State, Tx,
    state::{Vpc, VpcEndpoint, VpcEndpointKind},
};
use ::vpc::{AwsService, EndpointId};
use aws::{api::ec2::DnsEntry, fault::Fault};

/// The characters of random parts, as AWS has them.
const LABEL: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
const ZONE: &[u8; 36] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/// A new endpoint's label and hosted zone.
pub(super) fn draw(tx: &mut Tx<'_>, id: &EndpointId) -> (String, String) {
    (format!("{id}-{}", random(tx, LABEL, 8)), format!("Z0{}", random(tx, ZONE, 18)))
}

fn random(tx: &mut Tx<'_>, characters: &[u8], length: usize) -> String {
    let mut text = String::with_capacity(length);
    while text.len() < length {
        let at = usize::try_from(tx.draw() % 36).unwrap_or_default();
        text.extend(characters.get(at).map(|byte| char::from(*byte)));
    }
    text
}

/// The domain below which endpoints of a service have their names.
pub(super) fn domain(service: &AwsService, region: &str) -> String {
    format!("{}.{region}.vpce.amazonaws.com", service.host)
}

/// The names of a service that lead to an endpoint with private DNS; none for one that has no such names.
pub(super) fn private_names(service: &AwsService, region: &str) -> Vec<String> {
    let name = service.dns_name(region);
    match service.name {
        "dynamodb" => Vec::new(),
        "ecr.dkr" => vec![format!("*.{name}")],
        "s3" => vec![name.clone(), format!("*.{name}")],
        _ => vec![name],
    }
}

/// An endpoint's names: its own, one for each zone, and the service's where they lead to it.
pub(super) fn entries(state: &State, endpoint: &VpcEndpoint) -> Vec<DnsEntry> {
    let VpcEndpointKind::Interface { interfaces, dns_label, hosted_zone, private_dns, .. } = &endpoint.kind else {
        return Vec::new();
    };
    let Some(service) = AwsService::named(&endpoint.service) else { return Vec::new() };
    let region = &state.region.name;
    let domain = domain(service, region);
    let zones = interfaces.keys().filter_map(|subnet| Some(&state.subnets.get(subnet)?.zone));
    let zonal = zones.map(|zone| format!("{dns_label}-{zone}.{domain}"));
    let private = if *private_dns { private_names(service, region) } else { Vec::new() };
    let names = std::iter::once(format!("{dns_label}.{domain}")).chain(zonal).chain(private);
    let show = |name| DnsEntry { dns_name: Some(name), hosted_zone_id: Some(hosted_zone.clone()) };
    names.map(show).collect()
}

/// Whether an endpoint of a service can have private DNS in a VPC, beside what is there.
///
/// # Errors
/// `InvalidParameter`, with AWS's words for why not.
pub(super) fn check_private(
    state: &State,
    vpc: &Vpc,
    service: &AwsService,
    but: Option<&EndpointId>,
) -> Result<(), Fault> {
    let region = &state.region.name;
    let Some(name) = private_names(service, region).into_iter().next() else {
        let name = service.service_name(region);
        return Err(wrong(format!(
            "Private DNS can't be enabled because the service {name} does not provide a private DNS name."
        )));
    };
    if !vpc.dns_support || !vpc.dns_hostnames {
        return Err(wrong(format!(
            "Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes set to true for {}",
            vpc.id
        )));
    }
    let has = |other: &VpcEndpoint| {
        let private = matches!(other.kind, VpcEndpointKind::Interface { private_dns: true, .. });
        private && other.vpc == vpc.id && other.service == service.name && Some(&other.id) != but
    };
    if state.vpc_endpoints.iter().any(has) {
        return Err(wrong(format!(
            "private-dns-enabled cannot be set because there is already a conflicting DNS domain for {name} in the VPC {}",
            vpc.id
        )));
    }
    Ok(())
}
