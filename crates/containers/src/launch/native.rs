//! Our own launcher: one clone3 into new namespaces, then the child builds its root, enters it and becomes the command.

use super::{Join, Launch, Launching, Progress, Runtime, Stdio, send};
use crate::error::{StartError, StartErrorKind, Step};
use crate::rootfs::{self, Terminal};
use crate::sys::{self, Fork};
use rustix::fs::{Mode, OFlags};
use rustix::net::{AddressFamily, SocketFlags, SocketType};
use rustix::process::{DumpableBehavior, Signal};
use rustix::thread::ThreadNameSpaceType;
use std::os::fd::{AsFd, OwnedFd};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The launcher. It holds what a shim opens once.
pub(crate) struct Native {
    /// This program, for the init process: on a read-only mount, as the shim was executed from one.
    program: OwnedFd,
}

/// Descriptor numbers in a child: the report socket, and the init program.
pub(crate) const STATUS: i32 = 3;
const INIT: i32 = 4;

impl Native {
    /// For the calling shim.
    pub(crate) fn new() -> Result<Self, StartError> {
        let program = rustix::fs::open("/proc/self/exe", OFlags::PATH | OFlags::CLOEXEC, Mode::empty());
        Ok(Self { program: program.start(|| "opening /proc/self/exe".into())? })
    }

    fn start(
        namespaces: i32,
        cgroup: &crate::cgroup::Group,
        child: impl FnOnce(&OwnedFd) -> StartError,
    ) -> Result<Launching, StartError> {
        let sockets = rustix::net::socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None);
        let (status, child_status) = sockets.start(|| "making a socket pair".into())?;
        let cgroup = cgroup.clone_target().map_err(|error| StartError::new(StartErrorKind::Host, error.to_string()))?;
        match sys::fork(namespaces, cgroup.as_ref()).start(|| "clone3".into())? {
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
        if launch.shared.is_none() {
            namespaces |= libc::CLONE_NEWPID;
        }
        let init = launch.plan.config.init.then_some(&self.program);
        Self::start(namespaces, launch.plan.cgroup, |status| become_container(&launch, status, init))
    }

    fn exec(&self, join: Join) -> Result<Launching, StartError> {
        Self::start(0, join.cgroup, |status| become_command(&join, status))
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
            Some(terminal) => use_terminal(terminal, status)?,
            None => use_stdio(&launch.stdio)?,
        }
        root.enter()?;
        match launch.shared {
            Some(shared) => join(&shared.process, ThreadNameSpaceType::PROCESS_ID, "the task's processes")?,
            None => control_terminal()?,
        }
        let closed = keep_only(status, init);
        // Its descriptors are closed already, and their numbers may be in use again.
        std::mem::forget(root);
        closed
    };
    match prepare() {
        Ok(()) => finish(launch.process.clone(), init.is_some(), launch.shared.is_some()),
        Err(error) => error,
    }
}

/// The child of an exec. Only returns on failure.
fn become_command(command: &Join, status: &OwnedFd) -> StartError {
    let prepare = || -> Result<(), StartError> {
        guard()?;
        command.cgroup.join_container().map_err(|error| StartError::new(StartErrorKind::Host, error.to_string()))?;
        let namespaces = ThreadNameSpaceType::MOUNT
            | ThreadNameSpaceType::INTER_PROCESS_COMMUNICATION
            | ThreadNameSpaceType::HOST_NAME_AND_NIS_DOMAIN_NAME
            | ThreadNameSpaceType::CONTROL_GROUP
            | ThreadNameSpaceType::NETWORK
            | ThreadNameSpaceType::PROCESS_ID;
        join(command.pidfd, namespaces, command.name)?;
        match command.terminal {
            Some(size) => use_terminal(&rootfs::open_terminal_inside(size)?, status)?,
            None => use_stdio(&command.stdio)?,
        }
        keep_only(status, None)
    };
    match prepare() {
        Ok(()) => finish(command.process.clone(), false, true),
        Err(error) => error,
    }
}

/// Joins namespaces of a container's process. A pid namespace is for children to come: this process stays invisible in there.
fn join(process: &OwnedFd, namespaces: ThreadNameSpaceType, name: &str) -> Result<(), StartError> {
    rustix::thread::move_into_thread_name_spaces(process.as_fd(), namespaces).start(|| format!("joining {name}"))
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

/// Hands over a terminal's controlling side and makes the other one the standard streams.
fn use_terminal(terminal: &Terminal, status: &OwnedFd) -> Result<(), StartError> {
    send(status, &Progress::Terminal, Some(&terminal.master)).start(|| "handing over the terminal".into())?;
    let streams = (0..3).try_for_each(|target| sys::dup_to(&terminal.slave, target));
    streams.start(|| "setting a standard stream".into())
}

/// Makes the terminal that is standard input, if it is one, this session's: its signals reach the process, and job control works.
fn control_terminal() -> Result<(), StartError> {
    let stdin = rustix::stdio::stdin();
    if !rustix::termios::isatty(stdin) {
        return Ok(());
    }
    rustix::process::ioctl_tiocsctty(stdin).start(|| "taking the terminal".into())
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

/// Becomes the process, or, if it has joined a pid namespace, has a sibling in there become it. The report socket closes with
/// the exec, unless init keeps it to report its child's exec.
fn finish(process: crate::process::Process, init: bool, joined: bool) -> StartError {
    let marked = sys::cloexec_from(if init { INIT.unsigned_abs() } else { STATUS.unsigned_abs() });
    rustix::process::umask(Mode::from_raw_mode(0o022));
    let program = if init { sys::inherited(INIT).map(Some) } else { Ok(None) };
    match (marked, program) {
        (Ok(()), Ok(program)) => process.become_it(program.as_ref(), if joined { enter_pid_namespace } else { stay }),
        (Err(error), _) | (_, Err(error)) => {
            StartError::new(StartErrorKind::Host, format!("arranging descriptors: {error}"))
        }
    }
}

fn stay() -> Result<(), StartError> {
    Ok(())
}

/// Goes on in the pid namespace that was joined, as a sibling of this process, which ends.
///
/// Containers that share it, or the one a command is run in, see the new process, and with CAP_SYS_PTRACE they can take it over.
/// So it comes last, when there is nothing left to give up. It waits for the shim to know it, or nobody could end it.
fn enter_pid_namespace() -> Result<(), StartError> {
    let status = sys::inherited(STATUS).start(|| "finding the report socket".into())?;
    let Some(pid) = sys::fork_sibling().start(|| "entering the container's pid namespace".into())? else {
        let ready = rustix::process::set_parent_process_death_signal(Some(Signal::KILL))
            .and_then(|()| rustix::process::setsid().map(drop))
            .start(|| "preparing the process".into())
            .and_then(|()| control_terminal());
        if !super::proceeds(&status) {
            sys::exit(1);
        }
        // Its number stays open until the exec.
        std::mem::forget(status);
        return ready;
    };
    let sent = send(&status, &Progress::Waiting(pid.as_raw_pid()), None);
    sys::exit(i32::from(sent.is_err()))
}
