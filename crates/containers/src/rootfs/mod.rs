//! A container's file systems, built by the launched child inside its own mount namespace: nothing is ever mounted on the host.
//!
//! Every path in the image is opened relative to the root's descriptor and confined to it by the kernel (openat2(2)), and every
//! mount is attached by descriptor, so no symbolic link of an image leads anywhere else.

mod copy;
mod dev;
mod kernel;
mod mount;
mod overlay;
mod resolve;
mod shared;
mod volumes;

use crate::cgroup::Group;
use crate::config::ContainerConfig;
use crate::error::{StartError, Step};
use rustix::fs::{CWD, FileType, Mode, OFlags};
use rustix::mount::{MountPropagationFlags, MoveMountFlags, UnmountFlags};
use std::fs::File;
use std::io::Read;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::Path;

pub(crate) use dev::{Terminal, open_terminal_inside};
pub(crate) use kernel::{MASKED, READ_ONLY_PATHS, host_has_null_device, sysctl_file};
pub(crate) use mount::{mount_memory, prepare_for_oci};
pub(crate) use shared::{only_nothing, only_proc};

/// What the root is made from.
pub(crate) struct Plan<'a> {
    pub(crate) config: &'a ContainerConfig,
    /// The container's own directory: `upper`, `work` and `rootfs` are in it.
    pub(crate) dir: &'a Path,
    /// The task's volumes, a directory each.
    pub(crate) volumes: &'a Path,
    /// The container's control group, shown read-only.
    pub(crate) cgroup: &'a Group,
    /// The mount namespace with the `/proc` of a pid namespace that is not this process's; none for its own.
    pub(crate) proc: Option<&'a OwnedFd>,
}

/// A root that is built but not yet entered.
pub(crate) struct Root {
    root: OwnedFd,
    /// The controlling side of the container's terminal, if it has one.
    pub(crate) terminal: Option<Terminal>,
}

/// Takes this process out of the host's mount events. Call it first in a new mount namespace.
pub(crate) fn detach_from_host() -> Result<(), StartError> {
    let private = MountPropagationFlags::PRIVATE | MountPropagationFlags::REC;
    rustix::mount::mount_change("/", private).start(|| "making the mounts private".into())
}

/// Builds the whole root in the calling process's mount namespace.
pub(crate) fn build(plan: &Plan) -> Result<Root, StartError> {
    let root = attach_overlay(plan)?;
    let proc = plan.proc.map_or_else(kernel::new_proc, shared::proc_of)?;
    kernel::mount_proc(&root, &proc)?;
    kernel::mount_sys(&root, plan.cgroup)?;
    let terminal = dev::build(&root, plan.config.terminal)?;
    volumes::mount_all(&root, plan)?;
    kernel::set_sysctls(&proc, &plan.config.sysctls)?;
    kernel::mask(&root, &proc)?;
    if plan.config.readonly_root {
        mount::restrict(&root, mount::READ_ONLY)?;
    }
    Ok(Root { root, terminal })
}

/// Mounts the container's overlay at its `rootfs` directory.
pub(crate) fn attach_overlay(plan: &Plan) -> Result<OwnedFd, StartError> {
    let root = overlay::mount(&plan.config.layers, plan.dir)?;
    let target = plan.dir.join("rootfs");
    rustix::mount::move_mount(&root, "", CWD, &target, MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH)
        .start(|| format!("mounting the root file system at {}", target.display()))?;
    Ok(root)
}

/// Fills the task's volumes that are empty from what the image has at their path.
pub(crate) fn fill_volumes(root: &OwnedFd, plan: &Plan) -> Result<(), StartError> {
    volumes::fill_all(root, plan)
}

/// A text file of the image, empty where there is no plain file. Its links stay inside the root, and what else it may be, such as a pipe
/// or a device, is not opened.
pub(crate) fn text_of(root: &OwnedFd, path: &str) -> Result<String, StartError> {
    let Some(found) = resolve::open(root, path)? else { return Ok(String::new()) };
    if !is_file(&found, path)? {
        return Ok(String::new());
    }
    let mut text = Vec::new();
    let file = File::open(format!("/proc/self/fd/{}", found.as_raw_fd()));
    let read = file.and_then(|file| file.take(crate::process::MAX_FILE).read_to_end(&mut text));
    read.start(|| format!("reading {path} of the image"))?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

/// Whether the image has a plain file there, or nothing.
pub(crate) fn is_file_or_absent(root: &OwnedFd, path: &str) -> Result<bool, StartError> {
    resolve::open(root, path)?.map_or(Ok(true), |found| is_file(&found, path))
}

fn is_file(found: &OwnedFd, path: &str) -> Result<bool, StartError> {
    let stat = rustix::fs::fstat(found).start(|| format!("looking at {path} of the image"))?;
    Ok(FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile)
}

impl Root {
    /// Makes it the process's root and lets go of the host's.
    pub(crate) fn enter(&self) -> Result<(), StartError> {
        rustix::process::fchdir(&self.root).start(|| "entering the root file system".into())?;
        rustix::process::pivot_root(".", ".").start(|| "pivot_root".into())?;
        rustix::mount::unmount(".", UnmountFlags::DETACH).start(|| "letting go of the host's root".into())?;
        rustix::process::chdir("/").start(|| "entering the new root".into())
    }
}

/// Opens a directory of the host as a path only.
fn open_dir(path: &Path) -> Result<OwnedFd, StartError> {
    rustix::fs::open(path, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
        .start(|| format!("opening {}", path.display()))
}
