//! Network ACLs.

use super::{Record, Tags};
use serde::{Deserialize, Serialize};
use vpc::{IpNet, IpProtocol, NetworkAclId, Ports, VpcId};

/// A network access control list ("NetworkAcl", Amazon EC2 API Reference). Which subnets it is for stands with them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NetworkAcl {
    /// `acl-…`.
    pub id: NetworkAclId,
    /// The VPC it is in; never changes.
    pub vpc: VpcId,
    /// Whether it is the one new subnets of its VPC get.
    pub is_default: bool,
    /// Its entries. The last word, rule 32767 that denies everything, is in every ACL and not kept.
    pub entries: Vec<AclEntry>,
    /// Its tags.
    pub tags: Tags,
}

/// An entry of a network ACL.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AclEntry {
    /// Entries are looked at from the lowest number up: 1 to 32766.
    pub number: u16,
    /// Whether it speaks of what leaves the subnet.
    pub egress: bool,
    /// The protocol.
    pub protocol: IpProtocol,
    /// The ports or ICMP messages.
    pub ports: Ports,
    /// The other side.
    pub cidr: IpNet,
    /// Whether it allows, not denies.
    pub allow: bool,
}

impl Record for NetworkAcl {
    const TABLE: &'static str = "network_acl";
    fn key(&self) -> String {
        self.id.to_string()
    }
}
