//! A task as Amazon ECS describes it.

use crate::{
    Region,
    ecs::arn,
    state::{self, AttachmentStatus, Status, Task},
};
use aws::api::ecs::{
    self, Attribute, Connectivity, EphemeralStorage, HealthStatus, KeyValuePair, LaunchType, NetworkInterface,
    TaskEphemeralStorage,
};
use spec::{ContainerSpec, Desired, Phase};

/// A task in a reply. Without its tags the list of them is empty.
pub(super) fn task(region: &Region, task: &Task, with_tags: bool) -> ecs::Task {
    let (launch, times) = (&task.launch, &task.times);
    let storage = i32::try_from(launch.ephemeral_storage).ok();
    ecs::Task {
        attachments: Some(vec![attachment(&task.attachment, &launch.subnet)]),
        attributes: Some(vec![architecture(&launch.architecture)]),
        availability_zone: Some(launch.zone.clone()),
        capacity_provider_name: launch.capacity_provider.clone(),
        cluster_arn: Some(arn::cluster(region, &task.cluster)),
        connectivity: times.connectivity_at.map(|_| Connectivity::Connected),
        connectivity_at: times.connectivity_at,
        containers: Some(task.each_container().map(|(of, is)| container(region, task, of, is)).collect()),
        cpu: Some(launch.cpu.to_string()),
        created_at: Some(times.created_at),
        desired_status: Some(match task.desired {
            Desired::Running => "RUNNING".to_owned(),
            Desired::Stopped => "STOPPED".to_owned(),
        }),
        enable_execute_command: Some(false),
        ephemeral_storage: Some(EphemeralStorage { size_in_gi_b: storage }),
        execution_stopped_at: times.execution_stopped_at,
        fargate_ephemeral_storage: Some(TaskEphemeralStorage { size_in_gi_b: storage, kms_key_id: None }),
        group: Some(launch.group.clone()),
        health_status: Some(health_status(task)),
        last_status: Some(task.status.as_str().to_owned()),
        launch_type: Some(LaunchType::Fargate),
        memory: Some(launch.memory.to_string()),
        overrides: Some(overrides(launch)),
        platform_family: Some("Linux".to_owned()),
        platform_version: Some(launch.platform_version.clone()),
        pull_started_at: times.pull_started_at,
        pull_stopped_at: times.pull_stopped_at,
        started_at: times.started_at,
        started_by: launch.started_by.clone(),
        stop_code: task.stop.as_ref().map(|stop| stop.code),
        stopped_at: times.stopped_at,
        stopped_reason: task.stop.as_ref().map(|stop| stop.reason.clone()),
        stopping_at: times.stopping_at,
        tags: Some(if with_tags { task.tags.clone() } else { Vec::new() }),
        task_arn: Some(arn::task(region, &task.cluster, &task.id)),
        task_definition_arn: Some(launch.task_definition.clone()),
        version: Some(task.version),
        ..ecs::Task::default()
    }
}

fn container(region: &Region, task: &Task, of: &ContainerSpec, is: &state::Container) -> ecs::Container {
    let mib = |bytes: u64| (bytes >> 20).to_string();
    // As in AWS, a container that has stopped keeps the address its task had.
    let interface = task.attachment.interface.as_ref().filter(|_| task.status >= Status::Pending);
    let interface = interface.map(|interface| NetworkInterface {
        attachment_id: Some(task.attachment.id.clone()),
        private_ipv4_address: Some(interface.private_ip.to_string()),
        ipv6_address: None,
    });
    ecs::Container {
        container_arn: Some(arn::container(region, &task.cluster, &task.id, &is.id)),
        task_arn: Some(arn::task(region, &task.cluster, &task.id)),
        name: Some(of.name.clone()),
        image: Some(of.image.clone()),
        image_digest: is.image_digest.clone(),
        runtime_id: is.runtime_id.clone(),
        last_status: Some(match is.phase {
            Phase::Pending => "PENDING".to_owned(),
            Phase::Running => "RUNNING".to_owned(),
            Phase::Stopped => "STOPPED".to_owned(),
        }),
        exit_code: is.exit_code,
        reason: is.reason.clone(),
        network_bindings: Some(Vec::new()),
        network_interfaces: Some(interface.into_iter().collect()),
        health_status: Some(is.health),
        cpu: Some(of.cpu.to_string()),
        memory: of.memory.map(mib),
        memory_reservation: of.memory_reservation.map(mib),
        ..ecs::Container::default()
    }
}

/// What the container health checks of a task say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Health {
    /// No essential container has a health check.
    Unchecked,
    /// Not all of them have passed theirs yet.
    Unknown,
    /// All of them have.
    Healthy,
    /// One of them fails its.
    Unhealthy,
}

/// A task is as healthy as its essential containers that have a health check
/// ("Determine Amazon ECS task health using container health checks", Amazon ECS Developer Guide).
pub(crate) fn health(task: &Task) -> Health {
    let checked = task.each_container().filter(|(of, _)| of.essential && of.health_check.is_some());
    let found: Vec<HealthStatus> = checked.map(|(_, is)| is.health).collect();
    if found.contains(&HealthStatus::Unhealthy) {
        Health::Unhealthy
    } else if found.is_empty() {
        Health::Unchecked
    } else if found.contains(&HealthStatus::Unknown) {
        Health::Unknown
    } else {
        Health::Healthy
    }
}

fn health_status(task: &Task) -> HealthStatus {
    match health(task) {
        Health::Unchecked | Health::Unknown => HealthStatus::Unknown,
        Health::Healthy => HealthStatus::Healthy,
        Health::Unhealthy => HealthStatus::Unhealthy,
    }
}

fn attachment(attachment: &state::Attachment, subnet: &str) -> ecs::Attachment {
    let pair = |name: &str, value: String| KeyValuePair { name: Some(name.to_owned()), value: Some(value) };
    let mut details = vec![pair("subnetId", subnet.to_owned())];
    if let Some(interface) = attachment.interface.as_ref().filter(|_| attachment.status != AttachmentStatus::Precreated)
    {
        details.push(pair("networkInterfaceId", interface.id.to_string()));
        details.push(pair("macAddress", interface.mac.to_string()));
        details.extend(interface.private_dns_name.clone().map(|name| pair("privateDnsName", name)));
        details.push(pair("privateIPv4Address", interface.private_ip.to_string()));
    }
    ecs::Attachment {
        id: Some(attachment.id.clone()),
        r#type: Some("ElasticNetworkInterface".to_owned()),
        status: Some(attachment.status.as_str().to_owned()),
        details: Some(details),
    }
}

fn architecture(oci: &str) -> Attribute {
    let value = if oci == "arm64" { "arm64" } else { "x86_64" };
    Attribute {
        name: Some("ecs.cpu-architecture".to_owned()),
        value: Some(value.to_owned()),
        target_type: None,
        target_id: None,
    }
}

/// The overrides as they were given; AWS always lists both kinds, and every container where none was overridden.
fn overrides(launch: &state::Launch) -> ecs::TaskOverride {
    let mut overrides = launch.overrides.clone();
    if overrides.container_overrides.is_none() {
        let named = |of: &ContainerSpec| ecs::ContainerOverride { name: Some(of.name.clone()), ..Default::default() };
        overrides.container_overrides = Some(launch.containers.iter().map(named).collect());
    }
    overrides.inference_accelerator_overrides.get_or_insert_default();
    overrides
}
