//! `repositoryCredentials`: the user name and password for a private registry ("Using non-AWS container images in Amazon ECS", Amazon ECS
//! Developer Guide).

use super::{Answer, Call, FAILURE, RETRIED, RETRIEVAL};
use serde_json::Value;

/// A user's name and password at a registry. There is no `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Login {
    /// The user name.
    pub(crate) user: String,
    /// The password.
    pub(crate) password: String,
}

/// The call that fetches a registry's credentials: `credentialsParameter` is a secret's ARN, or its name in the task's own region.
pub(crate) fn registry_call(credentials_parameter: &str, region: &str) -> Call {
    let of_arn = credentials_parameter.strip_prefix("arn:").and_then(|_| credentials_parameter.split(':').nth(3));
    Call::GetSecretValue {
        region: of_arn.filter(|region| !region.is_empty()).unwrap_or(region).to_owned(),
        secret_id: credentials_parameter.to_owned(),
        version_id: None,
        version_stage: None,
    }
}

/// The credentials in the answer to that call.
///
/// # Errors
/// The task's failure, in the words of Fargate and of the Amazon ECS agent.
pub(crate) fn registry_credentials(call: &Call, answer: &Answer) -> Result<Login, String> {
    let id = match call {
        Call::GetSecretValue { secret_id, .. } => secret_id.as_str(),
        Call::GetParameters { .. } => "",
    };
    let failed = |why: String| format!("{FAILURE}{RETRIEVAL}unable to get registry auth from asm: {RETRIED}{why}");
    let fetching = |failure| failed(format!("asm fetching secret from the service for {id}: {}", call.failed(failure)));
    let body = answer.as_ref().map_err(fetching)?;
    let text = body.get("SecretString").and_then(Value::as_str).unwrap_or_default();
    if text.is_empty() {
        return Err(failed("asm fetching authorization data: empty secrets value".to_owned()));
    }
    let schema =
        || failed("asm fetching authorization data: unable to unmarshal secret value, invalid schema".to_owned());
    let object: Value = serde_json::from_str(text).map_err(|_| schema())?;
    let members = object.as_object().ok_or_else(schema)?;
    // Go takes members whatever the case of their names.
    let member = |wanted: &str| {
        let found = members.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value);
        match found {
            None | Some(Value::Null) => Ok(String::new()),
            Some(Value::String(text)) => Ok(text.clone()),
            Some(_) => Err(schema()),
        }
    };
    let (username, password) = (member("username")?, member("password")?);
    for (name, value) in [("username", &username), ("password", &password)] {
        if value.is_empty() {
            return Err(failed(format!("asm fetching {name}: AuthorizationData is malformed, empty field")));
        }
    }
    Ok(Login { user: username, password })
}
