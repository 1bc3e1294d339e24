//! VPCs.

use super::{Record, Tags};
use serde::{Deserialize, Serialize};
use vpc::{IpNet, VpcId};

/// A virtual private cloud ("Vpc", Amazon EC2 API Reference).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Vpc {
    /// `vpc-…`.
    pub id: VpcId,
    /// Its address ranges, the primary one first; never empty.
    pub cidrs: Vec<VpcCidr>,
    /// Whether it is the region's default VPC.
    pub is_default: bool,
    /// Its DHCP options set.
    pub dhcp_options: String,
    /// `enableDnsSupport`: whether the Amazon DNS server answers in it.
    pub dns_support: bool,
    /// `enableDnsHostnames`: whether its interfaces get DNS names.
    pub dns_hostnames: bool,
    /// Its tags.
    pub tags: Tags,
}

/// An address range of a VPC.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VpcCidr {
    /// `vpc-cidr-assoc-…`.
    pub association: String,
    /// The range.
    pub cidr: IpNet,
}

impl Record for Vpc {
    const TABLE: &'static str = "vpc";
    fn key(&self) -> String {
        self.id.to_string()
    }
}
