//! How much room a disk has, and how much of it is kept for what is small.
//!
//! What is large (layers, images, log events) is only written as long as [`RESERVE`] of the disk stays free afterwards: so there is
//! always room for the records of tasks, their states and names, and for other programs of the machine. [`admit`] is asked before
//! every piece of what is large. What a task's own containers write asks nobody.
//!
//! The journal does not count on the reserve, which a container can fill: it has its room beforehand (`server::journal`).

#![forbid(unsafe_code)]

use rustix::fs::{StatVfs, statvfs};
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The part of a disk that is kept free is one of so many.
pub const RESERVE: u64 = 20;
/// And no more than that, in bytes.
pub const RESERVE_MOST: u64 = 1 << 30;

/// A disk's room, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// Of everything.
    pub total: u64,
    /// What can be written yet without being root, as `df` shows it.
    pub free: u64,
}

impl Room {
    /// The room of the disk that a file or directory is on.
    ///
    /// # Errors
    /// The system's, with the path.
    pub fn of(path: &Path) -> io::Result<Self> {
        let known = statvfs(path).map_err(|errno| {
            let error = io::Error::from(errno);
            io::Error::new(error.kind(), format!("looking at the room of {}: {error}", path.display()))
        })?;
        Ok(Self::from(&known))
    }

    /// What is kept free: a twentieth, but no more than 1 GiB. A file system that does not say how large it is has none to keep.
    pub fn reserve(&self) -> u64 {
        (self.total / RESERVE).min(RESERVE_MOST)
    }

    /// Whether so many bytes may be written and the reserve stays.
    pub fn has(&self, bytes: u64) -> bool {
        self.total == 0 || self.free >= self.reserve().saturating_add(bytes)
    }

    /// Whether what is not needed should go: twice the reserve is not free any more.
    pub fn is_low(&self) -> bool {
        !self.has(self.reserve())
    }
}

impl From<&StatVfs> for Room {
    fn from(known: &StatVfs) -> Self {
        let bytes = |blocks: u64| blocks.saturating_mul(known.f_frsize);
        Self { total: bytes(known.f_blocks), free: bytes(known.f_bavail) }
    }
}

/// Lets so many bytes more be written below a directory, now, if the disk's reserve stays.
///
/// # Errors
/// [`Full`], as an error of the kind `StorageFull`; the system's.
pub fn admit(directory: &Path, bytes: u64) -> io::Result<()> {
    let room = Room::of(directory)?;
    if room.has(bytes) {
        return Ok(());
    }
    let full = Full { directory: directory.to_owned(), room, bytes };
    Err(io::Error::new(io::ErrorKind::StorageFull, full))
}

/// What several writers to a disk have been let write and have not written yet: it is theirs, so the next one is not let have it.
#[derive(Clone, Debug, Default)]
pub struct Promised(Arc<AtomicU64>);

impl Promised {
    /// As [`admit`], for what is written later: until the answer is dropped.
    ///
    /// # Errors
    /// As [`admit`].
    pub fn admit(&self, directory: &Path, bytes: u64) -> io::Result<Promise> {
        let promise = Promise { all: self.clone(), bytes };
        // First promised, then looked at: of two at once, the second counts the first.
        let before = self.0.fetch_add(bytes, Ordering::SeqCst);
        admit(directory, before.saturating_add(bytes)).map(|()| promise)
    }
}

/// Bytes that may be written; drop it when they are, or will not be.
#[derive(Debug)]
pub struct Promise {
    all: Promised,
    bytes: u64,
}

impl Drop for Promise {
    fn drop(&mut self) {
        self.all.0.fetch_sub(self.bytes, Ordering::SeqCst);
    }
}

/// Whether an error says that the disk, or its quota, is full: the kernel's, or [`Full`].
pub fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

/// What is large has no room: in the kernel's words, and how much there is.
#[derive(Debug)]
pub struct Full {
    directory: PathBuf,
    room: Room,
    bytes: u64,
}

impl fmt::Display for Full {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { directory, room: Room { free, .. }, bytes } = self;
        let reserve = self.room.reserve();
        write!(
            f,
            "no space left on device: {} has {free} bytes free, {reserve} of them are kept in reserve, and {bytes} more are needed",
            directory.display()
        )
    }
}

impl std::error::Error for Full {}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    #[test]
    fn a_twentieth_is_kept_and_no_more_than_a_gibibyte() {
        let small = Room { total: 200 * MIB, free: 11 * MIB };
        assert_eq!(small.reserve(), 10 * MIB);
        assert!(small.has(MIB) && !small.has(MIB + 1));
        let large = Room { total: 4 << 40, free: 3 << 30 };
        assert_eq!(large.reserve(), 1 << 30);
        assert!(large.has(2 << 30) && !large.has((2 << 30) + 1));
    }

    #[test]
    fn room_is_low_before_it_is_refused() {
        let room = |free| Room { total: 200 * MIB, free: free * MIB };
        assert!(!room(20).is_low() && room(19).is_low() && room(19).has(9 * MIB));
    }

    #[test]
    fn a_file_system_without_a_size_takes_what_it_takes() {
        let unknown = Room { total: 0, free: 0 };
        assert!(unknown.has(u64::MAX) && !unknown.is_low());
    }

    #[test]
    fn a_refusal_names_directory_room_and_need() {
        let room = Room { total: 200 * MIB, free: 10 * MIB };
        let full = Full { directory: "/data/registry".into(), room, bytes: 4096 };
        assert_eq!(
            full.to_string(),
            "no space left on device: /data/registry has 10485760 bytes free, 10485760 of them are kept in reserve, and 4096 more are needed"
        );
        let error = io::Error::new(io::ErrorKind::StorageFull, full);
        assert!(
            is_full(&error) && is_full(&rustix::io::Errno::DQUOT.into()) && !is_full(&rustix::io::Errno::IO.into())
        );
    }

    #[test]
    fn what_is_promised_is_promised_once() {
        let directory = tempfile::tempdir().unwrap();
        let promised = Promised::default();
        let room = Room::of(directory.path()).unwrap();
        // More than half of what may be written, whatever others on this disk write meanwhile.
        let bytes = (room.free - room.reserve()) / 3 * 2;
        let first = promised.admit(directory.path(), bytes).unwrap();
        assert!(is_full(&promised.admit(directory.path(), bytes).unwrap_err()));
        drop(first);
        drop(promised.admit(directory.path(), bytes).unwrap());
        assert_eq!(promised.0.load(Ordering::SeqCst), 0);
    }

    #[test]
    fn the_disk_of_a_directory_is_looked_at() {
        admit(Path::new("/proc/self"), u64::MAX).unwrap();
        let missing = admit(Path::new("/nowhere"), 1).unwrap_err();
        assert!(missing.to_string().contains("/nowhere") && !is_full(&missing), "{missing}");
    }
}
