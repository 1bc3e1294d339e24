//! What Amazon ECS does and neargate does not is refused by name. Every member is decided on here: a new one does not compile
//! until somebody says what becomes of it.

use super::{client, not_supported, some};
use aws::{
    api::ecs::{Compatibility, ContainerDefinition, OSFamily, RegisterTaskDefinitionRequest, RuntimePlatform},
    fault::Fault,
};

fn refuse(any: &[(bool, &str)]) -> Result<(), Fault> {
    any.iter().find(|(given, _)| *given).map_or(Ok(()), |(_, name)| Err(not_supported(name)))
}

/// Refuses what neargate can't do for a whole task.
pub(crate) fn refuse_in_task(request: &RegisterTaskDefinitionRequest) -> Result<(), Fault> {
    let RegisterTaskDefinitionRequest {
        // Checked and stored.
        family: _,
        task_role_arn: _,
        execution_role_arn: _,
        network_mode: _,
        container_definitions: _,
        volumes: _,
        placement_constraints: _,
        cpu: _,
        memory: _,
        tags: _,
        pid_mode: _,
        ipc_mode: _,
        ephemeral_storage: _,
        // Refused, wholly or in part.
        requires_compatibilities,
        runtime_platform,
        proxy_configuration,
        inference_accelerators,
        enable_fault_injection,
        trusted_execution_configuration,
    } = request;
    if some(inference_accelerators) {
        return Err(client("Unsupported field 'inferenceAccelerators'."));
    }
    let requires = |which| requires_compatibilities.as_ref().is_some_and(|all| all.contains(&which));
    if let Some(RuntimePlatform { cpu_architecture: _, operating_system_family: Some(family) }) = runtime_platform
        && *family != OSFamily::Linux
    {
        return Err(not_supported(&format!("runtimePlatform.operatingSystemFamily {family}")));
    }
    refuse(&[
        (requires(Compatibility::External), "requiresCompatibilities EXTERNAL"),
        (requires(Compatibility::ManagedInstances), "requiresCompatibilities MANAGED_INSTANCES"),
        (proxy_configuration.is_some(), "proxyConfiguration"),
        (*enable_fault_injection == Some(true), "enableFaultInjection"),
        (trusted_execution_configuration.is_some(), "trustedExecutionConfiguration"),
    ])
}

/// Refuses what neargate can't do for a container.
pub(crate) fn refuse_in_container(container: &ContainerDefinition) -> Result<(), Fault> {
    let ContainerDefinition {
        // Checked (`container`, `ports`, `volumes`, `health`, `kernel`, `secrets`, `together`) and done by the host.
        name: _,
        image: _,
        cpu: _,
        memory: _,
        memory_reservation: _,
        port_mappings: _,
        essential: _,
        entry_point: _,
        command: _,
        environment: _,
        mount_points: _,
        volumes_from: _,
        depends_on: _,
        start_timeout: _,
        stop_timeout: _,
        user: _,
        working_directory: _,
        readonly_root_filesystem: _,
        interactive: _,
        pseudo_terminal: _,
        ulimits: _,
        health_check: _,
        system_controls: _,
        secrets: _,
        repository_credentials: _,
        // Checked for Fargate (`fargate`) or its network mode (`container`).
        links: _,
        hostname: _,
        disable_networking: _,
        privileged: _,
        dns_servers: _,
        dns_search_domains: _,
        extra_hosts: _,
        docker_security_options: _,
        resource_requirements: _,
        // Labels are only ever read back. Tasks of one `RunTask` call never mixed images, with or without version consistency.
        docker_labels: _,
        version_consistency: _,
        // Refused, wholly or in part.
        log_configuration: _,
        linux_parameters,
        restart_policy,
        environment_files,
        firelens_configuration,
        credential_specs,
    } = container;
    let tmpfs = linux_parameters.as_ref().is_some_and(|linux| some(&linux.tmpfs));
    refuse(&[
        (tmpfs, "linuxParameters.tmpfs"),
        (restart_policy.as_ref().is_some_and(|policy| policy.enabled != Some(false)), "restartPolicy"),
        (some(environment_files), "environmentFiles"),
        (firelens_configuration.is_some(), "firelensConfiguration"),
        (some(credential_specs), "credentialSpecs"),
    ])
}
