//! The container's writable root: an overlay of the image's layers (Documentation/filesystems/overlayfs in the kernel's sources).

use super::mount::NO_DEV;
use super::open_dir;
use crate::error::{StartError, Step};
use rustix::mount::{FsMountFlags, FsOpenFlags, MountFlags};
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};

/// Most layers: overlayfs takes 500, OCI images have at most 127 by custom.
const MAX_LAYERS: usize = 256;

/// Mounts `layers` (base first) with the directories `upper` and `work` of `dir`, attached nowhere yet.
///
/// Layers are handed over as descriptors' paths, so their number is not bound to a page of mount options. Nothing is synced
/// when it goes away (`volatile`): a container's root does not outlive it. Device nodes in it are inert.
pub(super) fn mount(layers: &[PathBuf], dir: &Path) -> Result<OwnedFd, StartError> {
    if layers.is_empty() || layers.len() > MAX_LAYERS {
        return Err(StartError::invalid(format!("an image has 1 to {MAX_LAYERS} layers, not {}", layers.len())));
    }
    let lower = layers.iter().rev().map(|layer| open_dir(layer)).collect::<Result<Vec<_>, _>>()?;
    let (upper, work) = (open_dir(&dir.join("upper"))?, open_dir(&dir.join("work"))?);
    let made = by_steps(&lower, &upper, &work).or_else(|error| match error.raw_os_error() {
        // Before Linux 6.5 layers can't be added one by one.
        Some(libc::EINVAL) => at_once(&lower, &upper, &work, &dir.join("rootfs")),
        _ => Err(error),
    });
    made.start(|| format!("mounting the overlay of {} layers", layers.len()))
}

fn by_steps(lower: &[OwnedFd], upper: &OwnedFd, work: &OwnedFd) -> io::Result<OwnedFd> {
    let fs = rustix::mount::fsopen("overlay", FsOpenFlags::FSOPEN_CLOEXEC)?;
    let set = |key: &str, value: &str| rustix::mount::fsconfig_set_string(&fs, key, value);
    set("source", "overlay")?;
    for layer in lower {
        set("lowerdir+", &by_fd(layer))?;
    }
    set("upperdir", &by_fd(upper))?;
    set("workdir", &by_fd(work))?;
    set("index", "off")?;
    rustix::mount::fsconfig_set_flag(&fs, "volatile")?;
    rustix::mount::fsconfig_create(&fs)?;
    Ok(rustix::mount::fsmount(&fs, FsMountFlags::FSMOUNT_CLOEXEC, NO_DEV)?)
}

fn at_once(lower: &[OwnedFd], upper: &OwnedFd, work: &OwnedFd, target: &Path) -> io::Result<OwnedFd> {
    let lower = lower.iter().map(by_fd).collect::<Vec<_>>().join(":");
    let options = format!("lowerdir={lower},upperdir={},workdir={},index=off,volatile", by_fd(upper), by_fd(work));
    let options = std::ffi::CString::new(options)?;
    rustix::mount::mount("overlay", target, "overlay", MountFlags::NODEV, options.as_c_str())?;
    let flags = rustix::mount::OpenTreeFlags::OPEN_TREE_CLONE | rustix::mount::OpenTreeFlags::OPEN_TREE_CLOEXEC;
    Ok(rustix::mount::open_tree(rustix::fs::CWD, target, flags)?)
}

fn by_fd(fd: &OwnedFd) -> String {
    format!("/proc/self/fd/{}", fd.as_raw_fd())
}
