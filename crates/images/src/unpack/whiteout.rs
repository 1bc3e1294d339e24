//! Whiteouts: `.wh.name` in a layer deletes `name` of the layers below, `.wh..wh..opq` all of its directory
//! (OCI image spec, "Representing Changes"). Written as overlayfs reads them.

use super::tree::{Found, kind_of};
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::fs::{self, FileType, Mode, OFlags, XattrFlags};
use rustix::io::Errno;

const PREFIX: &[u8] = b".wh.";
const OPAQUE: &[u8] = b".wh..wh..opq";

/// What a whiteout entry deletes.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Whiteout<'a> {
    /// This name in the layers below.
    Name(&'a [u8]),
    /// Everything in its directory in the layers below.
    Siblings,
    /// Nothing: AUFS's own bookkeeping (`.wh..wh.plnk` and such), which old images carry.
    Bookkeeping,
}

/// Reads an entry's name as a whiteout, if it is one.
pub(super) fn parse(name: &[u8]) -> Result<Option<Whiteout<'_>>, &'static str> {
    let Some(deleted) = name.strip_prefix(PREFIX) else { return Ok(None) };
    match deleted {
        _ if name == OPAQUE => Ok(Some(Whiteout::Siblings)),
        b"" | b"." | b".." => Err("a whiteout without a name"),
        _ if deleted.starts_with(PREFIX) => Ok(Some(Whiteout::Bookkeeping)),
        _ => Ok(Some(Whiteout::Name(deleted))),
    }
}

/// Applies it in `parent`. What this layer itself has there stays: whiteouts are about the layers below.
pub(super) fn apply(parent: BorrowedFd<'_>, whiteout: &Whiteout<'_>) -> Result<(), Errno> {
    match whiteout {
        Whiteout::Bookkeeping => Ok(()),
        Whiteout::Siblings => make_opaque(parent),
        Whiteout::Name(name) => match kind_of(parent, name)? {
            None => fs::mknodat(parent, *name, FileType::CharacterDevice, Mode::empty(), 0),
            Some(Found::Directory) => {
                let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
                let directory: OwnedFd = fs::openat(parent, *name, flags, Mode::empty())?;
                make_opaque(directory.as_fd())
            }
            // Any other file hides the one below already.
            Some(_) => Ok(()),
        },
    }
}

/// Makes overlayfs stop looking below this directory.
pub(super) fn make_opaque(directory: BorrowedFd<'_>) -> Result<(), Errno> {
    fs::fsetxattr(directory, "trusted.overlay.opaque", b"y", XattrFlags::empty())
}
