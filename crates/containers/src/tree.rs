//! Removing a directory that containers have filled, however deep it goes.

use rustix::fs::{AtFlags, Dir, Mode, OFlags};
use rustix::io::Errno;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;

/// Removes a directory with everything below it. Nothing there is fine.
///
/// The standard library's way takes a stack frame and a descriptor for each level, and nothing limits how many levels a container
/// makes. Here a directory's own directories are moved up beside it, so there are never more than two. Nobody else may be
/// changing the tree.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    let root = match open(rustix::fs::CWD, path) {
        Err(Errno::NOENT) => return Ok(()),
        other => other?,
    };
    let mut moved = 0;
    while !sweep(&root, |name| {
        empty(&root, name, &mut moved)?;
        rustix::fs::unlinkat(&root, name, AtFlags::REMOVEDIR)
    })? {}
    Ok(rustix::fs::rmdir(path)?)
}

/// Moves what directories there are in the directory `name` up to `root`, and deletes the rest.
fn empty(root: &OwnedFd, name: &std::ffi::CStr, moved: &mut u64) -> rustix::io::Result<()> {
    let dir = open(root, name)?;
    while !sweep(&dir, |below| {
        loop {
            *moved += 1;
            // The new name may be one that the container has thought of.
            match rustix::fs::renameat(&dir, below, root, format!("{moved}")) {
                Err(Errno::EXIST | Errno::NOTEMPTY | Errno::NOTDIR) => {}
                other => return other,
            }
        }
    })? {}
    Ok(())
}

/// Deletes what is no directory in `dir`, and does to each directory what is asked; true when there was nothing.
fn sweep(
    dir: &OwnedFd,
    mut directory: impl FnMut(&std::ffi::CStr) -> rustix::io::Result<()>,
) -> rustix::io::Result<bool> {
    let mut empty = true;
    for entry in Dir::read_from(dir)? {
        let entry = entry?;
        let name = entry.file_name();
        if matches!(name.to_bytes(), b"." | b"..") {
            continue;
        }
        empty = false;
        match rustix::fs::unlinkat(dir, name, AtFlags::empty()) {
            Err(Errno::ISDIR | Errno::PERM) => directory(name)?,
            Ok(()) | Err(Errno::NOENT) => {}
            Err(other) => return Err(other),
        }
    }
    Ok(empty)
}

fn open(at: impl std::os::fd::AsFd, path: impl rustix::path::Arg) -> rustix::io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    rustix::fs::openat(at, path, flags, Mode::empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn links_are_not_followed_and_names_may_be_numbers() {
        let dir = tempfile::tempdir().unwrap();
        let (tree, kept) = (dir.path().join("tree"), dir.path().join("kept"));
        fs::create_dir(&kept).unwrap();
        fs::write(kept.join("file"), "").unwrap();
        for path in ["1/2/3", "2/1", "3/4/1/x", "a/b/c"] {
            fs::create_dir_all(tree.join(path)).unwrap();
        }
        fs::write(tree.join("4"), "").unwrap();
        fs::write(tree.join("a/b/file"), "").unwrap();
        std::os::unix::fs::symlink(&kept, tree.join("a/b/link")).unwrap();
        remove(&tree).unwrap();
        assert!(!tree.exists() && kept.join("file").exists());
        remove(&tree).unwrap();
        assert!(remove(&kept.join("file")).is_err(), "a file is no directory");
    }
}
