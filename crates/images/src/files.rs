//! Steps on files that both stores share: atomic writes, temporary directories, one owner a directory.
//!
//! What is promised: after `kill -9` and after a power cut a name shows whole content or is not there. Content is
//! synced before its name appears, the name's directory after it.

use disk::{Promise, Promised};
use rustix::fs::{FlockOperation, Mode, OFlags};
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// Where blobs are in a directory of them, as in an OCI image layout.
pub(crate) const BLOBS: &str = "blobs/sha256";

/// Adds the step and its object to an error, keeping its kind.
pub(crate) fn at(step: &str, path: &Path) -> impl FnOnce(io::Error) -> io::Error {
    let text = format!("{step} {}", path.display());
    move |error| io::Error::new(error.kind(), Step { text, error })
}

/// An I/O error and the step it happened at.
#[derive(Debug)]
struct Step {
    text: String,
    error: io::Error,
}

impl std::fmt::Display for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.text, self.error)
    }
}

impl std::error::Error for Step {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.error)
    }
}

/// A directory with a `tmp` inside, owned by this process alone while it lives.
#[derive(Debug)]
pub(crate) struct Owned {
    dir: PathBuf,
    next: AtomicU64,
    promised: Promised,
    _lock: Lock,
}

/// A lock that is held (flock(2)).
#[derive(Debug)]
struct Lock(File);

impl Drop for Lock {
    /// Closing the file is not enough: a process that this one is just starting has it open until it becomes another program.
    fn drop(&mut self) {
        // The kernel drops it anyway when nobody has the file any more.
        let _ = rustix::fs::flock(&self.0, FlockOperation::Unlock);
    }
}

impl Owned {
    /// Makes the directory and those named within it, takes its lock and removes what a killed process left.
    pub(crate) fn open(dir: &Path, parts: &[&str]) -> io::Result<Self> {
        for part in parts {
            let part = dir.join(part);
            fs::create_dir_all(&part).map_err(at("create", &part))?;
        }
        let path = dir.join("lock");
        let lock = File::create(&path).map_err(at("create", &path))?;
        rustix::fs::flock(&lock, FlockOperation::NonBlockingLockExclusive)
            .map_err(|errno| at("another process uses this directory: lock", &path)(errno.into()))?;
        let tmp = dir.join("tmp");
        match fs::remove_dir_all(&tmp) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(at("remove", &tmp)(error)),
            _ => {}
        }
        fs::create_dir(&tmp).map_err(at("create", &tmp))?;
        Ok(Self { dir: dir.to_owned(), next: AtomicU64::new(0), promised: Promised::default(), _lock: Lock(lock) })
    }

    pub(crate) fn join(&self, part: &str) -> PathBuf {
        self.dir.join(part)
    }

    /// Lets so many bytes more be written, until the promise is dropped, if the disk's reserve stays.
    pub(crate) fn admit(&self, bytes: u64) -> io::Result<Promise> {
        self.promised.admit(&self.dir, bytes)
    }

    /// A path in `tmp` that nobody else uses.
    pub(crate) fn temporary(&self) -> PathBuf {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        self.dir.join("tmp").join(number.to_string())
    }

    /// A new directory in `tmp`, removed with all in it when the guard is dropped.
    pub(crate) fn scratch(&self) -> io::Result<Scratch> {
        let path = self.temporary();
        fs::create_dir(&path).map_err(at("create", &path))?;
        Ok(Scratch(path))
    }

    /// Writes a file so that it appears whole or not at all.
    pub(crate) fn write(&self, part: &Path, content: &[u8]) -> io::Result<()> {
        let (temporary, path) = (self.temporary(), self.dir.join(part));
        let write = || {
            let mut file = File::create(&temporary)?;
            file.write_all(content)?;
            file.sync_all()?;
            fs::rename(&temporary, &path)?;
            sync_directory(path.parent().unwrap_or(&self.dir))
        };
        write().map_err(|error| {
            let _ = fs::remove_file(&temporary);
            at("write", &path)(error)
        })
    }

    /// Takes a file or directory away at once; removes it afterwards.
    pub(crate) fn discard(&self, path: &Path) -> io::Result<Discarded> {
        let temporary = self.temporary();
        match fs::rename(path, &temporary) {
            Ok(()) => Ok(Discarded(Some(temporary))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Discarded(None)),
            Err(error) => Err(at("remove", path)(error)),
        }
    }
}

/// A temporary directory that goes with its guard.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Gone already when it was renamed into place. What can't be removed now is removed at the next open.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Something that has no name any more and still takes space, until dropped.
pub(crate) struct Discarded(Option<PathBuf>);

impl Drop for Discarded {
    fn drop(&mut self) {
        let Some(path) = &self.0 else { return };
        let _ = fs::remove_file(path).or_else(|_| fs::remove_dir_all(path));
    }
}

/// Makes renames in a directory survive a power cut.
pub(crate) fn sync_directory(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// Makes everything written to the file system that holds `path` survive a power cut.
pub(crate) fn sync_file_system(path: &Path) -> io::Result<()> {
    let fd = rustix::fs::open(path, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
    Ok(rustix::fs::syncfs(fd)?)
}

/// A file's content, if it is there. Longer than `limit` is an error.
pub(crate) fn read(path: &Path, limit: u64) -> io::Result<Option<Vec<u8>>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(at("open", path)(error)),
    };
    let mut content = Vec::new();
    file.take(limit + 1).read_to_end(&mut content).map_err(at("read", path))?;
    if content.len() as u64 > limit {
        return Err(at("read", path)(io::Error::other(format!("it is over {limit} bytes"))));
    }
    Ok(Some(content))
}

/// The names in a directory.
pub(crate) fn names(path: &Path) -> io::Result<Vec<String>> {
    let entries = fs::read_dir(path).map_err(at("read", path))?;
    entries.map(|entry| Ok(entry.map_err(at("read", path))?.file_name().to_string_lossy().into_owned())).collect()
}

/// The kernel's error in a chain of errors, if there is one.
pub(crate) fn errno_of(error: &(dyn std::error::Error + 'static)) -> Option<rustix::io::Errno> {
    let mut next = Some(error);
    while let Some(error) = next {
        let io = error.downcast_ref::<io::Error>();
        if let Some(errno) = io.and_then(rustix::io::Errno::from_io_error) {
            return Some(errno);
        }
        let inner = io.and_then(io::Error::get_ref).map(|inner| inner as &(dyn std::error::Error + 'static));
        next = inner.or_else(|| error.source());
    }
    None
}
