//! Metadata of a task and of its containers, as JSON. Pure.

use super::route::{Version, container_id};
use serde_json::{Map, Value, json};
use spec::{ContainerSpec, ContainerStatus, Desired, Health, Millis, Phase, TaskId, TaskSpec, TaskStatus};
use vpc::{Interface, Vpc, names::private_domain};

/// A task with all that is known of it on its host.
pub(super) struct About<'a> {
    pub(super) id: &'a TaskId,
    pub(super) task: &'a TaskSpec,
    pub(super) status: Option<&'a TaskStatus>,
    pub(super) vpc: &'a Vpc,
    pub(super) interface: &'a Interface,
}

/// What is not of the task but of the machine.
pub(super) struct Machine {
    /// Bytes on disk of the task.
    pub(super) storage: Option<u64>,
    /// How far the clock may be off, in microseconds, and whether it is kept right.
    pub(super) clock: Option<(i64, bool)>,
    /// The time.
    pub(super) now: Millis,
}

/// How far a container has come, in the words of the Amazon ECS container agent; in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Known {
    None,
    Pulled,
    Running,
    Stopped,
}

impl Known {
    fn as_str(self) -> &'static str {
        match self {
            Self::None => "NONE",
            Self::Pulled => "PULLED",
            Self::Running => "RUNNING",
            Self::Stopped => "STOPPED",
        }
    }
}

fn known(is: Option<&ContainerStatus>) -> Known {
    match is.map(|is| (is.phase, &is.image_digest)) {
        None | Some((Phase::Pending, None)) => Known::None,
        Some((Phase::Pending, Some(_))) => Known::Pulled,
        Some((Phase::Running, _)) => Known::Running,
        Some((Phase::Stopped, _)) => Known::Stopped,
    }
}

/// A moment as it is written in metadata.
pub(super) fn moment(at: Millis) -> String {
    jiff::Timestamp::from_millisecond(at).unwrap_or_default().to_string()
}

/// The metadata of a task.
pub(super) fn task(about: &About<'_>, version: Version, tags: bool, machine: &Machine) -> Value {
    let About { task, status, .. } = about;
    let metadata = &task.metadata;
    let containers = task.containers.iter().zip(metadata.containers.iter().map(Some).chain(std::iter::repeat(None)));
    let is = |name: &str| status.and_then(|status| status.containers.get(name));
    let come = task.containers.iter().map(|of| known(is(&of.name))).min().unwrap_or(Known::None);
    let mut all = object(json!({
        "Cluster": metadata.cluster,
        "TaskARN": task.arn,
        "Family": metadata.family,
        "Revision": metadata.revision,
        "DesiredStatus": desired(task),
        "KnownStatus": come.as_str(),
        "Limits": { "CPU": f64::from(task.cpu) / 1024.0, "Memory": task.memory >> 20 },
        "AvailabilityZone": metadata.zone,
        "LaunchType": "FARGATE",
        "Containers": containers.map(|(of, arn)| container(about, of, arn, version)).collect::<Vec<_>>(),
    }));
    let mut time = |name: &str, at: Option<Millis>| {
        all.extend(at.map(|at| (name.to_owned(), json!(moment(at)))));
    };
    time("PullStartedAt", status.and_then(|status| status.pull_started_at));
    time("PullStoppedAt", status.and_then(|status| status.pull_stopped_at));
    time("ExecutionStoppedAt", status.and_then(|status| status.execution_stopped_at));
    if tags && !metadata.tags.is_empty() {
        all.insert("TaskTags".to_owned(), json!(metadata.tags));
    }
    if version == Version::V4 {
        all.insert("FaultInjectionEnabled".to_owned(), json!(false));
        if let Some((off, right)) = machine.clock {
            let status = if right { "SYNCHRONIZED" } else { "NOT_SYNCHRONIZED" };
            let drift = json!({
                "ClockErrorBound": off as f64 / 1000.0,
                "ReferenceTimestamp": moment(machine.now),
                "ClockSynchronizationStatus": status,
            });
            all.insert("ClockDrift".to_owned(), drift);
        }
        if let Some(bytes) = machine.storage {
            let metrics = json!({ "Utilized": bytes >> 20, "Reserved": task.ephemeral_storage >> 20 });
            all.insert("EphemeralStorageMetrics".to_owned(), metrics);
        }
    }
    Value::Object(all)
}

/// The metadata of a container. `arn` is its ARN.
pub(super) fn container(about: &About<'_>, of: &ContainerSpec, arn: Option<&String>, version: Version) -> Value {
    let About { id, task, status, .. } = about;
    let is = status.and_then(|status| status.containers.get(&of.name));
    // What has no share of its own has the least there is.
    let mut limits = object(json!({ "CPU": of.cpu.max(2) }));
    limits.extend(of.memory.map(|bytes| ("Memory".to_owned(), json!(bytes >> 20))));
    let mut all = object(json!({
        "DockerId": container_id(id, &of.name),
        "Name": of.name,
        "DockerName": of.name,
        "Image": of.image,
        "ImageID": is.and_then(|is| is.image_digest.clone()).unwrap_or_default(),
        "Labels": labels(task, of),
        "DesiredStatus": desired(task),
        "KnownStatus": known(is).as_str(),
        "Limits": limits,
        "Type": "NORMAL",
        "Networks": [network(about, version)],
    }));
    let mut put = |name: &str, value: Option<Value>| all.extend(value.map(|value| (name.to_owned(), value)));
    put("CreatedAt", is.and_then(|is| is.started_at).map(|at| json!(moment(at))));
    put("StartedAt", is.and_then(|is| is.started_at).map(|at| json!(moment(at))));
    put("FinishedAt", is.and_then(|is| is.finished_at).map(|at| json!(moment(at))));
    put("ExitCode", is.and_then(|is| is.exit_code).map(|code| json!(code)));
    put("Health", of.health_check.as_ref().map(|_| json!({ "status": health(is) })));
    if version == Version::V4 {
        put("ContainerARN", arn.map(|arn| json!(arn)));
        put("LogDriver", of.log.as_ref().map(|_| json!("awslogs")));
        let options = of.log.as_ref().map(
            |log| json!({ "awslogs-group": log.group, "awslogs-region": task.region(), "awslogs-stream": log.stream }),
        );
        put("LogOptions", options);
        put("Snapshotter", Some(json!("overlayfs")));
    }
    Value::Object(all)
}

fn labels(task: &TaskSpec, of: &ContainerSpec) -> Map<String, Value> {
    let metadata = &task.metadata;
    let own = [
        ("cluster", &metadata.cluster),
        ("container-name", &of.name),
        ("task-arn", &task.arn),
        ("task-definition-family", &metadata.family),
        ("task-definition-version", &metadata.revision),
    ];
    let given = of.labels.iter().map(|(name, value)| (name.clone(), json!(value)));
    given.chain(own.map(|(name, value)| (format!("com.amazonaws.ecs.{name}"), json!(value)))).collect()
}

fn network(about: &About<'_>, version: Version) -> Value {
    let About { task, vpc, interface, .. } = about;
    let mut all = object(json!({ "NetworkMode": "awsvpc", "IPv4Addresses": [interface.private_ip] }));
    if version == Version::V3 {
        return Value::Object(all);
    }
    all.insert("AttachmentIndex".to_owned(), json!(0));
    all.insert("MACAddress".to_owned(), json!(interface.mac.to_string()));
    if let Some(subnet) = vpc.subnets.get(&interface.subnet) {
        all.insert("IPv4SubnetCIDRBlock".to_owned(), json!(subnet.cidr));
        let gateway = format!("{}/{}", subnet.gateway(), subnet.cidr.prefix_len());
        all.insert("SubnetGatewayIpv4Address".to_owned(), json!(gateway));
    }
    all.extend(vpc.resolver().map(|server| ("DomainNameServers".to_owned(), json!([server]))));
    all.insert("DomainNameSearchList".to_owned(), json!([private_domain(task.region())]));
    if vpc.has_hostnames() {
        all.insert("PrivateDNSName".to_owned(), json!(task.hostname));
    }
    Value::Object(all)
}

fn desired(task: &TaskSpec) -> &'static str {
    match task.desired {
        Desired::Running => "RUNNING",
        Desired::Stopped => "STOPPED",
    }
}

fn health(is: Option<&ContainerStatus>) -> &'static str {
    match is.map(|is| is.health).unwrap_or_default() {
        Health::Unknown => "UNKNOWN",
        Health::Healthy => "HEALTHY",
        Health::Unhealthy => "UNHEALTHY",
    }
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}
