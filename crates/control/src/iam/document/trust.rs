//! Trust policies: who may assume a role.

use super::{Kind, Object, length, malformed, statements, strings};
use crate::{State, iam::limit, wildcard::Pattern};
use aws::{arn::Arn, fault::Fault};
use serde_json::Value;

/// Characters of a trust policy, without white space.
const LENGTH: usize = 2048;

/// Checks a trust policy's grammar, and that the account's own principals it names are there.
///
/// # Errors
/// `MalformedPolicyDocument`, `LimitExceeded`.
pub(crate) fn check(state: &State, document: &str) -> Result<(), Fault> {
    for statement in statements(document, Kind::Trust)? {
        let principal = statement.get("Principal").or_else(|| statement.get("NotPrincipal"));
        match principal {
            None => return Err(malformed("Missing required field Principal")),
            Some(Value::String(all)) if all == "*" => {
                return Err(malformed("AssumeRolepolicy contained an invalid principal: \"STAR\":\"*\"."));
            }
            Some(Value::Object(kinds)) if !kinds.is_empty() => {
                for (kind, names) in kinds {
                    principals(state, kind, names)?;
                }
            }
            Some(_) => return Err(malformed("Invalid principal in policy")),
        }
    }
    if length(document) > LENGTH {
        return Err(limit("ACLSizePerRole", LENGTH));
    }
    Ok(())
}

fn principals(state: &State, kind: &str, names: &Value) -> Result<(), Fault> {
    let names = strings(names).filter(|names| !names.is_empty());
    let names = names.ok_or_else(|| malformed("Invalid principal in policy"))?;
    for name in names {
        let right = match kind {
            "AWS" => is_principal(state, name),
            "Service" => name.split_once('.').is_some_and(|(service, domain)| {
                !service.is_empty() && (domain.ends_with("amazonaws.com") || domain.ends_with("amazonaws.com.cn"))
            }),
            "Federated" | "CanonicalUser" => !name.is_empty(),
            _ => return Err(malformed(format!("Unsupported principal type {kind}"))),
        };
        if !right {
            return Err(malformed(format!("Invalid principal in policy: \"{}\":\"{name}\"", kind.to_uppercase())));
        }
    }
    Ok(())
}

/// An account, or its root, a role, a user or a session of it; of another account whatever it may have.
fn is_principal(state: &State, name: &str) -> bool {
    let is_account = |text: &str| text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
    if name == "*" || is_account(&name.replace('-', "")) {
        return true;
    }
    let Some(arn) = Arn::parse(name).filter(|arn| is_account(&arn.account)) else { return false };
    let other = arn.account != state.region.account;
    let last = arn.resource.rsplit('/').next().unwrap_or_default();
    match (arn.service.as_str(), arn.resource_type()) {
        ("iam", "") => arn.resource == "root",
        ("iam", "role") => {
            other
                || crate::iam::find_role(state, last)
                    .is_ok_and(|role| crate::iam::role_arn(&state.region, role) == name)
        }
        ("iam", "user") => other || crate::iam::user::find(state, last).is_ok(),
        ("iam", "oidc-provider" | "saml-provider") => true,
        ("sts", "assumed-role") => {
            let role = arn.resource.split('/').nth(1).unwrap_or_default();
            other || crate::iam::find_role(state, role).is_ok()
        }
        ("sts", "federated-user") => true,
        _ => false,
    }
}

/// Whether a trust policy lets a service assume the role on behalf of a resource. A condition that wants something of which nothing is
/// known of such a call does not hold, as for IAM.
pub(crate) fn trusts(document: &str, service: &str, account: &str, source_arn: &str) -> bool {
    let Ok(statements) = statements(document, Kind::Trust) else { return false };
    let known = |key: &str| match key {
        "aws:sourceaccount" => Some(account),
        "aws:sourcearn" => Some(source_arn),
        _ => None,
    };
    let about = |effect: &str| {
        let applies = |statement: &&Object| {
            statement.get("Effect").and_then(Value::as_str) == Some(effect)
                && acts(statement)
                && names(statement, service)
                && holds(statement.get("Condition"), known)
        };
        statements.iter().any(|statement| applies(&statement))
    };
    about("Allow") && !about("Deny")
}

fn acts(statement: &Object) -> bool {
    let any = |value: &Value| {
        let action = |text: &str| Pattern::read(&text.to_ascii_lowercase()).fits("sts:assumerole");
        strings(value).is_some_and(|list| list.into_iter().any(action))
    };
    match (statement.get("Action"), statement.get("NotAction")) {
        (Some(action), _) => any(action),
        (None, Some(not)) => !any(not),
        (None, None) => false,
    }
}

fn names(statement: &Object, service: &str) -> bool {
    let any = |value: &Value| match value {
        Value::Object(kinds) => kinds.get("Service").and_then(strings).is_some_and(|list| list.contains(&service)),
        // Everybody: services are not meant by that.
        _ => false,
    };
    match (statement.get("Principal"), statement.get("NotPrincipal")) {
        (Some(principal), _) => any(principal),
        (None, Some(not)) => !any(not),
        (None, None) => false,
    }
}

/// Whether a condition holds for a call of which so much is known: by keys in lower case.
pub(crate) fn holds<'k>(condition: Option<&Value>, known: impl Fn(&str) -> Option<&'k str>) -> bool {
    let operators = condition.and_then(Value::as_object).into_iter().flatten();
    let mut each = operators.flat_map(|(operator, keys)| {
        keys.as_object().into_iter().flatten().map(move |(key, values)| (operator.as_str(), key, values))
    });
    each.all(|(operator, key, values)| {
        // What is not there matches nothing, and so is as unlike as can be ("IAM JSON policy elements: Condition operators").
        let unlike = operator.ends_with("IfExists") || operator.contains("Not");
        let Some(value) = known(&key.to_ascii_lowercase()) else { return unlike };
        let Some(values) = strings(values) else { return false };
        let like = || values.iter().any(|pattern| Pattern::read(pattern).fits(value));
        match operator.trim_end_matches("IfExists") {
            "StringEquals" => values.contains(&value),
            "StringEqualsIgnoreCase" | "Bool" => values.iter().any(|other| other.eq_ignore_ascii_case(value)),
            "StringNotEquals" => !values.contains(&value),
            "StringNotEqualsIgnoreCase" => !values.iter().any(|other| other.eq_ignore_ascii_case(value)),
            "StringLike" | "ArnLike" | "ArnEquals" => like(),
            "StringNotLike" | "ArnNotLike" | "ArnNotEquals" => !like(),
            _ => false,
        }
    })
}
