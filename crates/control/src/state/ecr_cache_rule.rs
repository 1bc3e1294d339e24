//! Pull through cache rules of Amazon ECR.

use super::Record;
use aws::{api::ecr::UpstreamRegistry, doc::Timestamp};
use serde::{Deserialize, Serialize};

/// A rule: repositories whose names start with a prefix are filled from another registry when they are pulled from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EcrCacheRule {
    /// The prefix, without a slash at its end, or `ROOT` for every repository that no other rule is for.
    pub prefix: String,
    /// The other registry's host.
    pub upstream_url: String,
    /// Which one that is.
    pub upstream: UpstreamRegistry,
    /// The prefix of the names there, or `ROOT`, which also is what holds if none was given.
    pub upstream_prefix: Option<String>,
    /// The secret with the other registry's credentials.
    pub credential_arn: Option<String>,
    /// When it was made.
    pub created: Timestamp,
    /// When it was last changed.
    pub updated: Timestamp,
}

impl Record for EcrCacheRule {
    const TABLE: &'static str = "ecr_cache_rule";
    fn key(&self) -> String {
        self.prefix.clone()
    }
}
