//! What a task's containers have written to disk: their root file systems' upper layers, their output that is not shipped yet, and the
//! task's volumes.
//!
//! The ephemeral storage limit is enforced by the caller, which asks for this figure now and then and stops a task that is past
//! its limit. So a task can be over its limit for as long as the caller's interval. Project quotas would be exact, but need a
//! file system made and mounted with them, which most hosts' are not.

use crate::error::Error;
use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags};
use std::collections::HashSet;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;

/// Deepest directory that is looked into. What lies deeper is taken to be more than any limit: there is no other reason to go there
/// than not to be counted.
const MAX_DEPTH: usize = 512;

/// Least bytes counted for a file or directory: what mkfs.ext4(8) makes an inode for. So nobody has more of the host's inodes than
/// a disk of their own would have.
const INODE: u64 = 16 << 10;

/// Bytes on disk of the task in `dir`, counted in blocks as `du` does, but 16 KiB at least for each file and directory.
pub fn usage(dir: &Path) -> Result<u64, Error> {
    let mut linked = HashSet::new();
    let mut total = tree(&dir.join("volumes"), &mut linked)?;
    let entries = match std::fs::read_dir(dir.join("containers")) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(total),
        other => other.map_err(|error| Error::host(format!("reading {}", dir.display()), error))?,
    };
    for entry in entries.flatten() {
        // A log may be given any room, and whoever should take it may not be there.
        for part in ["upper", "log"] {
            total = total.saturating_add(tree(&entry.path().join(part), &mut linked)?);
        }
    }
    Ok(total)
}

/// Files with several links, by device and number: they are counted once.
type Linked = HashSet<(u64, u64)>;

fn tree(path: &Path, linked: &mut Linked) -> Result<u64, Error> {
    let open =
        rustix::fs::open(path, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty());
    match open {
        Err(rustix::io::Errno::NOENT) => Ok(0),
        Err(error) => Err(Error::host(format!("opening {}", path.display()), error)),
        Ok(dir) => {
            sum(dir, linked, MAX_DEPTH).map_err(|error| Error::host(format!("counting {}", path.display()), error))
        }
    }
}

/// What disappears while it is counted is not counted. One descriptor a level is open.
fn sum(dir: OwnedFd, linked: &mut Linked, depth: usize) -> io::Result<u64> {
    if depth == 0 {
        return Ok(u64::MAX);
    }
    let mut total: u64 = 0;
    let mut entries = Dir::new(dir)?;
    while let Some(entry) = entries.read() {
        let entry = entry?;
        let name = entry.file_name();
        if matches!(name.to_bytes(), b"." | b"..") {
            continue;
        }
        let Ok(stat) = rustix::fs::statat(entries.fd()?, name, AtFlags::SYMLINK_NOFOLLOW) else { continue };
        let directory = FileType::from_raw_mode(stat.st_mode) == FileType::Directory;
        if !directory && stat.st_nlink > 1 && !linked.insert((stat.st_dev, stat.st_ino)) {
            continue;
        }
        total = total.saturating_add((u64::try_from(stat.st_blocks).unwrap_or(0) * 512).max(INODE));
        if directory {
            let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            match rustix::fs::openat(entries.fd()?, name, flags, Mode::empty()) {
                Ok(below) => total = total.saturating_add(sum(below, linked, depth - 1)?),
                Err(rustix::io::Errno::NOENT) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
    Ok(total)
}
