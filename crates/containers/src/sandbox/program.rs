//! The program that becomes a shim, executed so that no container can ever write to it.

use crate::error::{Error, Step};
use crate::sys;
use rustix::fs::{CWD, MemfdFlags, SealFlags};
use rustix::mount::OpenTreeFlags;
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::OnceLock;

/// Which program to execute as a shim: usually the caller itself, with an argument that makes it call [`crate::shim::main`].
#[derive(Debug)]
pub struct ShimCommand {
    /// The program.
    pub program: PathBuf,
    /// Its leading arguments, before those that [`crate::shim::main`] takes.
    pub args: Vec<String>,
    protected: OnceLock<OwnedFd>,
}

impl ShimCommand {
    /// Of a program and its leading arguments.
    pub fn new(program: impl Into<PathBuf>, args: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self { program: program.into(), args: args.into_iter().map(Into::into).collect(), protected: OnceLock::new() }
    }

    /// The program on a read-only mount of its own: through `/proc/PID/exe` of a shim, or of a container's init process, it
    /// can't be opened for writing (CVE-2019-5736). Made once; costs no memory.
    pub(super) fn protected(&self) -> Result<&OwnedFd, Error> {
        if let Some(fd) = self.protected.get() {
            return Ok(fd);
        }
        const READ_ONLY: u64 = 1;
        let flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC;
        let name = || format!("protecting {}", self.program.display());
        let mount = rustix::mount::open_tree(CWD, &self.program, flags).host(name)?;
        let fd = match sys::mount_setattr(&mount, READ_ONLY) {
            Ok(()) => mount,
            // Before Linux 5.12: a sealed copy in memory.
            Err(error) if error.raw_os_error() == Some(libc::ENOSYS) => self.sealed_copy().host(name)?,
            Err(error) => return Err(error).host(name),
        };
        Ok(self.protected.get_or_init(|| fd))
    }

    fn sealed_copy(&self) -> io::Result<OwnedFd> {
        let copy = rustix::fs::memfd_create("task-shim", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)?;
        io::copy(&mut File::open(&self.program)?, &mut File::from(copy.try_clone()?))?;
        rustix::fs::fcntl_add_seals(&copy, SealFlags::WRITE | SealFlags::GROW | SealFlags::SHRINK | SealFlags::SEAL)?;
        Ok(copy)
    }
}
