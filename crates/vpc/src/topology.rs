//! One VPC whole: what a host enforces and what a verdict is given over.

use crate::{Interface, InterfaceId, SecurityGroup, SecurityGroupId, SubnetId};
use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr},
};

/// One VPC with everything in it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vpc {
    /// Its address ranges, the primary one first.
    pub cidrs: Vec<IpNet>,
    /// Its subnets.
    pub subnets: BTreeMap<SubnetId, Subnet>,
    /// Its security groups.
    pub security_groups: BTreeMap<SecurityGroupId, SecurityGroup>,
    /// Every interface in it, on whichever host.
    pub interfaces: BTreeMap<InterfaceId, Interface>,
}

/// One subnet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subnet {
    /// Its address range, inside one of the VPC's.
    pub cidr: IpNet,
}

impl Subnet {
    /// The router's address in the subnet: the first after the network's own ("Subnet CIDR blocks", Amazon VPC User Guide).
    pub fn gateway(&self) -> IpAddr {
        offset(self.cidr.network(), 1)
    }
}

impl Vpc {
    /// The Amazon DNS server's address: the base of the primary range plus two ("DNS attributes for your VPC", Amazon VPC User Guide).
    pub fn resolver(&self) -> Option<IpAddr> {
        self.cidrs.first().map(|cidr| offset(cidr.network(), 2))
    }
}

fn offset(base: IpAddr, by: u8) -> IpAddr {
    match base {
        IpAddr::V4(a) => Ipv4Addr::from(u32::from(a).wrapping_add(u32::from(by))).into(),
        IpAddr::V6(a) => std::net::Ipv6Addr::from(u128::from(a).wrapping_add(u128::from(by))).into(),
    }
}
