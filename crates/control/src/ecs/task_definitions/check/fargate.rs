//! What Fargate demands of a task definition beyond what is right anywhere ("Amazon ECS task definition differences for
//! Fargate", Amazon ECS Developer Guide).

use super::{super::size, Task, client, refuse_if, some};
use aws::{
    api::ecs::{
        ContainerDefinition, EphemeralStorage, LinuxParameters, LogConfiguration, LogDriver, NetworkMode, PidMode,
        TaskDefinition, Volume,
    },
    fault::Fault,
};

/// Whether a task definition that is right can run on Fargate.
///
/// # Errors
/// `ClientException`, in AWS's words, why it can't.
pub(crate) fn fits(definition: &TaskDefinition, task: &Task<'_>) -> Result<(), Fault> {
    refuse_if(task.mode != NetworkMode::Awsvpc, || "Fargate only supports network mode ‘awsvpc’.".to_owned())?;
    size(task)?;
    if let Some(EphemeralStorage { size_in_gi_b }) = &definition.ephemeral_storage {
        let size = size_in_gi_b.unwrap_or_default();
        refuse_if(size < 21, || "EphemeralStorage size should be at least 21".to_owned())?;
        refuse_if(size > 200, || "EphemeralStorage size should be at most 200".to_owned())?;
    }
    refuse_if(definition.pid_mode == Some(PidMode::Host), || {
        "Tasks using the Fargate launch type do not support pidMode 'host'. The supported value for pidMode is 'task'."
            .to_owned()
    })?;
    absent(definition.ipc_mode.is_some(), "ipcMode")?;
    absent(some(&definition.placement_constraints), "constraints")?;
    definition.volumes.iter().flatten().try_for_each(volume)?;
    let role = definition.execution_role_arn.is_some();
    definition.container_definitions.iter().flatten().try_for_each(|container| self::container(container, role))
}

fn absent(given: bool, what: &str) -> Result<(), Fault> {
    refuse_if(given, || format!("Fargate compatible task definitions do not support {what}"))
}

fn size(task: &Task<'_>) -> Result<(), Fault> {
    let defined = |what: &str| client(format!("Fargate requires that '{what}' be defined at the task level."));
    let cpu = task.cpu.ok_or_else(|| defined("cpu"))?;
    let memory = task.memory.ok_or_else(|| defined("memory"))?;
    size::check_fargate(cpu, memory)
}

fn volume(volume: &Volume) -> Result<(), Fault> {
    absent(volume.host.as_ref().is_some_and(|host| host.source_path.is_some()), "sourcePath")?;
    absent(volume.docker_volume_configuration.is_some(), "dockerVolumeConfiguration")
}

/// The most a container may wait for its dependencies, or take to stop.
const MOST_TIMEOUT: i32 = 120;

fn container(container: &ContainerDefinition, role: bool) -> Result<(), Fault> {
    refuse_if(container.privileged == Some(true), || {
        "Fargate requires that the ‘privileged’ setting be ‘false’ at the container level.".to_owned()
    })?;
    absent(some(&container.docker_security_options), "dockerSecurityOptions")?;
    if let Some(requirement) = container.resource_requirements.iter().flatten().next() {
        let what = requirement.r#type.map_or("", |what| what.as_str());
        return Err(client(format!(
            "Tasks using the Fargate launch type do not support {what} resource requirements."
        )));
    }
    for (what, seconds) in [("start", container.start_timeout), ("stop", container.stop_timeout)] {
        refuse_if(seconds.is_some_and(|seconds| seconds > MOST_TIMEOUT), || {
            format!(
                "Tasks using the Fargate launch type must have a container {what} timeout of less than 120 seconds."
            )
        })?;
    }
    container.linux_parameters.as_ref().map_or(Ok(()), linux)?;
    container.log_configuration.as_ref().map_or(Ok(()), |log| logs(log, role))?;
    refuse_if(!role && is_ecr(container.image.as_deref().unwrap_or_default()), || {
        "Fargate requires task definition to have execution role ARN to support ECR images.".to_owned()
    })
}

fn linux(linux: &LinuxParameters) -> Result<(), Fault> {
    let added = linux.capabilities.as_ref().and_then(|capabilities| capabilities.add.as_ref());
    if let Some(name) = added.into_iter().flatten().find(|name| *name != "SYS_PTRACE") {
        return Err(client(format!("{name} is not allowed on Fargate.")));
    }
    absent(some(&linux.devices), "devices")?;
    absent(linux.shared_memory_size.is_some(), "sharedMemorySize")?;
    absent(linux.max_swap.is_some(), "maxSwap")?;
    absent(linux.swappiness.is_some(), "swappiness")
}

/// Where output goes, which is sent there with the execution role.
///
/// # Errors
/// `ClientException`, in AWS's words.
pub(crate) fn logs(log: &LogConfiguration, role: bool) -> Result<(), Fault> {
    let Some(driver @ LogDriver::Awslogs) = log.log_driver else {
        let driver = log.log_driver.map_or("null", |driver| driver.as_str());
        return Err(client(format!("{driver} is not a valid log driver. Must be one of [awslogs,splunk,awsfirelens]")));
    };
    refuse_if(!role, || {
        format!("Fargate requires task definition to have execution role ARN to support log driver {driver}.")
    })?;
    let prefix = log.options.as_ref().and_then(|options| options.get("awslogs-stream-prefix"));
    refuse_if(prefix.is_none_or(String::is_empty), || {
        "Fargate requires log configuration options to include awslogs-stream-prefix to support log driver awslogs."
            .to_owned()
    })
}

/// Whether an image is in a private repository of Amazon ECR.
pub(crate) fn is_ecr(image: &str) -> bool {
    let host = image.split('/').next().unwrap_or_default();
    host.contains(".dkr.ecr.") || host.contains(".dkr.ecr-fips.")
}
