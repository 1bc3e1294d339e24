//! Entering a task's network: its namespace, and a mount namespace of our own in which the names are the task's.
//!
//! Nothing of this is seen by anybody else: it ends with the command.

use crate::cli::Failure;
use rustix::{
    fs::{Mode, OFlags},
    mount::{MountFlags, MountPropagationFlags},
    thread::LinkNameSpaceType,
};
use std::{fmt, io, os::fd::AsFd, path::Path};

/// Files about names, and where programs look for them.
const NAMES: [(&str, &str); 2] = [("hosts", "/etc/hosts"), ("resolv.conf", "/etc/resolv.conf")];
/// Sockets by which the C library asks a daemon of the host for names, past resolv.conf. They are covered, so that it asks the task's
/// resolver (nss-resolve(8), nscd(8)).
const DAEMONS: [&str; 2] = ["/run/systemd/resolve/io.systemd.Resolve", "/run/nscd/socket"];

/// Moves this thread, and whatever it executes, into a network namespace with the names of `files`.
pub fn enter(namespace: &Path, files: &Path) -> Result<(), Failure> {
    let file = rustix::fs::open(namespace, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())
        .map_err(failed("opening", namespace.display()))?;
    rustix::thread::move_into_link_name_space(file.as_fd(), Some(LinkNameSpaceType::Network))
        .map_err(failed("entering", namespace.display()))?;
    own_mounts().map_err(failed("making", "a mount namespace"))?;
    // What the host mounts and unmounts is followed, what is mounted here stays here.
    let follow = MountPropagationFlags::DOWNSTREAM | MountPropagationFlags::REC;
    rustix::mount::mount_change("/", follow).map_err(failed("separating", "the mounts"))?;
    for (name, target) in NAMES {
        let source = files.join(name);
        rustix::mount::mount_bind(&source, target).map_err(failed("mounting on", target))?;
    }
    for socket in DAEMONS.iter().filter(|socket| Path::new(socket).exists()) {
        rustix::mount::mount_bind("/dev/null", *socket).map_err(failed("covering", socket))?;
    }
    // A mount of sysfs shows the interfaces of the namespace it was mounted in.
    let flags = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
    rustix::mount::mount("sysfs", "/sys", "sysfs", flags, None).map_err(failed("mounting", "/sys"))
}

#[allow(unsafe_code, reason = "unshare(2) has no safe wrapper")]
fn own_mounts() -> rustix::io::Result<()> {
    // SAFETY: what makes unshare unsafe is CLONE_FILES, after which file descriptors mean different things on different threads.
    // Only CLONE_NEWNS is passed, which touches no memory and no file descriptor.
    unsafe { rustix::thread::unshare_unsafe(rustix::thread::UnshareFlags::NEWNS) }
}

fn failed(step: &str, object: impl fmt::Display) -> impl FnOnce(rustix::io::Errno) -> Failure {
    let what = format!("{step} {object}");
    move |errno| {
        let hint = if errno == rustix::io::Errno::PERM { ". This needs root" } else { "" };
        Failure(format!("{what}: {}{hint}", io::Error::from(errno)))
    }
}
