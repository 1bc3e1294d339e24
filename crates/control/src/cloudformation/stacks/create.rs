//! CreateStack.

use super::{
    super::{
        engine::{self, Asked},
        find, policy,
        prepare::{self, Request},
        validation,
    },
    check_rollback, repeats, unsupported,
};
use crate::{
    Tx,
    state::{OperationKind, Phase, Stack, StackParent},
};
use aws::{
    api::cloudformation::{CreateStackInput, CreateStackOutput, OnFailure, StackStatus},
    fault::Fault,
};

/// "CloudFormation quotas": stacks of an account in a region.
pub(in super::super) const MOST: usize = 2_000;

/// Begins to make a stack.
pub(in super::super) fn create(tx: &mut Tx<'_>, request: CreateStackInput) -> Result<CreateStackOutput, Fault> {
    let CreateStackInput {
        stack_name,
        template_body,
        template_url,
        parameters,
        disable_rollback,
        rollback_configuration,
        timeout_in_minutes,
        notification_ar_ns,
        capabilities,
        resource_types,
        role_arn,
        on_failure,
        stack_policy_body,
        stack_policy_url,
        tags,
        client_request_token,
        enable_termination_protection,
        retain_except_on_create,
        deployment_config,
        disable_validation,
    } = request;
    check_rollback(rollback_configuration)?;
    refuse(&[
        ("TemplateURL", template_url.is_some()),
        ("StackPolicyURL", stack_policy_url.is_some()),
        ("DeploymentConfig", deployment_config.is_some()),
        ("DisableValidation", disable_validation == Some(true)),
    ])?;
    let on_failure = match (on_failure, disable_rollback) {
        (Some(_), Some(_)) => {
            return Err(validation("You can specify either DisableRollback or OnFailure, but not both."));
        }
        (Some(on_failure), None) => on_failure,
        (None, Some(true)) => OnFailure::DoNothing,
        (None, _) => OnFailure::Rollback,
    };
    check_name(&stack_name, "stackName")?;
    if let Some(existing) = find::live(&tx.state, &stack_name) {
        // The same request again is answered as it was.
        if repeats(existing, client_request_token.as_deref()) {
            return Ok(CreateStackOutput { stack_id: Some(existing.id.clone()), ..CreateStackOutput::default() });
        }
        let message = format!("Stack [{stack_name}] already exists");
        return Err(Fault::new("AlreadyExistsException", message));
    }
    let stack = Stack {
        termination_protection: enable_termination_protection.unwrap_or(false),
        on_failure,
        timeout_in_minutes,
        ..record(tx, &stack_name, None)?
    };
    let request = Request {
        template: template_body,
        parameters: parameters.unwrap_or_default(),
        tags,
        capabilities: capabilities.unwrap_or_default(),
        notification_arns: notification_ar_ns,
        role_arn,
        resource_types,
    };
    let deployment = prepare::deployment(&tx.view(), (&stack.id, &stack_name), request, None)?;
    let policy = stack_policy_body.map(|body| policy::checked(&body, &deployment.resolved)).transpose()?;
    let id = stack.id.clone();
    tx.state.stacks.put(Stack { policy, ..stack });
    tx.state.stack_deployments.put(deployment);
    let asked = Asked {
        token: client_request_token,
        reason: Some("User Initiated".to_owned()),
        retain_except_on_create: retain_except_on_create == Some(true),
        ..Asked::default()
    };
    engine::begin(tx, &id, OperationKind::Create, Phase::Make, on_failure, asked);
    Ok(CreateStackOutput { stack_id: Some(id), ..CreateStackOutput::default() })
}

/// Refuses what is asked for and not supported.
pub(in super::super) fn refuse(what: &[(&str, bool)]) -> Result<(), Fault> {
    match what.iter().find(|(_, given)| *given) {
        Some((name, _)) => Err(unsupported(name)),
        None => Ok(()),
    }
}

/// A stack that nothing has been done to.
///
/// # Errors
/// `LimitExceededException`.
pub(in super::super) fn record(tx: &mut Tx<'_>, name: &str, parent: Option<StackParent>) -> Result<Stack, Fault> {
    if tx.state.stacks.iter().filter(|stack| stack.deleted.is_none()).count() >= MOST {
        let message = format!("Limit for stack has been exceeded: {MOST}");
        return Err(Fault::new("LimitExceededException", message));
    }
    let uuid = tx.uuid();
    let id = tx.state.region.arn("cloudformation", format_args!("stack/{name}/{uuid}"));
    Ok(Stack {
        id,
        name: name.to_owned(),
        status: StackStatus::ReviewInProgress,
        reason: None,
        created: tx.now,
        updated: None,
        deleted: None,
        termination_protection: false,
        policy: None,
        parent,
        on_failure: OnFailure::Rollback,
        timeout_in_minutes: None,
        change_set: None,
        outputs: Vec::new(),
        operation: None,
        operations: 0,
        deployed_in: 0,
        drift: None,
        events: 0,
    })
}

/// Names of stacks and change sets: alphanumeric characters and hyphens, a letter first, no longer than 128 ("CreateStack", "CreateChangeSet",
/// AWS CloudFormation API Reference).
///
/// # Errors
/// `ValidationError` naming the call's `member`.
pub(in super::super) fn check_name(name: &str, member: &str) -> Result<(), Fault> {
    let letters = name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '-');
    let first = name.chars().next().is_some_and(|letter| letter.is_ascii_alphabetic());
    if !(letters && first) {
        return Err(validation(format!(
            "1 validation error detected: Value '{name}' at '{member}' failed to satisfy constraint: Member must satisfy regular \
             expression pattern: [a-zA-Z][-a-zA-Z0-9]*"
        )));
    }
    if name.len() > 128 {
        return Err(validation(format!(
            "1 validation error detected: Value '{name}' at '{member}' failed to satisfy constraint: Member must have length less than or \
             equal to 128"
        )));
    }
    Ok(())
}
