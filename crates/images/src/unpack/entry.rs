//! Writing one entry: its content, then owner, mode, attributes and time, in the order that keeps each
//! (chown(2) clears setuid and capabilities, so it comes first).

use super::path::Path;
use super::{Error, tree};
use crate::tarball::{Entry, Kind, Reader, Segment, Time};
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::fs::{self, AtFlags, FileType, Gid, Mode, OFlags, Timespec, Timestamps, Uid, XattrFlags};
use rustix::io::Errno;
use std::ffi::OsStr;
use std::io::BufRead;
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;

/// A new, empty file that only its maker can open yet.
pub(super) fn create_file(parent: BorrowedFd<'_>, name: &[u8]) -> Result<OwnedFd, Errno> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    fs::openat(parent, name, flags, Mode::RUSR | Mode::WUSR)
}

/// Copies the entry's content, leaving holes where a sparse file has them. Returns the bytes written.
pub(super) fn write_content<R: BufRead>(
    tar: &mut Reader<R>,
    file: &OwnedFd,
    entry: &Entry,
    path: &Path,
) -> Result<u64, Error> {
    let whole = [Segment { offset: 0, length: entry.size }];
    let segments = entry.sparse.as_deref().unwrap_or(&whole);
    let mut written = 0;
    for segment in segments {
        let mut done = 0;
        while done < segment.length {
            let chunk = tar.chunk()?;
            let wanted = usize::try_from(segment.length - done).unwrap_or(usize::MAX);
            let chunk = chunk.get(..wanted.min(chunk.len())).unwrap_or_default();
            let n = rustix::io::pwrite(file, chunk, segment.offset + done).map_err(|e| path.failed("write", e))?;
            tar.consume(n);
            done += n as u64;
        }
        written += done;
    }
    if entry.sparse.is_some() {
        fs::ftruncate(file, entry.size).map_err(|e| path.failed("write", e))?;
    }
    Ok(written)
}

/// Makes a symbolic link, device or pipe, with all its metadata.
pub(super) fn create_special(parent: BorrowedFd<'_>, name: &[u8], entry: &Entry) -> Result<(), Errno> {
    let node = |kind, device| fs::mknodat(parent, name, kind, Mode::RUSR | Mode::WUSR, device);
    match &entry.kind {
        Kind::Symlink(target) => fs::symlinkat(target.as_slice(), parent, name)?,
        Kind::Character(major, minor) => node(FileType::CharacterDevice, fs::makedev(*major, *minor))?,
        Kind::Block(major, minor) => node(FileType::BlockDevice, fs::makedev(*major, *minor))?,
        Kind::Fifo => node(FileType::Fifo, 0)?,
        Kind::File | Kind::Directory | Kind::Hardlink(_) => return Err(Errno::INVAL),
    }
    let (uid, gid) = (Uid::from_raw(entry.uid), Gid::from_raw(entry.gid));
    fs::chownat(parent, name, Some(uid), Some(gid), AtFlags::SYMLINK_NOFOLLOW)?;
    if !matches!(entry.kind, Kind::Symlink(_)) {
        fs::chmodat(parent, name, Mode::from_raw_mode(entry.mode), AtFlags::empty())?;
    }
    // There is no setxattr relative to a descriptor before Linux 6.13; the parent's magic link is one.
    let at = std::path::Path::new("/proc/self/fd").join(parent.as_raw_fd().to_string()).join(OsStr::from_bytes(name));
    for (key, value) in wanted_xattrs(entry) {
        tolerate(key, fs::lsetxattr(&at, key, value, XattrFlags::empty()))?;
    }
    fs::utimensat(parent, name, &times(entry.mtime), AtFlags::SYMLINK_NOFOLLOW)
}

/// Owner, mode and attributes of an open file or directory.
pub(super) fn set_metadata(fd: BorrowedFd<'_>, entry: &Entry) -> Result<(), Errno> {
    fs::fchown(fd, Some(Uid::from_raw(entry.uid)), Some(Gid::from_raw(entry.gid)))?;
    fs::fchmod(fd, Mode::from_raw_mode(entry.mode))?;
    for (key, value) in wanted_xattrs(entry) {
        tolerate(key, fs::fsetxattr(fd, key, value, XattrFlags::empty()))?;
    }
    Ok(())
}

/// The time of last change; that of last access is set to the same.
pub(super) fn set_time(fd: BorrowedFd<'_>, time: Time) -> Result<(), Errno> {
    fs::futimens(fd, &times(time))
}

fn times(time: Time) -> Timestamps {
    let time = Timespec { tv_sec: time.seconds, tv_nsec: i64::from(time.nanoseconds) };
    Timestamps { last_access: time, last_modification: time }
}

/// All but overlayfs's own: those would let a layer redirect paths of the merged tree.
fn wanted_xattrs(entry: &Entry) -> impl Iterator<Item = (&OsStr, &[u8])> {
    let own = |key: &[u8]| key.starts_with(b"trusted.overlay.") || key.starts_with(b"user.overlay.");
    let wanted = entry.xattrs.iter().filter(move |(key, _)| !own(key));
    wanted.map(|(key, value)| (OsStr::from_bytes(key), value.as_slice()))
}

/// As Docker: attributes the file system has no place for are left away, `user.` ones where the kind has none.
fn tolerate(key: &OsStr, result: Result<(), Errno>) -> Result<(), Errno> {
    match result {
        Err(Errno::OPNOTSUPP) => Ok(()),
        Err(Errno::PERM) if key.as_bytes().starts_with(b"user.") => Ok(()),
        other => other,
    }
}

/// True when both names are one file already.
pub(super) fn same_file(
    from: BorrowedFd<'_>,
    from_name: &[u8],
    to: BorrowedFd<'_>,
    to_name: &[u8],
) -> Result<bool, Errno> {
    let stat = |fd: BorrowedFd<'_>, name: &[u8]| match fs::statat(fd, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) => Ok(Some((stat.st_dev, stat.st_ino))),
        Err(Errno::NOENT) => Ok(None),
        Err(errno) => Err(errno),
    };
    let (from, to) = (stat(from, from_name)?, stat(to, to_name)?);
    Ok(from.is_some() && from == to)
}

/// A hard link's target must be there, and no directory or whiteout.
pub(super) fn check_linkable(parent: BorrowedFd<'_>, name: &[u8]) -> Result<(), Errno> {
    match tree::kind_of(parent.as_fd(), name)? {
        None | Some(tree::Found::Whiteout) => Err(Errno::NOENT),
        Some(tree::Found::Directory) => Err(Errno::PERM),
        Some(_) => Ok(()),
    }
}
