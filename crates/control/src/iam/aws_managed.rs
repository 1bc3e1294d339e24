//! AWS managed policies: those that users of Amazon ECS attach. They are the same in every account and nobody changes them.
//!
//! The documents allow what AWS's allow as far as it concerns services that this region has or a task may be meant to use; AWS's own
//! are longer where they list every service there is (`ReadOnlyAccess`).

use super::id;
use aws::doc::Timestamp;
use serde::Deserialize;
use std::sync::OnceLock;

/// An AWS managed policy.
#[derive(Debug, Deserialize)]
pub(super) struct AwsManaged {
    pub(super) path: String,
    pub(super) name: String,
    #[serde(deserialize_with = "as_text")]
    pub(super) document: String,
}

/// When all of them were made: 2015-02-06, as most of AWS's older ones.
pub(super) const CREATED: Timestamp = Timestamp { millis: 1_423_247_000_000 };

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

fn as_text<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    serde_json::Value::deserialize(deserializer).map(|document| format!("{document:#}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_document_is_right_and_every_arn_is_one() {
        assert!(all().len() >= 25, "{}", all().len());
        for policy in all() {
            crate::iam::document::check(&policy.document).unwrap_or_else(|fault| panic!("{}: {fault}", policy.name));
            assert!(std::ptr::eq(get(&policy.arn()).unwrap(), policy));
        }
    }
}
