//! Elastic network interfaces.

use super::{Record, Tags};
use aws::doc::Timestamp;
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};
use vpc::{Holder, InterfaceId, Mac, SecurityGroupId, SubnetId, VpcId};

/// An elastic network interface ("NetworkInterface", Amazon EC2 API Reference).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NetworkInterface {
    /// `eni-…`.
    pub id: InterfaceId,
    /// The VPC it is in; never changes.
    pub vpc: VpcId,
    /// The subnet it is in; never changes.
    pub subnet: SubnetId,
    /// The primary private address, of the subnet's range; never changes.
    pub private_ip: IpAddr,
    /// The hardware address; never changes.
    pub mac: Mac,
    /// Its other private addresses, of the same range.
    pub secondary_ips: BTreeSet<IpAddr>,
    /// The public addresses mapped to its private ones: given with it, or Elastic IP addresses.
    pub public_ips: BTreeMap<IpAddr, PublicIp>,
    /// Its security groups, of the same VPC; at least one, but for a NAT gateway's, which has none.
    pub security_groups: BTreeSet<SecurityGroupId>,
    /// What the requester says of it.
    pub description: String,
    /// What is behind it. All but a user's are made and managed by a service ("Requester-managed network interfaces", Amazon EC2
    /// User Guide).
    pub holder: Holder,
    /// `eni-attach-…` and when it was attached; none for one that a user made, as there is nothing to attach it to.
    pub attachment: Option<InterfaceAttachment>,
    /// Whether it may send from and receive for its own addresses only (`SourceDestCheck`).
    pub source_dest_check: bool,
    /// Its tags.
    pub tags: Tags,
}

/// How an interface is attached to what it was made for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InterfaceAttachment {
    /// `eni-attach-…`.
    pub id: String,
    /// When, which is when it was made.
    pub at: Timestamp,
}

/// A public address of an interface.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PublicIp {
    /// The address.
    pub ip: IpAddr,
    /// `eipalloc-…` of the Elastic IP address it is; none for one that came with the interface.
    pub allocation: Option<String>,
}

impl NetworkInterface {
    /// All its private addresses, the primary one first.
    pub fn private_ips(&self) -> impl Iterator<Item = IpAddr> {
        std::iter::once(self.private_ip).chain(self.secondary_ips.iter().copied())
    }

    /// The public address of its primary private one.
    pub fn public_ip(&self) -> Option<IpAddr> {
        self.public_ips.get(&self.private_ip).map(|public| public.ip)
    }
}

impl Record for NetworkInterface {
    const TABLE: &'static str = "network_interface";
    fn key(&self) -> String {
        self.id.to_string()
    }
}
