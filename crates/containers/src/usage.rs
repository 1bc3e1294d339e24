//! What a task's containers have written to disk: their root file systems' upper layers and the task's volumes.
//!
//! The ephemeral storage limit is enforced by the caller, which asks for this figure now and then and stops a task that is past
//! its limit. So a task can be over its limit for as long as the caller's interval. Project quotas would be exact, but need a
//! file system made and mounted with them, which most hosts' are not.

use crate::error::Error;
use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags};
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;

/// Deepest directory that is looked into; what lies deeper is an error, not free of charge.
const MAX_DEPTH: usize = 512;

/// Bytes on disk of the task in `dir`, counted in blocks as `du` does. Files with several links count once for each.
pub fn usage(dir: &Path) -> Result<u64, Error> {
    let mut total = tree(&dir.join("volumes"))?;
    let entries = match std::fs::read_dir(dir.join("containers")) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(total),
        other => other.map_err(|error| Error::host(format!("reading {}", dir.display()), error))?,
    };
    for entry in entries.flatten() {
        total += tree(&entry.path().join("upper"))?;
    }
    Ok(total)
}

fn tree(path: &Path) -> Result<u64, Error> {
    let open =
        rustix::fs::open(path, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty());
    match open {
        Err(rustix::io::Errno::NOENT) => Ok(0),
        Err(error) => Err(Error::host(format!("opening {}", path.display()), error)),
        Ok(dir) => sum(&dir, MAX_DEPTH).map_err(|error| Error::host(format!("counting {}", path.display()), error)),
    }
}

/// What disappears while it is counted is not counted.
fn sum(dir: &OwnedFd, depth: usize) -> io::Result<u64> {
    if depth == 0 {
        return Err(io::Error::from_raw_os_error(libc::ELOOP));
    }
    let mut total = 0;
    for entry in Dir::read_from(dir)? {
        let entry = entry?;
        let name = entry.file_name();
        if matches!(name.to_bytes(), b"." | b"..") {
            continue;
        }
        let Ok(stat) = rustix::fs::statat(dir, name, AtFlags::SYMLINK_NOFOLLOW) else { continue };
        total += u64::try_from(stat.st_blocks).unwrap_or(0) * 512;
        if FileType::from_raw_mode(stat.st_mode) == FileType::Directory {
            let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            match rustix::fs::openat(dir, name, flags, Mode::empty()) {
                Ok(below) => total += sum(&below, depth - 1)?,
                Err(rustix::io::Errno::NOENT) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
    Ok(total)
}
