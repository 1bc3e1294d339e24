//! AWS managed policies: those that users of Amazon ECS attach. They are the same in every account and nobody changes them.
//!
//! Documents, versions and dates are AWS's own, as of spring 2026. Of each there is the default version; older ones nobody asks for.

use super::id;
use aws::doc::Timestamp;
use serde::{Deserialize, Deserializer, de::Error};
use std::sync::OnceLock;

/// An AWS managed policy.
#[derive(Debug, Deserialize)]
pub(super) struct AwsManaged {
    pub(super) path: String,
    pub(super) name: String,
    /// The number of the default version.
    pub(super) version: u32,
    #[serde(deserialize_with = "as_moment")]
    pub(super) created: Timestamp,
    /// When the default version was made.
    #[serde(deserialize_with = "as_moment")]
    pub(super) updated: Timestamp,
    #[serde(deserialize_with = "as_text")]
    pub(super) document: String,
}

impl AwsManaged {
    pub(super) fn arn(&self) -> String {
        format!("arn:aws:iam::aws:policy{}{}", self.path, self.name)
    }
    pub(super) fn id(&self) -> String {
        id::fixed("ANPA", &self.name)
    }
}

/// Every one of them.
pub(super) fn all() -> &'static [AwsManaged] {
    static ALL: OnceLock<Vec<AwsManaged>> = OnceLock::new();
    // A test holds that the file can be read.
    ALL.get_or_init(|| serde_json::from_str(include_str!("aws_managed.json")).unwrap_or_default())
}

/// The one of an ARN.
pub(super) fn get(arn: &str) -> Option<&'static AwsManaged> {
    all().iter().find(|policy| policy.arn() == arn)
}

fn as_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    serde_json::Value::deserialize(deserializer).map(|document| format!("{document:#}"))
}

fn as_moment<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
    let text = String::deserialize(deserializer)?;
    Timestamp::from_iso8601(&text).ok_or_else(|| D::Error::custom("no moment"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_document_is_right_and_every_arn_is_one() {
        assert!(all().len() >= 70, "{}", all().len());
        for policy in all() {
            crate::iam::document::check_managed(&policy.document)
                .unwrap_or_else(|fault| panic!("{}: {fault}", policy.name));
            assert!(std::ptr::eq(get(&policy.arn()).unwrap(), policy));
        }
    }
}
