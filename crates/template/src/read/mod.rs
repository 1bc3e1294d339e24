//! From a template's text to a tree of values, in which short forms of functions are long ones ("Template formats", CloudFormation User
//! Guide).

mod yaml;

use crate::Error;
use serde_json::Value;
use std::borrow::Cow;

/// Bytes of a template ("CloudFormation quotas": 1 MB in an S3 object).
pub const LONGEST: usize = 1_000_000;

/// How deep values may be in each other: less than what serde_json reads, so that what is written of a template can be read again.
pub(crate) const DEEPEST: usize = 100;

/// Reads text as JSON when it begins with a brace, otherwise as YAML. Of a key that is there twice the last one counts.
pub(crate) fn read(text: &str) -> Result<Value, Error> {
    if text.len() > LONGEST {
        return Err(Error::new(format!("Template may not exceed {LONGEST} bytes in size.")));
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let value = if text.trim_start().starts_with('{') { json(text)? } else { yaml::read(text)? };
    if !value.is_object() {
        return Err(Error::format("unsupported structure."));
    }
    // Short forms of functions are deeper than they look.
    if depth(&value) > DEEPEST {
        return Err(too_deep());
    }
    no_nulls(&value, &mut Vec::new())?;
    Ok(value)
}

fn json(text: &str) -> Result<Value, Error> {
    serde_json::from_str(text).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        Error::format(format!("JSON not well-formed. (line {line}, column {column})"))
    })
}

fn too_deep() -> Error {
    Error::format(format!("values are nested deeper than {DEEPEST} levels"))
}

fn depth(value: &Value) -> usize {
    let below = match value {
        Value::Array(items) => items.iter().map(depth).max(),
        Value::Object(members) => members.values().map(depth).max(),
        _ => return 0,
    };
    below.unwrap_or(0).saturating_add(1)
}

/// Where a value is, as CloudFormation says it: what is below a resource's `Properties` it says is below `Type`.
fn path(names: &[Cow<'_, str>]) -> String {
    let below =
        names.len() > 3 && matches!(names, [section, _, part, ..] if section == "Resources" && part == "Properties");
    names
        .iter()
        .enumerate()
        .map(|(at, name)| if below && at == 2 { "/Type".to_owned() } else { format!("/{name}") })
        .collect()
}

fn no_nulls<'a>(value: &'a Value, names: &mut Vec<Cow<'a, str>>) -> Result<(), Error> {
    let mut below = |name, value| {
        names.push(name);
        no_nulls(value, names)?;
        names.pop();
        Ok(())
    };
    match value {
        Value::Null => Err(Error::new(format!("[{}] 'null' values are not allowed in templates", path(names)))),
        Value::Array(items) => items.iter().enumerate().try_for_each(|(at, item)| below(at.to_string().into(), item)),
        Value::Object(members) => members.iter().try_for_each(|(name, member)| below(name.into(), member)),
        _ => Ok(()),
    }
}
