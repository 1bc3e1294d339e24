//! RegisterTaskDefinition.

use super::{attributes, check, client, size};
use crate::{
    Tx,
    ecs::{arn, tags},
    iam::Identity,
    state::{TaskDefinition, TaskDefinitionFamily},
};
use aws::{
    api::ecs::{
        self, Compatibility, NetworkMode, RegisterTaskDefinitionRequest, RegisterTaskDefinitionResponse, Tag,
        TaskDefinitionStatus,
    },
    fault::Fault,
};

/// Bytes of a task definition as JSON ("Amazon ECS service quotas", Amazon ECS Developer Guide).
const MOST_BYTES: usize = 65_536;

/// Checks a task definition and keeps it as the next revision of its family.
pub(crate) fn register(
    tx: &mut Tx<'_>,
    input: RegisterTaskDefinitionRequest,
) -> Result<RegisterTaskDefinitionResponse, Fault> {
    check::refuse_in_task(&input)?;
    let tags = checked_tags(input.tags.clone())?;
    let family = checked_family(&input.family)?;
    let mut definition = checked(tx, input)?;
    let last = tx.state.task_definition_families.get(&family).map_or(0, |family| family.last_revision);
    let Some(revision) = last.checked_add(1).filter(|revision| *revision <= MOST_REVISIONS) else {
        return Err(Fault::new(
            "LimitExceededException",
            format!("A family can have at most {MOST_REVISIONS} revisions."),
        ));
    };
    let arn = arn::task_definition(&tx.state.region, &family, revision);
    definition.task_definition_arn = Some(arn.clone());
    definition.revision = Some(revision);
    tx.state.task_definition_families.put(TaskDefinitionFamily { name: family.clone(), last_revision: revision });
    tx.state.task_definitions.put(TaskDefinition {
        family,
        revision,
        arn,
        definition: definition.clone(),
        tags: tags.clone(),
    });
    Ok(RegisterTaskDefinitionResponse { task_definition: Some(definition), tags: (!tags.is_empty()).then_some(tags) })
}

/// Revisions in a family ("Amazon ECS service quotas", Amazon ECS Developer Guide).
const MOST_REVISIONS: i32 = 1_000_000;

fn checked_tags(given: Option<Vec<Tag>>) -> Result<Vec<Tag>, Fault> {
    if given.as_ref().is_some_and(Vec::is_empty) {
        return Err(client("Tags can not be empty."));
    }
    let given = given.unwrap_or_default();
    tags::validate(&given)?;
    Ok(given)
}

fn checked_family(family: &str) -> Result<String, Fault> {
    let letters = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    match family {
        "" => Err(client("Family should not be null or empty.")),
        _ if family.len() > 255 || !family.chars().all(letters) => Err(client("Family contains invalid characters.")),
        _ => Ok(family.to_owned()),
    }
}

/// The task definition a request asks for, checked, with every default filled in; without its number.
fn checked(tx: &Tx<'_>, input: RegisterTaskDefinitionRequest) -> Result<ecs::TaskDefinition, Fault> {
    let requires = input.requires_compatibilities.clone().unwrap_or_default();
    let mut definition = described(tx, input)?;
    let task = check::Task {
        region: &tx.state.region.name,
        account: &tx.state.region.account,
        mode: definition.network_mode.unwrap_or(NetworkMode::Bridge),
        cpu: definition.cpu.as_deref().map(size::cpu_units).transpose()?,
        memory: definition.memory.as_deref().map(size::memory_mib).transpose()?,
    };
    definition.cpu = task.cpu.map(|units| units.to_string());
    definition.memory = task.memory.map(|mib| mib.to_string());
    check::complete_volumes(definition.volumes.get_or_insert_default())?;
    for container in definition.container_definitions.iter_mut().flatten() {
        check::refuse_in_container(container)?;
        check::complete(container, &task)?;
    }
    let (containers, volumes) = (&definition.container_definitions, &definition.volumes);
    let containers = containers.as_deref().unwrap_or_default();
    check::together(containers, volumes.as_deref().unwrap_or_default(), &task)?;
    check::need_role(containers, definition.execution_role_arn.as_deref())?;
    definition.compatibilities = Some(compatibilities(&definition, &task, &requires)?);
    definition.requires_attributes = Some(attributes::required(&definition));
    let length = serde_json::to_vec(&definition).map_or(0, |bytes| bytes.len());
    if length > MOST_BYTES {
        return Err(client(format!("Actual length: '{length}'. Max allowed length is '{MOST_BYTES}' bytes.")));
    }
    Ok(definition)
}

/// The request's members as AWS describes them.
fn described(tx: &Tx<'_>, input: RegisterTaskDefinitionRequest) -> Result<ecs::TaskDefinition, Fault> {
    let RegisterTaskDefinitionRequest {
        family,
        task_role_arn,
        execution_role_arn,
        network_mode,
        container_definitions,
        volumes,
        placement_constraints,
        requires_compatibilities,
        cpu,
        memory,
        tags: _,
        pid_mode,
        ipc_mode,
        // Refused where it says more than "no".
        proxy_configuration: _,
        inference_accelerators: _,
        ephemeral_storage,
        runtime_platform,
        enable_fault_injection,
        trusted_execution_configuration: _,
    } = input;
    Ok(ecs::TaskDefinition {
        family: Some(family),
        task_role_arn: checked_role(task_role_arn)?,
        execution_role_arn: checked_role(execution_role_arn)?,
        network_mode,
        container_definitions: Some(container_definitions),
        volumes,
        placement_constraints: Some(placement_constraints.unwrap_or_default()),
        requires_compatibilities: requires_compatibilities.filter(|all| !all.is_empty()),
        cpu,
        memory,
        pid_mode,
        ipc_mode,
        ephemeral_storage,
        runtime_platform,
        enable_fault_injection,
        status: Some(TaskDefinitionStatus::Active),
        registered_at: Some(tx.now),
        registered_by: Some(Identity::of(&tx.view()).arn),
        ..ecs::TaskDefinition::default()
    })
}

fn checked_role(role: Option<String>) -> Result<Option<String>, Fault> {
    role.as_deref().map_or(Ok(()), check_role)?;
    Ok(role)
}

/// Checks a role given by its ARN or its name.
///
/// # Errors
/// `ClientException` when it is neither.
pub(crate) fn check_role(text: &str) -> Result<(), Fault> {
    let name = |name: &str| {
        let letters = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
        (1..=64).contains(&name.len()) && name.chars().all(letters)
    };
    let account = |account: &str| account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit());
    let right = match aws::arn::Arn::parse(text) {
        Some(arn) => {
            let path = arn.resource.strip_prefix("role/");
            arn.service == "iam"
                && arn.region.is_empty()
                && account(&arn.account)
                && path.and_then(|p| p.rsplit('/').next()).is_some_and(name)
        }
        None => name(text),
    };
    if right { Ok(()) } else { Err(client("Role is not valid")) }
}

/// What the task definition can run on, which must be all that the request requires.
fn compatibilities(
    definition: &ecs::TaskDefinition,
    task: &check::Task<'_>,
    requires: &[Compatibility],
) -> Result<Vec<Compatibility>, Fault> {
    let fargate = check::fits(definition, task);
    let ec2 = match definition.ephemeral_storage {
        Some(_) => Err(client("Tasks using the EC2 launch type do not support EphemeralStorage.")),
        None => Ok(()),
    };
    let all = [(Compatibility::Ec2, ec2), (Compatibility::Fargate, fargate)];
    let mut able = Vec::new();
    for (which, fits) in all {
        match fits {
            Ok(()) => able.push(which),
            Err(why) if requires.contains(&which) => return Err(why),
            Err(_) => {}
        }
    }
    match able.is_empty() {
        // With ephemeral storage it can only have been meant for Fargate.
        true => check::fits(definition, task).map(|()| able),
        false => Ok(able),
    }
}
