//! Policies of buckets: their grammar ("Bucket policies", Amazon S3 User Guide). They are kept and shown; only load balancers that are to
//! write access logs are held to them ([`super::may_deliver`]), as nobody is to IAM's.

use crate::wildcard::Pattern;
use aws::fault::Fault;
use serde_json::{Map, Value};

/// The most bytes of a policy.
const LENGTH: usize = 20 << 10;

pub(super) type Object = Map<String, Value>;

/// Checks a policy of a bucket.
///
/// # Errors
/// `MalformedPolicy` in S3's words.
pub(super) fn check(document: &str, bucket: &str) -> Result<(), Fault> {
    if document.len() > LENGTH {
        return Err(malformed("Policy exceeds the maximum allowed document size."));
    }
    for statement in statements(document)? {
        if let Some(unknown) = statement.keys().find(|key| {
            let known = [
                "Sid",
                "Effect",
                "Principal",
                "NotPrincipal",
                "Action",
                "NotAction",
                "Resource",
                "NotResource",
                "Condition",
            ];
            !known.contains(&key.as_str())
        }) {
            return Err(malformed(&format!("Unknown field {unknown}")));
        }
        match statement.get("Effect").and_then(Value::as_str) {
            Some("Allow" | "Deny") => {}
            Some(effect) => return Err(malformed(&format!("Invalid effect: {effect}"))),
            None => return Err(malformed("Missing required field Effect")),
        }
        match one(&statement, "Principal", "NotPrincipal")? {
            Value::String(all) if all == "*" => {}
            Value::Object(kinds) if !kinds.is_empty() && kinds.values().all(|names| list(names).is_some()) => {
                if let Some(kind) =
                    kinds.keys().find(|kind| !["AWS", "Service", "Federated", "CanonicalUser"].contains(&kind.as_str()))
                {
                    return Err(malformed(&format!("Invalid principal in policy: unknown type {kind}")));
                }
            }
            _ => return Err(malformed("Invalid principal in policy")),
        }
        let actions =
            list(one(&statement, "Action", "NotAction")?).ok_or_else(|| malformed("Policy has invalid action"))?;
        if !actions.iter().all(|action| *action == "*" || action.to_ascii_lowercase().starts_with("s3:")) {
            return Err(malformed("Policy has invalid action"));
        }
        let resources = list(one(&statement, "Resource", "NotResource")?);
        let resources = resources.ok_or_else(|| malformed("Policy has invalid resource"))?;
        let arn = format!("arn:aws:s3:::{bucket}");
        let is_ours = |resource: &&str| {
            let name = resource.split('/').next().unwrap_or_default();
            *resource == "*" || Pattern::read(name).fits(&arn)
        };
        if !resources.iter().all(is_ours) {
            return Err(malformed("Policy has invalid resource"));
        }
        match statement.get("Condition") {
            None => {}
            Some(Value::Object(operators)) if operators.values().all(Value::is_object) => {}
            Some(_) => return Err(malformed("Conditions must be of the form {operator: {key: value}}")),
        }
    }
    Ok(())
}

/// The statements of a policy.
///
/// # Errors
/// `MalformedPolicy`.
pub(super) fn statements(document: &str) -> Result<Vec<Object>, Fault> {
    let json = || malformed("Policies must be valid JSON and the first byte must be '{'");
    if !document.starts_with('{') {
        return Err(json());
    }
    let Ok(Value::Object(policy)) = serde_json::from_str::<Value>(document) else { return Err(json()) };
    if let Some(unknown) = policy.keys().find(|key| !["Version", "Id", "Statement"].contains(&key.as_str())) {
        return Err(malformed(&format!("Unknown field {unknown}")));
    }
    match policy.get("Version").map(Value::as_str) {
        None | Some(Some("2012-10-17" | "2008-10-17")) => {}
        Some(_) => return Err(malformed("The policy must contain a valid version string")),
    }
    let statements = match policy.get("Statement") {
        Some(Value::Array(all)) => all.clone(),
        Some(one @ Value::Object(_)) => vec![one.clone()],
        _ => return Err(malformed("Missing required field Statement")),
    };
    let objects = statements.into_iter().map(|statement| match statement {
        Value::Object(statement) => Ok(statement),
        _ => Err(malformed("Statement must be an object")),
    });
    let objects: Vec<Object> = objects.collect::<Result<_, _>>()?;
    if objects.is_empty() { Err(malformed("Could not parse the policy: Statement is empty!")) } else { Ok(objects) }
}

/// An element or its opposite, of which there is exactly one.
fn one<'s>(statement: &'s Object, name: &str, opposite: &str) -> Result<&'s Value, Fault> {
    match (statement.get(name), statement.get(opposite)) {
        (Some(value), None) | (None, Some(value)) => Ok(value),
        (None, None) => Err(malformed(&format!("Missing required field {name}"))),
        (Some(_), Some(_)) => Err(malformed(&format!("{name} and {opposite} exclude each other"))),
    }
}

/// A text or several.
pub(super) fn list(value: &Value) -> Option<Vec<&str>> {
    match value {
        Value::String(text) => Some(vec![text]),
        Value::Array(texts) if !texts.is_empty() => texts.iter().map(Value::as_str).collect(),
        _ => None,
    }
}

fn malformed(message: &str) -> Fault {
    Fault::new("MalformedPolicy", message)
}
