//! Opening paths of an image, confined to its root by the kernel.

use crate::error::{StartError, Step};
use rustix::fs::{FileType, Mode, OFlags, ResolveFlags};
use std::io;
use std::os::fd::OwnedFd;

/// Most symbolic links followed on one path, as the kernel's own limit.
const MAX_LINKS: u32 = 40;

/// Longest path, as the kernel's own limit.
const MAX_PATH: usize = 4096;

/// What is made where nothing is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Directory,
    File,
}

/// Opens one of the directories that kernel file systems go on, making it when missing.
///
/// It must be an ordinary directory of the image: a symbolic link there could send the mount, and what is later read through
/// it, elsewhere in the image (CVE-2019-16884, CVE-2026-41579).
pub(super) fn system_dir(root: &OwnedFd, name: &str) -> Result<OwnedFd, StartError> {
    let open = || {
        rustix::fs::openat2(
            root,
            name,
            OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC,
            Mode::empty(),
            ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS,
        )
    };
    let opened = open().or_else(|error| match error {
        rustix::io::Errno::NOENT => rustix::fs::mkdirat(root, name, Mode::from_raw_mode(0o755)).and_then(|()| open()),
        other => Err(other),
    });
    match opened {
        Err(rustix::io::Errno::LOOP | rustix::io::Errno::NOTDIR) => {
            Err(StartError::invalid(format!("/{name} of the image must be an ordinary directory to be mounted on")))
        }
        other => other.start(|| format!("opening /{name} of the image")),
    }
}

/// Opens an absolute path of the container as a path only; none where it does not exist. Symbolic links stay inside the root.
pub(super) fn open(root: &OwnedFd, path: &str) -> Result<Option<OwnedFd>, StartError> {
    match confined(root, path, OFlags::PATH) {
        Ok(fd) => Ok(Some(fd)),
        Err(rustix::io::Errno::NOENT) => Ok(None),
        Err(error) => Err(error).start(|| format!("opening {path} in the container")),
    }
}

/// Opens an absolute path of the container, making what is missing of it, dangling symbolic links' targets included.
pub(super) fn open_or_make(root: &OwnedFd, path: &str, kind: Kind) -> Result<OwnedFd, StartError> {
    if let Some(found) = open(root, path)? {
        return same_kind(found, path, kind);
    }
    make(root, path, kind).start(|| format!("making {path} in the container"))
}

fn same_kind(found: OwnedFd, path: &str, kind: Kind) -> Result<OwnedFd, StartError> {
    let stat = rustix::fs::fstat(&found).start(|| format!("looking at {path} in the container"))?;
    let directory = FileType::from_raw_mode(stat.st_mode) == FileType::Directory;
    if directory == (kind == Kind::Directory) {
        return Ok(found);
    }
    let (have, want) = if directory { ("a directory", "a file") } else { ("not a directory", "a directory") };
    Err(StartError::invalid(format!("{path} in the container is {have}, but {want} is to be mounted on it")))
}

/// Walks the path component by component, each step confined, restarting with a link's target where a link dangles.
fn make(root: &OwnedFd, path: &str, kind: Kind) -> io::Result<OwnedFd> {
    let mut rest: Vec<String> = components(path);
    let (mut done, mut links) = (String::from("/"), 0);
    while !rest.is_empty() {
        let name = rest.remove(0);
        let here = format!("{}/{name}", done.trim_end_matches('/'));
        match confined(root, &here, OFlags::PATH) {
            Ok(_) => done = here,
            Err(rustix::io::Errno::NOENT) => {
                let parent = confined(root, &done, OFlags::PATH | OFlags::DIRECTORY)?;
                if let Ok(target) = rustix::fs::readlinkat(&parent, name.as_str(), Vec::new()) {
                    links += 1;
                    let target = target.to_string_lossy().into_owned();
                    if links > MAX_LINKS || target.len() > MAX_PATH {
                        return Err(io::Error::from_raw_os_error(libc::ELOOP));
                    }
                    if target.starts_with('/') {
                        done = "/".into();
                    }
                    rest.splice(0..0, components(&target));
                    continue;
                }
                if rest.is_empty() && kind == Kind::File {
                    let flags = OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::CLOEXEC;
                    rustix::fs::openat(&parent, name.as_str(), flags, Mode::from_raw_mode(0o644))?;
                } else {
                    rustix::fs::mkdirat(&parent, name.as_str(), Mode::from_raw_mode(0o755))?;
                }
                done = here;
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(confined(root, &done, OFlags::PATH)?)
}

/// A path's components; `..` stays for the kernel, which stops it at the root.
fn components(path: &str) -> Vec<String> {
    path.split('/').filter(|part| !part.is_empty() && *part != ".").map(str::to_owned).collect()
}

fn confined(root: &OwnedFd, path: &str, flags: OFlags) -> rustix::io::Result<OwnedFd> {
    rustix::fs::openat2(
        root,
        path,
        flags | OFlags::CLOEXEC,
        Mode::empty(),
        ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS,
    )
}
