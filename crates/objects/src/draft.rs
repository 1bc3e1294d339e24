//! An object on its way in: a file without a name that anybody looks for, until it is whole.

use crate::{Algorithm, Checksum};
use base64::{Engine, engine::general_purpose::STANDARD};
use md5::{Digest, Md5};
use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

/// A content that comes piece by piece. Dropped, it is gone.
#[derive(Debug)]
pub struct Draft {
    pub(crate) path: PathBuf,
    pub(crate) file: File,
    size: u64,
    digest: Md5,
    checksums: Vec<(Algorithm, Checksum)>,
}

/// What a content turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// Its length in bytes.
    pub size: u64,
    /// Its MD5 in hexadecimal digits: the ETag.
    pub md5: String,
    /// The same as `Content-MD5` has it.
    pub content_md5: String,
    /// The checksums that were asked for, in base64.
    pub checksums: Vec<(Algorithm, String)>,
}

impl Draft {
    pub(crate) fn new(path: PathBuf, algorithms: &[Algorithm]) -> io::Result<Self> {
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
        let checksums = algorithms.iter().map(|algorithm| (*algorithm, Checksum::new(*algorithm))).collect();
        Ok(Self { path, file, size: 0, digest: Md5::new(), checksums })
    }

    /// Appends a piece.
    ///
    /// # Errors
    /// The file system's; of the kind `StorageFull` when the disk's reserve would not stay.
    pub fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        disk::admit(self.path.parent().unwrap_or(Path::new(".")), bytes.len() as u64)?;
        self.file.write_all(bytes)?;
        self.size += bytes.len() as u64;
        self.digest.update(bytes);
        self.checksums.iter_mut().for_each(|(_, checksum)| checksum.update(bytes));
        Ok(())
    }

    /// Its length so far.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// What it is when nothing more comes.
    pub fn content(&mut self) -> Content {
        let digest = self.digest.finalize_reset();
        Content {
            size: self.size,
            md5: digest.iter().map(|byte| format!("{byte:02x}")).collect(),
            content_md5: STANDARD.encode(digest),
            checksums: self.checksums.drain(..).map(|(algorithm, checksum)| (algorithm, checksum.finish())).collect(),
        }
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // It has another name once it is an object's.
        let _ = fs::remove_file(&self.path);
    }
}
