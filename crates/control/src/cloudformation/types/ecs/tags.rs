//! Tags of what Amazon ECS has.

use super::super::{Wanted, call, changed_tags};
use crate::Tx;
use aws::{api::ecs::API, fault::Fault};
use serde_json::{Value, json};

/// `tags` of a call that makes something; null where there are none.
pub(super) fn given(wanted: &Wanted<'_>) -> Value {
    match wanted.tag_list("key", "value") {
        Value::Array(tags) if tags.is_empty() => Value::Null,
        tags => tags,
    }
}

/// Brings tags in line with what is wanted.
///
/// # Errors
/// Those of TagResource and UntagResource.
pub(super) fn update(tx: &mut Tx<'_>, arn: &str, before: &Wanted<'_>, wanted: &Wanted<'_>) -> Result<(), Fault> {
    let (set, removed) = changed_tags(before, wanted);
    if !set.is_empty() {
        let tags: Value = set.into_iter().map(|(key, value)| json!({ "key": key, "value": value })).collect();
        call(tx, &API, "TagResource", json!({ "resourceArn": arn, "tags": tags }))?;
    }
    if !removed.is_empty() {
        call(tx, &API, "UntagResource", json!({ "resourceArn": arn, "tagKeys": removed }))?;
    }
    Ok(())
}
