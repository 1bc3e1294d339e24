//! Tags of namespaces and services.

use super::super::{Wanted, call, changed_tags};
use crate::Tx;
use aws::{api::servicediscovery::API, fault::Fault};
use serde_json::{Value, json};

/// Brings tags in line with what is wanted.
///
/// # Errors
/// Those of TagResource and UntagResource.
pub(super) fn update(tx: &mut Tx<'_>, arn: &str, before: &Wanted<'_>, wanted: &Wanted<'_>) -> Result<(), Fault> {
    let (set, removed) = changed_tags(before, wanted);
    if !set.is_empty() {
        let tags: Value = set.into_iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect();
        call(tx, &API, "TagResource", json!({ "ResourceARN": arn, "Tags": tags }))?;
    }
    if !removed.is_empty() {
        call(tx, &API, "UntagResource", json!({ "ResourceARN": arn, "TagKeys": removed }))?;
    }
    Ok(())
}
