//! Values brought to their types. In a template a number or a Boolean may be written as text and the other way round: a parameter's value is
//! always text. An object of which nothing more is said, such as a policy's document, may be written as the text of its JSON. Nothing else
//! is changed: one value isn't made a list.

use std::collections::BTreeMap;

use serde_json::{Map, Number, Value};

use crate::node::{Node, Type, is_open, text_of};

/// The largest whole number that a float holds exactly, 2^53.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// A value brought to what is said of it. `depth` is how much deeper it is followed.
pub(crate) fn coerce(node: &Node, definitions: &BTreeMap<String, Node>, value: &Value, depth: usize) -> Value {
    let Some(node) = node.resolve(definitions).filter(|_| depth > 0 && !is_open(value)) else { return value.clone() };
    match value {
        Value::Object(members) => {
            let inner = |(name, value): (&String, &Value)| {
                let value = match node.property(name) {
                    Some(node) => coerce(node, definitions, value, depth - 1),
                    None => value.clone(),
                };
                (name.clone(), value)
            };
            Value::Object(members.iter().map(inner).collect::<Map<_, _>>())
        }
        Value::Array(items) => match &node.items {
            Some(item) => Value::Array(items.iter().map(|value| coerce(item, definitions, value, depth - 1)).collect()),
            None => value.clone(),
        },
        Value::String(text) if node.is_free_form() => document(text).unwrap_or_else(|| value.clone()),
        scalar => to_type(node.types.all(), scalar).unwrap_or_else(|| scalar.clone()),
    }
}

/// The object that a text is the JSON of.
fn document(text: &str) -> Option<Value> {
    serde_json::from_str(text).ok().filter(Value::is_object)
}

/// A scalar as the first of the types that it can be. `None` if it has one of them already, or can be none.
fn to_type(types: &[Type], value: &Value) -> Option<Value> {
    if types.iter().any(|kind| kind.has(value)) {
        return None;
    }
    types.iter().find_map(|kind| match kind {
        Type::String => text_of(value).map(|text| Value::String(text.into_owned())),
        Type::Integer => integer(value).map(Value::Number),
        Type::Number => value.as_str().and_then(number).map(Value::Number),
        Type::Boolean => match value.as_str()? {
            text if text.eq_ignore_ascii_case("true") => Some(Value::Bool(true)),
            text if text.eq_ignore_ascii_case("false") => Some(Value::Bool(false)),
            _ => None,
        },
        Type::Object | Type::Array => None,
    })
}

fn integer(value: &Value) -> Option<Number> {
    match value {
        Value::String(text) => whole(text).or_else(|| text.parse().ok().and_then(exact)),
        Value::Number(number) => number.as_f64().and_then(exact),
        _ => None,
    }
}

fn whole(text: &str) -> Option<Number> {
    text.parse::<i64>().map(Number::from).ok().or_else(|| text.parse::<u64>().map(Number::from).ok())
}

/// A float that is a whole number, as one.
fn exact(float: f64) -> Option<Number> {
    (float.fract() == 0.0 && float.abs() <= EXACT).then(|| Number::from(float as i64))
}

/// Rust also reads `inf` and `nan`, which aren't numbers in JSON.
fn number(text: &str) -> Option<Number> {
    whole(text).or_else(|| Number::from_f64(text.parse().ok()?))
}
