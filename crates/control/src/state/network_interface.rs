//! Elastic network interfaces.

use super::{Record, Tags};
use aws::doc::Timestamp;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeSet, net::IpAddr};
use vpc::{InterfaceId, Mac, SecurityGroupId, SubnetId, VpcId};

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
    /// The public address mapped to the private one.
    pub public_ip: Option<IpAddr>,
    /// Its security groups, of the same VPC; at least one.
    pub security_groups: BTreeSet<SecurityGroupId>,
    /// What the requester says of it.
    pub description: String,
    /// On whose behalf it was made.
    pub requester: Requester,
    /// `eni-attach-…`.
    pub attachment: String,
    /// When it was attached, which is when it was made.
    pub attached_at: Timestamp,
    /// Its tags.
    pub tags: Tags,
}

/// Whose interface it is. Every one here is made and managed by a service ("Requester-managed network interfaces",
/// Amazon EC2 User Guide).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Requester {
    /// Amazon ECS, for a Fargate task.
    Ecs,
}

impl Record for NetworkInterface {
    const TABLE: &'static str = "network_interface";
    fn key(&self) -> String {
        self.id.to_string()
    }
}
