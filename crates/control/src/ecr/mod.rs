//! Amazon ECR, as far as it is records: repositories, images and their tags, layers, policies, the registry's settings.
//!
//! Absent: manifests, the bytes of layers, and authorization tokens. Those are files of the server, which answers the operations that
//! need them (`PutImage`, `BatchGetImage`, the upload of layers, `GetAuthorizationToken`) and the OCI distribution API with the
//! functions of this module. A manifest or layer has a record here only once its file is durable.

mod cache_rules;
mod faults;
pub mod images;
pub mod layers;
mod lifecycle;
mod policies;
mod registry;
pub mod repositories;
mod scans;
mod tags;
#[cfg(test)]
mod tests;

pub use cache_rules::{Upstream, check_upstream, upstream_of};
pub use faults::invalid;
pub use lifecycle::evaluate as evaluate_lifecycle;

use crate::Service;
use aws::{
    api::ecr::{API, op},
    page::Size,
};

/// Items of one page ("DescribeRepositories", "DescribeImages", "ListImages").
const PAGE: Size = Size { default: 100, max: 1000 };

/// The operations that need no files.
pub fn service() -> Service {
    Service::new(&API)
        .write(op::CreateRepository, repositories::create)
        .write(op::DeleteRepository, repositories::delete)
        .read(op::DescribeRepositories, repositories::describe)
        .write(op::PutImageTagMutability, repositories::put_mutability)
        .write(op::PutImageScanningConfiguration, repositories::put_scanning)
        .write(op::SetRepositoryPolicy, policies::set)
        .read(op::GetRepositoryPolicy, policies::get)
        .write(op::DeleteRepositoryPolicy, policies::delete)
        .write(op::PutRegistryPolicy, registry::put_policy)
        .read(op::GetRegistryPolicy, registry::get_policy)
        .write(op::DeleteRegistryPolicy, registry::delete_policy)
        .read(op::DescribeRegistry, registry::describe)
        .write(op::PutRegistryScanningConfiguration, registry::put_scanning)
        .read(op::GetRegistryScanningConfiguration, registry::get_scanning)
        .write(op::PutLifecyclePolicy, lifecycle::put)
        .read(op::GetLifecyclePolicy, lifecycle::get)
        .write(op::DeleteLifecyclePolicy, lifecycle::delete)
        .write(op::StartLifecyclePolicyPreview, lifecycle::preview::start)
        .read(op::GetLifecyclePolicyPreview, lifecycle::preview::get)
        .read(op::DescribeImages, images::describe)
        .read(op::ListImages, images::list)
        .write(op::BatchDeleteImage, images::batch_delete)
        .read(op::StartImageScan, scans::start)
        .read(op::DescribeImageScanFindings, scans::findings)
        .write(op::BatchCheckLayerAvailability, layers::batch_check)
        .write(op::CreatePullThroughCacheRule, cache_rules::create)
        .read(op::DescribePullThroughCacheRules, cache_rules::describe)
        .write(op::UpdatePullThroughCacheRule, cache_rules::update)
        .write(op::DeletePullThroughCacheRule, cache_rules::delete)
        .read(op::ValidatePullThroughCacheRule, cache_rules::validate)
        .read(op::ListTagsForResource, tags::list)
        .write(op::TagResource, tags::tag)
        .write(op::UntagResource, tags::untag)
}
