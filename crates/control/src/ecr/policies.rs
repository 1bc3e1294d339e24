//! Repository policies. They are kept, and nothing evaluates them yet.

use super::{
    faults::{invalid, place},
    repositories::find,
};
use crate::{State, Tx, View};
use aws::{
    api::ecr::{
        DeleteRepositoryPolicyRequest, DeleteRepositoryPolicyResponse, GetRepositoryPolicyRequest,
        GetRepositoryPolicyResponse, SetRepositoryPolicyRequest, SetRepositoryPolicyResponse,
    },
    fault::Fault,
};
use serde_json::Value;

/// Refuses what is no policy document. `what` names its kind: `repository` or `registry`.
///
/// # Errors
/// `InvalidParameterException` in AWS's words.
pub(super) fn check(text: &str, what: &str) -> Result<(), Fault> {
    let refused = || invalid("PolicyText", format_args!("Invalid {what} policy provided"));
    let policy: Value = serde_json::from_str(text).map_err(|_| refused())?;
    let version = policy.get("Version").is_none_or(|version| *version == "2012-10-17" || *version == "2008-10-17");
    let statements = match policy.get("Statement") {
        Some(Value::Array(all)) => all.as_slice(),
        Some(one @ Value::Object(_)) => std::slice::from_ref(one),
        _ => return Err(refused()),
    };
    if version && !statements.is_empty() && statements.iter().all(is_statement) { Ok(()) } else { Err(refused()) }
}

/// "Grammar of the IAM JSON policy language": a policy of a resource says who may do what.
fn is_statement(statement: &Value) -> bool {
    let has = |name: &str| statement.get(name).is_some_and(|value| !value.is_null());
    let one_of = |name: &str, other: &str| has(name) != has(other);
    statement.get("Effect").is_some_and(|effect| *effect == "Allow" || *effect == "Deny")
        && one_of("Principal", "NotPrincipal")
        && one_of("Action", "NotAction")
}

/// SetRepositoryPolicy. `force` is about policies that keep their author from setting another one, which none does here.
pub(super) fn set(tx: &mut Tx<'_>, request: SetRepositoryPolicyRequest) -> Result<SetRepositoryPolicyResponse, Fault> {
    let SetRepositoryPolicyRequest { registry_id, repository_name: name, policy_text: text, force: _ } = request;
    find(&tx.state, registry_id.as_deref(), &name)?;
    check(&text, "repository")?;
    tx.state.ecr_repositories.update(&name, |repository| repository.policy = Some(text.clone()));
    Ok(SetRepositoryPolicyResponse {
        registry_id: Some(tx.state.region.account.clone()),
        repository_name: Some(name),
        policy_text: Some(text),
    })
}

/// GetRepositoryPolicy.
pub(super) fn get(view: &View<'_>, request: GetRepositoryPolicyRequest) -> Result<GetRepositoryPolicyResponse, Fault> {
    let GetRepositoryPolicyRequest { registry_id, repository_name: name } = request;
    let text = policy(view.state, registry_id.as_deref(), &name)?;
    Ok(GetRepositoryPolicyResponse {
        registry_id: Some(view.state.region.account.clone()),
        repository_name: Some(name),
        policy_text: Some(text),
    })
}

/// DeleteRepositoryPolicy.
pub(super) fn delete(
    tx: &mut Tx<'_>,
    request: DeleteRepositoryPolicyRequest,
) -> Result<DeleteRepositoryPolicyResponse, Fault> {
    let DeleteRepositoryPolicyRequest { registry_id, repository_name: name } = request;
    let text = policy(&tx.state, registry_id.as_deref(), &name)?;
    tx.state.ecr_repositories.update(&name, |repository| repository.policy = None);
    Ok(DeleteRepositoryPolicyResponse {
        registry_id: Some(tx.state.region.account.clone()),
        repository_name: Some(name),
        policy_text: Some(text),
    })
}

fn policy(state: &State, registry_id: Option<&str>, name: &str) -> Result<String, Fault> {
    find(state, registry_id, name)?.policy.clone().ok_or_else(|| {
        let place = place(state, name);
        Fault::new("RepositoryPolicyNotFoundException", format!("Repository policy does not exist for the {place}"))
    })
}
