//! Elastic IP addresses.

use super::{Record, Tags};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use vpc::InterfaceId;

/// An Elastic IP address ("Address", Amazon EC2 API Reference). While it is allocated no one else gets its address.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ElasticIp {
    /// `eipalloc-…`.
    pub allocation: String,
    /// The public address; never changes.
    pub public_ip: IpAddr,
    /// The private address it stands for now.
    pub association: Option<EipAssociation>,
    /// Its tags.
    pub tags: Tags,
}

/// What an Elastic IP address stands for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EipAssociation {
    /// `eipassoc-…`.
    pub id: String,
    /// The interface.
    pub interface: InterfaceId,
    /// One of its private addresses.
    pub private_ip: IpAddr,
}

impl Record for ElasticIp {
    const TABLE: &'static str = "elastic_ip";
    fn key(&self) -> String {
        self.allocation.clone()
    }
}
