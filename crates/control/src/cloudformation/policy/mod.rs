//! Stack policies: which resources an update may change, replace or remove ("Prevent updates to stack resources", AWS CloudFormation User
//! Guide). One that is set allows what it says and nothing else.

mod document;

use super::{find, validation};
use crate::{
    Tx, View,
    state::{OperationKind, StackOperation},
};
use aws::{
    api::cloudformation::{GetStackPolicyInput, GetStackPolicyOutput, SetStackPolicyInput},
    fault::Fault,
    shape::Nothing,
};
use document::{Document, Verdict};
use std::collections::BTreeSet;
use template::Resolved;

/// What an update does to a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    /// It is changed in place.
    Modify,
    /// Another one takes its place.
    Replace,
    /// It is removed.
    Delete,
}

impl Action {
    fn name(self) -> &'static str {
        match self {
            Self::Modify => "Update:Modify",
            Self::Replace => "Update:Replace",
            Self::Delete => "Update:Delete",
        }
    }
}

/// A stack policy that can be kept for a stack.
///
/// # Errors
/// `ValidationError`: it is not one, or names a resource that the template does not have.
pub(super) fn checked(body: &str, template: &Resolved) -> Result<String, Fault> {
    let document = Document::read(body).ok_or_else(|| wrong("Invalid stack policy"))?;
    let known: BTreeSet<&str> = template.resources.keys().map(String::as_str).collect();
    match document.unknown(&known) {
        None => Ok(body.to_owned()),
        Some(name) => Err(wrong(&format!(
            "Unknown logical id '{name}' in statement {{}} - stack policies can only be applied to logical ids referenced in the template"
        ))),
    }
}

fn wrong(why: &str) -> Fault {
    validation(format!("Error validating stack policy: {why}"))
}

/// Why the policy of an update does not let something be done to a resource. A rollback isn't bound by it.
pub(super) fn denial(operation: &StackOperation, action: Action, logical_id: &str, kind: &str) -> Option<String> {
    let body = operation.policy.as_deref().filter(|_| operation.kind == OperationKind::Update)?;
    match Document::read(body)?.judge(action.name(), logical_id, kind) {
        Verdict::Allowed => None,
        Verdict::Denied(statement) => Some(format!("Action denied by stack policy: {statement};")),
        Verdict::NotAllowed => Some("Action not allowed by stack policy".to_owned()),
    }
}

/// SetStackPolicy.
pub(super) fn set(tx: &mut Tx<'_>, request: SetStackPolicyInput) -> Result<Nothing, Fault> {
    let SetStackPolicyInput { stack_name, stack_policy_body, stack_policy_url } = request;
    if stack_policy_url.is_some() {
        return Err(validation("neargate does not support StackPolicyURL yet."));
    }
    let stack = find::changed(&tx.state, &stack_name)?.id.clone();
    let Some(body) = stack_policy_body else {
        return Err(validation("Either StackPolicyBody or StackPolicyURL must be specified."));
    };
    let none = Resolved::default();
    let deployed = super::templates::deployment(&tx.state, &stack).map_or(&none, |deployment| &deployment.resolved);
    let policy = checked(&body, deployed)?;
    tx.state.stacks.update(&stack, |stack| stack.policy = Some(policy));
    Ok(Nothing {})
}

/// GetStackPolicy.
pub(super) fn get(view: &View<'_>, request: GetStackPolicyInput) -> Result<GetStackPolicyOutput, Fault> {
    let stack = find::changed(view.state, &request.stack_name)?;
    Ok(GetStackPolicyOutput { stack_policy_body: stack.policy.clone() })
}
