//! What jobs do: the steps that take time, each from plain values to an [`Outcome`]. None of them knows what is wanted or why.

use crate::{
    Config, authorities,
    aws::Aws,
    cancel::Cancelled,
    clock,
    config::cgroup_parent,
    container,
    credentials::TaskCredentials,
    dial::Dialer,
    endpoints, files,
    initialise::{self, Resources},
    registry::Registry,
    secrets::Login,
    signal,
};
use containers::{Error, Exec, Sandbox, SandboxSpec, StartErrorKind, Started};
use images::{platform::Platform, pull, reference::Reference, store};
use spec::{ContainerSpec, HealthCheck, Millis, TaskId, TaskRole, TaskSpec};
use std::{
    collections::BTreeMap,
    fs,
    io::{self, ErrorKind},
    path::Path,
    sync::Arc,
};
use vpc::Vpc;

/// What a job came to.
pub(crate) enum Outcome {
    /// A shim was made, or why not.
    Created(Result<Sandbox, String>),
    /// What the task needs of AWS's services is there, or why not.
    Initialised(Result<Resources, String>),
    /// An image was pulled, or why not, and when that ended.
    Pulled(String, Result<store::Image, String>, Millis),
    /// A container was started, or why not.
    Started(String, Result<Started, Refused>),
    /// A container had been started before; its shim tells what became of it.
    Already(String),
    /// A health check has passed or not.
    Checked(String, HealthCheck, bool),
    /// How many bytes the task's containers have written to disk, if that could be found out.
    Measured(Option<u64>),
    /// The job broke off; what it was is not known any more.
    Lost,
    /// A task's processes and files were removed, or why not.
    Removed(Result<(), String>),
}

/// Why a container did not start.
pub(crate) struct Refused {
    /// AWS's words.
    pub(crate) reason: String,
    /// The exit code Docker gives such a container, where it gives one.
    pub(crate) exit_code: Option<i32>,
}

/// Makes a task's directory, its files and its shim.
pub(crate) fn create(config: &Config, id: &TaskId, task: &TaskSpec, vpc: Option<&Vpc>, region: &str) -> Outcome {
    Outcome::Created(made(config, id, task, vpc, region).map_err(|why| format!("ResourceInitializationError: {why}")))
}

fn made(config: &Config, id: &TaskId, task: &TaskSpec, vpc: Option<&Vpc>, region: &str) -> Result<Sandbox, String> {
    let (vpc, interface) = vpc
        .and_then(|vpc| Some((vpc, vpc.interfaces.get(&task.interface)?)))
        .ok_or_else(|| format!("interface {} is not part of VPC {}", task.interface, task.vpc))?;
    let directory = config.task_dir(id);
    let files = config.files_dir(id);
    files::write(&files, &files::contents(task, interface.private_ip, vpc, region))
        .map_err(|e| format!("writing {}: {e}", files.display()))?;
    let spec = SandboxSpec {
        id: id.to_string(),
        netns: config.instance.task(id).path(),
        hostname: task.hostname.clone(),
        cgroup_parent: cgroup_parent(&config.instance),
        cpu_units: task.cpu,
        memory: Some(task.memory),
        pids: Some(most_processes(task.memory)),
        shared_pid: task.shared_pid_namespace,
        runtime: config.runtime,
    };
    Sandbox::create(&directory, &spec, &config.shim).map_err(|e| e.to_string())
}

/// As many processes and threads as Linux lets a machine with the task's memory have (`kernel.threads-max`: memory over eight stacks
/// of 16 KiB each), since on Fargate a task has a machine of its own.
fn most_processes(memory: u64) -> u32 {
    u32::try_from(memory / (8 * (16 << 10))).unwrap_or(u32::MAX).max(1024)
}

/// Gets what a task's containers need of AWS's services, as long as that is wanted.
pub(crate) fn initialise(
    config: &Config,
    cancelled: &Cancelled,
    dialer: io::Result<Dialer>,
    credentials: &TaskCredentials,
    region: String,
    id: &TaskId,
    task: &TaskSpec,
) -> Outcome {
    let failed = |why: String| {
        format!(
            "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: {why}"
        )
    };
    let got = dialer.map_err(|error| failed(error.to_string())).and_then(|dialer| {
        config.runtime_handle.block_on(async {
            let got = async {
                let credentials = credentials.get(id, TaskRole::Execution, clock::now()).await;
                let credentials = credentials.map_err(|error| failed(error.to_string()))?;
                initialise::initialise(&Aws { dialer, region, credentials }, task).await
            };
            cancelled.or(got).await.unwrap_or_else(|| Err(failed("context canceled".to_owned())))
        })
    });
    Outcome::Initialised(got)
}

/// Gets a container's image. As on Fargate it must have room in the task's ephemeral storage.
pub(crate) fn pull(
    config: &Config,
    store: &Arc<store::Store>,
    cancelled: Cancelled,
    dialer: io::Result<Dialer>,
    login: Option<Login>,
    task: &TaskSpec,
    container: &ContainerSpec,
) -> Outcome {
    let (name, platform) = (container.name.clone(), Platform::linux(&task.architecture));
    let bounds = pull::Bounds { room: task.ephemeral_storage, ..pull::Bounds::default() };
    let pulled = Reference::parse(&container.image).map_err(|e| format!("CannotPullContainerError: {e}")).and_then(
        |reference| {
            let dialer = dialer.map_err(|e| format!("CannotPullContainerError: {e}"))?;
            let registry = Registry::new(dialer, cancelled, config.runtime_handle.clone(), login);
            pull::pull(store, &registry, &reference, &platform, &bounds).map_err(|e| e.reason())
        },
    );
    Outcome::Pulled(name, pulled, clock::now())
}

/// Starts a container whose image and shim are there.
pub(crate) fn start(
    sandbox: &Sandbox,
    task: &TaskSpec,
    wanted: &ContainerSpec,
    image: &store::Image,
    files: &Path,
    authority: &str,
    secrets: BTreeMap<String, String>,
) -> Outcome {
    let name = wanted.name.clone();
    if let Err(why) = keep_stop_signal(files, &name, &image.config.stop_signal) {
        return Outcome::Started(name, Err(cannot_start(&why, None)));
    }
    // Before anything uses it: what runs and is not known to is what must never be.
    if let Err(why) = files::keep_image(files, &name, image.digests()) {
        return Outcome::Started(name, Err(cannot_start(&format!("writing to {}: {why}", files.display()), None)));
    }
    let mut config = container::config(task, wanted, &image.config, image.layers.clone(), files);
    config.env.extend(secrets);
    if task.metadata.plain_http {
        endpoints::plain_http(&mut config.env, task.region());
    }
    match authorities::mounts(&files.join(format!("{name}.ca")), authority, &image.layers) {
        Ok(mounts) if mounts.is_empty() => {}
        Ok(mounts) => {
            config.files.extend(mounts);
            authorities::environment(&mut config.env);
        }
        Err(why) => {
            return Outcome::Started(name, Err(cannot_start(&format!("writing to {}: {why}", files.display()), None)));
        }
    }
    match sandbox.start(&config) {
        Ok(started) => Outcome::Started(name, Ok(started)),
        // A start that failed is forgotten; what is listed was started before, by an agent that did not live to see it.
        Err(_) if sandbox.state().is_ok_and(|report| report.containers.contains_key(&name)) => Outcome::Already(name),
        Err(error) => Outcome::Started(name, Err(refused(&error))),
    }
}

fn keep_stop_signal(files: &Path, container: &str, signal: &str) -> Result<(), String> {
    if signal.is_empty() {
        return Ok(());
    }
    let number = signal::parse(signal).ok_or_else(|| format!("Invalid signal: {signal}"))?;
    files::keep_stop_signal(files, container, number).map_err(|e| format!("writing to {}: {e}", files.display()))
}

/// What runc says of a start that failed, and Docker's exit code for it.
fn refused(error: &Error) -> Refused {
    match error {
        Error::Start(why) if why.kind == StartErrorKind::Host => cannot_start(&why.message, None),
        Error::Start(why) => {
            let text = format!("unable to start container process: {}: unknown", why.message);
            cannot_start(&text, Some(why.kind.exit_code()))
        }
        other => cannot_start(&other.to_string(), None),
    }
}

/// AWS's words around runc's ("CannotStartContainerError", Amazon ECS Developer Guide).
fn cannot_start(text: &str, exit_code: Option<i32>) -> Refused {
    let reason = format!(
        "CannotStartContainerError: ResourceInitializationError: failed to create new container runtime task: failed to create shim task: OCI runtime create failed: {text}"
    );
    Refused { reason, exit_code }
}

/// Runs a container's health check once.
pub(crate) fn check(sandbox: &Sandbox, name: String, check: HealthCheck) -> Outcome {
    let exec = Exec {
        argv: check.command.clone(),
        timeout_ms: u64::from(check.timeout) * 1000,
        output_limit: 4096,
        ..Exec::default()
    };
    let passed = sandbox.exec(&name, &exec).is_ok_and(|result| result.code == 0 && !result.timed_out);
    Outcome::Checked(name, check, passed)
}

/// Removes a task's processes, mounts, cgroups and files, from what its directory says.
pub(crate) fn remove(config: &Config, id: &TaskId) -> Outcome {
    let names = config.files_dir(id);
    let gone = containers::remove(&config.task_dir(id)).map_err(|e| e.to_string()).and_then(|()| {
        match fs::remove_dir_all(&names) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(format!("{}: {error}", names.display())),
            _ => Ok(()),
        }
    });
    Outcome::Removed(gone)
}
