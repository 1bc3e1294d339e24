//! VPC peering connections.

use super::{Record, Tags};
use aws::doc::Timestamp;
use serde::{Deserialize, Serialize};
use vpc::{IpNet, PeeringId, VpcId};

/// A VPC peering connection ("VpcPeeringConnection", Amazon EC2 API Reference).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VpcPeering {
    /// `pcx-…`.
    pub id: PeeringId,
    /// The VPC that asked.
    pub requester: PeeringEnd,
    /// The VPC that was asked.
    pub accepter: PeeringEnd,
    /// Where in its life it is.
    pub status: PeeringStatus,
    /// When a request that nobody accepts expires: seven days after it was made.
    pub expires_at: Timestamp,
    /// Its tags.
    pub tags: Tags,
}

/// One side of a peering connection.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PeeringEnd {
    /// The VPC.
    pub vpc: VpcId,
    /// Its ranges, kept for when the VPC is gone.
    pub cidrs: Vec<IpNet>,
    /// `AllowDnsResolutionFromRemoteVpc`.
    pub dns_resolution: bool,
}

/// The states of a peering connection ("VPC peering connection lifecycle", Amazon VPC Peering Guide).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum PeeringStatus {
    /// Waiting to be accepted.
    PendingAcceptance,
    /// It carries packets.
    Active,
    /// The other side said no.
    Rejected,
    /// Nobody said anything.
    Expired,
    /// The two can't be peered: their ranges overlap.
    Failed,
    /// One side took it away.
    Deleted,
}

impl PeeringStatus {
    /// As on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PendingAcceptance => "pending-acceptance",
            Self::Active => "active",
            Self::Rejected => "rejected",
            Self::Expired => "expired",
            Self::Failed => "failed",
            Self::Deleted => "deleted",
        }
    }
}

impl VpcPeering {
    /// Whether it is between these two VPCs, whichever of them asked.
    pub fn joins(&self, a: &VpcId, b: &VpcId) -> bool {
        let (one, other) = (&self.requester.vpc, &self.accepter.vpc);
        (one == a && other == b) || (one == b && other == a)
    }
}

impl Record for VpcPeering {
    const TABLE: &'static str = "vpc_peering";
    fn key(&self) -> String {
        self.id.to_string()
    }
}
