//! A member of a JSON secret as an environment variable. The Amazon ECS agent is a Go program and writes it with the verb `%v` of Go's
//! package fmt, which programs rely on: texts as they are, numbers as floating-point ones.

use serde_json::Value;

/// A value as `%v` writes it.
pub(super) fn value(value: &Value) -> String {
    match value {
        Value::Null => "<nil>".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => number.as_f64().map_or_else(|| number.to_string(), float),
        Value::String(text) => text.clone(),
        Value::Array(items) => format!("[{}]", joined(items.iter().map(self::value))),
        // serde_json keeps members in the order of their names, and so does fmt.
        Value::Object(members) => {
            format!("map[{}]", joined(members.iter().map(|(name, member)| format!("{name}:{}", self::value(member)))))
        }
    }
}

fn joined(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(" ")
}

/// The shortest digits that mean this number, with an exponent where that is less than -4 or at least 6: a million is `1e+06`.
fn float(number: f64) -> String {
    let scientific = format!("{number:e}");
    let Some((digits, exponent)) = scientific.split_once('e') else { return scientific };
    match exponent.parse::<i32>() {
        Ok(exponent) if !(-4..6).contains(&exponent) => {
            let sign = if exponent < 0 { '-' } else { '+' };
            format!("{digits}e{sign}{:02}", exponent.abs())
        }
        _ => number.to_string(),
    }
}
