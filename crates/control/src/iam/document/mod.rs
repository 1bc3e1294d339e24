//! Policy documents: whether they are right ("Grammar of the IAM JSON policy language", IAM User Guide), and who may assume a role.
//!
//! Of several things that are wrong IAM names one. The order is its own: the form of the JSON, the version, what an older parser refuses
//! (without saying why), then what statements must say.

mod condition;
mod date;
mod resource;
mod statement;
mod trust;

pub(super) use trust::check as check_trust;
pub(crate) use trust::{holds, trusts};

use aws::fault::Fault;
use serde_json::{Map, Value};

/// What a policy is for, on which its version and the elements of its statements depend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// What somebody may do, as a policy of its own.
    Managed,
    /// What somebody may do, as a part of a role, a user or a session.
    Inline,
    /// Who may assume a role: names principals and no resources.
    Trust,
}

/// Checks a managed policy.
///
/// # Errors
/// `MalformedPolicyDocument` in IAM's words.
pub(super) fn check_managed(document: &str) -> Result<(), Fault> {
    statements(document, Kind::Managed).map(drop)
}

/// Checks a policy that is embedded in a role or a user.
///
/// # Errors
/// `MalformedPolicyDocument` in IAM's words.
pub(super) fn check_inline(document: &str) -> Result<(), Fault> {
    statements(document, Kind::Inline).map(drop)
}

/// Checks a policy that narrows a session.
///
/// # Errors
/// `MalformedPolicyDocument` in IAM's words.
pub(crate) fn check_session_policy(document: &str) -> Result<(), Fault> {
    check_inline(document)
}

/// Characters of a document as quotas count them: white space does not ("IAM and AWS STS quotas", IAM User Guide).
pub(super) fn length(document: &str) -> usize {
    document.chars().filter(|c| !c.is_whitespace()).count()
}

type Object = Map<String, Value>;

/// The statements of a document that is right.
fn statements(document: &str, kind: Kind) -> Result<Vec<Object>, Fault> {
    let Ok(Value::Object(mut document)) = serde_json::from_str(document) else {
        return Err(match kind {
            Kind::Managed | Kind::Inline => syntax(),
            Kind::Trust => malformed("This policy contains invalid Json"),
        });
    };
    let version = document.remove("Version");
    let statements = match document.remove("Statement") {
        Some(Value::Array(list)) if !list.is_empty() => list,
        Some(one @ Value::Object(_)) => vec![one],
        _ => return Err(syntax()),
    };
    if document.remove("Id").is_some_and(|id| !id.is_string()) || !document.is_empty() {
        return Err(syntax());
    }
    let mut all = Vec::new();
    for statement in statements {
        let Value::Object(statement) = statement else { return Err(syntax()) };
        statement::form(&statement, kind)?;
        all.push(statement);
    }
    check_version(version.as_ref(), kind)?;
    all.iter().try_for_each(statement::legacy)?;
    unique(&all)?;
    all.iter().try_for_each(|statement| statement::check(statement, kind))?;
    Ok(all)
}

fn check_version(version: Option<&Value>, kind: Kind) -> Result<(), Fault> {
    match (version.map(Value::as_str), kind) {
        (Some(Some("2012-10-17")), _) => Ok(()),
        (None | Some(Some("2008-10-17")), Kind::Managed) => {
            Err(malformed("Policy document must be version 2012-10-17 or greater."))
        }
        (None | Some(Some("2008-10-17")), Kind::Inline | Kind::Trust) => Ok(()),
        (Some(_), Kind::Managed | Kind::Inline) => Err(syntax()),
        (Some(_), Kind::Trust) => Err(malformed("The policy must contain a valid version string")),
    }
}

fn unique(statements: &[Object]) -> Result<(), Fault> {
    let sids = statements.iter().filter_map(|statement| statement.get("Sid")?.as_str()).filter(|sid| !sid.is_empty());
    let mut seen = std::collections::BTreeSet::new();
    for sid in sids {
        if !seen.insert(sid) {
            return Err(malformed("Statement IDs (SID) in a single policy must be unique."));
        }
    }
    Ok(())
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

fn syntax() -> Fault {
    malformed("Syntax errors in policy.")
}

/// What is said of something that only the older parser minds.
fn legacy() -> Fault {
    malformed("The policy failed legacy parsing")
}
