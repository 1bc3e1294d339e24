//! The form of a lifecycle policy's JSON. What breaks it is told in the words of the validator AWS holds it against
//! (json-schema-validator).

use serde_json::{Map, Value};

const RULE: [&str; 4] = ["rulePriority", "description", "selection", "action"];
const SELECTION: [&str; 7] =
    ["tagStatus", "tagPrefixList", "tagPatternList", "storageClass", "countType", "countUnit", "countNumber"];
const ACTION: [&str; 2] = ["type", "targetStorageClass"];
const STATUSES: [&str; 3] = ["any", "tagged", "untagged"];

/// What is said of a value that has several forms and none of them.
pub(super) const NO_FORM: &str = "instance failed to match exactly one schema (matched 0 out of 4)";

/// Checks a whole policy.
///
/// # Errors
/// The first thing that is wrong.
pub(super) fn check(policy: &Value) -> Result<(), String> {
    let policy = object(policy, &["rules"], &["rules"])?;
    match policy.get("rules") {
        Some(Value::Array(rules)) => rules.iter().try_for_each(rule),
        other => Err(wrong_type(other, "array")),
    }
}

fn rule(rule: &Value) -> Result<(), String> {
    let rule = object(rule, &["rulePriority", "selection", "action"], &RULE)?;
    at_least_one(rule.get("rulePriority"))?;
    text(rule.get("description"))?;
    let action = object(rule.get("action").unwrap_or(&Value::Null), &["type"], &ACTION)?;
    if action.values().any(|value| !value.is_string()) {
        return Err(NO_FORM.to_owned());
    }
    selection(rule.get("selection").unwrap_or(&Value::Null))
}

fn selection(selection: &Value) -> Result<(), String> {
    let selection = object(selection, &["tagStatus", "countType", "countNumber"], &SELECTION)?;
    match selection.get("tagStatus") {
        Some(Value::String(status)) if STATUSES.contains(&status.as_str()) => {}
        other => {
            let (value, known) = (other.unwrap_or(&Value::Null), list(&STATUSES));
            return Err(format!("instance value ({value}) not found in enum (possible values: {known})"));
        }
    }
    for name in ["tagPrefixList", "tagPatternList"] {
        match selection.get(name) {
            None => {}
            Some(Value::Array(items)) => items.iter().try_for_each(|item| text(Some(item)))?,
            other => return Err(wrong_type(other, "array")),
        }
    }
    ["storageClass", "countType", "countUnit"].into_iter().try_for_each(|name| text(selection.get(name)))?;
    at_least_one(selection.get("countNumber"))
}

fn object<'a>(value: &'a Value, required: &[&str], known: &[&str]) -> Result<&'a Map<String, Value>, String> {
    let Value::Object(members) = value else { return Err(wrong_type(Some(value), "object")) };
    let mut missing: Vec<&str> = required.iter().copied().filter(|name| !members.contains_key(*name)).collect();
    missing.sort_unstable();
    if !missing.is_empty() {
        return Err(format!("object has missing required properties ({})", list(&missing)));
    }
    let unknown: Vec<&str> = members.keys().map(String::as_str).filter(|name| !known.contains(name)).collect();
    match unknown.is_empty() {
        true => Ok(members),
        false => Err(format!("object instance has properties which are not allowed by the schema: {}", list(&unknown))),
    }
}

fn at_least_one(value: Option<&Value>) -> Result<(), String> {
    match value.and_then(Value::as_i64) {
        Some(1..=2_147_483_647) => Ok(()),
        Some(number) => {
            Err(format!("numeric instance is lower than the required minimum (minimum: 1, found: {number})"))
        }
        None => Err(wrong_type(value, "integer")),
    }
}

fn text(value: Option<&Value>) -> Result<(), String> {
    match value {
        None | Some(Value::String(_)) => Ok(()),
        other => Err(wrong_type(other, "string")),
    }
}

fn wrong_type(value: Option<&Value>, wanted: &str) -> String {
    let kind = match value.unwrap_or(&Value::Null) {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    format!("instance type ({kind}) does not match any allowed primitive type (allowed: {})", list(&[wanted]))
}

/// `["a","b"]`
fn list(names: &[&str]) -> String {
    serde_json::json!(names).to_string()
}
