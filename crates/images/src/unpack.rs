//! Unpacks one layer's tar into a directory that overlayfs takes as a lower directory.
//!
//! Whiteouts become overlayfs's own (a 0/0 character device, the `trusted.overlay.opaque` attribute; kernel
//! documentation, "Overlay Filesystem"). Owners, modes with setuid, times, extended attributes, hard and symbolic
//! links, devices, pipes and holes are kept as the archive has them. A later entry of the same path replaces an
//! earlier one.
//!
//! The archive is hostile until unpacked: every step is taken from a directory's descriptor, one component at a
//! time, and never follows a link in the kernel, so no entry reaches outside ([`tree`]).
//!
//! Absent on purpose: user namespaces (numbers are written as they are; needs root), merging with lower layers.

mod entry;
mod error;
mod path;
mod tree;
mod whiteout;

pub use error::{Error, plain_errno};

use crate::tarball::{Entry, Kind, Reader, Time};
use path::Path;
use rustix::fd::{AsFd, OwnedFd};
use rustix::io::Errno;
use std::collections::BTreeSet;
use std::io::BufRead;
use tree::{Place, Tree};

/// Bounds on what one layer may hold. A layer beyond them is refused, not cut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Entries of the tar.
    pub entries: u64,
    /// Bytes of the uncompressed tar, and of any one file with its holes.
    pub bytes: u64,
    /// How many times larger than compressed it may get, once over [`ratio_from`](Self::ratio_from).
    pub ratio: u64,
    /// Uncompressed bytes below which any ratio is fine.
    pub ratio_from: u64,
}

impl Default for Limits {
    /// A million entries; 200 GiB, the largest ephemeral storage a Fargate task can have; 200 times after 1 GiB.
    fn default() -> Self {
        Self { entries: 1_000_000, bytes: 200 << 30, ratio: 200, ratio_from: 1 << 30 }
    }
}

/// What was unpacked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unpacked {
    /// Entries of the tar.
    pub entries: u64,
    /// Bytes of file content.
    pub bytes: u64,
    /// Directories that entries are in but that have no entry themselves. They are made with root as owner and mode
    /// 0755; what they should be is what the layers below have there.
    pub implied: BTreeSet<Vec<u8>>,
}

/// The most bytes of names of directories kept until the end, when their times are set.
const DIRECTORY_NAMES_MAX: usize = 64 << 20;

/// Unpacks the tar `input` into the empty directory `root`, reading `input` to its end.
///
/// # Errors
/// [`Error`], naming the entry. `root` then holds part of the layer: remove it.
pub fn unpack<R: BufRead>(input: R, root: OwnedFd, limits: &Limits) -> Result<Unpacked, Error> {
    let mut unpacker = Unpacker {
        tar: Reader::new(input),
        tree: Tree::new(root),
        limits,
        done: Unpacked::default(),
        directories: Vec::new(),
        directory_names: 0,
    };
    while let Some(entry) = unpacker.tar.next()? {
        unpacker.add(entry)?;
    }
    unpacker.tar.drain()?;
    unpacker.set_directory_times()?;
    Ok(Unpacked { implied: unpacker.tree.into_implied(), ..unpacker.done })
}

struct Unpacker<'a, R> {
    tar: Reader<R>,
    tree: Tree,
    limits: &'a Limits,
    done: Unpacked,
    /// Directories and their times, set last because adding to a directory changes its time.
    directories: Vec<(Path, Time)>,
    directory_names: usize,
}

impl<R: BufRead> Unpacker<'_, R> {
    fn add(&mut self, entry: Entry) -> Result<(), Error> {
        self.count(&entry)?;
        let path = Path::parse(&entry.path)?;
        let Some((parent_path, name)) = path.split() else {
            return self.add_root(&path, &entry);
        };
        let parent = self.tree.directory(&parent_path, tree::Missing::Create)?;
        if let Some(whiteout) = whiteout::parse(name).map_err(|what| path.refused(what))? {
            return whiteout::apply(parent.as_fd(), &whiteout).map_err(|e| path.failed("whiteout", e));
        }
        match &entry.kind {
            Kind::Directory => self.add_directory(&parent, name, &path, &entry),
            Kind::File => self.add_file(parent.as_fd(), name, &path, &entry),
            Kind::Hardlink(target) => {
                let target = Path::parse(target).map_err(|e| path.refused(&format!("hard link: {e}")))?;
                self.add_hardlink(parent.as_fd(), name, &path, &target)
            }
            _ => {
                self.tree.remove(parent.as_fd(), name).map_err(|e| path.failed("replace", e))?;
                entry::create_special(parent.as_fd(), name, &entry).map_err(|e| path.failed("create", e))
            }
        }
    }

    fn count(&mut self, entry: &Entry) -> Result<(), Error> {
        self.done.entries += 1;
        let refused = |what: String| Error::Refused { entry: String::from_utf8_lossy(&entry.path).into_owned(), what };
        if self.done.entries > self.limits.entries {
            return Err(refused(format!("the layer has over {} entries", self.limits.entries)));
        }
        if entry.size > self.limits.bytes {
            return Err(refused(format!("it is over {} bytes", self.limits.bytes)));
        }
        Ok(())
    }

    /// The entry `./` is the layer's root itself.
    fn add_root(&mut self, path: &Path, entry: &Entry) -> Result<(), Error> {
        if entry.kind != Kind::Directory {
            return Err(path.refused("the root can only be a directory"));
        }
        let root = self.tree.directory(path, tree::Missing::Refuse)?;
        entry::set_metadata(root.as_fd(), entry).map_err(|e| path.failed("set metadata of", e))?;
        self.remember_time(path, entry.mtime)
    }

    fn add_directory(&mut self, parent: &Place, name: &[u8], path: &Path, entry: &Entry) -> Result<(), Error> {
        self.tree.listed(parent, name);
        let made = self.tree.make_directory(parent.as_fd(), name).map_err(|e| path.failed("mkdir", e))?;
        entry::set_metadata(made.as_fd(), entry).map_err(|e| path.failed("set metadata of", e))?;
        self.remember_time(path, entry.mtime)
    }

    fn add_file(&mut self, parent: impl AsFd, name: &[u8], path: &Path, entry: &Entry) -> Result<(), Error> {
        let parent = parent.as_fd();
        let file = match entry::create_file(parent, name) {
            Err(Errno::EXIST) => {
                self.tree.remove(parent, name).map_err(|e| path.failed("replace", e))?;
                entry::create_file(parent, name)
            }
            other => other,
        };
        let file = file.map_err(|e| path.failed("open", e))?;
        self.done.bytes += entry::write_content(&mut self.tar, &file, entry, path)?;
        let set = entry::set_metadata(file.as_fd(), entry).and_then(|()| entry::set_time(file.as_fd(), entry.mtime));
        set.map_err(|e| path.failed("set metadata of", e))
    }

    fn add_hardlink(&mut self, parent: impl AsFd, name: &[u8], path: &Path, target: &Path) -> Result<(), Error> {
        let parent = parent.as_fd();
        let Some((target_parent, target_name)) = target.split() else {
            return Err(path.refused("hard link to the root"));
        };
        let from = self.tree.directory(&target_parent, tree::Missing::Refuse);
        let from = from.map_err(|e| path.refused(&format!("hard link to {target}: {e}")))?;
        if entry::same_file(from.as_fd(), target_name, parent, name).map_err(|e| path.failed("link", e))? {
            return Ok(());
        }
        let link_to = |e| path.failed(&format!("link {target} to"), e);
        entry::check_linkable(from.as_fd(), target_name).map_err(link_to)?;
        self.tree.remove(parent, name).map_err(|e| path.failed("replace", e))?;
        rustix::fs::linkat(from.as_fd(), target_name, parent, name, rustix::fs::AtFlags::empty()).map_err(link_to)
    }

    fn remember_time(&mut self, path: &Path, time: Time) -> Result<(), Error> {
        self.directory_names += path.bytes();
        if self.directory_names > DIRECTORY_NAMES_MAX {
            return Err(path.refused(&format!("the directories' names are over {DIRECTORY_NAMES_MAX} bytes")));
        }
        self.directories.push((path.clone(), time));
        Ok(())
    }

    fn set_directory_times(&mut self) -> Result<(), Error> {
        for (path, time) in std::mem::take(&mut self.directories) {
            // It may have been replaced by something else since.
            if let Some(directory) = self.tree.existing_directory(&path)? {
                entry::set_time(directory.as_fd(), time).map_err(|e| path.failed("set time of", e))?;
            }
        }
        Ok(())
    }
}
