//! What there is at a name: AWS's names, those of load balancers among them, and public registries'. Others are on the internet, if there
//! is a way to it.

mod hosts;
mod services;
#[cfg(test)]
pub(crate) mod tests;

use std::{fmt, net::IpAddr};
use vpc::{
    AWS_SERVICES, PRIVATE_RANGES, PUBLIC_POOL, Topology, VpcId,
    names::{private_domain, public_domain},
};

/// From where a question is asked: names mean other addresses in one place than in another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum View {
    /// From inside a VPC.
    Vpc(VpcId),
    /// From the internet.
    Internet,
}

impl fmt::Display for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Vpc(id) => id.fmt(f),
            Self::Internet => f.write_str("the internet"),
        }
    }
}

/// What there is at a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Data {
    /// Addresses: A and AAAA records.
    Addresses(Vec<IpAddr>),
    /// Another name: a PTR record.
    Pointer(String),
    /// Nothing but names under it.
    Nothing,
}

/// What there is at a name, in lower case and without a dot at its end; `None` where no such name exists.
pub fn find(topology: &Topology, view: &View, name: &str) -> Option<Data> {
    let region = topology.region.as_str();
    if let Some(reversed) = name.strip_suffix(".in-addr.arpa").and_then(reversed) {
        return hosts::name_of(topology, view, reversed).map(Data::Pointer);
    }
    let address = match name.split_once('.') {
        Some((label, domain)) if domain == private_domain(region) => hosts::private(topology, view, label),
        Some((label, domain)) if domain == public_domain(region) => hosts::public(topology, view, label),
        _ => None,
    };
    let addresses = address.map(|address| vec![address]).or_else(|| services::addresses(topology, view, name));
    let addresses = addresses.or_else(|| services::load_balancer(topology, name));
    let addresses = addresses.or_else(|| services::registry(topology, name).map(|address| vec![address]));
    addresses.map(Data::Addresses).or_else(|| is_parent(region, view, name).then_some(Data::Nothing))
}

/// Whether a name is others' to answer where there is a way to them: it is neither AWS's, of which all are answered here, nor that of an
/// address of the region's. Public registries' are theirs: what is pulled is theirs too.
pub fn is_elsewhere(topology: &Topology, view: &View, name: &str) -> bool {
    let own = match name.strip_suffix(".in-addr.arpa").and_then(reversed) {
        Some(IpAddr::V4(address)) => {
            PUBLIC_POOL.contains(&address) || PRIVATE_RANGES.iter().any(|net| net.contains(&address))
        }
        _ => !authority(topology, name).is_empty(),
    };
    let registry = || services::registry(topology, name).is_some();
    !own && (registry() || matches!(find(topology, view, name), None | Some(Data::Nothing)))
}

/// The domain that says of a name that it does not exist, or that there is nothing of a type at it.
pub fn authority(topology: &Topology, name: &str) -> String {
    let region = topology.region.as_str();
    let domains =
        [private_domain(region), public_domain(region), "amazonaws.com".to_owned(), "in-addr.arpa".to_owned()];
    let over = |domain: &String| name == domain || under(name, domain);
    domains.into_iter().find(over).unwrap_or_default()
}

/// The address in `12.1.0.10.in-addr.arpa` (RFC 1035, section 3.5).
fn reversed(labels: &str) -> Option<IpAddr> {
    let forward: Vec<&str> = labels.rsplit('.').collect();
    forward.join(".").parse().ok().filter(IpAddr::is_ipv4)
}

/// Whether there are names under a name. Such a name exists, though nothing is at it (RFC 8020).
fn is_parent(region: &str, view: &View, name: &str) -> bool {
    let inside = matches!(view, View::Vpc(_)).then(|| private_domain(region));
    let under_amazon = ["vpce", "elb"].map(|what| format!("{region}.{what}.amazonaws.com"));
    let network = format!("elb.{region}.amazonaws.com");
    let domains = [public_domain(region), "in-addr.arpa".to_owned(), network].into_iter().chain(under_amazon);
    let services = AWS_SERVICES.iter().map(|service| service.dns_name(region));
    let mut domains = inside.into_iter().chain(domains).chain(services);
    domains.any(|domain| name.is_empty() || domain == name || under(&domain, name))
}

/// Whether a name is under a domain.
fn under(name: &str, domain: &str) -> bool {
    name.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'))
}
