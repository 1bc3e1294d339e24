//! Blobs by their digests: whatever was pushed, kept under what its content says, whole or not at all.
//! ```text
//! lock                  held while a process uses the blobs
//! tmp/                  uploads on their way; emptied at open
//! blobs/sha256/<hex>    the blobs
//! ```
//! Which blobs are needed is recorded elsewhere, and only once their files are durable. Between the two a [`Pin`] keeps a blob from
//! [`Blobs::sweep`].
//!
//! Absent on purpose: what a blob is, who may have it, and any limit on their number.

use crate::digest::{Digest, Hashing};
use crate::files::{self, BLOBS, Owned};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Bytes read and written at once.
const CHUNK: usize = 64 << 10;

/// How many hold each pinned blob.
type Pins = Arc<Mutex<BTreeMap<Digest, usize>>>;

/// The blobs in a directory; one process at a time, any number of threads.
#[derive(Debug)]
pub struct Blobs {
    files: Owned,
    pins: Pins,
}

/// Why an upload did not become a blob.
#[derive(Debug)]
pub enum Refused {
    /// Its content has this digest and not the one that was said.
    Digest(Digest),
    /// The disk said so.
    Io(io::Error),
}

impl From<io::Error> for Refused {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl Blobs {
    /// Opens or makes the blobs at `dir`, and removes what a killed process left half-made.
    ///
    /// # Errors
    /// The step and the path; that another process uses it.
    pub fn open(dir: &Path) -> io::Result<Self> {
        Ok(Self { files: Owned::open(dir, &[BLOBS])?, pins: Pins::default() })
    }

    /// Begins an upload. Dropping it forgets it.
    ///
    /// # Errors
    /// The step and the path; of the kind `StorageFull`, also when nothing but the disk's reserve is left.
    pub fn begin(&self) -> io::Result<Upload> {
        self.files.admit(0)?;
        let path = self.files.temporary();
        File::create(&path).map_err(files::at("create", &path))?;
        Ok(Upload { path, digest: Hashing::new(io::sink()), size: 0 })
    }

    /// Makes a blob of an upload whose content has that digest. It is durable when this returns.
    ///
    /// # Errors
    /// [`Refused`]; the upload is gone then.
    pub fn finish(&self, mut upload: Upload, expected: &Digest) -> Result<Pin, Refused> {
        let hashing = std::mem::replace(&mut upload.digest, Hashing::new(io::sink()));
        let (digest, _) = hashing.finish();
        if digest != *expected {
            return Err(Refused::Digest(digest));
        }
        let pin = self.pin(&digest);
        let path = self.path(&digest);
        if !path.exists() {
            let sync = || File::open(&upload.path)?.sync_all();
            sync().map_err(files::at("sync", &upload.path))?;
            fs::rename(&upload.path, &path).map_err(files::at("place", &path))?;
        }
        // Also for one that was there: whoever placed it may not have come so far yet.
        let blobs = self.files.join(BLOBS);
        files::sync_directory(&blobs).map_err(files::at("sync", &blobs))?;
        Ok(pin)
    }

    /// Makes a blob of content in memory. It is durable when this returns.
    ///
    /// # Errors
    /// The step and the path.
    pub fn put(&self, content: &[u8]) -> io::Result<Pin> {
        let digest = Digest::of(content);
        let mut upload = self.begin()?;
        upload.append(content, u64::MAX)?;
        self.finish(upload, &digest).map_err(|refused| match refused {
            Refused::Digest(found) => io::Error::other(format!("{digest} was written as {found}")),
            Refused::Io(error) => error,
        })
    }

    /// Makes a blob of a file on the same disk that is durable and whose content was verified to have that digest. The two are one file
    /// afterwards, which neither may change.
    ///
    /// # Errors
    /// The step and the path.
    pub fn adopt(&self, file: &Path, digest: &Digest) -> io::Result<Pin> {
        let pin = self.pin(digest);
        let path = self.path(digest);
        match fs::hard_link(file, &path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(files::at("link", &path)(error)),
            _ => {}
        }
        let blobs = self.files.join(BLOBS);
        files::sync_directory(&blobs).map_err(files::at("sync", &blobs))?;
        Ok(pin)
    }

    /// A blob's open file, which stays readable when the blob is removed meanwhile, and its length in bytes.
    ///
    /// # Errors
    /// The step and the path.
    pub fn file(&self, digest: &Digest) -> io::Result<Option<(File, u64)>> {
        let path = self.path(digest);
        match File::open(&path) {
            Ok(file) => {
                let size = file.metadata().map_err(files::at("examine", &path))?.len();
                Ok(Some((file, size)))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(files::at("open", &path)(error)),
        }
    }

    /// A blob's content. Longer than `limit` is an error.
    ///
    /// # Errors
    /// The step and the path.
    pub fn read(&self, digest: &Digest, limit: u64) -> io::Result<Option<Vec<u8>>> {
        files::read(&self.path(digest), limit)
    }

    /// Removes every blob that is neither pinned nor needed. `needed` gives the digests that some record has, and is asked a second
    /// time while nothing can be pinned: what it does not have then, no record can have before it is uploaded again.
    ///
    /// # Errors
    /// The step and the path.
    pub fn sweep(&self, needed: impl Fn() -> BTreeSet<String>) -> io::Result<usize> {
        let blobs = self.files.join(BLOBS);
        let without = |names: Vec<String>, needed: BTreeSet<String>| -> Vec<Digest> {
            let digests = names.iter().filter_map(|name| Digest::from_hex(name).ok());
            digests.filter(|digest| !needed.contains(&digest.to_string())).collect()
        };
        if without(files::names(&blobs)?, needed()).is_empty() {
            return Ok(0);
        }
        let mut discarded = Vec::new();
        let pins = self.pins();
        for digest in without(files::names(&blobs)?, needed()).iter().filter(|digest| !pins.contains_key(digest)) {
            discarded.push(self.files.discard(&self.path(digest))?);
        }
        drop(pins);
        Ok(discarded.len())
    }

    fn pin(&self, digest: &Digest) -> Pin {
        *self.pins().entry(digest.clone()).or_default() += 1;
        Pin { digest: digest.clone(), pins: self.pins.clone() }
    }

    fn pins(&self) -> MutexGuard<'_, BTreeMap<Digest, usize>> {
        lock(&self.pins)
    }

    fn path(&self, digest: &Digest) -> PathBuf {
        self.files.join(BLOBS).join(digest.hex())
    }
}

fn lock(pins: &Pins) -> MutexGuard<'_, BTreeMap<Digest, usize>> {
    // Each change is one step, so a thread that panicked left it whole.
    pins.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Keeps a blob from being swept until it is dropped.
#[derive(Debug)]
pub struct Pin {
    digest: Digest,
    pins: Pins,
}

impl Pin {
    /// The blob's digest.
    pub fn digest(&self) -> &Digest {
        &self.digest
    }
}

impl Drop for Pin {
    fn drop(&mut self) {
        let mut pins = lock(&self.pins);
        if let Some(count) = pins.get_mut(&self.digest) {
            *count -= 1;
            if *count == 0 {
                pins.remove(&self.digest);
            }
        }
    }
}

/// A blob on its way. Its file is open only while something is appended.
pub struct Upload {
    path: PathBuf,
    digest: Hashing<io::Sink>,
    size: u64,
}

impl std::fmt::Debug for Upload {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Upload").field("path", &self.path).field("size", &self.size).finish_non_exhaustive()
    }
}

/// Why not all of a body was appended.
#[derive(Debug)]
pub enum Broken {
    /// The upload would become longer than it may.
    TooLong,
    /// The body broke off.
    Body(io::Error),
    /// The disk said so.
    Disk(io::Error),
}

impl From<Broken> for io::Error {
    fn from(broken: Broken) -> Self {
        match broken {
            Broken::TooLong => Self::other("it is too long"),
            Broken::Body(error) | Broken::Disk(error) => error,
        }
    }
}

impl Upload {
    /// Bytes so far.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Appends a body as far as it goes. The upload may have `limit` bytes afterwards.
    ///
    /// # Errors
    /// [`Broken`]. What came before is kept, and [`Upload::size`] tells how much that is.
    pub fn append(&mut self, mut body: impl Read, limit: u64) -> Result<(), Broken> {
        let mut file = OpenOptions::new().append(true).open(&self.path).map_err(Broken::Disk)?;
        let mut chunk = vec![0; CHUNK];
        loop {
            let read = match body.read(&mut chunk) {
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(Broken::Body(error)),
            };
            let bytes = chunk.get(..read).unwrap_or_default();
            if bytes.is_empty() {
                return Ok(());
            }
            if self.size.saturating_add(read as u64) > limit {
                return Err(Broken::TooLong);
            }
            disk::admit(self.path.parent().unwrap_or(&self.path), read as u64).map_err(Broken::Disk)?;
            if let Err(error) = file.write_all(bytes) {
                // Some of it may have been written, and it will be sent again.
                let _ = file.set_len(self.size);
                return Err(Broken::Disk(files::at("write", &self.path)(error)));
            }
            self.digest.write_all(bytes).map_err(Broken::Disk)?;
            self.size += read as u64;
        }
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        // Gone already when it was renamed into place. What can't be removed now is removed at the next open.
        let _ = fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blobs() -> (tempfile::TempDir, Blobs) {
        let dir = tempfile::tempdir().unwrap();
        let blobs = Blobs::open(dir.path()).unwrap();
        (dir, blobs)
    }

    fn nothing() -> BTreeSet<String> {
        BTreeSet::new()
    }

    #[test]
    fn an_upload_in_parts_is_a_blob_under_its_digest() {
        let (_dir, blobs) = blobs();
        let mut upload = blobs.begin().unwrap();
        upload.append(&b"hello "[..], 100).unwrap();
        upload.append(&b"world"[..], 100).unwrap();
        let digest = Digest::of(b"hello world");
        blobs.finish(upload, &digest).unwrap();
        assert_eq!(blobs.read(&digest, 100).unwrap().unwrap(), b"hello world");
        assert_eq!(blobs.file(&digest).unwrap().unwrap().1, 11);
    }

    #[test]
    fn content_of_another_digest_leaves_nothing() {
        let (dir, blobs) = blobs();
        let mut upload = blobs.begin().unwrap();
        upload.append(&b"hello"[..], 100).unwrap();
        let refused = blobs.finish(upload, &Digest::of(b"other")).unwrap_err();
        assert!(matches!(refused, Refused::Digest(found) if found == Digest::of(b"hello")));
        for part in ["tmp", "blobs/sha256"] {
            assert_eq!(files::names(&dir.path().join(part)).unwrap(), Vec::<String>::new());
        }
    }

    #[test]
    fn an_upload_never_grows_beyond_its_limit() {
        let (_dir, blobs) = blobs();
        let mut upload = blobs.begin().unwrap();
        upload.append(&b"12345"[..], 8).unwrap();
        assert!(matches!(upload.append(&b"6789"[..], 8), Err(Broken::TooLong)));
        assert_eq!(upload.size(), 5);
    }

    #[test]
    fn a_body_that_breaks_off_can_be_gone_on_with() {
        struct Half(bool);
        impl Read for Half {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                if self.0 {
                    return Err(io::Error::other("gone"));
                }
                self.0 = true;
                buffer.get_mut(..3).unwrap().copy_from_slice(b"abc");
                Ok(3)
            }
        }
        let (_dir, blobs) = blobs();
        let mut upload = blobs.begin().unwrap();
        assert!(matches!(upload.append(Half(false), 100), Err(Broken::Body(_))));
        assert_eq!(upload.size(), 3);
        upload.append(&b"def"[..], 100).unwrap();
        blobs.finish(upload, &Digest::of(b"abcdef")).unwrap();
    }

    #[test]
    fn a_file_of_somebody_elses_is_a_blob_as_well() {
        let (dir, blobs) = blobs();
        let file = dir.path().join("theirs");
        fs::write(&file, b"content").unwrap();
        let digest = Digest::of(b"content");
        let pin = blobs.adopt(&file, &digest).unwrap();
        assert_eq!(blobs.adopt(&file, &digest).unwrap().digest(), pin.digest());
        drop(pin);
        assert_eq!(blobs.read(&digest, 100).unwrap().unwrap(), b"content");
        assert_eq!(blobs.sweep(nothing).unwrap(), 1);
        assert_eq!(fs::read(&file).unwrap(), b"content", "and theirs stays");
    }

    #[test]
    fn sweeping_takes_what_is_neither_needed_nor_pinned() {
        let (_dir, blobs) = blobs();
        let needed = blobs.put(b"needed").unwrap().digest().clone();
        let loose = blobs.put(b"loose").unwrap().digest().clone();
        let pinned = blobs.put(b"pinned").unwrap();
        let only = || BTreeSet::from([needed.to_string()]);
        assert_eq!(blobs.sweep(only).unwrap(), 1);
        assert!(blobs.file(&needed).unwrap().is_some() && blobs.file(&loose).unwrap().is_none());
        assert!(blobs.file(pinned.digest()).unwrap().is_some());
        let digest = pinned.digest().clone();
        let again = blobs.put(b"pinned").unwrap();
        drop(pinned);
        assert_eq!(blobs.sweep(only).unwrap(), 0, "the other pin holds");
        drop(again);
        assert_eq!(blobs.sweep(nothing).unwrap(), 2);
        assert!(blobs.file(&digest).unwrap().is_none());
    }

    #[test]
    fn what_a_killed_process_left_is_gone_at_the_next_start() {
        let (dir, blobs) = blobs();
        let mut upload = blobs.begin().unwrap();
        upload.append(&b"half"[..], 100).unwrap();
        std::mem::forget(upload);
        drop(blobs);
        let again = Blobs::open(dir.path()).unwrap();
        assert_eq!(files::names(&dir.path().join("tmp")).unwrap(), Vec::<String>::new());
        again.put(b"more").unwrap();
    }
}
