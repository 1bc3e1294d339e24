//! Policies of endpoints. Nothing evaluates them yet, so only one that allows everything is true of what happens.

use crate::ec2::parameter::not_supported;
use aws::fault::Fault;
use serde_json::{Map, Value};

/// The policy of an endpoint that was given none ("Default endpoint policy", AWS PrivateLink Guide).
pub(super) const DEFAULT: &str = r#"{"Statement":[{"Action":"*","Effect":"Allow","Principal":"*","Resource":"*"}]}"#;

/// Refuses every policy but one that allows everything to everybody.
///
/// # Errors
/// `InvalidPolicyDocument` for what is no JSON object, and the refusal naming `PolicyDocument`.
pub(super) fn check(document: Option<String>) -> Result<Option<String>, Fault> {
    let Some(text) = document.filter(|text| !text.is_empty()) else { return Ok(None) };
    let Ok(Value::Object(policy)) = serde_json::from_str(&text) else {
        return Err(Fault::new("InvalidPolicyDocument", "The policy document is not a valid JSON policy document."));
    };
    let statements = match policy.get("Statement") {
        Some(Value::Array(all)) => all.as_slice(),
        Some(one) => std::slice::from_ref(one),
        None => &[],
    };
    // A second statement could only take away.
    match statements {
        [Value::Object(statement)] if allows_everything(statement) => Ok(Some(text)),
        _ => Err(not_supported("PolicyDocument that does not allow everything")),
    }
}

fn allows_everything(statement: &Map<String, Value>) -> bool {
    let every = |value: Option<&Value>| match value {
        Some(Value::Array(all)) => matches!(all.as_slice(), [one] if *one == "*"),
        Some(one) => *one == "*",
        None => false,
    };
    let everybody = match statement.get("Principal") {
        Some(Value::Object(by_kind)) => by_kind.len() == 1 && every(by_kind.get("AWS")),
        principal => every(principal),
    };
    let known = ["Sid", "Effect", "Principal", "Action", "Resource"];
    statement.keys().all(|key| known.contains(&key.as_str()))
        && statement.get("Effect").is_some_and(|effect| *effect == "Allow")
        && everybody
        && every(statement.get("Action"))
        && every(statement.get("Resource"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_allows_everything_is_taken() {
        let check = |text: &str| check(Some(text.to_owned())).map_err(|fault| fault.code);
        for allowed in [
            DEFAULT,
            r#"{"Version":"2012-10-17","Statement":{"Sid":"a","Effect":"Allow","Principal":{"AWS":"*"},"Action":["*"],"Resource":["*"]}}"#,
        ] {
            assert_eq!(check(allowed), Ok(Some(allowed.to_owned())));
        }
        for refused in [
            r#"{"Statement":[]}"#,
            r#"{"Statement":[{"Action":"s3:*","Effect":"Allow","Principal":"*","Resource":"*"}]}"#,
            r#"{"Statement":[{"Action":"*","Effect":"Deny","Principal":"*","Resource":"*"}]}"#,
            r#"{"Statement":[{"Action":"*","Effect":"Allow","Principal":"*","Resource":"*","Condition":{}}]}"#,
            r#"{"Statement":[{"Action":"*","Effect":"Allow","Principal":{"AWS":"123456789012"},"Resource":"*"}]}"#,
        ] {
            assert_eq!(check(refused), Err("UnsupportedOperation".into()), "{refused}");
        }
        for malformed in ["{", "[]", "true"] {
            assert_eq!(check(malformed), Err("InvalidPolicyDocument".into()), "{malformed}");
        }
    }
}
