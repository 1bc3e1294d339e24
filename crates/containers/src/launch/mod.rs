//! Starting processes: the runtimes behind one trait. A launch never blocks the shim: the child reports over a socket.

mod native;
mod oci;
mod status;

pub(crate) use native::{Native, STATUS};
pub(crate) use oci::Oci;
pub(crate) use status::{Progress, proceed, proceeds, receive, send};

use crate::cgroup::Group;
use crate::config::WindowSize;
use crate::error::StartError;
use crate::process::Process;
use crate::rootfs::Plan;
use rustix::process::Pid;
use std::os::fd::OwnedFd;

/// A container about to be launched.
pub(crate) struct Launch<'a> {
    pub(crate) plan: Plan<'a>,
    pub(crate) process: Process,
    pub(crate) stdio: Stdio,
    pub(crate) hostname: &'a str,
    /// The pid namespace to join; none for a new one.
    pub(crate) shared: Option<&'a SharedPids>,
}

/// A pid namespace that containers share.
pub(crate) struct SharedPids {
    /// Its first process.
    pub(crate) process: OwnedFd,
    /// A mount namespace with its `/proc` as root.
    pub(crate) mounts: OwnedFd,
}

/// A command about to be run in a container.
pub(crate) struct Join<'a> {
    pub(crate) name: &'a str,
    /// The container's first process.
    pub(crate) pidfd: &'a OwnedFd,
    pub(crate) cgroup: &'a Group,
    pub(crate) process: Process,
    pub(crate) stdio: Stdio,
    /// A terminal of that size, of the container's own, takes the place of `stdio`.
    pub(crate) terminal: Option<WindowSize>,
}

/// Standard streams. With a terminal, the container's take their place.
pub(crate) struct Stdio {
    pub(crate) stdin: OwnedFd,
    pub(crate) stdout: OwnedFd,
    pub(crate) stderr: OwnedFd,
}

/// A launch under way.
pub(crate) struct Launching {
    /// The child of the shim that makes its way, or becomes the process.
    pub(crate) pid: Pid,
    /// The same.
    pub(crate) pidfd: OwnedFd,
    /// Where it reports.
    pub(crate) status: OwnedFd,
}

/// What starts containers and commands in them.
pub(crate) trait Runtime {
    /// Starts a container's first process.
    fn launch(&self, launch: Launch) -> Result<Launching, StartError>;

    /// Starts a command in a running container.
    fn exec(&self, join: Join) -> Result<Launching, StartError>;
}
