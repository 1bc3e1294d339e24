//! Whether a tag may come to mean another image ("Preventing image tags from being overwritten in Amazon ECR").

use crate::{state::EcrRepository, wildcard::Pattern};
use aws::api::ecr::ImageTagMutability;

pub(super) fn is_mutable(repository: &EcrRepository, tag: &str) -> bool {
    let excluded = || {
        let filters = repository.exclusions.iter().filter_map(|filter| filter.filter.as_deref());
        filters.into_iter().any(|filter| Pattern::read(filter).fits(tag))
    };
    match repository.mutability {
        ImageTagMutability::Mutable => true,
        ImageTagMutability::Immutable => false,
        ImageTagMutability::MutableWithExclusion => !excluded(),
        ImageTagMutability::ImmutableWithExclusion => excluded(),
    }
}
