//! Resource policies of secrets. They are kept and shown; nothing is allowed or denied by them yet, as nothing is by IAM's.

use super::{arn, find, unsupported};
use crate::{Tx, View, state::Secret};
use aws::{
    api::secretsmanager::{
        DeleteResourcePolicyRequest, DeleteResourcePolicyResponse, GetResourcePolicyRequest, GetResourcePolicyResponse,
        PutResourcePolicyRequest, PutResourcePolicyResponse, ValidateResourcePolicyRequest,
        ValidateResourcePolicyResponse, ValidationErrorsEntry,
    },
    fault::Fault,
};
use serde_json::Value;

/// GetResourcePolicy.
pub(super) fn get(view: &View<'_>, request: GetResourcePolicyRequest) -> Result<GetResourcePolicyResponse, Fault> {
    let GetResourcePolicyRequest { secret_id, policy_name } = request;
    unnamed(policy_name)?;
    let secret = find::live(view.state, &secret_id)?;
    Ok(GetResourcePolicyResponse {
        arn: Some(arn(view.state, secret)),
        name: Some(secret.name.clone()),
        resource_policy: secret.policy.clone(),
        policy_name: None,
    })
}

/// PutResourcePolicy.
pub(super) fn put(tx: &mut Tx<'_>, request: PutResourcePolicyRequest) -> Result<PutResourcePolicyResponse, Fault> {
    let PutResourcePolicyRequest { secret_id, resource_policy, policy_name, block_public_policy } = request;
    unnamed(policy_name)?;
    let secret = find::live(&tx.state, &secret_id)?.clone();
    let policy = parse(&resource_policy).map_err(|why| {
        Fault::new("MalformedPolicyDocumentException", format!("This resource policy contains a syntax error: {why}"))
    })?;
    if block_public_policy == Some(true) && is_public(&policy) {
        return Err(Fault::new(
            "PublicPolicyException",
            "The BlockPublicPolicy parameter is set to true, and the resource policy did not prevent broad access to the secret.",
        ));
    }
    set(tx, &secret, Some(resource_policy));
    Ok(PutResourcePolicyResponse { arn: Some(arn(&tx.state, &secret)), name: Some(secret.name), policy_name: None })
}

/// DeleteResourcePolicy.
pub(super) fn delete(
    tx: &mut Tx<'_>,
    request: DeleteResourcePolicyRequest,
) -> Result<DeleteResourcePolicyResponse, Fault> {
    let DeleteResourcePolicyRequest { secret_id, policy_name } = request;
    unnamed(policy_name)?;
    let secret = find::live(&tx.state, &secret_id)?.clone();
    set(tx, &secret, None);
    Ok(DeleteResourcePolicyResponse { arn: Some(arn(&tx.state, &secret)), name: Some(secret.name), policy_name: None })
}

/// ValidateResourcePolicy.
pub(super) fn validate(
    view: &View<'_>,
    request: ValidateResourcePolicyRequest,
) -> Result<ValidateResourcePolicyResponse, Fault> {
    let ValidateResourcePolicyRequest { secret_id, resource_policy } = request;
    if let Some(id) = secret_id {
        find::live(view.state, &id)?;
    }
    let error = match parse(&resource_policy) {
        Err(why) => Some(("RESOURCE_POLICY_SYNTAX", why)),
        Ok(policy) if is_public(&policy) => {
            Some(("PUBLIC_POLICY", "the policy allows broad access to the secret.".to_owned()))
        }
        Ok(_) => None,
    };
    let entry = |(name, why): (&str, String)| ValidationErrorsEntry {
        check_name: Some(name.to_owned()),
        error_message: Some(why),
    };
    Ok(ValidateResourcePolicyResponse {
        policy_validation_passed: Some(error.is_none()),
        validation_errors: Some(error.map(entry).into_iter().collect()),
    })
}

/// A secret has one policy, without a name.
fn unnamed(name: Option<String>) -> Result<(), Fault> {
    if name.is_some() { Err(unsupported("PolicyName")) } else { Ok(()) }
}

fn set(tx: &mut Tx<'_>, secret: &Secret, policy: Option<String>) {
    let now = tx.now;
    tx.state.secrets.update(&secret.name, |secret| {
        secret.policy = policy;
        secret.changed = now;
    });
}

/// A policy's statements, if it has the form of one ("Grammar of the IAM JSON policy language", IAM User Guide).
fn parse(text: &str) -> Result<Vec<Value>, String> {
    let policy: Value = serde_json::from_str(text).map_err(|error| format!("it is not JSON ({error})."))?;
    let statements = match policy.get("Statement") {
        Some(Value::Array(statements)) if !statements.is_empty() => statements.clone(),
        Some(one @ Value::Object(_)) => vec![one.clone()],
        _ => return Err("it has no Statement.".to_owned()),
    };
    let has =
        |statement: &Value, one: &str, other: &str| statement.get(one).is_some() != statement.get(other).is_some();
    for statement in &statements {
        if !matches!(statement.get("Effect").and_then(Value::as_str), Some("Allow" | "Deny")) {
            return Err("a Statement needs the Effect Allow or Deny.".to_owned());
        }
        if !has(statement, "Principal", "NotPrincipal") {
            return Err("a Statement needs a Principal or a NotPrincipal.".to_owned());
        }
        if !has(statement, "Action", "NotAction") {
            return Err("a Statement needs an Action or a NotAction.".to_owned());
        }
    }
    Ok(statements)
}

/// Whether anybody at all is allowed something, without a condition.
fn is_public(statements: &[Value]) -> bool {
    let anybody = |principal: &Value| match principal {
        Value::String(one) => one == "*",
        Value::Array(some) => some.iter().any(|one| one == "*"),
        _ => false,
    };
    statements.iter().any(|statement| {
        let principal = statement.get("Principal");
        let public = principal.is_some_and(|p| anybody(p) || p.get("AWS").is_some_and(anybody));
        public
            && statement.get("Effect").is_some_and(|effect| effect == "Allow")
            && statement.get("Condition").is_none()
    })
}
