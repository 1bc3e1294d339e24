//! Load balancers ("Application Load Balancers", Application Load Balancers guide).

pub(super) mod attributes;
pub(super) mod change;
pub(super) mod create;
pub(super) mod delete;
pub(super) mod describe;
mod nodes;

use super::not_supported;
use aws::{api::elbv2::IpAddressType, fault::Fault};

/// Refuses addresses of another kind than IPv4.
fn check_ip_type(given: Option<IpAddressType>) -> Result<(), Fault> {
    match given {
        None | Some(IpAddressType::Ipv4) => Ok(()),
        Some(other) => Err(not_supported(format_args!("The IP address type '{other}'"))),
    }
}
