//! Tags of what Amazon EC2 has: given with a call, changed by another.

use super::super::{Wanted, call, changed_tags};
use crate::Tx;
use aws::{api::ec2::API, fault::Fault};
use serde_json::{Value, json};

/// `TagSpecifications` of a call that makes something of this kind; nothing where there are no tags.
pub(super) fn specification(kind: &str, wanted: &Wanted<'_>) -> Value {
    match wanted.tag_list("Key", "Value") {
        Value::Array(tags) if tags.is_empty() => Value::Null,
        tags => json!([{ "ResourceType": kind, "Tag": tags }]),
    }
}

/// Brings tags in line with what is wanted.
///
/// # Errors
/// Those of CreateTags and DeleteTags.
pub(super) fn update(tx: &mut Tx<'_>, id: &str, before: &Wanted<'_>, wanted: &Wanted<'_>) -> Result<(), Fault> {
    let (set, removed) = changed_tags(before, wanted);
    if !set.is_empty() {
        let tags: Value = set.into_iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect();
        call(tx, &API, "CreateTags", json!({ "ResourceId": [id], "Tag": tags }))?;
    }
    if !removed.is_empty() {
        let tags: Value = removed.into_iter().map(|key| json!({ "Key": key })).collect();
        call(tx, &API, "DeleteTags", json!({ "ResourceId": [id], "Tag": tags }))?;
    }
    Ok(())
}
