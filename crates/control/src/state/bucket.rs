//! Buckets of Amazon S3.

use super::Record;
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
    /// Whether a stack has made it and the server does not keep objects of it yet.
    #[serde(default)]
    pub is_new: bool,
}

impl Record for Bucket {
    const TABLE: &'static str = "s3_bucket";
    fn key(&self) -> String {
        self.name.clone()
    }
}
