//! Conditions of a statement.

use super::{Object, date, legacy as refused, syntax};
use aws::fault::Fault;
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::Value;
use std::net::IpAddr;

/// Operators ("IAM JSON policy elements: Condition operators", IAM User Guide), without their prefixes and suffix.
const OPERATORS: [&str; 27] = [
    "Null",
    "StringEquals",
    "StringNotEquals",
    "StringEqualsIgnoreCase",
    "StringNotEqualsIgnoreCase",
    "StringLike",
    "StringNotLike",
    "NumericEquals",
    "NumericNotEquals",
    "NumericLessThan",
    "NumericLessThanEquals",
    "NumericGreaterThan",
    "NumericGreaterThanEquals",
    "DateEquals",
    "DateNotEquals",
    "DateLessThan",
    "DateLessThanEquals",
    "DateGreaterThan",
    "DateGreaterThanEquals",
    "Bool",
    "BinaryEquals",
    "IpAddress",
    "NotIpAddress",
    "ArnEquals",
    "ArnLike",
    "ArnNotEquals",
    "ArnNotLike",
];

/// Checks a condition's form: operators that are known, over keys, over plain values. One over no keys may have any name.
pub(super) fn form(given: &Value) -> Result<(), Fault> {
    for (operator, keys) in given.as_object().ok_or_else(syntax)? {
        let keys = keys.as_object().ok_or_else(syntax)?;
        let known = keys.is_empty() || OPERATORS.contains(&bare(operator));
        if !known || !keys.values().all(is_plain) {
            return Err(syntax());
        }
        if bare(operator) == "BinaryEquals" && !texts(keys).all(|text| STANDARD.decode(text).is_ok()) {
            return Err(syntax());
        }
    }
    Ok(())
}

/// Checks the values of operators that want dates, numbers, addresses or ARNs, which only the older parser minds.
pub(super) fn legacy(given: &Value) -> Result<(), Fault> {
    for (operator, keys) in given.as_object().into_iter().flatten() {
        let is_right: fn(&str) -> bool = match bare(operator) {
            name if name.starts_with("Date") => date::is_date,
            name if name.starts_with("Numeric") => is_number,
            name if name.starts_with("Arn") => is_arn,
            "IpAddress" | "NotIpAddress" => is_address,
            _ => continue,
        };
        if !keys.as_object().is_some_and(|keys| texts(keys).all(is_right)) {
            return Err(refused());
        }
    }
    Ok(())
}

/// All values of an operator that are texts.
fn texts(keys: &Object) -> impl Iterator<Item = &str> {
    let values = keys.values().flat_map(|values| match values {
        Value::Array(list) => list.iter().collect(),
        one => vec![one],
    });
    values.filter_map(Value::as_str)
}

/// Whether it has a variable in it, which may make it anything.
fn varies(text: &str) -> bool {
    text.contains("${")
}

fn is_number(text: &str) -> bool {
    varies(text) || text.parse::<f64>().is_ok_and(f64::is_finite)
}

/// All parts of an ARN, some of which may be patterns; one may end it.
fn is_arn(text: &str) -> bool {
    text == "*" || text.strip_prefix("arn:").is_some_and(|rest| rest.split(':').count() >= 5 || rest.ends_with('*'))
}

fn is_address(text: &str) -> bool {
    let (address, prefix) = text.split_once('/').map_or((text, None), |(address, prefix)| (address, Some(prefix)));
    let of = |most: u8| {
        let bits = |prefix: &str| prefix.parse::<u8>().is_ok_and(|bits| bits <= most);
        prefix.is_none_or(bits)
    };
    varies(text)
        || match address.parse() {
            Ok(IpAddr::V4(_)) => of(32),
            Ok(IpAddr::V6(_)) => of(128),
            Err(_) => false,
        }
}

fn bare(operator: &str) -> &str {
    let of_set = operator.strip_prefix("ForAllValues:").or_else(|| operator.strip_prefix("ForAnyValue:"));
    let bare = of_set.unwrap_or(operator);
    bare.strip_suffix("IfExists").filter(|bare| *bare != "Null").unwrap_or(bare)
}

fn is_plain(values: &Value) -> bool {
    let plain = |value: &Value| value.is_string() || value.is_boolean() || value.is_number();
    match values {
        Value::Array(list) => list.iter().all(plain),
        one => plain(one),
    }
}
