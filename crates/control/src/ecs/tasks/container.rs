//! A container definition and its override, resolved to what a host runs.

use crate::ecs::services::connect::Connected;
use aws::api::ecs::{
    ContainerCondition, ContainerDefinition, ContainerOverride, KeyValuePair, LogConfiguration, LogDriver,
};
use spec::{
    Condition, ContainerSpec, Dependency, HealthCheck, LogSpec, Mount, Multiline, Secret, TaskId, Ulimit, VolumesFrom,
    connect::TaskConnect,
};
use std::collections::BTreeMap;

/// Seconds between the stop signal and SIGKILL when the definition does not say ("Container timeouts", Amazon ECS Developer Guide).
const STOP_TIMEOUT: u32 = 30;
/// Bytes between a container and the log service in non-blocking mode when the definition does not say (`max-buffer-size`).
const LOG_BUFFER: u64 = 10 << 20;

/// A container as a host runs it.
pub(super) fn resolve(
    definition: &ContainerDefinition,
    over: Option<&ContainerOverride>,
    task: &TaskId,
) -> ContainerSpec {
    let linux = definition.linux_parameters.as_ref();
    let capabilities = linux.and_then(|linux| linux.capabilities.as_ref());
    let name = definition.name.clone().unwrap_or_default();
    ContainerSpec {
        image: definition.image.clone().unwrap_or_default(),
        essential: definition.essential.unwrap_or(true),
        entry_point: given(&definition.entry_point),
        command: over.and_then(|o| given(&o.command)).or_else(|| given(&definition.command)),
        environment: environment(definition.environment.as_deref(), over.and_then(|o| o.environment.as_deref())),
        secrets: each(&definition.secrets).filter_map(secret).collect(),
        repository_credentials: definition
            .repository_credentials
            .as_ref()
            .and_then(|c| c.credentials_parameter.clone()),
        working_directory: definition.working_directory.clone(),
        user: definition.user.clone(),
        cpu: count(over.and_then(|o| o.cpu).or(definition.cpu)).unwrap_or(0),
        memory: mib(over.and_then(|o| o.memory).or(definition.memory)),
        memory_reservation: mib(over.and_then(|o| o.memory_reservation).or(definition.memory_reservation)),
        ulimits: each(&definition.ulimits).filter_map(ulimit).collect(),
        init_process: linux.and_then(|linux| linux.init_process_enabled).unwrap_or(false),
        add_capabilities: capabilities.and_then(|c| c.add.clone()).unwrap_or_default(),
        drop_capabilities: capabilities.and_then(|c| c.drop.clone()).unwrap_or_default(),
        readonly_root: definition.readonly_root_filesystem.unwrap_or(false),
        terminal: definition.pseudo_terminal.unwrap_or(false),
        interactive: definition.interactive.unwrap_or(false),
        mounts: each(&definition.mount_points).filter_map(mount).collect(),
        volumes_from: each(&definition.volumes_from).filter_map(volumes_from).collect(),
        depends_on: each(&definition.depends_on).filter_map(dependency).collect(),
        health_check: definition.health_check.as_ref().and_then(health_check),
        start_timeout: count(definition.start_timeout),
        stop_timeout: count(definition.stop_timeout).unwrap_or(STOP_TIMEOUT),
        system_controls: each(&definition.system_controls)
            .filter_map(|c| Some((c.namespace.clone()?, c.value.clone()?)))
            .collect(),
        labels: definition.docker_labels.clone().unwrap_or_default(),
        log: definition.log_configuration.as_ref().and_then(|log| log_spec(log, &name, task)),
        name,
    }
}

fn each<T>(list: &Option<Vec<T>>) -> impl Iterator<Item = &T> {
    list.iter().flatten()
}

/// An empty list in a definition or an override is the same as none.
fn given(list: &Option<Vec<String>>) -> Option<Vec<String>> {
    list.clone().filter(|list| !list.is_empty())
}

fn count(value: Option<i32>) -> Option<u32> {
    value.and_then(|value| value.try_into().ok())
}

fn mib(value: Option<i32>) -> Option<u64> {
    count(value).filter(|mib| *mib > 0).map(|mib| u64::from(mib) << 20)
}

/// The definition's environment with the override's on top of it.
fn environment(definition: Option<&[KeyValuePair]>, over: Option<&[KeyValuePair]>) -> BTreeMap<String, String> {
    let pairs = definition.into_iter().chain(over).flatten();
    pairs.filter_map(|pair| Some((pair.name.clone()?, pair.value.clone().unwrap_or_default()))).collect()
}

fn secret(secret: &aws::api::ecs::Secret) -> Option<Secret> {
    Some(Secret { name: secret.name.clone()?, value_from: secret.value_from.clone()? })
}

fn ulimit(limit: &aws::api::ecs::Ulimit) -> Option<Ulimit> {
    Some(Ulimit {
        name: limit.name?.as_str().to_owned(),
        soft: limit.soft_limit?.into(),
        hard: limit.hard_limit?.into(),
    })
}

fn mount(point: &aws::api::ecs::MountPoint) -> Option<Mount> {
    Some(Mount {
        volume: point.source_volume.clone()?,
        path: point.container_path.clone()?,
        read_only: point.read_only.unwrap_or(false),
    })
}

fn volumes_from(from: &aws::api::ecs::VolumeFrom) -> Option<VolumesFrom> {
    Some(VolumesFrom { container: from.source_container.clone()?, read_only: from.read_only.unwrap_or(false) })
}

fn dependency(on: &aws::api::ecs::ContainerDependency) -> Option<Dependency> {
    let condition = match on.condition? {
        ContainerCondition::Start => Condition::Start,
        ContainerCondition::Complete => Condition::Complete,
        ContainerCondition::Success => Condition::Success,
        ContainerCondition::Healthy => Condition::Healthy,
    };
    Some(Dependency { container: on.container_name.clone()?, condition })
}

/// The health check's command as an argument vector, and the documented defaults ("HealthCheck", Amazon ECS API Reference).
fn health_check(check: &aws::api::ecs::HealthCheck) -> Option<HealthCheck> {
    let command = match check.command.as_deref()? {
        [how, script @ ..] if how == "CMD-SHELL" => vec!["/bin/sh".to_owned(), "-c".to_owned(), script.join(" ")],
        [how, argv @ ..] if how == "CMD" => argv.to_vec(),
        [] => return None,
        argv => argv.to_vec(),
    };
    Some(HealthCheck {
        command,
        interval: count(check.interval).unwrap_or(30),
        timeout: count(check.timeout).unwrap_or(5),
        retries: count(check.retries).unwrap_or(3),
        start_period: count(check.start_period).unwrap_or(0),
    })
}

/// A Service Connect proxy as a host runs it.
pub(super) fn proxy(connected: &Connected, task: &TaskId) -> TaskConnect {
    let Connected { connect, log, registries: _ } = connected;
    let log = log.as_ref().and_then(|log| log_spec(log, &connect.container, task));
    TaskConnect { log, ..connect.clone() }
}

/// Where the `awslogs` driver sends a container's output: to the stream `prefix/container/task`.
fn log_spec(log: &LogConfiguration, container: &str, task: &TaskId) -> Option<LogSpec> {
    if log.log_driver != Some(LogDriver::Awslogs) {
        return None;
    }
    let option = |name: &str| log.options.as_ref().and_then(|options| options.get(name));
    let prefix = option("awslogs-stream-prefix").map(|prefix| format!("{prefix}/")).unwrap_or_default();
    Some(LogSpec {
        group: option("awslogs-group")?.clone(),
        stream: format!("{prefix}{container}/{task}"),
        create_group: option("awslogs-create-group").is_some_and(|value| value == "true"),
        // Non-blocking unless told otherwise, since June 2025 ("LogConfiguration", Amazon ECS API Reference).
        non_blocking: option("mode").is_none_or(|mode| mode != "blocking"),
        buffer: option("max-buffer-size").and_then(|size| bytes(size)).unwrap_or(LOG_BUFFER),
        multiline: match (option("awslogs-multiline-pattern"), option("awslogs-datetime-format")) {
            (Some(pattern), _) => Some(Multiline::Pattern(pattern.clone())),
            (None, format) => format.cloned().map(Multiline::Datetime),
        },
    })
}

/// A size as Docker writes it: a number and optionally `k`, `m` or `g`, with or without a `b` (powers of 1,024).
fn bytes(text: &str) -> Option<u64> {
    let text = text.trim().to_ascii_lowercase();
    let text = text.strip_suffix('b').unwrap_or(&text);
    let (digits, shift) = match text.strip_suffix(['k', 'm', 'g']) {
        Some(digits) if text.ends_with('k') => (digits, 10),
        Some(digits) if text.ends_with('m') => (digits, 20),
        Some(digits) => (digits, 30),
        None => (text, 0),
    };
    digits.trim().parse::<u64>().ok()?.checked_mul(1 << shift)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn health_checks_become_argument_vectors() {
        let check = |command: &[&str]| {
            let command = Some(command.iter().map(|c| (*c).to_owned()).collect());
            health_check(&aws::api::ecs::HealthCheck { command, ..Default::default() }).map(|check| check.command)
        };
        assert_eq!(
            check(&["CMD-SHELL", "curl -f localhost || exit 1"]).unwrap(),
            ["/bin/sh", "-c", "curl -f localhost || exit 1"]
        );
        assert_eq!(check(&["CMD", "/ready", "-q"]).unwrap(), ["/ready", "-q"]);
        assert_eq!(check(&[]), None);
    }

    #[test]
    fn sizes_are_read_as_docker_writes_them() {
        assert_eq!(
            [bytes("25m"), bytes("4096"), bytes("1GB"), bytes("8kb")],
            [Some(25 << 20), Some(4096), Some(1 << 30), Some(8192)]
        );
        assert_eq!([bytes(""), bytes("much"), bytes("99999999999999999999g")], [None, None, None]);
    }
}
