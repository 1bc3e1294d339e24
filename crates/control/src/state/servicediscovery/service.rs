//! Services of AWS Cloud Map: what instances are registered in.

use crate::state::{Record, Tags};
use aws::{
    api::servicediscovery::{RecordType, RoutingPolicy},
    doc::Timestamp,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A service of AWS Cloud Map ("Service", AWS Cloud Map API Reference).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DiscoveryService {
    /// `srv-…`.
    pub id: String,
    /// The id of its namespace.
    pub namespace: String,
    /// Its name as it was given, such as `api`.
    pub name: String,
    /// What a user says of it.
    pub description: Option<String>,
    /// The DNS records its instances get; none where they are found by `DiscoverInstances` alone.
    pub dns: Option<DiscoveryDns>,
    /// Whether its instances have a health that is told (`HealthCheckCustomConfig`).
    pub custom_health: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// The id of the request that made it.
    pub creator_request_id: String,
    /// Its tags.
    pub tags: Tags,
    /// Its attributes (`UpdateServiceAttributes`).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, String>,
    /// The key of the service of Amazon ECS that it was made for by Service Connect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Grows with every change of its instances (`InstancesRevision`).
    pub revision: i64,
}

/// The DNS records that the instances of a service get.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiscoveryDns {
    /// How many of them an answer has.
    pub policy: RoutingPolicy,
    /// Their types, each with the seconds that an answer may be kept; at least one.
    pub records: Vec<(RecordType, u32)>,
}

impl DiscoveryDns {
    /// The seconds that answers of a type may be kept, if there are any.
    pub fn ttl(&self, kind: RecordType) -> Option<u32> {
        self.records.iter().find(|(of, _)| *of == kind).map(|(_, ttl)| *ttl)
    }
}

impl Record for DiscoveryService {
    const TABLE: &'static str = "discovery_service";
    fn key(&self) -> String {
        self.id.clone()
    }
}
