//! Our own launcher: one clone3 into new namespaces, then the child builds its root, enters it and becomes the command.

use super::{Join, Launch, Launching, Progress, Runtime, Stdio, send};
use crate::error::{StartError, StartErrorKind, Step};
use crate::rootfs;
use crate::sys::{self, Fork};
use rustix::fs::{Mode, OFlags};
use rustix::net::{AddressFamily, SocketFlags, SocketType};
use rustix::process::{DumpableBehavior, Signal};
use rustix::thread::{LinkNameSpaceType, ThreadNameSpaceType};
use std::os::fd::{AsFd, OwnedFd};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The launcher. It holds what a shim opens once.
pub(crate) struct Native {
    /// This program, for the init process: on a read-only mount, as the shim was executed from one.
    program: OwnedFd,
    /// The shim's own pid namespace, to come back to.
    pid_namespace: OwnedFd,
}

/// Descriptor numbers in a child: the report socket, and the init program.
pub(crate) const STATUS: i32 = 3;
const INIT: i32 = 4;

impl Native {
    /// For the calling shim.
    pub(crate) fn new() -> Result<Self, StartError> {
        let open = |path: &str, flags| {
            rustix::fs::open(path, flags | OFlags::CLOEXEC, Mode::empty()).start(|| format!("opening {path}"))
        };
        Ok(Self {
            program: open("/proc/self/exe", OFlags::PATH)?,
            pid_namespace: open("/proc/self/ns/pid", OFlags::RDONLY)?,
        })
    }

    /// Forks with children going to the pid namespace of `target` for that moment.
    fn fork_in(&self, target: Option<&OwnedFd>, namespaces: i32, cgroup: Option<&OwnedFd>) -> Result<Fork, StartError> {
        let Some(target) = target else { return sys::fork(namespaces, cgroup).start(|| "clone3".into()) };
        rustix::thread::move_into_thread_name_spaces(target.as_fd(), ThreadNameSpaceType::PROCESS_ID)
            .start(|| "joining the pid namespace".into())?;
        let forked = sys::fork(namespaces, cgroup).start(|| "clone3".into());
        if !matches!(forked, Ok(Fork::Child)) {
            let back = rustix::thread::move_into_link_name_space(
                self.pid_namespace.as_fd(),
                Some(LinkNameSpaceType::ProcessID),
            );
            back.start(|| "leaving the container's pid namespace".into())?;
        }
        forked
    }

    fn start(
        &self,
        target: Option<&OwnedFd>,
        namespaces: i32,
        cgroup: &crate::cgroup::Group,
        child: impl FnOnce(&OwnedFd) -> StartError,
    ) -> Result<Launching, StartError> {
        let sockets = rustix::net::socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None);
        let (status, child_status) = sockets.start(|| "making a socket pair".into())?;
        let cgroup = cgroup.clone_target().map_err(|error| StartError::new(StartErrorKind::Host, error.to_string()))?;
        match self.fork_in(target, namespaces, cgroup.as_ref())? {
            Fork::Parent { pid, pidfd } => Ok(Launching { pid, pidfd, status }),
            Fork::Child => {
                let failed = catch_unwind(AssertUnwindSafe(|| child(&child_status)));
                let error = failed.unwrap_or_else(|_| StartError::new(StartErrorKind::Host, "the launcher panicked"));
                // `child` has moved the socket to its fixed number by the time it closes the others; before that it is where it was.
                let sent = send(&child_status, &Progress::Failed(error.clone()), None);
                if sent.is_err() {
                    let _ = sys::inherited(STATUS).and_then(|fixed| send(&fixed, &Progress::Failed(error), None));
                }
                sys::exit(1)
            }
        }
    }
}

impl Runtime for Native {
    fn launch(&self, launch: Launch) -> Result<Launching, StartError> {
        let mut namespaces = libc::CLONE_NEWNS | libc::CLONE_NEWIPC | libc::CLONE_NEWUTS;
        if launch.join_pid.is_none() {
            namespaces |= libc::CLONE_NEWPID;
        }
        let (join_pid, cgroup) = (launch.join_pid, launch.plan.cgroup);
        let init = launch.plan.config.init.then_some(&self.program);
        self.start(join_pid, namespaces, cgroup, |status| become_container(&launch, status, init))
    }

    fn exec(&self, join: Join) -> Result<Launching, StartError> {
        let (pidfd, cgroup) = (join.pidfd, join.cgroup);
        self.start(Some(pidfd), 0, cgroup, |status| become_command(&join, status))
    }
}

/// The child of a launch. Only returns on failure.
fn become_container(launch: &Launch, status: &OwnedFd, init: Option<&OwnedFd>) -> StartError {
    let prepare = || -> Result<(), StartError> {
        guard()?;
        own_cgroup(launch.plan.cgroup)?;
        rootfs::detach_from_host()?;
        rustix::system::sethostname(launch.hostname.as_bytes())
            .start(|| format!("setting host name {:?}", launch.hostname))?;
        let root = rootfs::build(&launch.plan)?;
        match &root.terminal {
            Some(terminal) => {
                send(status, &Progress::Terminal, Some(&terminal.master))
                    .start(|| "handing over the terminal".into())?;
                use_terminal(&terminal.slave)?;
            }
            None => use_stdio(&launch.stdio)?,
        }
        root.enter()?;
        let closed = keep_only(status, init);
        // Its descriptors are closed already, and their numbers may be in use again.
        std::mem::forget(root);
        closed
    };
    match prepare() {
        Ok(()) => finish(launch.process.clone(), init.is_some()),
        Err(error) => error,
    }
}

/// The child of an exec. Only returns on failure.
fn become_command(join: &Join, status: &OwnedFd) -> StartError {
    let prepare = || -> Result<(), StartError> {
        guard()?;
        join.cgroup.join_container().map_err(|error| StartError::new(StartErrorKind::Host, error.to_string()))?;
        let namespaces = ThreadNameSpaceType::MOUNT
            | ThreadNameSpaceType::INTER_PROCESS_COMMUNICATION
            | ThreadNameSpaceType::HOST_NAME_AND_NIS_DOMAIN_NAME
            | ThreadNameSpaceType::CONTROL_GROUP
            | ThreadNameSpaceType::NETWORK;
        rustix::thread::move_into_thread_name_spaces(join.pidfd.as_fd(), namespaces)
            .start(|| format!("joining container {}", join.name))?;
        use_stdio(&join.stdio)?;
        keep_only(status, None)
    };
    match prepare() {
        Ok(()) => finish(join.process.clone(), false),
        Err(error) => error,
    }
}

/// Before anything of the container can see this process: it is not traceable, and ends with the shim.
fn guard() -> Result<(), StartError> {
    rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable)
        .start(|| "making the launcher untraceable".into())?;
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))
        .start(|| "setting the parent death signal".into())?;
    rustix::process::setsid().map(drop).start(|| "making a session".into())?;
    // Modes given by the steps to come are meant as they are.
    rustix::process::umask(Mode::empty());
    Ok(())
}

/// Joins the container's group and only then makes it the namespace's root.
fn own_cgroup(cgroup: &crate::cgroup::Group) -> Result<(), StartError> {
    cgroup.join_container().map_err(|error| StartError::new(StartErrorKind::Host, error.to_string()))?;
    sys::unshare(libc::CLONE_NEWCGROUP).start(|| "making a cgroup namespace".into())
}

fn use_stdio(stdio: &Stdio) -> Result<(), StartError> {
    for (fd, target) in [(&stdio.stdin, 0), (&stdio.stdout, 1), (&stdio.stderr, 2)] {
        sys::dup_to(fd, target).start(|| "setting a standard stream".into())?;
    }
    Ok(())
}

fn use_terminal(slave: &OwnedFd) -> Result<(), StartError> {
    rustix::process::ioctl_tiocsctty(slave).start(|| "taking the terminal".into())?;
    (0..3).try_for_each(|target| sys::dup_to(slave, target)).start(|| "setting a standard stream".into())
}

/// Closes every descriptor but standard streams, the report socket and the init program, which get fixed numbers.
fn keep_only(status: &OwnedFd, init: Option<&OwnedFd>) -> Result<(), StartError> {
    let place = || -> std::io::Result<()> {
        let status = rustix::io::fcntl_dupfd_cloexec(status, 10)?;
        let init = init.map(|init| rustix::io::fcntl_dupfd_cloexec(init, 10)).transpose()?;
        sys::dup_to(&status, STATUS)?;
        let mut first_closed = STATUS + 1;
        if let Some(init) = &init {
            sys::dup_to(init, INIT)?;
            first_closed = INIT + 1;
        }
        drop((status, init));
        sys::close_from(first_closed.unsigned_abs())
    };
    place().start(|| "closing descriptors".into())
}

/// Becomes the process. The report socket closes with the exec, unless init keeps it to report its child's exec.
fn finish(process: crate::process::Process, init: bool) -> StartError {
    let marked = sys::cloexec_from(if init { INIT.unsigned_abs() } else { STATUS.unsigned_abs() });
    rustix::process::umask(Mode::from_raw_mode(0o022));
    let program = if init { sys::inherited(INIT).map(Some) } else { Ok(None) };
    match (marked, program) {
        (Ok(()), Ok(program)) => process.become_it(program.as_ref()),
        (Err(error), _) | (_, Err(error)) => {
            StartError::new(StartErrorKind::Host, format!("arranging descriptors: {error}"))
        }
    }
}
