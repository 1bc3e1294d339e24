//! Clusters: names under which tasks run.

use super::Record;
use aws::api::ecs::{CapacityProviderStrategyItem, ClusterConfiguration, ClusterSetting, Tag};
use serde::{Deserialize, Serialize};

/// A cluster. One that was deleted stays as inactive, as in AWS.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cluster {
    /// Its name, unique in the region.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// Whether it may be used.
    pub status: ClusterStatus,
    /// Its settings (`containerInsights`).
    pub settings: Vec<ClusterSetting>,
    /// How ECS Exec and managed storage are configured.
    pub configuration: Option<ClusterConfiguration>,
    /// `FARGATE`, `FARGATE_SPOT` or both.
    pub capacity_providers: Vec<String>,
    /// Which of them tasks use that name neither a launch type nor a strategy.
    pub default_capacity_provider_strategy: Vec<CapacityProviderStrategyItem>,
    /// The ARN of the namespace that services with Service Connect join which name none (`serviceConnectDefaults`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connect_namespace: Option<String>,
    /// Its tags, in the order they were set.
    pub tags: Vec<Tag>,
}

/// The states of a cluster that neargate has: neither of AWS's provisioning states lasts here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ClusterStatus {
    /// In use.
    Active,
    /// Deleted, but still described.
    Inactive,
}

impl ClusterStatus {
    /// As on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::Inactive => "INACTIVE",
        }
    }
}

impl Record for Cluster {
    const TABLE: &'static str = "cluster";
    fn key(&self) -> String {
        self.name.clone()
    }
}
