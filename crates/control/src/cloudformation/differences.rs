//! Where two resources' properties differ, as change sets and drift tell it: down to members of objects and entries of lists.

use serde_json::Value;
use std::collections::BTreeSet;

/// One place where properties differ.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Difference {
    /// The names and numbers that lead there, the first one of a property.
    pub(super) path: Vec<String>,
    /// What was there.
    pub(super) before: Option<Value>,
    /// What is there.
    pub(super) after: Option<Value>,
}

impl Difference {
    /// The path as a JSON pointer (RFC 6901) below what `start` names.
    pub(super) fn pointer(&self, start: &str) -> String {
        let parts = self.path.iter().map(|part| part.replace('~', "~0").replace('/', "~1"));
        parts.fold(start.to_owned(), |pointer, part| pointer + "/" + &part)
    }

    /// The property it is in.
    pub(super) fn property(&self) -> &str {
        self.path.first().map(String::as_str).unwrap_or_default()
    }
}

/// All places where two values differ, in the order of names. A null is nothing.
pub(super) fn differences(before: &Value, after: &Value) -> Vec<Difference> {
    let mut found = Vec::new();
    walk(Some(before), Some(after), &mut Vec::new(), &mut found);
    found
}

fn walk(before: Option<&Value>, after: Option<&Value>, path: &mut Vec<String>, found: &mut Vec<Difference>) {
    let (before, after) = (before.filter(|value| !value.is_null()), after.filter(|value| !value.is_null()));
    let mut step = |name: String, before, after| {
        path.push(name);
        walk(before, after, path, found);
        path.pop();
    };
    match (before, after) {
        (Some(Value::Object(old)), Some(Value::Object(new))) => {
            let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
            names.into_iter().for_each(|name| step(name.clone(), old.get(name), new.get(name)));
        }
        (Some(Value::Array(old)), Some(Value::Array(new))) => {
            (0..old.len().max(new.len())).for_each(|index| step(index.to_string(), old.get(index), new.get(index)));
        }
        (before, after) if before != after => {
            let (before, after) = (before.cloned(), after.cloned());
            found.push(Difference { path: path.clone(), before, after });
        }
        _ => {}
    }
}

/// A value as it is shown: text as it is, everything else as JSON.
pub(super) fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn differences_are_told_as_deep_as_they_are() {
        let before = json!({ "Same": 1, "Tags": [{ "Key": "a", "Value": "1" }], "Gone": "x", "None": null });
        let after = json!({ "Same": 1, "Tags": [{ "Key": "a", "Value": "2" }, { "Key": "b" }], "New/er": true });
        let found = differences(&before, &after);
        let paths: Vec<String> = found.iter().map(|difference| difference.pointer("/Properties")).collect();
        assert_eq!(
            paths,
            ["/Properties/Gone", "/Properties/New~1er", "/Properties/Tags/0/Value", "/Properties/Tags/1"]
        );
        let values = found.iter().map(|difference| (difference.before.clone(), difference.after.clone()));
        let values: Vec<_> = values.collect();
        assert_eq!(values[0], (Some(json!("x")), None));
        assert_eq!(values[2], (Some(json!("1")), Some(json!("2"))));
    }
}
