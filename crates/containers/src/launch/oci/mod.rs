//! An OCI runtime of the host (`crun`, `runc`) as launcher: the reference our own is held against.
//!
//! The runtime runs in a helper's own mount namespace, where the container's overlay and a `/proc` of the shim's pid namespace
//! are mounted; so here too nothing is mounted on the host. The container it leaves behind becomes the shim's child.
//!
//! Not offered through it: terminals, limits beyond the host's, a shared pid namespace, an init process of its own. They are
//! refused by name.
//!
//! Its bundle and state hold the container's environment, secrets included. They are written to memory only, in the helper's mount
//! namespace, and go with it; what the runtime needs for commands later ([`state`]) is kept in the task's directory without it.

mod bundle;
mod helper;
mod state;

use super::{Join, Launch, Launching, Runtime};
use crate::cgroup::Group;
use crate::config::{RuntimeKind, SandboxSpec};
use crate::error::{StartError, StartErrorKind, Step};
use crate::sys::{self, Fork};
use helper::Order;
use rustix::net::{AddressFamily, SocketFlags, SocketType};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

/// The launcher.
pub(crate) struct Oci {
    program: &'static str,
    /// The task's directory.
    dir: PathBuf,
    /// Makes the runtime's names for containers unique on the host.
    task: String,
}

impl Oci {
    pub(crate) fn new(dir: &Path, spec: &SandboxSpec) -> Self {
        let program = if spec.runtime == RuntimeKind::Runc { "runc" } else { "crun" };
        Self { program, dir: dir.to_path_buf(), task: spec.id.clone() }
    }

    fn id(&self, name: &str) -> String {
        format!("{}.{name}", self.task)
    }

    fn unsupported(&self, what: &str) -> StartError {
        StartError::invalid(format!("{what} is not supported with the runtime {}", self.program))
    }

    /// Forks the helper, in the container's control group: what the runtime starts stays there.
    fn helper(&self, cgroup: &Group, work: impl FnOnce(&OwnedFd) -> StartError) -> Result<Launching, StartError> {
        let host = |error: crate::error::Error| StartError::new(StartErrorKind::Host, error.to_string());
        let target = cgroup.clone_target().map_err(host)?;
        let sockets = rustix::net::socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None);
        let (status, child_status) = sockets.start(|| "making a socket pair".into())?;
        match sys::fork(libc::CLONE_NEWNS, target.as_ref()).start(|| "clone3".into())? {
            Fork::Parent { pid, pidfd } => Ok(Launching { pid, pidfd, status }),
            Fork::Child => {
                // What the runtime starts is known by this session, as what it leaves behind has no other.
                let session = rustix::process::setsid().map(drop).start(|| "making a session".into());
                let ready =
                    session.and_then(|()| cgroup.join_container().and_then(|()| cgroup.join_trackers()).map_err(host));
                let error = ready.map_or_else(|error| error, |()| work(&child_status));
                let _ = super::send(&child_status, &super::Progress::Failed(error), None);
                sys::exit(1)
            }
        }
    }

    /// In the helper: the root file system, and the bundle's configuration.
    fn prepare(&self, launch: &Launch) -> Result<Vec<u8>, StartError> {
        let plan = &launch.plan;
        crate::rootfs::host_has_null_device()?;
        crate::rootfs::detach_from_host()?;
        let root = crate::rootfs::attach_overlay(plan)?;
        crate::rootfs::fill_volumes(&root, plan)?;
        for path in ["/etc/passwd", "/etc/group"] {
            // runc opens it whatever it is: a pipe that nobody writes to for ever.
            if self.program == "runc" && !crate::rootfs::is_file_or_absent(&root, path)? {
                return Err(self.unsupported(&format!("an image whose {path} is no file")));
            }
        }
        let of_image = |path: &str| crate::rootfs::text_of(&root, path);
        let (passwd, group) = (of_image("/etc/passwd")?, of_image("/etc/group")?);
        drop(root);
        crate::rootfs::prepare_for_oci()?;
        let user = crate::process::user::resolve(&launch.process.user, &passwd, &group)?;
        bundle::config(launch, &user)
    }
}

impl Runtime for Oci {
    fn launch(&self, launch: Launch) -> Result<Launching, StartError> {
        let config = launch.plan.config;
        for (asked, name) in [
            (config.terminal, "pseudoTerminal"),
            (config.init, "initProcessEnabled"),
            (launch.shared.is_some(), "pidMode"),
        ] {
            if asked {
                return Err(self.unsupported(name));
            }
        }
        let (state, id) = (self.dir.join("runtime"), self.id(&config.name));
        self.helper(launch.plan.cgroup, |status| {
            let run = || {
                let config = self.prepare(&launch)?;
                let kept = state::in_memory(&state)?;
                let bundle = state.join("bundle");
                std::fs::create_dir(&bundle).start(|| format!("making {}", bundle.display()))?;
                let file = bundle.join("config.json");
                std::fs::write(&file, config).start(|| format!("writing {}", file.display()))?;
                let order = Order { program: self.program, state: &state, dir: &bundle };
                let pid = order.run(&id, &launch.stdio)?;
                state::keep(&state, &kept, &id)?;
                Ok(pid)
            };
            finish(run(), status)
        })
    }

    fn exec(&self, join: Join) -> Result<Launching, StartError> {
        if join.terminal.is_some() {
            return Err(self.unsupported("a terminal for a command"));
        }
        let (state, id) = (self.dir.join("runtime"), self.id(join.name));
        // Nobody sees what is mounted there here.
        let dir = self.dir.join("containers").join(join.name).join("rootfs");
        self.helper(join.cgroup, |status| {
            let run = || {
                let process = bundle::process_for_exec(&join.process)?;
                crate::rootfs::detach_from_host()?;
                crate::rootfs::prepare_for_oci()?;
                crate::rootfs::mount_memory(&dir)?;
                let file = dir.join("process.json");
                std::fs::write(&file, process).start(|| format!("writing {}", file.display()))?;
                Order { program: self.program, state: &state, dir: &dir }.exec(&id, &file, &join.stdio)
            };
            finish(run(), status)
        })
    }
}

/// Tells the shim which process is its own now, and ends the helper. Only returns on failure.
fn finish(pid: Result<i32, StartError>, status: &OwnedFd) -> StartError {
    match pid {
        Err(error) => error,
        Ok(pid) => {
            let _ = super::send(status, &super::Progress::Pid(pid), None);
            sys::exit(0)
        }
    }
}
