//! Elastic network interfaces.

use crate::{EndpointId, LoadBalancerId, NatGatewayId, SecurityGroupId, SubnetId};
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    net::IpAddr,
    str::FromStr,
};

/// An elastic network interface as the network sees it ("Elastic network interfaces", Amazon VPC User Guide).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interface {
    /// The subnet it was made in; never changes.
    pub subnet: SubnetId,
    /// The primary private address, from the subnet's range.
    pub private_ip: IpAddr,
    /// The hardware address.
    pub mac: Mac,
    /// Its other private addresses, of the same range.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub secondary_ips: BTreeSet<IpAddr>,
    /// Which of its private addresses an internet gateway maps to which public ones.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub public_ips: BTreeMap<IpAddr, IpAddr>,
    /// Its security groups, one to five by default; what any of them allows is allowed. A NAT gateway's interface has none, and isn't filtered.
    pub security_groups: BTreeSet<SecurityGroupId>,
    /// Whether it may send from and receive for its own addresses only (`SourceDestCheck`).
    pub source_dest_check: bool,
    /// What is behind it.
    #[serde(default, skip_serializing_if = "Holder::is_task")]
    pub holder: Holder,
}

/// What is behind an interface.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Holder {
    /// A task's containers.
    #[default]
    Task,
    /// Whatever a user runs there (`neargate from`): an interface that belongs to nothing.
    User,
    /// A NAT gateway, which forwards and has no security groups ("NAT gateways", Amazon VPC User Guide).
    NatGateway(NatGatewayId),
    /// An interface endpoint: an AWS service ("Access AWS services through AWS PrivateLink", AWS PrivateLink Guide).
    Endpoint(EndpointId),
    /// A load balancer's node in one zone ("How Elastic Load Balancing works", Elastic Load Balancing User Guide).
    LoadBalancer(LoadBalancerId),
}

impl Holder {
    /// Whether it is a task, as most are.
    pub fn is_task(&self) -> bool {
        *self == Self::Task
    }

    /// Whether a machine is behind it, not a part of the network.
    pub fn is_machine(&self) -> bool {
        matches!(self, Self::Task | Self::User | Self::LoadBalancer(_))
    }
}

impl Interface {
    /// All its private addresses, the primary one first.
    pub fn private_ips(&self) -> impl Iterator<Item = IpAddr> {
        std::iter::once(self.private_ip).chain(self.secondary_ips.iter().copied())
    }

    /// Whether an address is one of its private ones.
    pub fn has(&self, address: IpAddr) -> bool {
        self.private_ip == address || self.secondary_ips.contains(&address)
    }

    /// Whether security groups filter it. They filter all but a Network Load Balancer's that was made without, and a NAT gateway's ("NAT gateways", Amazon VPC User Guide: "You can't
    /// associate a security group with a NAT gateway").
    pub fn filtered(&self) -> bool {
        match self.holder {
            Holder::NatGateway(_) => false,
            Holder::LoadBalancer(_) => !self.security_groups.is_empty(),
            _ => true,
        }
    }

    /// Whether it is a Network Load Balancer's node, which sends on what clients sent, from their addresses.
    pub fn is_forwarding_node(&self) -> bool {
        matches!(self.holder, Holder::LoadBalancer(_)) && !self.source_dest_check
    }
}

/// A hardware address. Those neargate makes are locally administered and unicast (IEEE 802), as AWS's are.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Mac(pub [u8; 6]);

/// A text that is not six hexadecimal bytes separated by colons.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseMacError(String);

impl fmt::Display for ParseMacError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is not a hardware address such as 0a:1b:2c:3d:4e:5f", self.0)
    }
}
impl std::error::Error for ParseMacError {}

impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}
impl fmt::Debug for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
impl FromStr for Mac {
    type Err = ParseMacError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || ParseMacError(text.to_owned());
        let mut bytes = [0; 6];
        let mut parts = text.split(':');
        for byte in &mut bytes {
            let part =
                parts.next().filter(|p| p.len() == 2 && p.bytes().all(|b| b.is_ascii_hexdigit())).ok_or_else(wrong)?;
            *byte = u8::from_str_radix(part, 16).map_err(|_| wrong())?;
        }
        if parts.next().is_some() { Err(wrong()) } else { Ok(Self(bytes)) }
    }
}
impl From<Mac> for String {
    fn from(mac: Mac) -> Self {
        mac.to_string()
    }
}
impl TryFrom<String> for Mac {
    type Error = ParseMacError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::Mac;

    #[test]
    fn a_hardware_address_reads_back_as_written() {
        let mac = Mac([0x0a, 0xff, 0, 1, 2, 0xab]);
        assert_eq!(mac.to_string(), "0a:ff:00:01:02:ab");
        assert_eq!(mac.to_string().parse(), Ok(mac));
        for wrong in
            ["", "0a:ff:00:01:02", "0a:ff:00:01:02:ab:cd", "0a:ff:00:01:02:zz", "a:f:0:1:2:b", "+a:ff:00:01:02:ab"]
        {
            assert!(wrong.parse::<Mac>().is_err(), "{wrong}");
        }
    }
}
