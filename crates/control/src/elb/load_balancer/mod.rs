//! Load balancers ("Application Load Balancers", Application Load Balancers guide; "Network Load Balancers", Network Load Balancers guide).

pub(super) mod attributes;
pub(super) mod change;
pub(super) mod create;
pub(super) mod delete;
pub(super) mod describe;
mod nodes;

use super::{invalid, not_supported};
use crate::state::LoadBalancerKind;
use aws::{api::elbv2::IpAddressType, fault::Fault};

/// Refuses addresses of another kind than IPv4.
fn check_ip_type(given: Option<IpAddressType>) -> Result<(), Fault> {
    match given {
        None | Some(IpAddressType::Ipv4) => Ok(()),
        Some(other) => Err(not_supported(format_args!("The IP address type '{other}'"))),
    }
}

/// Refuses what is said of the source of IPv6 packets: of a load balancer that has no such, and of one that has.
fn check_source_nat(kind: LoadBalancerKind, given: bool) -> Result<(), Fault> {
    match (kind, given) {
        (_, false) => Ok(()),
        (LoadBalancerKind::Application, true) => {
            Err(invalid("'EnablePrefixForIpv6SourceNat' can only be specified for LoadBalancer type 'network'."))
        }
        (LoadBalancerKind::Network, true) => Err(not_supported("EnablePrefixForIpv6SourceNat")),
    }
}
