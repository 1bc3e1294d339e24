//! Mount namespaces with a single mount, for tasks whose containers share their processes.

use super::mount::{NOTHING, READ_ONLY, fresh};
use super::{CWD, Mode, MoveMountFlags, OFlags, OwnedFd, StartError, Step, UnmountFlags, detach_from_host};
use rustix::mount::OpenTreeFlags;
use rustix::thread::LinkNameSpaceType;
use std::os::fd::AsFd;

/// Leaves nothing mounted in this process's mount namespace but the `/proc` of its pid namespace, as the root; gives the namespace.
pub(crate) fn only_proc() -> Result<OwnedFd, StartError> {
    detach_from_host()?;
    let namespace = own_namespace()?;
    only(&fresh("proc", &[], NOTHING)?)?;
    Ok(namespace)
}

/// Leaves nothing mounted but an empty directory.
pub(crate) fn only_nothing() -> Result<(), StartError> {
    only(&fresh("tmpfs", &[("size", "0"), ("nr_inodes", "2")], NOTHING | READ_ONLY)?)
}

/// A copy of the mount that [`only_proc`] made, attached nowhere yet. The process comes back to its own mount namespace.
pub(super) fn proc_of(mounts: &OwnedFd) -> Result<OwnedFd, StartError> {
    let own = own_namespace()?;
    let enter = |namespace: &OwnedFd| {
        rustix::thread::move_into_link_name_space(namespace.as_fd(), Some(LinkNameSpaceType::Mount))
            .start(|| "entering a mount namespace".into())
    };
    enter(mounts)?;
    let flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC;
    let proc = rustix::mount::open_tree(CWD, "/", flags).start(|| "binding /proc".into());
    enter(&own)?;
    proc
}

fn own_namespace() -> Result<OwnedFd, StartError> {
    rustix::fs::open("/proc/thread-self/ns/mnt", OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())
        .start(|| "opening the mount namespace".into())
}

/// Makes `mount` the root, of this process and of its mount namespace, and lets go of all others.
fn only(mount: &OwnedFd) -> Result<(), StartError> {
    // It needs a place to be attached to; nothing else uses this one.
    rustix::mount::move_mount(mount, "", CWD, "/", MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH)
        .start(|| "mounting a root".into())?;
    rustix::process::fchdir(mount).start(|| "entering the root".into())?;
    rustix::process::pivot_root(".", ".").start(|| "pivot_root".into())?;
    rustix::mount::unmount(".", UnmountFlags::DETACH).start(|| "letting go of the old root".into())?;
    rustix::process::chdir("/").start(|| "entering the new root".into())
}
