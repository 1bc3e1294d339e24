//! Namespaces: what services are named in.

use crate::state::{Record, Tags};
use aws::doc::Timestamp;
use serde::{Deserialize, Serialize};
use vpc::VpcId;

/// A namespace ("Namespace", AWS Cloud Map API Reference).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Namespace {
    /// `ns-…`.
    pub id: String,
    /// Its name as it was given, such as `shop.local`.
    pub name: String,
    /// What `DiscoverInstances` knows it by (`HttpName`); unique in the region.
    pub http_name: String,
    /// How its instances are found.
    pub kind: NamespaceKind,
    /// What a user says of it.
    pub description: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// The id of the request that made it.
    pub creator_request_id: String,
    /// Its tags.
    pub tags: Tags,
}

/// How the instances of a namespace are found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum NamespaceKind {
    /// By `DiscoverInstances` alone.
    Http,
    /// By the resolver of one VPC as well.
    PrivateDns {
        /// That VPC.
        vpc: VpcId,
        /// The private hosted zone's id, such as `Z06752353VBUDTC32S84S`.
        hosted_zone: String,
        /// Seconds that it may be believed that a name of it does not exist.
        soa_ttl: u32,
    },
}

impl Namespace {
    /// The VPC whose resolver knows its names.
    pub fn vpc(&self) -> Option<&VpcId> {
        match &self.kind {
            NamespaceKind::Http => None,
            NamespaceKind::PrivateDns { vpc, .. } => Some(vpc),
        }
    }
}

impl Record for Namespace {
    const TABLE: &'static str = "namespace";
    fn key(&self) -> String {
        self.id.clone()
    }
}
