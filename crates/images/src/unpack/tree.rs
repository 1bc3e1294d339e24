//! Finding and making directories inside a layer without ever leaving it.
//!
//! Each component is opened from its parent's descriptor with `O_NOFOLLOW`. A symbolic link on the way is read and
//! walked by us with the layer as its root, so that `lib -> usr/lib` works as a parent, and an absolute target or
//! one with `..` stays inside. Nothing else writes below the root while it is unpacked.

use super::path::Path;
use super::{Error, whiteout};
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::fs::{self, AtFlags, FileType, Mode, OFlags};
use rustix::io::Errno;
use std::collections::{BTreeSet, VecDeque};
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::rc::Rc;

/// The most components walked for one path, those of links on the way included. Bounds the tree's depth too.
const STEPS_MAX: usize = 512;
/// The most links on the way, as the kernel's own limit (path_resolution(7)).
const LINKS_MAX: usize = 40;

/// What to do with a directory that is not there.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Missing {
    /// Make it, owned by root, mode 0755.
    Create,
    /// Fail.
    Refuse,
}

/// The most directories that are made without being listed, and the most bytes of their paths.
const IMPLIED_MAX: usize = 100_000;
const IMPLIED_BYTES_MAX: usize = 8 << 20;

/// The layer's root and the directory used last: most entries share their parent with the one before.
pub(super) struct Tree {
    root: Rc<OwnedFd>,
    last: Option<(Path, Place)>,
    /// Directories made because an entry needed them, by the path they really have.
    implied: BTreeSet<Vec<u8>>,
    implied_bytes: usize,
}

/// A directory and its path without links: names joined by `/`, empty for the root.
#[derive(Clone)]
pub(super) struct Place {
    fd: Rc<OwnedFd>,
    path: Vec<u8>,
}

impl AsFd for Place {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl Place {
    /// The path of a name in it.
    fn path_of(&self, name: &[u8]) -> Vec<u8> {
        let parts: &[&[u8]] = if self.path.is_empty() { &[name] } else { &[&self.path, name] };
        parts.join(&b'/')
    }

    /// Its parent's path; the root's is its own.
    fn parent(&self) -> Vec<u8> {
        let end = self.path.iter().rposition(|&byte| byte == b'/').unwrap_or(0);
        self.path.get(..end).unwrap_or_default().to_vec()
    }
}

/// Why a path can't be walked.
enum Stop {
    Host(Errno),
    NotADirectory,
    TooManyLinks,
    TooManyDirectories,
}

impl From<Errno> for Stop {
    fn from(errno: Errno) -> Self {
        Self::Host(errno)
    }
}

impl Tree {
    pub(super) fn new(root: OwnedFd) -> Self {
        Self { root: Rc::new(root), last: None, implied: BTreeSet::new(), implied_bytes: 0 }
    }

    /// The directories that had to be made and were never listed.
    pub(super) fn into_implied(self) -> BTreeSet<Vec<u8>> {
        self.implied
    }

    /// Takes note that a directory is listed after all.
    pub(super) fn listed(&mut self, parent: &Place, name: &[u8]) {
        if !self.implied.is_empty() {
            self.implied.remove(&parent.path_of(name));
        }
    }

    /// The directory at `path`, links followed inside the layer.
    pub(super) fn directory(&mut self, path: &Path, missing: Missing) -> Result<Place, Error> {
        if let Some((last, place)) = &self.last
            && last == path
        {
            return Ok(place.clone());
        }
        let found = self.walk(path, missing).map_err(|stop| match stop {
            Stop::Host(errno) => path.failed("open", errno),
            Stop::NotADirectory => path.failed("open", Errno::NOTDIR),
            Stop::TooManyLinks => path.failed("open", Errno::LOOP),
            Stop::TooManyDirectories => path.refused("the layer leaves too many directories unlisted"),
        })?;
        self.last = Some((path.clone(), found.clone()));
        Ok(found)
    }

    /// The directory at `path`, where there is still one; its last component may not be a link.
    pub(super) fn existing_directory(&mut self, path: &Path) -> Result<Option<OwnedFd>, Error> {
        let Some((parent, name)) = path.split() else {
            return self.root.try_clone().map(Some).map_err(|_| path.failed("open", Errno::MFILE));
        };
        let parent = match self.walk(&parent, Missing::Refuse) {
            Ok(parent) => parent,
            Err(Stop::Host(Errno::NOENT) | Stop::NotADirectory | Stop::TooManyLinks | Stop::TooManyDirectories) => {
                return Ok(None);
            }
            Err(Stop::Host(errno)) => return Err(path.failed("open", errno)),
        };
        match fs::openat(&parent, name, READ_DIRECTORY, Mode::empty()) {
            Ok(fd) => Ok(Some(fd)),
            Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => Ok(None),
            Err(errno) => Err(path.failed("open", errno)),
        }
    }

    /// Makes `name` a directory: keeps one that is there, replaces anything else.
    pub(super) fn make_directory(&mut self, parent: BorrowedFd<'_>, name: &[u8]) -> Result<OwnedFd, Errno> {
        let existing = kind_of(parent, name)?;
        let hid_lower = existing == Some(Found::Whiteout);
        if existing != Some(Found::Directory) {
            self.remove(parent, name)?;
            fs::mkdirat(parent, name, Mode::from_raw_mode(0o755))?;
        }
        let made = fs::openat(parent, name, READ_DIRECTORY, Mode::empty())?;
        if existing.is_none() || existing != Some(Found::Directory) {
            fs::fchmod(&made, Mode::from_raw_mode(0o755))?;
        }
        if hid_lower {
            whiteout::make_opaque(made.as_fd())?;
        }
        Ok(made)
    }

    /// Removes whatever `name` is, with everything below it. Nothing there is fine.
    pub(super) fn remove(&mut self, parent: BorrowedFd<'_>, name: &[u8]) -> Result<(), Errno> {
        match fs::unlinkat(parent, name, AtFlags::empty()) {
            Ok(()) => {}
            Err(Errno::NOENT) => return Ok(()),
            Err(Errno::ISDIR | Errno::PERM) => remove_directory(parent, name)?,
            Err(errno) => return Err(errno),
        }
        self.last = None;
        Ok(())
    }

    fn walk(&mut self, path: &Path, missing: Missing) -> Result<Place, Stop> {
        let mut left: VecDeque<Vec<u8>> = path.components().map(<[u8]>::to_vec).collect();
        let root = Place { fd: Rc::clone(&self.root), path: Vec::new() };
        let (mut at, mut steps, mut links) = (root.clone(), 0, 0);
        while let Some(name) = left.pop_front() {
            steps += 1;
            if steps > STEPS_MAX {
                return Err(Stop::TooManyLinks);
            }
            if name == b".." {
                // Only from a link's target. Above the layer's root is the root.
                if !at.path.is_empty() {
                    let fd = fs::openat(&at, "..", OPEN_DIRECTORY, Mode::empty())?;
                    at = Place { fd: Rc::new(fd), path: at.parent() };
                }
                continue;
            }
            let fd = match kind_of(at.as_fd(), &name)? {
                Some(Found::Directory) => fs::openat(&at, &*name, READ_DIRECTORY, Mode::empty())?,
                Some(Found::Link) => {
                    links += 1;
                    let target = fs::readlinkat(&at, &*name, Vec::new())?;
                    if links > LINKS_MAX {
                        return Err(Stop::TooManyLinks);
                    }
                    if target.as_bytes().starts_with(b"/") {
                        at = root.clone();
                    }
                    let parts = target.as_bytes().split(|&b| b == b'/').filter(|c| !c.is_empty() && *c != b".");
                    parts.rev().for_each(|part| left.push_front(part.to_vec()));
                    continue;
                }
                Some(Found::Whiteout) | None if missing == Missing::Create => {
                    self.imply(at.path_of(&name))?;
                    self.make_directory(at.as_fd(), &name)?
                }
                None => return Err(Stop::Host(Errno::NOENT)),
                Some(Found::Whiteout | Found::Other) => return Err(Stop::NotADirectory),
            };
            at = Place { fd: Rc::new(fd), path: at.path_of(&name) };
        }
        Ok(at)
    }

    fn imply(&mut self, path: Vec<u8>) -> Result<(), Stop> {
        self.implied_bytes += path.len();
        if self.implied.len() >= IMPLIED_MAX || self.implied_bytes > IMPLIED_BYTES_MAX {
            return Err(Stop::TooManyDirectories);
        }
        self.implied.insert(path);
        Ok(())
    }
}

const READ_DIRECTORY: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);
const OPEN_DIRECTORY: OFlags = OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// What a name is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    Directory,
    Link,
    Whiteout,
    Other,
}

pub(super) fn kind_of(parent: BorrowedFd<'_>, name: &[u8]) -> Result<Option<Found>, Errno> {
    let stat = match fs::statat(parent, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) => stat,
        Err(Errno::NOENT) => return Ok(None),
        Err(errno) => return Err(errno),
    };
    Ok(Some(match FileType::from_raw_mode(stat.st_mode) {
        FileType::Directory => Found::Directory,
        FileType::Symlink => Found::Link,
        FileType::CharacterDevice if stat.st_rdev == 0 => Found::Whiteout,
        _ => Found::Other,
    }))
}

/// The standard library removes trees by descriptors, without following links.
fn remove_directory(parent: BorrowedFd<'_>, name: &[u8]) -> Result<(), Errno> {
    let parent = format!("/proc/self/fd/{}", parent.as_raw_fd());
    let path = std::path::Path::new(&parent).join(std::ffi::OsStr::from_bytes(name));
    std::fs::remove_dir_all(path).map_err(|e| Errno::from_io_error(&e).unwrap_or(Errno::IO))
}
