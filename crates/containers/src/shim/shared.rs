//! The pid namespace that a task's containers share (`pidMode: task`): a process 1 of its own that only reaps.
//!
//! A container with CAP_SYS_PTRACE can look into every process it sees, and take it over. So this one has nothing by the time
//! there is a container: no capability, no descriptor, an empty root. What a launch needs of the namespace, its `/proc`, is in
//! a mount namespace which no process is in.

use super::serve::Shim;
use crate::error::{StartError, StartErrorKind, Step};
use crate::launch::{Progress, SharedPids, receive, send};
use crate::rootfs;
use crate::sys::{self, Fork};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::net::{AddressFamily, SocketFlags, SocketType};
use rustix::process::{DumpableBehavior, Signal};
use std::os::fd::OwnedFd;

impl Shim {
    /// Starts it when the first container is launched, if the task wants one.
    pub(super) fn share_pid_namespace(&mut self) -> Result<(), StartError> {
        if !self.task.spec.shared_pid || self.shared_pid.is_some() {
            return Ok(());
        }
        let sockets = rustix::net::socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None);
        let (ours, theirs) = sockets.start(|| "making a socket pair".into())?;
        let made = sys::fork(libc::CLONE_NEWPID | libc::CLONE_NEWNS, None);
        match made.start(|| "making the task's pid namespace".into())? {
            Fork::Parent { pidfd, .. } => {
                drop(theirs);
                let process = pidfd;
                let mounts = handed_over(&ours).inspect_err(|_| {
                    let _ = rustix::process::pidfd_send_signal(&process, Signal::KILL);
                })?;
                self.shared_pid = Some(SharedPids { process, mounts });
                Ok(())
            }
            Fork::Child => {
                if let Err(error) = hand_over(&theirs) {
                    let _ = send(&theirs, &Progress::Failed(error), None);
                    sys::exit(1);
                }
                reap_for_ever()
            }
        }
    }
}

/// Waits until process 1 has given everything away: the mount namespace, then the end of the connection.
fn handed_over(socket: &OwnedFd) -> Result<OwnedFd, StartError> {
    let mut mounts = None;
    loop {
        poll(&mut [PollFd::new(socket, PollFlags::IN)], None)
            .start(|| "waiting for the task's pid namespace".into())?;
        match receive(socket).start(|| "making the task's pid namespace".into())? {
            Some((Progress::Failed(error), _)) => return Err(error),
            Some((_, fd)) => mounts = fd.or(mounts),
            None => {
                let ended =
                    || StartError::new(StartErrorKind::Host, "the task's pid namespace ended while it was made");
                return mounts.ok_or_else(ended);
            }
        }
    }
}

/// Makes the namespace's `/proc`, hands it over and lets go of everything.
fn hand_over(socket: &OwnedFd) -> Result<(), StartError> {
    let guard = || -> std::io::Result<()> {
        rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
        rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
        rustix::thread::set_name(c"pause")?;
        rustix::process::setsid().map(drop)?;
        sys::block_all_signals()
    };
    guard().start(|| "preparing the task's process 1".into())?;
    let mounts = rootfs::only_proc()?;
    send(socket, &Progress::Terminal, Some(&mounts)).start(|| "handing over /proc".into())?;
    drop(mounts);
    sys::unshare(libc::CLONE_NEWNS).start(|| "making a mount namespace".into())?;
    rootfs::only_nothing()?;
    crate::process::renounce()?;
    sys::close_from(0).start(|| "closing descriptors".into())
}

fn reap_for_ever() -> ! {
    while sys::wait_signal().is_ok() {
        while let Ok(Some(_)) = rustix::process::wait(rustix::process::WaitOptions::NOHANG) {}
    }
    sys::exit(1)
}
