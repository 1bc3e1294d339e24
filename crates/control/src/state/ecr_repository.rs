//! Repositories of Amazon ECR.

use super::{Record, Tags};
use aws::{
    api::ecr::{ImageTagMutability, ImageTagMutabilityExclusionFilter},
    doc::Timestamp,
};
use serde::{Deserialize, Serialize};

/// A repository: what is said of it. Its images, tags and layers are records of their own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EcrRepository {
    /// Unique in the region.
    pub name: String,
    /// When it was made.
    pub created: Timestamp,
    /// Whether a tag may come to mean another image.
    pub mutability: ImageTagMutability,
    /// The tags of which the opposite holds.
    pub exclusions: Vec<ImageTagMutabilityExclusionFilter>,
    /// Whether images are to be scanned when they are pushed.
    pub scan_on_push: bool,
    /// Its tags as a resource.
    pub tags: Tags,
    /// Its repository policy, as it was given.
    pub policy: Option<String>,
    /// Its lifecycle policy.
    pub lifecycle: Option<EcrLifecycle>,
    /// The lifecycle policy whose preview was started last, as it was given.
    pub preview: Option<String>,
}

/// A repository's lifecycle policy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EcrLifecycle {
    /// The policy as it was given.
    pub text: String,
    /// When it was last held against the images.
    pub evaluated: Timestamp,
    /// When it will be held against them again: because time alone makes it expire another image then, or because there is more to do.
    pub due: Option<Timestamp>,
    /// How many images there were.
    #[serde(default)]
    pub images: usize,
}

impl Record for EcrRepository {
    const TABLE: &'static str = "ecr_repository";
    fn key(&self) -> String {
        self.name.clone()
    }
}
