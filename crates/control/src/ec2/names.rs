//! Which interfaces have DNS names ("DNS attributes for your VPC", Amazon VPC User Guide).

use crate::state::Vpc;
use ::vpc::names::{private_name, public_name};
use std::net::IpAddr;

pub(super) use ::vpc::names::private_domain;

/// The name of a private address, such as `ip-10-0-1-12.ec2.internal`, in a VPC whose DNS hostnames are on.
pub(super) fn private(vpc: &Vpc, region: &str, ip: IpAddr) -> Option<String> {
    named(vpc).then(|| private_name(region, ip))
}

/// The name of a public address, such as `ec2-198-18-0-1.compute-1.amazonaws.com`, in a VPC whose DNS hostnames are on.
pub(super) fn public(vpc: &Vpc, region: &str, ip: IpAddr) -> Option<String> {
    named(vpc).then(|| public_name(region, ip))
}

/// Both attributes have to be on.
fn named(vpc: &Vpc) -> bool {
    vpc.dns_support && vpc.dns_hostnames
}
