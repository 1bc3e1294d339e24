//! Copying a directory of an image into an empty volume: files, directories, links and FIFOs with owner, mode and time. Nothing takes more
//! room than it did: holes stay holes, and names of one file stay names of one file.
//!
//! Absent: device nodes (inert in containers anyway) and extended attributes.

use rustix::fs::{AtFlags, Dir, FileType, FlockOperation, Mode, OFlags, SeekFrom, Stat, Timespec, Timestamps};
use rustix::io::Errno;
use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

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
    let mut names = Names { root: target.try_clone()?, known: HashMap::new() };
    directory(&source, &target, Path::new(""), &mut names, MAX_DEPTH)
}

/// Where files that have several names were copied to, by device and number.
struct Names {
    root: OwnedFd,
    known: HashMap<(u64, u64), PathBuf>,
}

impl Names {
    /// Gives a file that was copied already another name. False for the first of its names.
    fn link(&mut self, stat: &Stat, target: &OwnedFd, name: &std::ffi::CStr, path: PathBuf) -> io::Result<bool> {
        if stat.st_nlink < 2 {
            return Ok(false);
        }
        match self.known.get(&(stat.st_dev, stat.st_ino)) {
            Some(first) => rustix::fs::linkat(&self.root, first, target, name, AtFlags::empty())?,
            None => return Ok(self.known.insert((stat.st_dev, stat.st_ino), path).is_some()),
        }
        Ok(true)
    }
}

fn reopen(dir: &OwnedFd) -> rustix::io::Result<OwnedFd> {
    rustix::fs::openat(dir, ".", OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
}

fn is_dots(name: &[u8]) -> bool {
    matches!(name, b"." | b"..")
}

fn directory(source: &OwnedFd, target: &OwnedFd, at: &Path, names: &mut Names, depth: usize) -> io::Result<()> {
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
        let (mode, path) = (Mode::from_raw_mode(stat.st_mode), at.join(OsStr::from_bytes(name.to_bytes())));
        match FileType::from_raw_mode(stat.st_mode) {
            FileType::Directory => {
                rustix::fs::mkdirat(target, name, Mode::RWXU)?;
                let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
                let (from, to) = (
                    rustix::fs::openat(source, name, flags, Mode::empty())?,
                    rustix::fs::openat(target, name, flags, Mode::empty())?,
                );
                directory(&from, &to, &path, names, depth - 1)?;
            }
            FileType::RegularFile if names.link(&stat, target, name, path)? => {}
            FileType::RegularFile => {
                let from = rustix::fs::openat(
                    source,
                    name,
                    OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC,
                    Mode::empty(),
                )?;
                let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
                let to = rustix::fs::openat(target, name, flags, Mode::RUSR | Mode::WUSR)?;
                content(&from, &to, &stat)?;
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

/// What is in a file, and the holes in between.
fn content(from: &OwnedFd, to: &OwnedFd, stat: &Stat) -> io::Result<()> {
    let size = u64::try_from(stat.st_size).unwrap_or(0);
    let mut end = 0;
    while end < size {
        let begin = match rustix::fs::seek(from, SeekFrom::Data(end)) {
            // Nothing more but a hole.
            Err(Errno::NXIO) => break,
            other => other?,
        };
        end = rustix::fs::seek(from, SeekFrom::Hole(begin))?;
        rustix::fs::seek(from, SeekFrom::Start(begin))?;
        rustix::fs::seek(to, SeekFrom::Start(begin))?;
        let mut data = File::from(from.try_clone()?).take(end.saturating_sub(begin));
        if io::copy(&mut data, &mut File::from(to.try_clone()?))? == 0 {
            break;
        }
    }
    Ok(rustix::fs::ftruncate(to, size)?)
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
