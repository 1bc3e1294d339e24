//! A container definition on its own: names, limits, time-outs, and the defaults AWS fills in.

use super::{Task, client, health, kernel, logs, ports, refuse_if, secrets, some, volumes};
use aws::{
    api::ecs::{ContainerDefinition, KeyValuePair, NetworkMode},
    fault::Fault,
};

/// Checks a container and fills in what AWS shows of it when it was left out.
///
/// # Errors
/// `ClientException` in AWS's words.
pub(crate) fn complete(container: &mut ContainerDefinition, task: &Task<'_>) -> Result<(), Fault> {
    let name = named(container)?;
    overridable(container, &name, task)?;
    timeouts(container, &name)?;
    network(container, task.mode)?;
    kernel::check(container, &name)?;
    volumes::check_mounts(container, &name)?;
    if let Some(log) = &container.log_configuration {
        logs::check(log, task.region)?;
    }
    if let Some(health) = &mut container.health_check {
        health::complete(health, &name)?;
    }
    for mapping in container.port_mappings.get_or_insert_default() {
        ports::complete(mapping, &name, task.mode)?;
    }
    container.cpu.get_or_insert(0);
    container.essential.get_or_insert(true);
    container.environment.get_or_insert_default();
    container.mount_points.get_or_insert_default();
    container.volumes_from.get_or_insert_default();
    container.system_controls.get_or_insert_default();
    Ok(())
}

/// Checks what a task's overrides can change of a container: its sizes, its environment, which no secret may be named like, and the
/// texts its processes get.
///
/// # Errors
/// `ClientException` in AWS's words.
pub(super) fn overridable(container: &ContainerDefinition, name: &str, task: &Task<'_>) -> Result<(), Fault> {
    memory(container, name, task)?;
    environment(container.environment.as_deref().unwrap_or_default())?;
    secrets::check(container, name, task.account)?;
    texts(container, name)
}

/// The name, once it and the image are right.
fn named(container: &ContainerDefinition) -> Result<String, Fault> {
    let name = container.name.clone().unwrap_or_default();
    refuse_if(name.is_empty(), || "Container.name should not be null or empty.".to_owned())?;
    let letters = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    refuse_if(name.len() > 255 || !name.chars().all(letters), || {
        "Container.name contains invalid characters.".to_owned()
    })?;
    let image = container.image.as_deref().unwrap_or_default();
    refuse_if(image.is_empty(), || "Container.image should not be null or empty.".to_owned())?;
    let reference = |c: char| c.is_ascii_alphanumeric() || "-_.:/@#+".contains(c);
    refuse_if(image.len() > 255 || !image.chars().all(reference), || {
        "Container.image contains invalid characters.".to_owned()
    })?;
    Ok(name)
}

/// The least that Docker, and so Amazon ECS, gives a container.
const LEAST_MEMORY: i32 = 4;

fn memory(container: &ContainerDefinition, name: &str, task: &Task<'_>) -> Result<(), Fault> {
    let (hard, soft) = (container.memory, container.memory_reservation);
    let setting = |what: &str| format!("Invalid setting for container '{name}'. {what}");
    refuse_if(container.cpu.is_some_and(|cpu| cpu < 0), || setting("'cpu' must be greater than or equal to 0."))?;
    refuse_if(task.memory.is_none() && hard.is_none() && soft.is_none(), || {
        setting("At least one of 'memory' or 'memoryReservation' must be specified.")
    })?;
    refuse_if(hard.is_some_and(|hard| hard < LEAST_MEMORY), || setting("'memory' must be at least 4."))?;
    refuse_if(soft.is_some_and(|soft| soft < 1), || setting("'memoryReservation' must be at least 1."))?;
    refuse_if(matches!((hard, soft), (Some(hard), Some(soft)) if hard < soft), || {
        setting("'memory' must be greater than or equal to 'memoryReservation'.")
    })?;
    let over = |limit: Option<i32>| matches!((limit, task.memory), (Some(limit), Some(task)) if limit > task);
    let greater = |what: &str| format!("The '{what}' setting for container '{name}' is greater than for the task.");
    refuse_if(over(hard), || greater("memory"))?;
    refuse_if(over(soft), || greater("memoryReservation"))
}

/// The least time-out there is. The most, on Fargate, is 120 s (`fargate`).
const LEAST_TIMEOUT: i32 = 2;

fn timeouts(container: &ContainerDefinition, name: &str) -> Result<(), Fault> {
    for (what, seconds) in [("start", container.start_timeout), ("stop", container.stop_timeout)] {
        refuse_if(seconds.is_some_and(|seconds| seconds < LEAST_TIMEOUT), || {
            format!("Granular {what} timeout on container '{name}' must be at least 2 seconds.")
        })?;
    }
    Ok(())
}

fn environment(variables: &[KeyValuePair]) -> Result<(), Fault> {
    for KeyValuePair { name, value } in variables {
        let name = name.as_deref().unwrap_or_default();
        refuse_if(name.is_empty(), || "Environment variable name should not be null or empty.".to_owned())?;
        let never = name.contains(['=', '\0']) || value.as_deref().is_some_and(|value| value.contains('\0'));
        refuse_if(never, || format!("Environment variable '{name}' contains invalid characters."))?;
    }
    Ok(())
}

/// The kernel takes texts up to their first NUL, so none may hold one.
fn texts(container: &ContainerDefinition, name: &str) -> Result<(), Fault> {
    let lists = [
        ("entryPoint", &container.entry_point),
        ("command", &container.command),
        ("healthCheck", container.health_check.as_ref().map_or(&None, |health| &health.command)),
    ];
    let single = [("user", &container.user), ("workingDirectory", &container.working_directory)];
    let has_nul = |text: &String| text.contains('\0');
    let found = lists.iter().find(|(_, list)| list.iter().flatten().any(has_nul)).map(|(what, _)| what);
    let found =
        found.or_else(|| single.iter().find(|(_, text)| text.as_ref().is_some_and(has_nul)).map(|(what, _)| what));
    found.map_or(Ok(()), |what| {
        Err(client(format!("Invalid '{what}' setting for container '{name}'. It contains invalid characters.")))
    })
}

/// What the task's network mode rules out.
fn network(container: &ContainerDefinition, mode: NetworkMode) -> Result<(), Fault> {
    if mode != NetworkMode::Awsvpc {
        return Ok(());
    }
    refuse_if(some(&container.links), || "Links are not supported when networkMode=awsvpc.".to_owned())?;
    let given = [
        (container.hostname.is_some(), "hostname is"),
        (container.disable_networking == Some(true), "Disable Networking is"),
        (some(&container.dns_servers), "DNS servers are"),
        (some(&container.dns_search_domains), "DNS search domains are"),
        (some(&container.extra_hosts), "Extra hosts are"),
    ];
    for (given, what) in given {
        refuse_if(given, || format!("{what} not supported on container when networkMode=awsvpc."))?;
    }
    Ok(())
}
