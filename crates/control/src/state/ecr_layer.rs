//! Blobs that Amazon ECR's repositories have: layers and configurations. The bytes are files of the server.

use super::Record;
use aws::doc::Timestamp;
use serde::{Deserialize, Serialize};

/// A blob in a repository. As long as there is a record of it in any repository, the server keeps its file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EcrLayer {
    /// The repository's name.
    pub repository: String,
    /// Its digest, such as `sha256:…`.
    pub digest: String,
    /// Its length in bytes.
    pub size: u64,
    /// When somebody last had a reason to count on it, apart from images: it was uploaded, mounted, asked for, or an image with it
    /// was deleted.
    pub used: Timestamp,
}

impl EcrLayer {
    /// The key of a layer. A repository's name holds no colon.
    pub fn key_of(repository: &str, digest: &str) -> String {
        format!("{repository}:{digest}")
    }
}

impl Record for EcrLayer {
    const TABLE: &'static str = "ecr_layer";
    fn key(&self) -> String {
        Self::key_of(&self.repository, &self.digest)
    }
}
