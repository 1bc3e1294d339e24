//! `requiresAttributes`: what AWS derives from a task definition.

use aws::{
    api::ecs::{Attribute, ContainerDefinition, LogDriver, NetworkMode, Secret, TaskDefinition},
    arn::Arn,
};

/// The attributes a container instance would have to have, in the order AWS lists them ("Container instance attributes",
/// Amazon ECS Developer Guide). Fargate has them all.
pub(super) fn required(definition: &TaskDefinition) -> Vec<Attribute> {
    let containers = definition.container_definitions.as_deref().unwrap_or_default();
    let any = |what: fn(&ContainerDefinition) -> bool| containers.iter().any(what);
    let role = definition.execution_role_arn.is_some();
    let (awslogs, ecr) = (any(logs_to_cloudwatch), any(is_in_ecr));
    let (asm, ssm) = (any(has_secret_of_asm), any(has_secret_of_ssm));
    let registry = any(|container| container.repository_credentials.is_some());
    let health = any(|container| container.health_check.is_some());
    let attributes = [
        (awslogs, "com.amazonaws.ecs.capability.logging-driver.awslogs"),
        (awslogs && role, "ecs.capability.execution-role-awslogs"),
        (ecr, "com.amazonaws.ecs.capability.ecr-auth"),
        (
            any(|container| container.log_configuration.is_some()) || ecr,
            "com.amazonaws.ecs.capability.docker-remote-api.1.19",
        ),
        (any(|container| container.privileged == Some(true)), "com.amazonaws.ecs.capability.privileged-container"),
        (
            any(|container| container.memory_reservation.is_some()),
            "com.amazonaws.ecs.capability.docker-remote-api.1.21",
        ),
        (definition.task_role_arn.is_some(), "com.amazonaws.ecs.capability.task-iam-role"),
        (health, "ecs.capability.container-health-check"),
        (ecr && role, "ecs.capability.execution-role-ecr-pull"),
        (asm, "ecs.capability.secrets.asm.environment-variables"),
        (ssm, "ecs.capability.secrets.ssm.environment-variables"),
        (registry, "ecs.capability.private-registry-authentication.secretsmanager"),
        (true, "com.amazonaws.ecs.capability.docker-remote-api.1.18"),
        (definition.network_mode == Some(NetworkMode::Awsvpc), "ecs.capability.task-eni"),
        (any(has_init), "com.amazonaws.ecs.capability.docker-remote-api.1.25"),
        (health, "com.amazonaws.ecs.capability.docker-remote-api.1.29"),
        (any(is_ordered), "ecs.capability.container-ordering"),
        (definition.pid_mode.is_some() || definition.ipc_mode.is_some(), "ecs.capability.pid-ipc-namespace-sharing"),
    ];
    let needed = attributes.into_iter().filter(|(needed, _)| *needed);
    needed.map(|(_, name)| Attribute { name: Some(name.to_owned()), ..Attribute::default() }).collect()
}

fn logs_to_cloudwatch(container: &ContainerDefinition) -> bool {
    container.log_configuration.as_ref().is_some_and(|log| log.log_driver == Some(LogDriver::Awslogs))
}

fn is_in_ecr(container: &ContainerDefinition) -> bool {
    super::check::is_ecr(container.image.as_deref().unwrap_or_default())
}

fn has_secret_of_asm(container: &ContainerDefinition) -> bool {
    container.secrets.iter().flatten().any(is_asm)
}

fn has_secret_of_ssm(container: &ContainerDefinition) -> bool {
    container.secrets.iter().flatten().any(|secret| !is_asm(secret))
}

/// Whether a secret is one of Secrets Manager's, and not a parameter.
fn is_asm(secret: &Secret) -> bool {
    let arn = secret.value_from.as_deref().and_then(Arn::parse);
    arn.is_some_and(|arn| arn.service == "secretsmanager")
}

fn has_init(container: &ContainerDefinition) -> bool {
    container.linux_parameters.as_ref().is_some_and(|linux| linux.init_process_enabled == Some(true))
}

fn is_ordered(container: &ContainerDefinition) -> bool {
    let depends = container.depends_on.as_ref().is_some_and(|depends| !depends.is_empty());
    depends || container.start_timeout.is_some() || container.stop_timeout.is_some()
}
