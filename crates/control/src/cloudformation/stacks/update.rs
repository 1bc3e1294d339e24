//! UpdateStack.

use super::{
    super::{
        engine::{self, Asked},
        find, policy,
        prepare::{self, Request},
        templates, validation,
    },
    check_rollback,
    create::refuse,
    repeats,
};
use crate::{
    Tx,
    state::{OperationKind, Phase, Stack, StackDeployment},
};
use aws::{
    api::cloudformation::{OnFailure, StackStatus as Status, UpdateStackInput, UpdateStackOutput},
    fault::Fault,
};

/// Begins to make a stack what another deployment says.
pub(in super::super) fn update(tx: &mut Tx<'_>, request: UpdateStackInput) -> Result<UpdateStackOutput, Fault> {
    let UpdateStackInput {
        stack_name,
        template_body,
        template_url,
        use_previous_template,
        stack_policy_during_update_body,
        stack_policy_during_update_url,
        parameters,
        capabilities,
        resource_types,
        role_arn,
        rollback_configuration,
        stack_policy_body,
        stack_policy_url,
        notification_ar_ns,
        tags,
        disable_rollback,
        client_request_token,
        retain_except_on_create,
        deployment_config,
        disable_validation,
    } = request;
    check_rollback(rollback_configuration)?;
    refuse(&[
        ("TemplateURL", template_url.is_some()),
        ("StackPolicyURL", stack_policy_url.is_some()),
        ("StackPolicyDuringUpdateURL", stack_policy_during_update_url.is_some()),
        ("DeploymentConfig", deployment_config.is_some()),
        ("DisableValidation", disable_validation == Some(true)),
    ])?;
    let stack = find::changed(&tx.state, &stack_name)?.clone();
    if repeats(&stack, client_request_token.as_deref()) {
        return Ok(UpdateStackOutput { stack_id: Some(stack.id), ..UpdateStackOutput::default() });
    }
    let template = template(template_body, use_previous_template)?;
    in_progress(&stack)?;
    let previous = templates::deployment(&tx.state, &stack.id).cloned();
    let request = Request {
        template,
        parameters: parameters.unwrap_or_default(),
        tags,
        capabilities: capabilities.unwrap_or_default(),
        notification_arns: notification_ar_ns,
        role_arn,
        resource_types,
    };
    let deployment = prepare::deployment(&tx.view(), (&stack.id, &stack.name), request, previous.as_ref())?;
    let policy = stack_policy_body.map(|body| policy::checked(&body, &deployment.resolved)).transpose()?;
    let during = stack_policy_during_update_body;
    let during = during.map(|body| policy::checked(&body, &deployment.resolved)).transpose()?;
    let on_failure = if disable_rollback == Some(true) { OnFailure::DoNothing } else { OnFailure::Rollback };
    let asked = Asked {
        token: client_request_token,
        policy: during,
        reason: Some("User Initiated".to_owned()),
        retain_except_on_create: retain_except_on_create == Some(true),
        ..Asked::default()
    };
    begin(tx, &stack, deployment, on_failure, asked)?;
    if let Some(policy) = policy {
        tx.state.stacks.update(&stack.id, |stack| stack.policy = Some(policy));
    }
    Ok(UpdateStackOutput { stack_id: Some(stack.id), ..UpdateStackOutput::default() })
}

/// The template a call gives; none for the one the stack has.
///
/// # Errors
/// `ValidationError`: both or neither are asked for.
pub(in super::super) fn template(body: Option<String>, use_previous: Option<bool>) -> Result<Option<String>, Fault> {
    match (body, use_previous.unwrap_or(false)) {
        (Some(_), true) => {
            Err(validation("You cannot specify both usePreviousTemplate and Template Body/Template URL."))
        }
        (None, false) => Err(validation("Either Template URL or Template Body must be specified.")),
        (template, _) => Ok(template),
    }
}

/// Begins to make a stack what a deployment says.
///
/// # Errors
/// `ValidationError`: nothing would change, or a resource would be of another type.
pub(in super::super) fn begin(
    tx: &mut Tx<'_>,
    stack: &Stack,
    deployment: StackDeployment,
    on_failure: OnFailure,
    asked: Asked,
) -> Result<(), Fault> {
    let failed = matches!(stack.status, Status::CreateFailed | Status::UpdateFailed);
    if !failed && !differs(templates::deployment(&tx.state, &stack.id), &deployment) {
        return Err(validation("No updates are to be performed."));
    }
    check_kinds(tx, stack, &deployment)?;
    tx.state.stack_deployments.put(deployment);
    engine::begin(tx, &stack.id, OperationKind::Update, Phase::Make, on_failure, asked);
    Ok(())
}

/// Whether there is anything to do.
pub(in super::super) fn differs(before: Option<&StackDeployment>, after: &StackDeployment) -> bool {
    let Some(before) = before else { return true };
    // What is not known before it is made may come out otherwise, but nothing that it is made of does.
    before.resolved.resources != after.resolved.resources
        || before.resolved.outputs != after.resolved.outputs
        || before.tags != after.tags
        || before.notification_arns != after.notification_arns
        || before.resolved.resources.values().any(|resource| resource.kind == engine::STACK)
}

/// Refuses to make a resource of one type one of another.
///
/// # Errors
/// `ValidationError` with their names.
pub(in super::super) fn check_kinds(tx: &Tx<'_>, stack: &Stack, deployment: &StackDeployment) -> Result<(), Fault> {
    let resources = super::super::resources::of(&tx.state, stack);
    let other = resources.iter().filter(|old| {
        let new = deployment.resolved.resources.get(&old.logical_id);
        old.physical_id.is_some() && new.is_some_and(|new| new.kind != old.kind)
    });
    let names: Vec<&str> = other.map(|old| old.logical_id.as_str()).collect();
    if names.is_empty() {
        return Ok(());
    }
    Err(validation(format!(
        "Update of resource type is not permitted. The new template modifies resource type of the following resources: [{}]",
        names.join(", ")
    )))
}

/// Refuses to change a stack that something is being done to, or that can only be deleted ("Stack status codes").
///
/// # Errors
/// `ValidationError`: "Stack:ARN is in X state and can not be updated."
pub(in super::super) fn in_progress(stack: &Stack) -> Result<(), Fault> {
    let can = matches!(
        stack.status,
        Status::CreateComplete
            | Status::UpdateComplete
            | Status::UpdateRollbackComplete
            | Status::CreateFailed
            | Status::UpdateFailed
            | Status::ImportComplete
            | Status::ImportRollbackComplete
    );
    // A creation that failed and was not rolled back may be tried again with another template.
    if can && stack.operation.is_none() {
        return Ok(());
    }
    Err(validation(format!("Stack:{} is in {} state and can not be updated.", stack.id, stack.status)))
}
