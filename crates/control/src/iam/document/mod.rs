//! Policy documents: whether they are right ("Grammar of the IAM JSON policy language", IAM User Guide), and who may assume a role.

mod statement;
mod trust;

pub(super) use trust::{check as check_trust, trusts};

use aws::fault::Fault;
use serde_json::{Map, Value};
use statement::Kind;

/// Checks a policy that says what somebody may do.
///
/// # Errors
/// `MalformedPolicyDocument` in IAM's words.
pub(super) fn check(document: &str) -> Result<(), Fault> {
    statements(document, Kind::Identity).map(drop)
}

/// Checks a policy that narrows a session.
///
/// # Errors
/// `MalformedPolicyDocument` in IAM's words.
pub(crate) fn check_session_policy(document: &str) -> Result<(), Fault> {
    check(document)
}

/// Characters of a document as quotas count them: white space does not ("IAM and AWS STS quotas", IAM User Guide).
pub(super) fn length(document: &str) -> usize {
    document.chars().filter(|c| !c.is_whitespace()).count()
}

type Object = Map<String, Value>;

/// The statements of a document that is right.
fn statements(document: &str, kind: Kind) -> Result<Vec<Object>, Fault> {
    let syntax = || {
        malformed(match kind {
            Kind::Identity => "Syntax errors in policy.",
            Kind::Trust => "This policy contains invalid Json",
        })
    };
    let mut document = match serde_json::from_str(document) {
        Ok(Value::Object(document)) => document,
        _ => return Err(syntax()),
    };
    match document.remove("Version") {
        None => {}
        Some(Value::String(version)) if version == "2012-10-17" || version == "2008-10-17" => {}
        Some(_) => return Err(malformed("The policy must contain a valid version string")),
    }
    if document.remove("Id").is_some_and(|id| !id.is_string()) {
        return Err(malformed("Syntax errors in policy."));
    }
    let statements = match document.remove("Statement") {
        Some(Value::Array(list)) if !list.is_empty() => list,
        Some(one @ Value::Object(_)) => vec![one],
        _ => return Err(malformed("Syntax errors in policy.")),
    };
    if !document.is_empty() {
        return Err(malformed("Syntax errors in policy."));
    }
    let mut sids = std::collections::BTreeSet::new();
    let mut all = Vec::new();
    for statement in statements {
        let Value::Object(statement) = statement else { return Err(malformed("Syntax errors in policy.")) };
        statement::check(&statement, kind)?;
        if let Some(Value::String(sid)) = statement.get("Sid")
            && !sid.is_empty()
            && !sids.insert(sid.clone())
        {
            return Err(malformed("Statement IDs (SID) in a single policy must be unique."));
        }
        all.push(statement);
    }
    Ok(all)
}

/// One string or a list of strings; nothing else.
fn strings(value: &Value) -> Option<Vec<&str>> {
    match value {
        Value::String(one) => Some(vec![one]),
        Value::Array(list) => list.iter().map(Value::as_str).collect(),
        _ => None,
    }
}

fn malformed(message: impl Into<String>) -> Fault {
    Fault::new("MalformedPolicyDocument", message)
}
