//! Amazon ECS: clusters, task definitions and services.

mod capacity_providers;
mod cluster;
mod service;
mod steady;
mod tags;
mod task_definition;
#[cfg(test)]
mod tests;

use super::Types;

/// This service's types.
pub(super) const TYPES: Types = &[
    ("AWS::ECS::Cluster", &cluster::Cluster),
    ("AWS::ECS::ClusterCapacityProviderAssociations", &capacity_providers::Associations),
    ("AWS::ECS::Service", &service::Service),
    ("AWS::ECS::TaskDefinition", &task_definition::TaskDefinition),
];

/// Maps of the user's own words in this service's properties.
const FREE: &[&str] = &["DockerLabels", "DriverOpts", "Labels", "Options"];
