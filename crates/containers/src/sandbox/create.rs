//! Making a task: its directory, its control group, its shim.

use super::{Sandbox, ShimCommand, hold, remove, task_group};
use crate::cgroup::{Group, Layout, Limits};
use crate::config::SandboxSpec;
use crate::error::{Error, Step};
use crate::shim::{self, TaskFile};
use std::fs;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

impl Sandbox {
    /// Makes a task in `dir`, which must not exist. When it fails nothing is left.
    pub fn create(dir: &Path, spec: &SandboxSpec, shim: &ShimCommand) -> Result<Self, Error> {
        check(dir, spec)?;
        let task = TaskFile { spec: spec.clone(), layout: layout()?.clone() };
        fs::DirBuilder::new().mode(0o700).create(dir).host(|| format!("making {}", dir.display()))?;
        start(dir, task, shim).inspect_err(|_| {
            let _ = remove(dir);
        })
    }
}

/// The host's control groups, looked for once.
pub(super) fn layout() -> Result<&'static Layout, Error> {
    static LAYOUT: OnceLock<Layout> = OnceLock::new();
    match LAYOUT.get() {
        Some(layout) => Ok(layout),
        None => Layout::detect().map(|layout| LAYOUT.get_or_init(|| layout)),
    }
}

/// Moves a process that is no task's into a control group of its own, which [`super::remove_cgroups`] ends it with.
pub fn place_in_cgroup(path: &str, pid: u32) -> Result<(), Error> {
    Group::new(layout()?, path).place(pid)
}

/// Names that become paths stay where they belong.
fn check(dir: &Path, spec: &SandboxSpec) -> Result<(), Error> {
    let plain = |text: &str| {
        text.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_.".contains(letter))
            && !text.starts_with('.')
            && !text.is_empty()
    };
    if !dir.is_absolute() || dir.to_str().is_none() {
        return Err(Error::Invalid(format!("the task directory {} must be an absolute path in UTF-8", dir.display())));
    }
    if !plain(&spec.id) || spec.id == "shims" || !spec.cgroup_parent.split('/').all(plain) {
        return Err(Error::Invalid(format!(
            "{:?} below {:?} is no name for a control group",
            spec.id, spec.cgroup_parent
        )));
    }
    match spec.hostname.len() {
        1..=64 => Ok(()),
        length => Err(Error::Invalid(format!("a host name has 1 to 64 bytes, not {length}"))),
    }
}

fn start(dir: &Path, task: TaskFile, shim: &ShimCommand) -> Result<Sandbox, Error> {
    let hold = hold::take(dir)?;
    // First what `remove` needs, then what it removes.
    shim::save(&dir.join("task.json"), &task)?;
    for part in ["containers", "volumes"] {
        fs::create_dir(dir.join(part)).host(|| format!("making {}/{part}", dir.display()))?;
    }
    Group::new(&task.layout, task.spec.cgroup_parent.clone()).create_parent()?;
    let (cpu_quota, memory, pids) = (task.spec.cpu_units, task.spec.memory, task.spec.pids);
    task_group(&task).create_task(&Limits { cpu_quota, memory, pids, ..Limits::default() })?;
    spawn(dir, hold, shim)?;
    let path = dir.join("shim.json");
    let mut sandbox = Sandbox { dir: dir.to_path_buf(), task, shim: shim::ShimId { pid: 0, start: 0 } };
    // The answer comes from the shim itself, which has written who it is by then.
    sandbox.state().map_err(|error| match error {
        Error::Gone => complaint(dir),
        other => other,
    })?;
    sandbox.shim = shim::load(&path)
        .ok_or_else(|| Error::host(format!("reading {}", path.display()), io::ErrorKind::InvalidData))?;
    Ok(sandbox)
}

/// Starts the shim, which takes over the hold on its directory; the process waited for is the one that made it, so the shim is nobody's
/// child.
fn spawn(dir: &Path, hold: OwnedFd, shim: &ShimCommand) -> Result<(), Error> {
    let log = fs::OpenOptions::new()
        .append(true)
        .create(true)
        .open(dir.join("shim.log"))
        .host(|| "making shim.log".into())?;
    let program = format!("/proc/self/fd/{}", shim.protected()?.as_raw_fd());
    let mut command = Command::new(program);
    command.args(&shim.args).arg("task").arg(dir).args(&shim.args);
    command.env_clear().stdin(Stdio::from(hold)).stdout(Stdio::null()).stderr(log);
    let status = command.status().host(|| format!("executing {} as a shim", shim.program.display()))?;
    if status.success() { Ok(()) } else { Err(complaint(dir)) }
}

fn complaint(dir: &Path) -> Error {
    let text = fs::read_to_string(dir.join("shim.log")).unwrap_or_default();
    let text = if text.trim().is_empty() { "it ended without a word" } else { text.trim() };
    Error::host("starting the task's shim", io::Error::other(text.to_owned()))
}
