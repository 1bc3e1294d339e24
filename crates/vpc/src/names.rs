//! DNS names of addresses ("Amazon EC2 instance hostname types", Amazon EC2 User Guide).

use crate::Vpc;
use std::net::{IpAddr, Ipv4Addr};

/// The domain of private names: `ec2.internal` in us-east-1, `REGION.compute.internal` elsewhere.
pub fn private_domain(region: &str) -> String {
    if region == "us-east-1" { "ec2.internal".to_owned() } else { format!("{region}.compute.internal") }
}

/// The domain of public names: `compute-1.amazonaws.com` in us-east-1, `REGION.compute.amazonaws.com` elsewhere.
pub fn public_domain(region: &str) -> String {
    let domain = if region == "us-east-1" { "compute-1".to_owned() } else { format!("{region}.compute") };
    format!("{domain}.amazonaws.com")
}

/// The name of a private address, such as `ip-10-0-1-12.ec2.internal`.
pub fn private_name(region: &str, ip: IpAddr) -> String {
    format!("ip-{}.{}", dashed(ip), private_domain(region))
}

/// The name of a public address, such as `ec2-198-18-0-1.compute-1.amazonaws.com`.
pub fn public_name(region: &str, ip: IpAddr) -> String {
    format!("ec2-{}.{}", dashed(ip), public_domain(region))
}

/// The address that a private or public name's first label is of; none of a label that no address has.
pub fn address_of(label: &str) -> Option<IpAddr> {
    let dashes = label.strip_prefix("ip-").or_else(|| label.strip_prefix("ec2-"))?;
    dashes.replace('-', ".").parse().ok().map(|ip: Ipv4Addr| ip.into()).filter(|ip| dashed(*ip) == dashes)
}

fn dashed(ip: IpAddr) -> String {
    ip.to_string().replace(['.', ':'], "-")
}

impl Vpc {
    /// Whether its addresses have names: both of its DNS attributes are on ("DNS attributes for your VPC", Amazon VPC User Guide).
    pub fn has_hostnames(&self) -> bool {
        self.dns_support && self.dns_hostnames
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_leads_back_to_its_address() {
        let ip: IpAddr = "10.0.1.12".parse().unwrap();
        assert_eq!(private_name("us-east-1", ip), "ip-10-0-1-12.ec2.internal");
        assert_eq!(private_name("eu-west-1", ip), "ip-10-0-1-12.eu-west-1.compute.internal");
        assert_eq!(public_name("us-east-1", ip), "ec2-10-0-1-12.compute-1.amazonaws.com");
        assert_eq!(public_name("eu-west-1", ip), "ec2-10-0-1-12.eu-west-1.compute.amazonaws.com");
        assert_eq!((address_of("ip-10-0-1-12"), address_of("ec2-10-0-1-12")), (Some(ip), Some(ip)));
        for wrong in
            ["", "ip-", "ip-10-0-1", "ip-10-0-1-256", "ip-10-0-01-2", "ip-10.0.1.2", "ip--1-2-3", "web-10-0-1-12"]
        {
            assert_eq!(address_of(wrong), None, "{wrong}");
        }
    }
}
