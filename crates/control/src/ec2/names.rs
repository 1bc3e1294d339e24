//! DNS names of interfaces ("Amazon EC2 instance hostname types", "DNS attributes for your VPC").

use crate::state::Vpc;
use std::net::IpAddr;

/// The domain of private names: `ec2.internal` in us-east-1, `REGION.compute.internal` elsewhere.
pub(super) fn private_domain(region: &str) -> String {
    if region == "us-east-1" { "ec2.internal".to_owned() } else { format!("{region}.compute.internal") }
}

/// The name of a private address, such as `ip-10-0-1-12.ec2.internal`, in a VPC whose DNS hostnames are on.
pub(super) fn private(vpc: &Vpc, region: &str, ip: IpAddr) -> Option<String> {
    named(vpc).then(|| format!("ip-{}.{}", dashed(ip), private_domain(region)))
}

/// The name of a public address, such as `ec2-198-18-0-1.compute-1.amazonaws.com`, in a VPC whose DNS hostnames are on.
pub(super) fn public(vpc: &Vpc, region: &str, ip: IpAddr) -> Option<String> {
    let domain = if region == "us-east-1" { "compute-1".to_owned() } else { format!("{region}.compute") };
    named(vpc).then(|| format!("ec2-{}.{domain}.amazonaws.com", dashed(ip)))
}

/// Both attributes have to be on.
fn named(vpc: &Vpc) -> bool {
    vpc.dns_support && vpc.dns_hostnames
}

fn dashed(ip: IpAddr) -> String {
    ip.to_string().replace(['.', ':'], "-")
}
