//! Tags of images in Amazon ECR.

use super::Record;
use serde::{Deserialize, Serialize};

/// A name for an image.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EcrTag {
    /// The repository's name.
    pub repository: String,
    /// Unique in the repository.
    pub tag: String,
    /// The digest of the image it stands for.
    pub digest: String,
}

impl EcrTag {
    /// The key of a tag. A repository's name holds no colon.
    pub fn key_of(repository: &str, tag: &str) -> String {
        format!("{repository}:{tag}")
    }
}

impl Record for EcrTag {
    const TABLE: &'static str = "ecr_tag";
    fn key(&self) -> String {
        Self::key_of(&self.repository, &self.tag)
    }
}
