//! Copying a directory of an image into an empty volume: files, directories, links and FIFOs with owner, mode and time.
//!
//! Absent: device nodes (inert in containers anyway) and extended attributes.

use rustix::fs::{AtFlags, Dir, FileType, FlockOperation, Mode, OFlags, Stat, Timespec, Timestamps};
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};

/// Deepest directory that is copied.
const MAX_DEPTH: usize = 256;

/// Copies what is in `source` (a path descriptor of any kind) into `target` if that has no entries. Two containers that start
/// at once take turns.
pub(super) fn into_empty(source: &OwnedFd, target: &OwnedFd) -> io::Result<()> {
    let source = match reopen(source) {
        // Not a directory: mounting on it will say so.
        Err(rustix::io::Errno::NOTDIR) => return Ok(()),
        other => other?,
    };
    let target = reopen(target)?;
    rustix::fs::flock(&target, FlockOperation::LockExclusive)?;
    if Dir::read_from(&target)?.flatten().any(|entry| !is_dots(entry.file_name().to_bytes())) {
        return Ok(());
    }
    directory(&source, &target, MAX_DEPTH)
}

fn reopen(dir: &OwnedFd) -> rustix::io::Result<OwnedFd> {
    rustix::fs::openat(dir, ".", OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
}

fn is_dots(name: &[u8]) -> bool {
    matches!(name, b"." | b"..")
}

fn directory(source: &OwnedFd, target: &OwnedFd, depth: usize) -> io::Result<()> {
    if depth == 0 {
        return Err(io::Error::from_raw_os_error(libc::ELOOP));
    }
    for entry in Dir::read_from(source)? {
        let entry = entry?;
        let name = entry.file_name();
        if is_dots(name.to_bytes()) {
            continue;
        }
        let stat = rustix::fs::statat(source, name, AtFlags::SYMLINK_NOFOLLOW)?;
        let mode = Mode::from_raw_mode(stat.st_mode);
        match FileType::from_raw_mode(stat.st_mode) {
            FileType::Directory => {
                rustix::fs::mkdirat(target, name, Mode::RWXU)?;
                let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
                let (from, to) = (
                    rustix::fs::openat(source, name, flags, Mode::empty())?,
                    rustix::fs::openat(target, name, flags, Mode::empty())?,
                );
                directory(&from, &to, depth - 1)?;
            }
            FileType::RegularFile => {
                let from = rustix::fs::openat(
                    source,
                    name,
                    OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC,
                    Mode::empty(),
                )?;
                let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
                let to = rustix::fs::openat(target, name, flags, Mode::RUSR | Mode::WUSR)?;
                io::copy(&mut File::from(from), &mut File::from(to.try_clone()?))?;
                keep(&to, &stat)?;
            }
            FileType::Symlink => {
                let to = rustix::fs::readlinkat(source, name, Vec::new())?;
                rustix::fs::symlinkat(to, target, name)?;
                rustix::fs::chownat(target, name, owner(&stat), group(&stat), AtFlags::SYMLINK_NOFOLLOW)?;
            }
            FileType::Fifo => {
                rustix::fs::mknodat(target, name, FileType::Fifo, mode, 0)?;
                rustix::fs::chownat(target, name, owner(&stat), group(&stat), AtFlags::SYMLINK_NOFOLLOW)?;
            }
            _ => {}
        }
    }
    keep(target, &rustix::fs::fstat(source)?)
}

/// Owner first: changing it clears the set-user-ID bits of the mode.
fn keep(fd: &OwnedFd, stat: &Stat) -> io::Result<()> {
    rustix::fs::fchown(fd, owner(stat), group(stat))?;
    rustix::fs::fchmod(fd, Mode::from_raw_mode(stat.st_mode & 0o7777))?;
    let time = Timespec { tv_sec: stat.st_mtime as _, tv_nsec: stat.st_mtime_nsec as _ };
    let times = Timestamps { last_access: time, last_modification: time };
    rustix::fs::futimens(fd, &times).map_err(|error| {
        io::Error::new(io::Error::from(error).kind(), format!("times of descriptor {}", fd.as_raw_fd()))
    })
}

fn owner(stat: &Stat) -> Option<rustix::fs::Uid> {
    Some(rustix::fs::Uid::from_raw(stat.st_uid))
}

fn group(stat: &Stat) -> Option<rustix::fs::Gid> {
    Some(rustix::fs::Gid::from_raw(stat.st_gid))
}
