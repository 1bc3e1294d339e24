//! Becoming a shim: into the task's network namespace, away from the caller, and to process 1 of a new pid namespace.

use super::files::{self, ShimId, TaskFile};
use super::serve::Shim;
use crate::cgroup::Group;
use crate::error::{Error, Step};
use crate::sys::{self, Fork};
use rustix::fs::{Mode, OFlags};
use rustix::thread::LinkNameSpaceType;
use std::io;
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::ExitCode;

/// Starts the shim of the task in `dir`. The calling process ends as soon as the shim can be connected to.
pub(super) fn run(dir: &Path) -> ExitCode {
    match start(dir) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            crate::complain(format_args!("task shim: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn start(dir: &Path) -> Result<(), Error> {
    let path = dir.join("task.json");
    let task: TaskFile = files::load(&path)
        .ok_or_else(|| Error::host(format!("reading {}", path.display()), io::ErrorKind::NotFound))?;
    let netns = &task.spec.netns;
    let namespace = rustix::fs::open(netns, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())
        .host(|| format!("opening network namespace {}", netns.display()))?;
    rustix::thread::move_into_link_name_space(namespace.as_fd(), Some(LinkNameSpaceType::Network))
        .host(|| format!("joining network namespace {}", netns.display()))?;
    rustix::process::setsid().host(|| "making a session".into())?;
    rustix::process::chdir("/").host(|| "entering /".into())?;
    let cgroup = Group::new(&task.layout, task.spec.cgroup_parent.clone()).join_shims()?;
    rustix::process::umask(Mode::from_raw_mode(0o077));
    let listener = listen(dir)?;
    sys::unshare(libc::CLONE_NEWPID).host(|| "making a pid namespace".into())?;
    match sys::fork(0, cgroup.as_ref()).host(|| "forking".into())? {
        Fork::Parent { .. } => Ok(()),
        Fork::Child => {
            drop((namespace, cgroup));
            serve(dir, task, listener)
        }
    }
}

/// Listens in the directory by its descriptor: a socket's path is limited to 107 bytes (unix(7)).
fn listen(dir: &Path) -> Result<UnixListener, Error> {
    let fd = rustix::fs::open(dir, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
        .host(|| format!("opening {}", dir.display()))?;
    let listener = UnixListener::bind(format!("/proc/self/fd/{}/socket", fd.as_raw_fd()))
        .host(|| format!("listening on {}/socket", dir.display()))?;
    listener.set_nonblocking(true).host(|| "configuring the socket".into())?;
    Ok(listener)
}

fn serve(dir: &Path, task: TaskFile, listener: UnixListener) -> Result<(), Error> {
    rustix::thread::set_name(c"task-shim").host(|| "naming the shim".into())?;
    let own = ShimId::of("self").ok_or_else(|| Error::host("reading /proc/self/stat", io::ErrorKind::InvalidData))?;
    files::save(&dir.join("shim.json"), &own)?;
    Shim::new(dir, task, listener)?.run()
}
