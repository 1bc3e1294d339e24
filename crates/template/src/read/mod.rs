//! From a template's text to a tree of values, in which short forms of functions are long ones ("Template formats", CloudFormation User
//! Guide).

mod yaml;

use crate::Error;
use serde_json::Value;

/// Bytes of a template ("CloudFormation quotas": 1 MB in an S3 object).
pub const LONGEST: usize = 1_000_000;

/// How deep values may be in each other. CloudFormation has a bound, too, but does not publish it.
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
    no_nulls(&value, &mut Vec::new())?;
    Ok(value)
}

fn json(text: &str) -> Result<Value, Error> {
    let value: Value = serde_json::from_str(text).map_err(|error| {
        Error::format(format!("JSON not well-formed. (line {}, column {})", error.line(), error.column()))
    })?;
    if depth(&value) > DEEPEST {
        return Err(too_deep());
    }
    Ok(value)
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

/// CloudFormation names a value of a resource's properties as if it were below `Type`.
fn no_nulls<'a>(value: &'a Value, path: &mut Vec<&'a str>) -> Result<(), Error> {
    match value {
        Value::Null => {
            let below = matches!(path.as_slice(), ["Resources", _, "Properties", _, ..]);
            let names = path.iter().enumerate().map(|(at, name)| if below && at == 2 { "Type" } else { name });
            let path: Vec<&str> = names.collect();
            Err(Error::new(format!("[/{}] 'null' values are not allowed in templates", path.join("/"))))
        }
        Value::Array(items) => items.iter().enumerate().try_for_each(|(at, item)| {
            no_nulls(item, path).map_err(|error| if item.is_null() { null_item(path, at) } else { error })
        }),
        Value::Object(members) => members.iter().try_for_each(|(name, member)| {
            path.push(name);
            no_nulls(member, path)?;
            path.pop();
            Ok(())
        }),
        _ => Ok(()),
    }
}

fn null_item(path: &[&str], at: usize) -> Error {
    Error::new(format!("[/{}/{at}] 'null' values are not allowed in templates", path.join("/")))
}
