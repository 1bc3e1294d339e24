//! Images of Amazon ECR's repositories: what their manifests say. The manifests themselves are files of the server.

use super::Record;
use aws::doc::Timestamp;
use serde::{Deserialize, Serialize};

/// An image, an index of images, or another artifact: whatever a manifest describes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EcrImage {
    /// Its repository's name.
    pub repository: String,
    /// Its manifest's digest, such as `sha256:…`.
    pub digest: String,
    /// Its manifest's media type.
    pub media_type: String,
    /// Its manifest's length in bytes.
    pub manifest_size: u64,
    /// What it is an artifact of: the manifest's `artifactType`, or its configuration's media type.
    pub artifact_type: Option<String>,
    /// Bytes of its configuration and layers; of an index the largest of its images'.
    pub size: u64,
    /// When it was pushed.
    pub pushed: Timestamp,
    /// When it was last recorded to be pulled.
    pub pulled: Option<Timestamp>,
    /// Digests of the configuration and the layers it needs.
    pub layers: Vec<String>,
    /// Digests of the manifests it lists, if it is an index.
    pub children: Vec<String>,
    /// The digest of the manifest it refers to (OCI image specification, `subject`).
    pub subject: Option<String>,
}

impl EcrImage {
    /// The key of an image. A repository's name holds no colon, so the images of one start with its name and a colon.
    pub fn key_of(repository: &str, digest: &str) -> String {
        format!("{repository}:{digest}")
    }
}

impl Record for EcrImage {
    const TABLE: &'static str = "ecr_image";
    fn key(&self) -> String {
        Self::key_of(&self.repository, &self.digest)
    }
}
