//! What tasks are started with once everything about it has been checked: a plan from which they are made.

use super::{capacity, invalid};
use super::{
    container,
    network::{self, Network},
    overrides, tags, unsupported,
};
use crate::{
    State, Tx,
    ecs::{services::connect::Connected, task_definitions},
    iam,
    state::{
        Attachment, AttachmentStatus, Cluster, Container, Launch, Standing, Status, Task, TaskDefinition, TaskRegistry,
        TaskTarget, Times, Word,
    },
};
use aws::{
    api::ecs::{
        CPUArchitecture, Compatibility, HealthStatus, NetworkConfiguration, PidMode, RunTaskRequest, Tag,
        TaskDefinitionStatus, TaskOverride,
    },
    fault::Fault,
};
use spec::{Desired, Phase, TaskId};
use std::sync::Arc;
use vpc::SubnetId;

/// GiB of ephemeral storage when nothing is said ("Fargate task ephemeral storage", Amazon ECS Developer Guide).
const EPHEMERAL_STORAGE: u32 = 20;
/// The platform version that `LATEST` means.
const LATEST: &str = "1.4.0";

/// What tasks are to be started with, not checked yet.
pub(super) struct Order<'a> {
    /// Their task definition.
    pub(super) definition: TaskDefinition,
    /// What of it is different for them.
    pub(super) overrides: TaskOverride,
    /// Where their interfaces are.
    pub(super) network: Option<&'a NetworkConfiguration>,
    /// Their platform version.
    pub(super) platform: Option<&'a str>,
    /// Their task group.
    pub(super) group: String,
    /// Who starts them.
    pub(super) started_by: Option<String>,
    /// The client token of the call that starts them.
    pub(super) client_token: Option<String>,
    /// Their tags.
    pub(super) tags: Vec<Tag>,
    /// The target groups they are registered with.
    pub(super) targets: Vec<TaskTarget>,
    /// The registries they are registered with.
    pub(super) registries: Vec<TaskRegistry>,
    /// What Service Connect is in them.
    pub(super) connected: Option<Connected>,
}

/// What tasks are started with.
pub(crate) struct Plan {
    cluster: String,
    definition: TaskDefinition,
    sizes: overrides::Sizes,
    overrides: TaskOverride,
    task_role: Option<String>,
    execution_role: Option<String>,
    network: Network,
    platform_version: String,
    group: String,
    started_by: Option<String>,
    client_token: Option<String>,
    tags: Vec<Tag>,
    targets: Vec<TaskTarget>,
    registries: Vec<TaskRegistry>,
    connected: Option<Connected>,
    /// The architecture of its containers, in OCI's words.
    pub(super) architecture: String,
}

/// Checks a call of `RunTask` against the state. Everything that can be refused is refused here. Beside what its tasks are started
/// with it comes to the capacity provider of each.
///
/// # Errors
/// In the words of Amazon ECS, or by name where neargate does not do it.
pub(super) fn plan(
    state: &State,
    cluster: &Cluster,
    request: &RunTaskRequest,
) -> Result<(Plan, Vec<Option<String>>), Fault> {
    supported(request)?;
    let count = request.count.unwrap_or(1);
    let count = usize::try_from(count).ok().filter(|count| (1..=10).contains(count));
    let count = count.ok_or_else(|| invalid("count must be between 1 and 10."))?;
    let definition = definition(state, &request.task_definition)?;
    let strategy = request.capacity_provider_strategy.as_deref();
    let capacity = capacity::check(cluster, request.launch_type, strategy)?
        .ok_or_else(|| invalid("No Container Instances were found in your cluster."))?;
    let order = Order {
        overrides: request.overrides.clone().unwrap_or_default(),
        network: request.network_configuration.as_ref(),
        platform: request.platform_version.as_deref(),
        group: group(request, &definition)?,
        started_by: started_by(request)?,
        client_token: request.client_token.clone(),
        tags: tags::of_new_task(request, cluster, &definition)?,
        targets: Vec::new(),
        registries: Vec::new(),
        connected: None,
        definition,
    };
    Ok((check(state, cluster, order)?, capacity.share_out(count)))
}

/// Checks an order against the state.
///
/// # Errors
/// In the words of Amazon ECS, or by name where neargate does not do it.
pub(super) fn check(state: &State, cluster: &Cluster, order: Order<'_>) -> Result<Plan, Fault> {
    let Order {
        definition,
        overrides,
        network,
        platform,
        group,
        started_by,
        client_token,
        tags,
        targets,
        registries,
        connected,
    } = order;
    let compatible =
        definition.definition.compatibilities.as_ref().is_some_and(|c| c.contains(&Compatibility::Fargate));
    if !compatible {
        return Err(invalid("Task definition does not support launch_type FARGATE."));
    }
    let sizes = overrides::check(state, &definition, &overrides)?;
    let arm = definition.definition.runtime_platform.as_ref().and_then(|p| p.cpu_architecture)
        == Some(CPUArchitecture::Arm64);
    let of = &definition.definition;
    let role = |over: &Option<String>, role: &Option<String>| {
        let given = over.as_deref().or(role.as_deref()).filter(|role| !role.is_empty());
        given.map(|role| iam::task_role(state, role, &cluster.name)).transpose()
    };
    Ok(Plan {
        cluster: cluster.name.clone(),
        task_role: role(&overrides.task_role_arn, &of.task_role_arn)?,
        execution_role: role(&overrides.execution_role_arn, &of.execution_role_arn)?,
        network: network::check(state, network)?,
        platform_version: platform_version(platform, sizes.ephemeral_storage.is_some())?,
        group,
        started_by,
        client_token,
        tags,
        targets,
        registries,
        connected,
        architecture: if arm { "arm64" } else { "amd64" }.to_owned(),
        definition,
        sizes,
        overrides,
    })
}

/// Refuses what Fargate does not have, and what neargate does not do.
fn supported(request: &RunTaskRequest) -> Result<(), Fault> {
    if request.placement_constraints.as_ref().is_some_and(|list| !list.is_empty()) {
        return Err(invalid("Placement constraints are not supported with FARGATE launch type."));
    }
    if request.placement_strategy.as_ref().is_some_and(|list| !list.is_empty()) {
        return Err(invalid("Placement strategies are not supported with FARGATE launch type."));
    }
    if request.enable_execute_command == Some(true) {
        return Err(unsupported("enableExecuteCommand"));
    }
    if request.volume_configurations.as_ref().is_some_and(|list| !list.is_empty()) {
        return Err(unsupported("volumeConfigurations"));
    }
    Ok(())
}

/// The active task definition that a reference means.
///
/// # Errors
/// `ClientException` when there is none, or it is inactive.
pub(crate) fn definition(state: &State, reference: &str) -> Result<TaskDefinition, Fault> {
    let client = |message: &str| Fault::new("ClientException", message);
    match task_definitions::lookup(state, reference)? {
        Some(definition) if definition.status() == TaskDefinitionStatus::Active => Ok(definition.clone()),
        Some(_) => Err(client("TaskDefinition is inactive")),
        None => Err(client("TaskDefinition not found.")),
    }
}

/// The platform version a task runs on ("Fargate platform versions", Amazon ECS Developer Guide).
fn platform_version(version: Option<&str>, storage: bool) -> Result<String, Fault> {
    match version {
        None | Some("" | "LATEST" | LATEST) => Ok(LATEST.to_owned()),
        Some("1.3.0") if storage => {
            let why = "One or more of the requested capabilities are not supported: ephemeralStorage needs platform version 1.4.0.";
            Err(Fault::new("PlatformTaskDefinitionIncompatibilityException", why))
        }
        Some("1.3.0") => Ok("1.3.0".to_owned()),
        Some(_) => Err(Fault::new("PlatformUnknownException", "The specified platform does not exist.")),
    }
}

fn group(request: &RunTaskRequest, definition: &TaskDefinition) -> Result<String, Fault> {
    match request.group.as_deref() {
        None | Some("") => Ok(format!("family:{}", definition.family)),
        // Those are the groups of services' tasks.
        Some(group) if group.starts_with("service:") => Err(invalid("Invalid namespace for group.")),
        Some(group) if group.len() > 255 => Err(invalid("group can have at most 255 characters.")),
        Some(group) => Ok(group.to_owned()),
    }
}

fn started_by(request: &RunTaskRequest) -> Result<Option<String>, Fault> {
    if request.reference_id.as_ref().is_some_and(|id| id.len() > 1024) {
        return Err(invalid("referenceId can have at most 1024 characters."));
    }
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '/' | '_');
    match request.started_by.as_deref() {
        None | Some("") => Ok(None),
        Some(name) if name.len() <= 128 && name.chars().all(allowed) => Ok(Some(name.to_owned())),
        Some(_) => Err(invalid(
            "startedBy can have up to 128 letters (uppercase and lowercase), numbers, hyphens (-), forward slashes (/), and underscores (_).",
        )),
    }
}

impl Plan {
    /// The subnets that its tasks may be in, each with its Availability Zone.
    pub(crate) fn subnets(&self) -> &[(SubnetId, String)] {
        &self.network.subnets
    }

    /// A task in the subnet at that place of the list, counted round and round.
    pub(crate) fn task(&self, tx: &mut Tx<'_>, subnet: u64, provider: Option<String>) -> Task {
        let id = TaskId::from(tx.hex(32));
        let mut launch = self.launch(&id, subnet, provider);
        launch.credentials_id = launch.task_role.as_ref().map(|_| tx.secret_uuid());
        let container = |tx: &mut Tx<'_>| Container {
            id: tx.uuid(),
            phase: Phase::Pending,
            started: false,
            runtime_id: None,
            image_digest: None,
            exit_code: None,
            reason: None,
            health: HealthStatus::Unknown,
        };
        Task {
            cluster: self.cluster.clone(),
            desired: Desired::Running,
            status: Status::Provisioning,
            version: 1,
            containers: launch.containers.iter().map(|_| container(tx)).collect(),
            attachment: Attachment { id: tx.uuid(), status: AttachmentStatus::Precreated, interface: None },
            host: None,
            word: Word::default(),
            stopping: None,
            withdrawn: None,
            times: Times { created_at: tx.now, ..Times::default() },
            stop: None,
            tags: self.tags.clone(),
            standing: Standing::default(),
            launch: Arc::new(launch),
            id,
        }
    }

    fn launch(&self, task: &TaskId, subnet: u64, provider: Option<String>) -> Launch {
        let of = &self.definition.definition;
        let over = |name: &Option<String>| overrides::of(&self.overrides, name.as_deref().unwrap_or_default());
        let containers = self.definition.containers().iter();
        let subnets = &self.network.subnets;
        // Never empty: the network configuration was checked.
        let subnet = subnets.get((subnet % (subnets.len().max(1) as u64)) as usize);
        Launch {
            task_definition: self.definition.arn.clone(),
            family: self.definition.family.clone(),
            cpu: self.sizes.cpu,
            memory: self.sizes.memory,
            ephemeral_storage: self.sizes.ephemeral_storage.unwrap_or(EPHEMERAL_STORAGE),
            architecture: self.architecture.clone(),
            volumes: of.volumes.iter().flatten().filter_map(|volume| volume.name.clone()).collect(),
            shared_pid_namespace: of.pid_mode == Some(PidMode::Task),
            containers: containers.map(|c| container::resolve(c, over(&c.name), task)).collect(),
            subnet: subnet.map_or_else(|| "".into(), |(id, _)| id.clone()),
            zone: subnet.map(|(_, zone)| zone.clone()).unwrap_or_default(),
            security_groups: self.network.security_groups.clone(),
            assign_public_ip: self.network.assign_public_ip,
            capacity_provider: provider,
            platform_version: self.platform_version.clone(),
            group: self.group.clone(),
            started_by: self.started_by.clone(),
            overrides: self.overrides.clone(),
            client_token: self.client_token.clone(),
            task_role: self.task_role.clone(),
            execution_role: self.execution_role.clone(),
            credentials_id: None,
            plain_http: tags::plain_http(&self.tags, &self.definition.tags),
            targets: self.targets.clone(),
            registries: self.registries.clone(),
            connect: self.connected.as_ref().map(|connected| container::proxy(connected, task)),
        }
    }
}
