//! Subnets.

use super::{Record, Tags};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use vpc::{IpNet, NetworkAclId, SubnetId, VpcId};

/// A range of addresses in a VPC, in one Availability Zone ("Subnet", Amazon EC2 API Reference).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Subnet {
    /// `subnet-…`.
    pub id: SubnetId,
    /// The VPC it is in; never changes.
    pub vpc: VpcId,
    /// The name of its Availability Zone.
    pub zone: String,
    /// Its address range, inside one of the VPC's.
    pub cidr: IpNet,
    /// Whether it is the zone's default subnet.
    pub default_for_zone: bool,
    /// `MapPublicIpOnLaunch`: what an instance gets that does not say. A Fargate task says it (`assignPublicIp`).
    pub map_public_ip: bool,
    /// The network ACL it is associated with; always one.
    pub network_acl: SubnetAcl,
    /// Its tags.
    pub tags: Tags,
    /// The address given last. The next one is looked for after it, so that an address is not given again soon.
    pub last_given: Option<IpAddr>,
    /// How many of its addresses are in use. Written with the addresses, by whoever takes or frees one.
    pub in_use: u64,
}

/// A subnet's association with a network ACL.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SubnetAcl {
    /// `aclassoc-…`.
    pub association: String,
    /// `acl-…`.
    pub acl: NetworkAclId,
}

impl Record for Subnet {
    const TABLE: &'static str = "subnet";
    fn key(&self) -> String {
        self.id.to_string()
    }
}
