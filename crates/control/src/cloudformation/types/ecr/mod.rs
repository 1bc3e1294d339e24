//! Amazon ECR: repositories, pull through cache rules and the registry's policy.

mod cache_rule;
mod registry_policy;
mod repository;
#[cfg(test)]
mod tests;

use super::Types;

/// This service's types.
pub(super) const TYPES: Types = &[
    ("AWS::ECR::PullThroughCacheRule", &cache_rule::PullThroughCacheRule),
    ("AWS::ECR::RegistryPolicy", &registry_policy::RegistryPolicy),
    ("AWS::ECR::Repository", &repository::Repository),
];
