//! The journal's room on the disk, which it has before it needs it: what a task fills must not keep that task from being stopped.
//!
//! redb writes what is new beside what there was, in a file that it lengthens and shortens. A longer file has no room yet, only a length,
//! and a shorter one gives its room to whoever is quicker. So the file's blocks are allocated beforehand (fallocate(2)): all that the file
//! has, and as much again beyond its end, which is what redb lengthens it to next. It is never shortened; redb is told that it was.
//! Writing to a block that is there needs no other, but on file systems that never write in place (btrfs, ZFS): there, and where nothing
//! can be allocated, the journal has what is free, as everybody does.

use ::redb::{BackendError, DatabaseError, StorageBackend, StorageError, backends::FileBackend};
use rustix::fs::{FallocateFlags, fallocate};
use rustix::io::Errno;
use std::fs::File;
use std::io;
use std::ops::Bound;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

/// Bytes of zeros written at once.
const ZEROS: u64 = 64 << 10;

/// A file with room.
#[derive(Debug)]
pub(super) struct Roomy {
    backend: FileBackend,
    file: File,
    /// What redb takes for the file's length; the file may be longer.
    length: AtomicU64,
}

impl Roomy {
    /// Opens a file that redb has made.
    pub(super) fn open(path: &Path) -> Result<Self, DatabaseError> {
        let storage = |error| DatabaseError::Storage(StorageError::Io(error));
        let file = File::options().read(true).write(true).open(path).map_err(storage)?;
        let length = file.metadata().map_err(storage)?.len();
        if length == 0 {
            // redb would begin a new one.
            return Err(DatabaseError::Storage(StorageError::Corrupted("the file is empty".to_owned())));
        }
        let backend = FileBackend::new(file.try_clone().map_err(storage)?)?;
        let roomy = Self { backend, file, length: AtomicU64::new(length) };
        roomy.reserve(length);
        Ok(roomy)
    }

    /// Allocates blocks for the file's first `length` bytes, whatever its length is.
    fn allocate(&self, length: u64) -> io::Result<()> {
        match fallocate(&self.file, FallocateFlags::KEEP_SIZE, 0, length) {
            Err(Errno::OPNOTSUPP | Errno::NOSYS) => Ok(()),
            done => Ok(done?),
        }
    }

    /// Allocates what the file has and as much again, as far as there is room; the next time it grows it is tried again.
    fn reserve(&self, length: u64) {
        let _ = self.allocate(length).and_then(|()| self.allocate(length.saturating_mul(2)));
    }

    fn zero(&self, mut from: u64, to: u64) -> io::Result<()> {
        let zeros = vec![0; usize::try_from(ZEROS).unwrap_or(0)];
        while from < to {
            let piece = (to - from).min(ZEROS);
            self.backend.write(from, zeros.get(..usize::try_from(piece).unwrap_or(0)).unwrap_or_default())?;
            from += piece;
        }
        Ok(())
    }
}

impl StorageBackend for Roomy {
    fn len(&self) -> io::Result<u64> {
        Ok(self.length.load(Ordering::SeqCst))
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.backend.read(offset, out)
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        let (known, there) = (self.length.load(Ordering::SeqCst), self.file.metadata()?.len());
        if length > known {
            // What redb had given back is as new.
            self.zero(known, length.min(there))?;
        }
        if length > there {
            self.allocate(length)?;
            self.backend.set_len(length)?;
            self.reserve(length);
        }
        self.length.store(length, Ordering::SeqCst);
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        self.backend.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.backend.write(offset, data)
    }

    fn close(&self) -> io::Result<()> {
        self.backend.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.backend.try_lock_range(start, end)
    }

    fn try_lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.backend.try_lock_shared_range(start, end)
    }

    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.backend.lock_range(start, end)
    }

    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.backend.lock_shared_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.backend.unlock_range(start, end)
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.backend.query_lock_range(start, end)
    }
}
