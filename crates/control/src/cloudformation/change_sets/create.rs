//! CreateChangeSet.

use super::{
    super::{
        engine::Note,
        find,
        prepare::{self, Request},
        stacks, templates, validation,
    },
    of, plan,
};
use crate::{
    Tx,
    state::{ChangeSet, Stack, StackDeployment},
};
use aws::{
    api::cloudformation::{
        Change, ChangeSetStatus, ChangeSetType, CreateChangeSetInput, CreateChangeSetOutput, ExecutionStatus,
        OnStackFailure, StackStatus,
    },
    fault::Fault,
};

/// The most change sets of a stack. AWS names no such quota; each has a whole template.
const MOST: usize = 100;
/// What clients look for to tell a change set without changes from one that can't be made.
const NO_CHANGES: &str =
    "The submitted information didn't contain changes. Submit different information to create a change set.";

/// Makes a change set. What is wrong with the template refuses the call; what is wrong with properties is the change set's own reason.
pub(in super::super) fn create(tx: &mut Tx<'_>, request: CreateChangeSetInput) -> Result<CreateChangeSetOutput, Fault> {
    let CreateChangeSetInput {
        stack_name,
        template_body,
        template_url,
        use_previous_template,
        parameters,
        capabilities,
        resource_types,
        role_arn,
        rollback_configuration,
        notification_ar_ns,
        tags,
        change_set_name,
        client_token,
        description,
        change_set_type,
        resources_to_import,
        include_nested_stacks,
        on_stack_failure,
        import_existing_resources,
        deployment_mode,
        deployment_config,
        disable_validation,
    } = request;
    stacks::check_rollback(rollback_configuration)?;
    let kind = change_set_type.unwrap_or(ChangeSetType::Update);
    stacks::refuse(&[
        ("TemplateURL", template_url.is_some()),
        ("ChangeSetType IMPORT", kind == ChangeSetType::Import),
        ("ResourcesToImport", resources_to_import.is_some_and(|list| !list.is_empty())),
        ("IncludeNestedStacks", include_nested_stacks == Some(true)),
        ("ImportExistingResources", import_existing_resources == Some(true)),
        ("DeploymentMode", deployment_mode.is_some()),
        ("DeploymentConfig", deployment_config.is_some()),
        ("DisableValidation", disable_validation == Some(true)),
    ])?;
    if kind != ChangeSetType::Create && on_stack_failure == Some(OnStackFailure::Delete) {
        return Err(validation("OnStackFailure DELETE is only valid when ChangeSetType is CREATE."));
    }
    stacks::check_name(&change_set_name, "changeSetName")?;
    let (stack, is_new) = stack(tx, &stack_name, &change_set_name, kind)?;
    if let Some(existing) = of(&tx.state, &stack.id).find(|set| set.name == change_set_name && !super::is_executed(set))
    {
        // The same request again is answered as it was.
        if client_token.is_some() && existing.token == client_token {
            let (id, stack_id) = (Some(existing.id.clone()), Some(stack.id.clone()));
            return Ok(CreateChangeSetOutput { id, stack_id });
        }
        let message = if client_token.is_some() || existing.token.is_some() {
            format!(
                "ChangeSet {change_set_name} cannot be created due to a mismatch with existing attribute ClientToken"
            )
        } else {
            format!("ChangeSet [{change_set_name}] already exists")
        };
        return Err(Fault::new("AlreadyExistsException", message));
    }
    if of(&tx.state, &stack.id).count() >= MOST {
        return Err(Fault::new(
            "LimitExceededException",
            format!("Limit for change sets of a stack has been exceeded: {MOST}"),
        ));
    }
    let template = stacks::template(template_body, use_previous_template)?;
    let request = Request {
        template,
        parameters: parameters.unwrap_or_default(),
        tags,
        capabilities: capabilities.unwrap_or_default(),
        notification_arns: notification_ar_ns,
        role_arn,
        resource_types,
    };
    let previous = templates::deployment(&tx.state, &stack.id).cloned();
    let deployment = prepare::draft(&tx.view(), (&stack.id, &stack.name), request, previous.as_ref())?;
    let (status, execution, reason, changes) = match outcome(tx, &stack, previous.as_ref(), &deployment) {
        Ok(changes) => (ChangeSetStatus::CreateComplete, ExecutionStatus::Available, None, changes),
        Err(reason) => (ChangeSetStatus::Failed, ExecutionStatus::Unavailable, Some(reason), Vec::new()),
    };
    let (stack_id, uuid) = (stack.id.clone(), tx.uuid());
    let id = tx.state.region.arn("cloudformation", format_args!("changeSet/{change_set_name}/{uuid}"));
    if is_new {
        tx.state.stacks.put(stack);
        tx.note_stack(&stack_id, StackStatus::ReviewInProgress, Some("User Initiated".to_owned()));
    }
    tx.state.change_sets.put(ChangeSet {
        id: id.clone(),
        name: change_set_name,
        stack: stack_id.clone(),
        kind,
        created: tx.now,
        description,
        token: client_token,
        status,
        reason,
        execution,
        on_stack_failure,
        deployment,
        changes,
    });
    Ok(CreateChangeSetOutput { id: Some(id), stack_id: Some(stack_id) })
}

/// The stack that a change set is for, and whether it is made with it.
fn stack(tx: &mut Tx<'_>, name: &str, set: &str, kind: ChangeSetType) -> Result<(Stack, bool), Fault> {
    if kind == ChangeSetType::Update {
        let stack = find::changed(&tx.state, name)?.clone();
        stacks::in_progress(&stack)?;
        return Ok((stack, false));
    }
    match find::stack(&tx.state, name).filter(|stack| stack.deleted.is_none()) {
        Some(stack) if stack.status == StackStatus::ReviewInProgress => Ok((stack.clone(), false)),
        Some(stack) => Err(validation(format!(
            "Stack [{}] already exists and cannot be created again with the changeSet [{set}].",
            stack.name
        ))),
        None => {
            stacks::check_name(name, "stackName")?;
            Ok((stacks::record(tx, name, None)?, true))
        }
    }
}

/// What a deployment does, or why it can't be done.
fn outcome(
    tx: &Tx<'_>,
    stack: &Stack,
    previous: Option<&StackDeployment>,
    deployment: &StackDeployment,
) -> Result<Vec<Change>, String> {
    prepare::check_properties(&deployment.resolved).map_err(|fault| fault.message)?;
    stacks::check_kinds(tx, stack, deployment).map_err(|fault| fault.message)?;
    let failed = matches!(stack.status, StackStatus::CreateFailed | StackStatus::UpdateFailed);
    if !failed && !stacks::differs(previous, deployment) {
        return Err(NO_CHANGES.to_owned());
    }
    plan::changes(&tx.view(), stack, previous, deployment).map_err(|error| error.to_string())
}
