//! Places of properties: `A/B/*/C` is `C` of each entry of the list `B` of `A`. The registry writes the same as `/properties/A/B/*/C`.

use serde_json::Value;

/// The names on a path, with or without the registry's `/properties/` before it.
pub(crate) fn segments(path: &str) -> impl Iterator<Item = &str> + Clone {
    path.strip_prefix("/properties/").unwrap_or(path).split('/').filter(|segment| !segment.is_empty())
}

/// Whether two names on paths may be the same; `*` is any of a list's entries or of a map's keys.
pub(crate) fn same(one: &str, other: &str) -> bool {
    one == other || one == "*" || other == "*"
}

/// Whether a value has something at this path. `*` is any entry of a list or any member of an object; a list on the way is looked into even
/// where the path does not say so. Functions that are not computed yet have nothing in them.
pub fn has(value: &Value, path: &str) -> bool {
    found(value, segments(path))
}

fn found<'a>(value: &Value, mut rest: impl Iterator<Item = &'a str> + Clone) -> bool {
    let here = rest.clone();
    match (rest.next(), value) {
        (None, value) => !value.is_null(),
        (Some("*"), Value::Array(items)) => items.iter().any(|item| found(item, rest.clone())),
        (Some("*"), Value::Object(members)) => members.values().any(|member| found(member, rest.clone())),
        (Some(_), Value::Array(items)) => items.iter().any(|item| found(item, here.clone())),
        (Some(name), Value::Object(members)) => members.get(name).is_some_and(|member| found(member, rest)),
        (Some(_), _) => false,
    }
}
