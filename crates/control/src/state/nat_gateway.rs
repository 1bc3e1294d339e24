//! NAT gateways.

use super::{Record, Tags};
use aws::doc::Timestamp;
use serde::{Deserialize, Serialize};
use spec::Revision;
use std::net::IpAddr;
use vpc::{InterfaceId, NatGatewayId, SubnetId, VpcId};

/// A NAT gateway ("NatGateway", Amazon EC2 API Reference).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NatGateway {
    /// `nat-…`.
    pub id: NatGatewayId,
    /// The VPC it is in; never changes.
    pub vpc: VpcId,
    /// The subnet it is in; never changes.
    pub subnet: SubnetId,
    /// Whether it has public addresses (`ConnectivityType`); never changes.
    pub public: bool,
    /// Where in its life it is.
    pub state: Lifecycle,
    /// The revision that it came into that state with.
    pub since: Revision,
    /// Its interface; none any more once it is deleted, and none ever of one that failed.
    pub interface: Option<InterfaceId>,
    /// Its addresses, the primary one first; none only of one that failed.
    pub addresses: Vec<NatAddress>,
    /// Why it could not be made, if it failed.
    pub failure: Option<NatFailure>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When its deletion was asked for.
    pub deleted_at: Option<Timestamp>,
    /// Its tags. `neargate:bandwidth` sets what it carries.
    pub tags: Tags,
}

/// Why a NAT gateway could not be made ("Troubleshoot NAT gateways", Amazon VPC User Guide).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NatFailure {
    /// Such as `Gateway.NotAttached`.
    pub code: String,
    /// What it means.
    pub message: String,
    /// `eipalloc-…` that it was to have; none for a private gateway.
    pub allocation: Option<String>,
}

/// An address of a NAT gateway.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NatAddress {
    /// The private address.
    pub private_ip: IpAddr,
    /// `eipalloc-…` of the Elastic IP address, and that address and `eipassoc-…`, for public gateways.
    pub elastic_ip: Option<NatElasticIp>,
    /// The revision that gave it to the gateway. Hosts have it from then on.
    pub since: Revision,
}

/// The Elastic IP address of a NAT gateway's address.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NatElasticIp {
    /// `eipalloc-…`.
    pub allocation: String,
    /// `eipassoc-…`.
    pub association: String,
    /// The public address.
    pub public_ip: IpAddr,
}

/// The life of what hosts make: NAT gateways and VPC endpoints. A state ends when every host's kernel is as it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Lifecycle {
    /// Asked for; hosts are told of it. Not usable before each has it.
    Pending,
    /// Usable.
    Available,
    /// Withdrawn; a host may still have it.
    Deleting,
    /// No host has it any more. Shown for an hour.
    Deleted,
    /// It could not be made. Shown for an hour.
    Failed,
}

impl Lifecycle {
    /// Whether hosts have it or are to make it.
    pub fn lives(self) -> bool {
        matches!(self, Self::Pending | Self::Available)
    }

    /// As on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Available => "available",
            Self::Deleting => "deleting",
            Self::Deleted => "deleted",
            Self::Failed => "failed",
        }
    }
}

impl Record for NatGateway {
    const TABLE: &'static str = "nat_gateway";
    fn key(&self) -> String {
        self.id.to_string()
    }
}
