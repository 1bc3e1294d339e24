//! What an update makes of one resource.

use super::super::types::{ResourceType, Wanted};
use resourcetypes::{Replacement, Schema, Tags};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// What has to be done so that a resource becomes what is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cloudformation) enum Change {
    /// Nothing: it is that.
    None,
    /// It is changed in place.
    Update,
    /// Another one takes its place.
    Replace,
}

/// Paths of what differs in two resources' properties, as deep as both are objects.
fn changed(before: &Value, after: &Value) -> Vec<String> {
    let mut paths = Vec::new();
    differences(before, after, "", &mut paths);
    paths
}

fn differences(before: &Value, after: &Value, path: &str, paths: &mut Vec<String>) {
    let (Value::Object(old), Value::Object(new)) = (before, after) else {
        if before != after {
            paths.push(path.to_owned());
        }
        return;
    };
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    for name in names {
        let value = |of: &Map<String, Value>| of.get(name).cloned().unwrap_or_default();
        let path = if path.is_empty() { name.clone() } else { format!("{path}/{name}") };
        differences(&value(old), &value(new), &path, paths);
    }
}

/// What has to be done, by what the type's schema says of each property that differs.
pub(in crate::cloudformation) fn change_of(
    found: &dyn ResourceType,
    schema: &Schema,
    before: &Wanted<'_>,
    wanted: &Wanted<'_>,
) -> Change {
    let differing = changed(before.properties, wanted.properties);
    let tags = schema.tags() != Tags::None && before.tags != wanted.tags;
    if differing.is_empty() && !tags {
        return Change::None;
    }
    let replaces = differing.iter().any(|path| match schema.replacement(path) {
        // Some types need it where their schemas don't say so.
        Replacement::Never | Replacement::Conditionally => found.replaces(before, wanted),
        Replacement::Always => true,
    });
    if replaces { Change::Replace } else { Change::Update }
}
