//! Mounting by descriptor, on the mount API of Linux 5.2 with a way round what came later.

use crate::error::{StartError, Step};
use crate::sys;
use rustix::fs::CWD;
use rustix::mount::{
    FsMountFlags, FsOpenFlags, MountAttrFlags, MountFlags, MoveMountFlags, OpenTreeFlags, UnmountFlags,
};
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::Path;

pub(super) const READ_ONLY: MountAttrFlags = MountAttrFlags::MOUNT_ATTR_RDONLY;
pub(super) const NO_SUID: MountAttrFlags = MountAttrFlags::MOUNT_ATTR_NOSUID;
pub(super) const NO_DEV: MountAttrFlags = MountAttrFlags::MOUNT_ATTR_NODEV;
pub(super) const NO_EXEC: MountAttrFlags = MountAttrFlags::MOUNT_ATTR_NOEXEC;
/// For file systems that hold no programs and no devices.
pub(super) const NOTHING: MountAttrFlags = NO_SUID.union(NO_DEV).union(NO_EXEC);

/// A new mount of a kernel file system, attached nowhere yet.
pub(super) fn fresh(kind: &str, options: &[(&str, &str)], attributes: MountAttrFlags) -> Result<OwnedFd, StartError> {
    let make = || -> rustix::io::Result<OwnedFd> {
        let fs = rustix::mount::fsopen(kind, FsOpenFlags::FSOPEN_CLOEXEC)?;
        rustix::mount::fsconfig_set_string(&fs, "source", kind)?;
        for (key, value) in options {
            rustix::mount::fsconfig_set_string(&fs, *key, *value)?;
        }
        rustix::mount::fsconfig_create(&fs)?;
        rustix::mount::fsmount(&fs, FsMountFlags::FSMOUNT_CLOEXEC, attributes)
    };
    make().start(|| format!("mounting {kind}"))
}

/// Attaches a mount on the file or directory `target` refers to.
pub(super) fn attach(mount: &OwnedFd, target: &OwnedFd, name: &str) -> Result<(), StartError> {
    let both = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH | MoveMountFlags::MOVE_MOUNT_T_EMPTY_PATH;
    rustix::mount::move_mount(mount, "", target, "", both).start(|| format!("mounting {name}"))
}

/// A second mount of what `path` is, attached nowhere yet.
pub(super) fn bind_of(path: &Path) -> Result<OwnedFd, StartError> {
    rustix::mount::open_tree(CWD, path, OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC)
        .start(|| format!("binding {}", path.display()))
}

/// A second mount of what a descriptor refers to, attached nowhere yet.
pub(super) fn bind_of_fd(fd: impl AsFd, name: &str) -> Result<OwnedFd, StartError> {
    let flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC | OpenTreeFlags::AT_EMPTY_PATH;
    rustix::mount::open_tree(fd, "", flags).start(|| format!("binding {name}"))
}

/// Adds restrictions to an attached mount.
pub(super) fn restrict(mount: &OwnedFd, attributes: MountAttrFlags) -> Result<(), StartError> {
    match sys::mount_setattr(mount, attributes.bits().into()) {
        Err(error) if error.raw_os_error() == Some(libc::ENOSYS) => remount(mount, attributes),
        other => other,
    }
    .start(|| "restricting a mount".into())
}

/// The way before Linux 5.12.
fn remount(mount: &OwnedFd, attributes: MountAttrFlags) -> io::Result<()> {
    let pairs = [
        (READ_ONLY, MountFlags::RDONLY),
        (NO_SUID, MountFlags::NOSUID),
        (NO_DEV, MountFlags::NODEV),
        (NO_EXEC, MountFlags::NOEXEC),
    ];
    let flags = pairs
        .into_iter()
        .filter(|(new, _)| attributes.contains(*new))
        .fold(MountFlags::BIND, |flags, (_, old)| flags | old);
    Ok(rustix::mount::mount_remount(format!("/proc/self/fd/{}", mount.as_raw_fd()), flags, c"")?)
}

/// Arranges the mounts of a helper's own namespace for an OCI runtime, which speaks of its children by pid and takes a hybrid
/// host for a legacy one (crun refuses hybrid hosts whose unified hierarchy has a controller).
pub(crate) fn prepare_for_oci() -> Result<(), StartError> {
    let _ = rustix::mount::unmount("/sys/fs/cgroup/unified", UnmountFlags::DETACH);
    let proc = fresh("proc", &[], NOTHING)?;
    rustix::mount::move_mount(&proc, "", CWD, "/proc", MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH)
        .start(|| "mounting /proc for the runtime".into())
}

/// Mounts an empty file system that is kept in memory on a directory, in the calling process's own mount namespace.
pub(crate) fn mount_memory(directory: &Path) -> Result<(), StartError> {
    let memory = fresh("tmpfs", &[("mode", "0700")], NO_SUID | NO_DEV)?;
    rustix::mount::move_mount(&memory, "", CWD, directory, MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH)
        .start(|| format!("mounting memory on {}", directory.display()))
}
