//! The pid namespace that a task's containers share (`pidMode: task`): a process 1 of its own that only reaps.

use super::serve::Shim;
use crate::error::{StartError, Step};
use crate::sys::{self, Fork};
use rustix::process::{DumpableBehavior, Signal};

impl Shim {
    /// Starts it when the first container is launched, if the task wants one.
    pub(super) fn share_pid_namespace(&mut self) -> Result<(), StartError> {
        if !self.task.spec.shared_pid || self.shared_pid.is_some() {
            return Ok(());
        }
        match sys::fork(libc::CLONE_NEWPID, None).start(|| "making the task's pid namespace".into())? {
            Fork::Parent { pidfd, .. } => self.shared_pid = Some(pidfd),
            Fork::Child => reap_for_ever(),
        }
        Ok(())
    }
}

/// Containers can see this process but not look into it.
fn reap_for_ever() -> ! {
    let guard = || -> std::io::Result<()> {
        rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
        rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
        rustix::thread::set_name(c"pause")?;
        sys::close_from(0)?;
        sys::block_all_signals()
    };
    if guard().is_err() {
        sys::exit(1);
    }
    while sys::wait_signal().is_ok() {
        while let Ok(Some(_)) = rustix::process::wait(rustix::process::WaitOptions::NOHANG) {}
    }
    sys::exit(1)
}
