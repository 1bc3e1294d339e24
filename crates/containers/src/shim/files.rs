//! What a task's directory holds:
//!
//! - `task.json`: the sandbox's specification and where its control groups are. `shim.json`: which process the shim is.
//! - the directory's own lock, held by the shim and by whoever is becoming it. `socket`: where the shim listens. `shim.log`: what it had to complain about.
//! - `volumes/NAME`. `containers/NAME/`: `upper`, `work`, `rootfs` (a mount point, always empty from outside), `log`, `state.json`.
//!
//! Files are replaced, never changed, so a crash leaves the old or the new. They are not synced: a task does not outlive a
//! power cut, and what survives the death of processes is in the page cache.

use crate::cgroup::Layout;
use crate::config::SandboxSpec;
use crate::error::{Error, Step};
use crate::state::ContainerState;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

/// `task.json`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct TaskFile {
    pub(crate) spec: SandboxSpec,
    pub(crate) layout: Layout,
}

/// `shim.json`: a process, by its pid and start time so that another with the same pid is not taken for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ShimId {
    pub(crate) pid: u32,
    /// Clock ticks since boot (field 22 of proc_pid_stat(5)).
    pub(crate) start: u64,
}

impl ShimId {
    /// The process `pid`, or `self`, as the host's `/proc` has it.
    pub(crate) fn of(process: &str) -> Option<Self> {
        let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
        // The name, in parentheses, may hold anything.
        let (head, tail) = stat.rsplit_once(") ")?;
        Some(Self { pid: head.split(' ').next()?.parse().ok()?, start: tail.split(' ').nth(19)?.parse().ok()? })
    }
}

/// Replaces a file.
pub(crate) fn save(path: &Path, value: &impl Serialize) -> Result<(), Error> {
    let write = || -> io::Result<()> {
        let new = path.with_extension("new");
        fs::write(&new, serde_json::to_vec(value)?)?;
        fs::rename(new, path)
    };
    write().host(|| format!("writing {}", path.display()))
}

/// Reads a file; none when it does not exist or is not whole.
pub(crate) fn load<T: DeserializeOwned>(path: &Path) -> Option<T> {
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}

/// The recorded state of a container.
pub(crate) fn container_state(dir: &Path, name: &str) -> Option<ContainerState> {
    load(&dir.join("containers").join(name).join("state.json"))
}

/// The recorded states of all of a task's containers.
pub(crate) fn containers(dir: &Path) -> BTreeMap<String, ContainerState> {
    let entries = fs::read_dir(dir.join("containers")).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    names.filter_map(|name| Some((name.clone(), container_state(dir, &name)?))).collect()
}
