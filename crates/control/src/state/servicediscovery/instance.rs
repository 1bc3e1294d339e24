//! Instances of AWS Cloud Map's services: what is found.

use crate::state::Record;
use serde::{Deserialize, Serialize};
use spec::Millis;
use std::collections::BTreeMap;

/// A registered instance ("Instance", AWS Cloud Map API Reference).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiscoveryInstance {
    /// The id of its service.
    pub service: String,
    /// Its own id, unique in its service; that of the task where Amazon ECS registered it.
    pub id: String,
    /// Its attributes, AWS's own such as `AWS_INSTANCE_IPV4` among them.
    pub attributes: BTreeMap<String, String>,
    /// The id of the request that registered it, if there was one.
    pub creator_request_id: Option<String>,
    /// Whether it is healthy. One whose service has no health check always is.
    pub healthy: bool,
    /// Its health as it will be, if nobody says otherwise meanwhile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<HealthChange>,
}

/// A change of health that takes its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct HealthChange {
    /// What it changes to.
    pub healthy: bool,
    /// When.
    pub at: Millis,
}

impl DiscoveryInstance {
    /// What the keys of a service's instances start with.
    pub fn prefix(service: &str) -> String {
        format!("{service}/")
    }

    /// The key of an instance.
    pub fn key_of(service: &str, id: &str) -> String {
        format!("{service}/{id}")
    }

    /// The value of an attribute.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.get(name).map(String::as_str)
    }
}

impl Record for DiscoveryInstance {
    const TABLE: &'static str = "discovery_instance";
    fn key(&self) -> String {
        Self::key_of(&self.service, &self.id)
    }
}
