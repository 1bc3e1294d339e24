//! Removing a task, from its directory alone.

use super::{hold, task_group};
use crate::cgroup::Group;
use crate::error::{Error, Step};
use crate::shim::{self, ShimId, TaskFile};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use std::io;
use std::path::Path;
use std::time::Duration;

/// How long killed processes may take to be gone. Longer means that one hangs in the kernel.
const DEATH: Duration = Duration::from_secs(10);

/// Kills everything of the task in `dir` and removes what it left: control groups, files, the directory itself. Works on any
/// state a crash or a reboot can leave, and does nothing where nothing is left.
pub fn remove(dir: &Path) -> Result<(), Error> {
    let group = shim::load::<TaskFile>(&dir.join("task.json")).map(|task| task_group(&task));
    if let Some(group) = &group {
        // Thousands of processes that share a small limit would take minutes to die. The group may be gone already.
        let _ = group.limit_cpu(0);
    }
    let kill_shim = || {
        shim::load(&dir.join("shim.json")).map_or(Ok(()), kill)?;
        Ok(None::<()>)
    };
    hold::while_held(dir, DEATH, kill_shim)?;
    if let Some(group) = group {
        group.remove(DEATH)?;
    }
    crate::tree::remove(dir).host(|| format!("removing {}", dir.display()))
}

/// Removes the control groups that tasks and shims were made in, with `cgroup_parent` as in [`crate::SandboxSpec`], once all of
/// its tasks are removed. Groups above it go too where they have become empty.
pub fn remove_cgroups(cgroup_parent: &str) -> Result<(), Error> {
    let layout = super::create::layout()?;
    Group::new(layout, cgroup_parent).remove(DEATH)?;
    let mut above = cgroup_parent;
    while let Some((parent, _)) = above.rsplit_once('/') {
        Group::new(layout, parent).remove_empty();
        above = parent;
    }
    Ok(())
}

/// Kills a shim and waits until it is gone, and thereby, as it is process 1 of its pid namespace, everything below it.
fn kill(shim: ShimId) -> Result<(), Error> {
    let Some(pid) = i32::try_from(shim.pid).ok().and_then(Pid::from_raw) else { return Ok(()) };
    let Ok(pidfd) = pidfd_open(pid, PidfdFlags::empty()) else { return Ok(()) };
    // Looked at after the descriptor was opened, so it is this process or none.
    if ShimId::of(&shim.pid.to_string()) != Some(shim) {
        return Ok(());
    }
    let _ = pidfd_send_signal(&pidfd, Signal::KILL);
    let timeout = Timespec { tv_sec: i64::try_from(DEATH.as_secs()).unwrap_or(i64::MAX), tv_nsec: 0 };
    match poll(&mut [PollFd::new(&pidfd, PollFlags::IN)], Some(&timeout))
        .host(|| "waiting for the shim's end".into())?
    {
        0 => Err(Error::host(format!("killing the shim, process {}", shim.pid), io::ErrorKind::TimedOut)),
        _ => Ok(()),
    }
}
