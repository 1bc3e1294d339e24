//! From answers to environment variables.

use super::{
    Answer, Answers, Call, FAILURE, RETRIED, asm, format,
    reference::{self, Reference},
    ssm,
};
use crate::aws::Failure;
use serde_json::Value;
use spec::Secret;
use std::collections::BTreeMap;

/// The environment variables of one container, by name, out of the answers to the calls of [`super::plan`].
///
/// # Errors
/// The task's failure, in the words of Fargate. It names secrets and never what is in them.
pub(crate) fn pick(secrets: &[Secret], region: &str, answers: &Answers) -> Result<BTreeMap<String, String>, String> {
    let one = |secret: &Secret| {
        let value = match reference::parse(&secret.value_from, region)? {
            Reference::Parameter { region, name } => parameter(&region, &name, answers)?,
            Reference::Secret { call, json_key } => of_secret(&call, json_key.as_deref(), answers)?,
        };
        Ok((secret.name.clone(), value))
    };
    secrets.iter().map(one).collect()
}

fn parameter(region: &str, name: &str, answers: &Answers) -> Result<String, String> {
    let asked = |call: &Call| match call {
        Call::GetParameters { region: of, names } => of == region && names.iter().any(|asked| asked == name),
        Call::GetSecretValue { .. } => false,
    };
    let Some((call, answer)) = answers.iter().find(|(call, _)| asked(call)) else { return Err(ssm("empty response")) };
    let body = match answer {
        Ok(body) => body,
        Err(failure @ Failure::Refused { .. }) => return Err(ssm(format!("{RETRIED}{}", call.failed(failure)))),
        Err(failure @ Failure::NoAnswer { .. }) => {
            return Err(format!(
                "{FAILURE}unable to retrieve secrets from ssm: The task cannot pull secrets from AWS Systems Manager. There is a \
                 connection issue between the task and AWS Systems Manager Parameter Store. Check your task network configuration. {}",
                call.failed(failure)
            ));
        }
    };
    let invalid: Vec<&str> = items(body, "InvalidParameters").filter_map(Value::as_str).collect();
    if !invalid.is_empty() {
        return Err(ssm(format!("{RETRIED}invalid ssm parameters: {}", invalid.join(","))));
    }
    let found = items(body, "Parameters").find(|parameter| is_named(parameter, name));
    let value = found.and_then(|parameter| text(parameter, "Value"));
    value.map(str::to_owned).ok_or_else(|| ssm(format!("{RETRIED}invalid ssm parameters: {name}")))
}

/// Whether a parameter is the one that was asked for: by name or ARN, either with a version or label behind it.
fn is_named(parameter: &Value, asked: &str) -> bool {
    let selector = text(parameter, "Selector").unwrap_or_default();
    let Some(asked) = asked.strip_suffix(selector) else { return false };
    let plain = |name: &str| name.strip_prefix('/').unwrap_or(name).to_owned();
    text(parameter, "ARN") == Some(asked) || text(parameter, "Name").is_some_and(|name| plain(name) == plain(asked))
}

fn of_secret(call: &Call, json_key: Option<&str>, answers: &Answers) -> Result<String, String> {
    let body = match answers.get(call) {
        Some(answer) => secret_value(call, answer)?,
        None => return Err(asm("empty response")),
    };
    let whole = text(body, "SecretString").unwrap_or_default();
    let Some(key) = json_key else { return Ok(whole.to_owned()) };
    let failed = |why: &str| asm(format!("{RETRIED}{why}"));
    // What the parser says of the text would show some of it.
    let object: Value =
        serde_json::from_str(whole).map_err(|_| failed("invalid character looking for beginning of value"))?;
    let Value::Object(members) = object else {
        return Err(failed("json: cannot unmarshal the secret into Go value of type map[string]interface {}"));
    };
    let missing = || failed(&format!("retrieved secret from Secrets Manager did not contain json key {key}"));
    members.get(key).map(format::value).ok_or_else(missing)
}

/// The body of `GetSecretValue`'s answer.
fn secret_value<'a>(call: &Call, answer: &'a Answer) -> Result<&'a Value, String> {
    let id = match call {
        Call::GetSecretValue { secret_id, .. } => secret_id.as_str(),
        Call::GetParameters { .. } => "",
    };
    let fetching = format!("failed to fetch secret {id} from secrets manager: ");
    match answer {
        Ok(body) => Ok(body),
        Err(failure @ Failure::Refused { .. }) => Err(asm(format!("{RETRIED}{fetching}{}", call.failed(failure)))),
        Err(failure @ Failure::NoAnswer { .. }) => Err(format!(
            "{FAILURE}unable to retrieve secret from asm: There is a connection issue between the task and AWS Secrets Manager. Check \
             your task network configuration. {fetching}{}",
            call.failed(failure)
        )),
    }
}

fn items<'a>(body: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    body.get(name).and_then(Value::as_array).into_iter().flatten()
}

fn text<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    value.get(name).and_then(Value::as_str)
}
