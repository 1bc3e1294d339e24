//! One statement of a policy.

use super::{Object, malformed, strings};
use aws::fault::Fault;
use serde_json::Value;

/// What a policy is for, on which the elements of its statements depend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// What somebody may do: names resources.
    Identity,
    /// Who may assume a role: names principals.
    Trust,
}

const ELEMENTS: [&str; 9] =
    ["Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Principal", "NotPrincipal", "Condition"];

/// Checks the elements of a statement, each by itself and what must or must not be there.
pub(super) fn check(statement: &Object, kind: Kind) -> Result<(), Fault> {
    let syntax = || Err(malformed("Syntax errors in policy."));
    let has = |name: &str| statement.contains_key(name);
    if statement.keys().any(|name| !ELEMENTS.contains(&name.as_str())) {
        return syntax();
    }
    match statement.get("Sid") {
        None => {}
        // Only other kinds of policies allow more than these.
        Some(Value::String(sid)) if sid.bytes().all(|byte| byte.is_ascii_alphanumeric()) => {}
        Some(Value::String(_)) => {
            return Err(malformed(
                "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*",
            ));
        }
        Some(_) => return syntax(),
    }
    match statement.get("Effect") {
        Some(Value::String(effect)) if effect == "Allow" || effect == "Deny" => {}
        None if kind == Kind::Trust => return Err(malformed("Missing required field Effect")),
        _ => return syntax(),
    }
    if (has("Action") && has("NotAction")) || (has("Resource") && has("NotResource")) {
        return syntax();
    }
    match kind {
        Kind::Identity if has("Principal") || has("NotPrincipal") => {
            return Err(malformed("Policy document should not specify a principal."));
        }
        Kind::Trust if has("Resource") || has("NotResource") => {
            return Err(malformed("Has prohibited field Resource"));
        }
        Kind::Identity | Kind::Trust => {}
    }
    actions(statement, kind)?;
    if kind == Kind::Identity {
        resources(statement)?;
    }
    statement.get("Condition").map_or(Ok(()), conditions)
}

fn actions(statement: &Object, kind: Kind) -> Result<(), Fault> {
    let given = statement.get("Action").or_else(|| statement.get("NotAction"));
    let none = || {
        malformed(match kind {
            Kind::Identity => "Policy statement must contain actions.",
            Kind::Trust => "Missing required field Action",
        })
    };
    let actions = strings(given.ok_or_else(none)?).ok_or_else(|| malformed("Syntax errors in policy."))?;
    if actions.is_empty() {
        return Err(none());
    }
    for action in actions.into_iter().filter(|action| *action != "*") {
        let Some((vendor, name)) = action.split_once(':') else {
            return Err(malformed("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."));
        };
        let letters = |c: char| c.is_ascii_alphanumeric() || c == '-';
        if vendor.is_empty() || !vendor.chars().all(letters) {
            return Err(malformed(format!("Vendor {vendor} is not valid")));
        }
        if name.is_empty() || name.contains([' ', ':']) {
            return Err(malformed("Syntax errors in policy."));
        }
        if kind == Kind::Trust && !vendor.eq_ignore_ascii_case("sts") {
            return Err(malformed("AssumeRole policy may only specify STS AssumeRole actions."));
        }
    }
    Ok(())
}

fn resources(statement: &Object) -> Result<(), Fault> {
    let given = statement.get("Resource").or_else(|| statement.get("NotResource"));
    let none = || malformed("Policy statement must contain resources.");
    let resources = strings(given.ok_or_else(none)?).ok_or_else(|| malformed("Syntax errors in policy."))?;
    if resources.is_empty() {
        return Err(none());
    }
    for resource in resources.into_iter().filter(|resource| *resource != "*") {
        if !resource.starts_with("arn:") {
            return Err(malformed(format!("Resource {resource} must be in ARN format or \"*\".")));
        }
        if resource.splitn(6, ':').count() < 6 && !resource.ends_with('*') {
            return Err(malformed("The policy failed legacy parsing"));
        }
    }
    Ok(())
}

/// Operators ("IAM JSON policy elements: Condition operators", IAM User Guide), without their prefixes and suffix.
const OPERATORS: [&str; 26] = [
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

fn conditions(given: &Value) -> Result<(), Fault> {
    let syntax = || malformed("Syntax errors in policy.");
    let operators = given.as_object().ok_or_else(syntax)?;
    for (operator, keys) in operators {
        let set = |text: &str| {
            text.strip_prefix("ForAllValues:").or_else(|| text.strip_prefix("ForAnyValue:")).map(str::to_owned)
        };
        let bare = set(operator).unwrap_or_else(|| operator.clone());
        let bare = bare.strip_suffix("IfExists").unwrap_or(&bare);
        if bare != "Null" && !OPERATORS.contains(&bare) {
            return Err(malformed(format!("Invalid Condition type : {operator}")));
        }
        for (key, values) in keys.as_object().ok_or_else(syntax)? {
            if !key.contains(':') {
                return Err(malformed("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."));
            }
            let plain = |value: &Value| value.is_string() || value.is_boolean() || value.is_number();
            let right = match values {
                Value::Array(list) => list.iter().all(plain),
                one => plain(one),
            };
            if !right {
                return Err(syntax());
            }
        }
    }
    Ok(())
}
