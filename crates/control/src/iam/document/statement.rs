//! One statement of a policy.

use super::{Kind, Object, condition, legacy as refused, malformed, resource, strings, syntax};
use aws::fault::Fault;

/// What a trust policy may let principals do.
const ASSUMING: [&str; 6] = [
    "sts:AssumeRole",
    "sts:AssumeRoleWithSAML",
    "sts:AssumeRoleWithWebIdentity",
    "sts:SetContext",
    "sts:SetSourceIdentity",
    "sts:TagSession",
];
const ELEMENTS: [&str; 9] =
    ["Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Principal", "NotPrincipal", "Condition"];

/// Checks a statement's form: known elements, each of its type, none together with its opposite.
pub(super) fn form(statement: &Object, kind: Kind) -> Result<(), Fault> {
    let has = |name: &str| statement.contains_key(name);
    let both = |name: &str, not: &str| has(name) && has(not);
    if statement.keys().any(|name| !ELEMENTS.contains(&name.as_str()))
        || statement.get("Sid").is_some_and(|sid| !sid.is_string())
        || both("Action", "NotAction")
        || both("Resource", "NotResource")
    {
        return Err(syntax());
    }
    for name in ["Action", "NotAction", "Resource", "NotResource"] {
        if statement.get(name).is_some_and(|value| strings(value).is_none()) {
            return Err(syntax());
        }
    }
    match statement.get("Effect").map(|effect| effect.as_str().unwrap_or_default()) {
        Some(effect) if is_effect(&effect.to_ascii_lowercase()) => {}
        None if kind == Kind::Trust => return Err(malformed("Missing required field Effect")),
        _ => return Err(syntax()),
    }
    statement.get("Condition").map_or(Ok(()), condition::form)
}

fn is_effect(lower: &str) -> bool {
    lower == "allow" || lower == "deny"
}

/// Checks what only the older parser minds.
pub(super) fn legacy(statement: &Object) -> Result<(), Fault> {
    let effect = statement.get("Effect").and_then(|effect| effect.as_str());
    let exact = matches!(effect, Some("Allow" | "Deny"));
    let broken = |text: &&str| resource::is_broken(text);
    if !exact || resources(statement).iter().flatten().any(broken) {
        return Err(refused());
    }
    statement.get("Condition").map_or(Ok(()), condition::legacy)
}

/// Checks what a statement says.
pub(super) fn check(statement: &Object, kind: Kind) -> Result<(), Fault> {
    let has = |name: &str| statement.contains_key(name);
    let sid = statement.get("Sid").and_then(|sid| sid.as_str()).unwrap_or_default();
    // Only other kinds of policies allow more than these.
    if !sid.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(malformed(
            "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*",
        ));
    }
    if kind == Kind::Trust {
        if has("Resource") || has("NotResource") {
            return Err(malformed("Has prohibited field Resource"));
        }
        let actions = actions(statement).ok_or_else(|| malformed("Missing required field Action"))?;
        return actions.into_iter().try_for_each(|action| self::action(action, kind));
    }
    if has("Principal") || has("NotPrincipal") {
        return Err(malformed("Policy document should not specify a principal."));
    }
    let actions = actions(statement).ok_or_else(|| malformed("Policy statement must contain actions."))?;
    let resources = resources(statement).ok_or_else(|| malformed("Policy statement must contain resources."))?;
    resources.into_iter().try_for_each(resource::check)?;
    actions.into_iter().try_for_each(|action| self::action(action, kind))
}

fn actions(statement: &Object) -> Option<Vec<&str>> {
    let given = statement.get("Action").or_else(|| statement.get("NotAction"))?;
    strings(given).filter(|actions| !actions.is_empty())
}

fn resources(statement: &Object) -> Option<Vec<&str>> {
    let given = statement.get("Resource").or_else(|| statement.get("NotResource"))?;
    strings(given).filter(|resources| !resources.is_empty())
}

fn action(action: &str, kind: Kind) -> Result<(), Fault> {
    let assuming = || malformed("AssumeRole policy may only specify STS AssumeRole actions.");
    if action == "*" {
        return if kind == Kind::Trust { Err(assuming()) } else { Ok(()) };
    }
    let Some((vendor, name)) = action.split_once(':') else {
        return Err(malformed("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."));
    };
    if name.contains(':') {
        return Err(malformed("Actions/Condition can contain only one colon."));
    }
    if vendor.contains(['*', '?']) {
        return Err(malformed("Action vendors (e.g., aws, ec2, etc.) must not contain wildcards."));
    }
    let letters = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
    if vendor.is_empty() || !vendor.chars().all(letters) {
        return Err(malformed(format!("Vendor {vendor} is not valid")));
    }
    if name.is_empty() {
        return Err(syntax());
    }
    if kind == Kind::Trust && !ASSUMING.contains(&action) {
        return Err(assuming());
    }
    Ok(())
}
