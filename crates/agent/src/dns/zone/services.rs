//! Names of AWS's own services ("AWS service endpoints", AWS General Reference) and of the endpoints that lead to them ("Access an AWS
//! service using an interface VPC endpoint", AWS PrivateLink Guide); of load balancers; and of public registries.

use super::{View, under};
use std::net::IpAddr;
use vpc::{AWS_SERVICES, AwsService, Endpoint, InterfaceId, REGISTRIES, Topology, Vpc};

/// The addresses of a service's name, or of an endpoint's own.
pub(super) fn addresses(topology: &Topology, view: &View, name: &str) -> Option<Vec<IpAddr>> {
    if let Some(host) = name.strip_suffix(&format!(".{}.vpce.amazonaws.com", topology.region)) {
        return of_endpoint(topology, host);
    }
    // Most names are none of AWS's, and every name is looked at.
    if !name.ends_with(".amazonaws.com") {
        return None;
    }
    let regional = AWS_SERVICES.iter().find(|service| is_regional(service, &topology.region, name));
    if let Some(service) = regional {
        return Some(privately(topology, view, service).unwrap_or_else(|| vec![service.address()]));
    }
    let global = AWS_SERVICES.iter().find(|service| is_global(service, name)).map(AwsService::address);
    global.map(|address| vec![address])
}

/// The address of a public registry's name: that of the mirror.
pub(super) fn registry(topology: &Topology, name: &str) -> Option<IpAddr> {
    topology.registries().any(|(host, _)| host == name).then_some(REGISTRIES)
}

/// The addresses of a load balancer's name, the same from everywhere: a name is public, whatever it leads to.
pub(super) fn load_balancer(topology: &Topology, name: &str) -> Option<Vec<IpAddr>> {
    let mut all = topology.vpcs.values().flat_map(|vpc| vpc.load_balancers.values().map(move |found| (vpc, found)));
    all.find_map(|(vpc, found)| match name.strip_suffix(&found.dns_name)? {
        "" => Some(found.addresses(vpc)),
        zone => found.zonal_address(vpc, zone.strip_suffix('.')?).map(|address| vec![address]),
    })
}

/// Whether a name is a service's in a region, or one under it: a bucket's, or an account's registry's.
fn is_regional(service: &AwsService, region: &str, name: &str) -> bool {
    let own = service.dns_name(region);
    let Some(rest) = name.strip_suffix(&own) else { return false };
    match (service.name, rest.strip_suffix('.')) {
        (_, None) => rest.is_empty(),
        ("s3", Some(bucket)) => !bucket.is_empty(),
        ("ecr.dkr", Some(account)) => account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit()),
        _ => false,
    }
}

/// Whether a name is that of a service's global endpoint, or a bucket's under it. No interface endpoint is reached by it.
fn is_global(service: &AwsService, name: &str) -> bool {
    let own = format!("{}.amazonaws.com", service.host);
    match service.name {
        "s3" => name == own || under(name, &own),
        "sts" => name == own,
        _ => false,
    }
}

/// The addresses of the VPC's endpoint for a service, if the service's own name leads there: its private DNS name is on, which
/// takes both DNS attributes of the VPC.
fn privately(topology: &Topology, view: &View, service: &AwsService) -> Option<Vec<IpAddr>> {
    let View::Vpc(id) = view else { return None };
    let vpc = topology.vpcs.get(id).filter(|vpc| vpc.has_hostnames())?;
    vpc.endpoints.values().find_map(|endpoint| match endpoint {
        Endpoint::Interface { service: name, interfaces, private_dns: true, .. } if name == service.name => {
            at(vpc, interfaces.values())
        }
        _ => None,
    })
}

/// The addresses of an endpoint's own name, such as `vpce-0123456789abcdef0-1a2b3c4d.logs` before `.REGION.vpce.amazonaws.com`, or of
/// its name for one zone, with the zone after the label. These names are public, though the addresses are private.
fn of_endpoint(topology: &Topology, host: &str) -> Option<Vec<IpAddr>> {
    let mut all = topology.vpcs.values().flat_map(|vpc| vpc.endpoints.values().map(move |endpoint| (vpc, endpoint)));
    all.find_map(|(vpc, endpoint)| {
        let Endpoint::Interface { service, interfaces, dns_label, .. } = endpoint else { return None };
        let rest = host.strip_suffix(AwsService::named(service)?.host)?.strip_suffix('.')?;
        // A bucket's name comes first.
        let label = if service == "s3" { rest.rsplit('.').next()? } else { rest };
        if label == dns_label {
            return at(vpc, interfaces.values());
        }
        let zone = label.strip_prefix(dns_label.as_str())?.strip_prefix('-')?;
        at(vpc, interfaces.get(zone).into_iter())
    })
}

/// The addresses of an endpoint's interfaces that are there.
fn at<'a>(vpc: &Vpc, interfaces: impl Iterator<Item = &'a InterfaceId>) -> Option<Vec<IpAddr>> {
    let found: Vec<IpAddr> =
        interfaces.filter_map(|id| vpc.interfaces.get(id)).map(|interface| interface.private_ip).collect();
    if found.is_empty() { None } else { Some(found) }
}
