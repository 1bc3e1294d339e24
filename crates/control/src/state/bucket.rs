//! Buckets of Amazon S3.

use super::{Record, Tags};
use aws::doc::Timestamp;
use serde::{Deserialize, Serialize};

/// A bucket ("Bucket", Amazon S3 API Reference). What is in it is not kept here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bucket {
    /// Its name; never changes.
    pub name: String,
    /// When it was made.
    pub created: Timestamp,
    /// Its policy, as it was given.
    pub policy: Option<String>,
    /// Its tags.
    #[serde(default)]
    pub tags: Tags,
    /// Whether it has its block of public access: all four of its settings are on, as for every new bucket.
    #[serde(default = "yes")]
    pub has_public_access_block: bool,
    /// Whether it has its ownership controls: `BucketOwnerEnforced`, as every new bucket.
    #[serde(default = "yes")]
    pub has_ownership_controls: bool,
}

fn yes() -> bool {
    true
}

impl Record for Bucket {
    const TABLE: &'static str = "s3_bucket";
    fn key(&self) -> String {
        self.name.clone()
    }
}
