//! AWS's own services as networks see them: which there are, and at which public addresses they answer.
//!
//! On AWS the addresses come and go ("AWS IP address ranges"). Here each service has one, at the end of the public pool, which no
//! interface is ever given.

use ipnet::{IpNet, Ipv4Net};
use std::net::{IpAddr, Ipv4Addr};

/// Where public addresses come from: 198.18.0.0/15, which is routed nowhere (RFC 2544).
pub const PUBLIC_POOL: Ipv4Net = Ipv4Net::new_assert(Ipv4Addr::new(198, 18, 0, 0), 15);
/// The part of the pool that AWS's own services answer at.
pub const SERVICE_POOL: Ipv4Net = Ipv4Net::new_assert(Ipv4Addr::new(198, 19, 254, 0), 23);
/// Ranges that are private or shared among customers, and not on the internet (RFC 1918, RFC 6598), and link-local ones (RFC 3927).
pub const PRIVATE_RANGES: [Ipv4Net; 5] = [
    Ipv4Net::new_assert(Ipv4Addr::new(10, 0, 0, 0), 8),
    Ipv4Net::new_assert(Ipv4Addr::new(100, 64, 0, 0), 10),
    Ipv4Net::new_assert(Ipv4Addr::new(169, 254, 0, 0), 16),
    Ipv4Net::new_assert(Ipv4Addr::new(172, 16, 0, 0), 12),
    Ipv4Net::new_assert(Ipv4Addr::new(192, 168, 0, 0), 16),
];
/// A host on the internet: the address of `neargate from internet` (TEST-NET-3, RFC 5737).
pub const INTERNET_HOST: IpAddr = IpAddr::V4(Ipv4Addr::new(203, 0, 113, 10));
/// The internet's public DNS server.
pub const INTERNET_RESOLVER: IpAddr = IpAddr::V4(Ipv4Addr::new(203, 0, 113, 53));

/// One service of AWS's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AwsService {
    /// The last part of its endpoint service's name: `logs` of `com.amazonaws.us-east-1.logs`.
    pub name: &'static str,
    /// The labels before `REGION.amazonaws.com` of its own DNS name, such as `api.ecr`.
    pub host: &'static str,
    /// The prefix list of its addresses, for services that have gateway endpoints.
    pub prefix_list: Option<&'static str>,
    number: u8,
}

const fn service(number: u8, name: &'static str, host: &'static str) -> AwsService {
    AwsService { name, host, prefix_list: None, number }
}

/// Every service there is. Prefix lists have the ids they have in us-east-1 ("AWS-managed prefix lists", Amazon VPC User Guide).
pub const AWS_SERVICES: &[AwsService] = &[
    AwsService { prefix_list: Some("pl-63a5400a"), ..service(1, "s3", "s3") },
    AwsService { prefix_list: Some("pl-02cd2c6b"), ..service(2, "dynamodb", "dynamodb") },
    service(3, "ecs", "ecs"),
    service(4, "ecs-agent", "ecs-a"),
    service(5, "ecs-telemetry", "ecs-t"),
    service(6, "ecr.api", "api.ecr"),
    service(7, "ecr.dkr", "dkr.ecr"),
    service(8, "logs", "logs"),
    service(9, "secretsmanager", "secretsmanager"),
    service(10, "ssm", "ssm"),
    service(11, "ssmmessages", "ssmmessages"),
    service(12, "sts", "sts"),
    service(13, "ec2", "ec2"),
    service(14, "elasticloadbalancing", "elasticloadbalancing"),
    service(15, "monitoring", "monitoring"),
    service(16, "application-autoscaling", "application-autoscaling"),
    service(17, "servicediscovery", "servicediscovery"),
    service(18, "cloudformation", "cloudformation"),
    service(19, "kms", "kms"),
    service(20, "events", "events"),
    service(21, "sns", "sns"),
    service(22, "sqs", "sqs"),
    service(23, "elasticfilesystem", "elasticfilesystem"),
    service(24, "data-servicediscovery", "data-servicediscovery"),
];

impl AwsService {
    /// A service by the last part of its endpoint service's name.
    pub fn named(name: &str) -> Option<&'static Self> {
        AWS_SERVICES.iter().find(|service| service.name == name)
    }

    /// Its public address.
    pub fn address(&self) -> IpAddr {
        let base = u32::from(SERVICE_POOL.network());
        Ipv4Addr::from(base + 16 * u32::from(self.number)).into()
    }

    /// The range that its prefix list holds, and that its address is in.
    pub fn range(&self) -> IpNet {
        IpNet::new(self.address(), 28).unwrap_or_else(|_| IpNet::from(self.address()))
    }

    /// Its DNS name in a region, such as `logs.us-east-1.amazonaws.com`.
    pub fn dns_name(&self, region: &str) -> String {
        format!("{}.{region}.amazonaws.com", self.host)
    }

    /// The name of its endpoint service in a region, such as `com.amazonaws.us-east-1.logs`.
    pub fn service_name(&self, region: &str) -> String {
        format!("com.amazonaws.{region}.{}", self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_service_has_an_address_of_its_own_in_the_pool() {
        let addresses: BTreeSet<IpAddr> = AWS_SERVICES.iter().map(AwsService::address).collect();
        assert_eq!(addresses.len(), AWS_SERVICES.len());
        assert!(PUBLIC_POOL.contains(&SERVICE_POOL));
        for service in AWS_SERVICES {
            assert!(IpNet::V4(SERVICE_POOL).contains(&service.range()), "{}", service.name);
        }
        assert_eq!(AwsService::named("ecr.api").unwrap().dns_name("eu-west-1"), "api.ecr.eu-west-1.amazonaws.com");
    }
}
