//! Directories that layers leave unlisted.
//!
//! A layer with an entry `tmp/x` and none for `tmp/` says nothing about `tmp`, so it stays what the layers below made
//! it: in most images writable for all. Unpacked, there is a `tmp` all the same, and overlayfs shows the topmost
//! directory's owner and mode. As a layer is shared by images that have others below it, it can't be made right in
//! the layer. So an image with such layers gets one more on top, which holds nothing but those directories, as the
//! highest layer that lists each has it.

use super::Store;
use crate::digest::Digest;
use crate::files;
use crate::unpack::Unpacked;
use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{self, AtFlags, Gid, Mode, OFlags, ResolveFlags, Timespec, Timestamps, Uid, XattrFlags};
use rustix::io::Errno;
use std::collections::BTreeSet;
use std::ffi::CStr;
use std::io;
use std::path::{Path, PathBuf};

/// How often a layer may be asked for a directory that one leaves unlisted: each is asked for every one, and a layer may leave a hundred
/// thousand.
const LOOKS_MAX: usize = 5_000_000;

/// One unpacked layer.
struct Layer {
    tree: OwnedFd,
    implied: BTreeSet<Vec<u8>>,
}

/// What a layer has at a path.
enum Found {
    /// A directory, and whether it hides what the layers below have there.
    Directory(OwnedFd, bool),
    /// Nothing, and what the layers below have there is seen.
    Nothing,
    /// What hides the layers below.
    Hidden,
}

/// The name of the layer that the image of these layers gets on top, if it needs one.
pub(super) fn digest_of(layers: &[Digest]) -> Digest {
    let names: Vec<String> = layers.iter().map(ToString::to_string).collect();
    Digest::of(format!("parents of {}", names.join(" ")).as_bytes())
}

impl Store {
    /// The layer on top, made if need be; none for images whose layers list everything.
    pub(super) fn parents(&self, diff_ids: &[Digest]) -> io::Result<Option<PathBuf>> {
        let own = digest_of(diff_ids);
        if self.has_layer(&own) {
            return Ok(Some(self.tree_of(&own)));
        }
        let (mut implied, mut count) = (Vec::new(), 0);
        for id in diff_ids {
            let of_layer = self.facts(id.hex()).map(|facts| facts.implied).unwrap_or_default();
            count += of_layer.len();
            if count * diff_ids.len() > LOOKS_MAX {
                let what = format!("its {} layers leave over {count} directories unlisted", diff_ids.len());
                return Err(io::Error::other(what));
            }
            implied.push(of_layer);
        }
        if implied.iter().skip(1).all(BTreeSet::is_empty) {
            return Ok(None);
        }
        let layers = diff_ids.iter().zip(implied).map(|(id, implied)| {
            let path = self.tree_of(id);
            let tree = open(fs::CWD, &path).map_err(|errno| files::at("open", &path)(errno.into()))?;
            Ok(Layer { tree, implied })
        });
        let layers = layers.collect::<io::Result<Vec<_>>>()?;
        let hidden = hidden(&layers)?;
        if hidden.is_empty() {
            return Ok(None);
        }
        self.make_layer::<io::Error>(&own, "", |tree| {
            fill(&layers, &hidden, tree).map_err(|errno| files::at("fill", tree)(errno.into()))?;
            Ok(Unpacked::default())
        })?;
        Ok(Some(self.tree_of(&own)))
    }
}

/// Whether a layer hides every layer below it, with `.wh..wh..opq` in its root.
pub(super) fn hides_all_below(tree: &Path) -> bool {
    open(fs::CWD, tree).is_ok_and(|root| is_opaque(&root))
}

fn open(at: impl AsFd, path: &Path) -> Result<OwnedFd, Errno> {
    fs::openat(at, path, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
}

/// The directories that a lower layer lists and a higher one has without listing them.
fn hidden(layers: &[Layer]) -> Result<Vec<&[u8]>, Errno> {
    let unlisted: BTreeSet<&Vec<u8>> = layers.iter().flat_map(|layer| &layer.implied).collect();
    let mut hidden = Vec::new();
    for path in unlisted {
        let having: Vec<&Layer> = layers.iter().filter(|layer| layer.may_have(path)).collect();
        let top_lists_it = having.last().is_none_or(|layer| !layer.implied.contains(path));
        if having.len() > 1 && !top_lists_it && listed(layers, path)?.is_some() {
            hidden.push(path.as_slice());
        }
    }
    Ok(hidden)
}

/// Makes those directories, with the directories above them, each as the highest layer that lists it has it.
fn fill(layers: &[Layer], hidden: &[&[u8]], target: &Path) -> Result<(), Errno> {
    let target = open(fs::CWD, target)?;
    let mut times = Vec::new();
    for path in hidden {
        let ends = path.iter().enumerate().filter(|(_, byte)| **byte == b'/').map(|(end, _)| end).chain([path.len()]);
        for path in ends.filter_map(|end| path.get(..end)) {
            times.extend(make(&target, path, listed(layers, path)?.as_ref())?);
        }
    }
    // Last, as making what is in a directory changes its time.
    times.iter().try_for_each(|(path, time)| fs::utimensat(&target, path, time, AtFlags::SYMLINK_NOFOLLOW))
}

/// The directory as the highest layer that lists it has it; none when the image has no directory there that is listed.
fn listed(layers: &[Layer], path: &[u8]) -> Result<Option<OwnedFd>, Errno> {
    for layer in layers.iter().rev() {
        match layer.at(path)? {
            Found::Directory(directory, _) if !layer.implied.contains(path) => return Ok(Some(directory)),
            Found::Directory(_, false) | Found::Nothing => {}
            Found::Directory(_, true) | Found::Hidden => return Ok(None),
        }
    }
    Ok(None)
}

impl Layer {
    /// Whether there is such a directory, by one look: most have none.
    fn may_have(&self, path: &[u8]) -> bool {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        fs::openat2(&self.tree, path, flags, Mode::empty(), ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS).is_ok()
    }

    fn at(&self, path: &[u8]) -> Result<Found, Errno> {
        let (mut at, mut opaque) = (self.tree.try_clone().map_err(|_| Errno::MFILE)?, false);
        for name in path.split(|&byte| byte == b'/') {
            opaque |= is_opaque(&at);
            let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            let below = fs::openat2(&at, name, flags, Mode::empty(), ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS);
            at = match below {
                Ok(below) => below,
                Err(Errno::NOENT) if opaque => return Ok(Found::Hidden),
                Err(Errno::NOENT) => return Ok(Found::Nothing),
                // A file, a link or a whiteout.
                Err(Errno::NOTDIR | Errno::LOOP) => return Ok(Found::Hidden),
                Err(errno) => return Err(errno),
            };
        }
        opaque |= is_opaque(&at);
        Ok(Found::Directory(at, opaque))
    }
}

fn is_opaque(directory: &OwnedFd) -> bool {
    let mut value = [0_u8; 1];
    fs::fgetxattr(directory, "trusted.overlay.opaque", &mut value).is_ok()
}

/// Makes a directory like `source`, all but its time, which is returned; as any other unlisted one without.
fn make(target: &OwnedFd, path: &[u8], source: Option<&OwnedFd>) -> Result<Option<(Vec<u8>, Timestamps)>, Errno> {
    match fs::mkdirat(target, path, Mode::from_raw_mode(0o755)) {
        Err(Errno::EXIST) => return Ok(None),
        other => other?,
    }
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let made = fs::openat(target, path, flags, Mode::empty())?;
    let Some(source) = source else {
        fs::fchmod(&made, Mode::from_raw_mode(0o755))?;
        return Ok(None);
    };
    let stat = fs::fstat(source)?;
    fs::fchown(&made, Some(Uid::from_raw(stat.st_uid)), Some(Gid::from_raw(stat.st_gid)))?;
    fs::fchmod(&made, Mode::from_raw_mode(stat.st_mode & 0o7777))?;
    copy_attributes(source, &made)?;
    let time = Timespec { tv_sec: stat.st_mtime as _, tv_nsec: stat.st_mtime_nsec as _ };
    Ok(Some((path.to_vec(), Timestamps { last_access: time, last_modification: time })))
}

/// All extended attributes but overlayfs's own.
fn copy_attributes(source: &OwnedFd, made: &OwnedFd) -> Result<(), Errno> {
    // The kernel's limits on the names of a file's attributes, and on one value (xattr(7)).
    let (mut names, mut value) = (vec![0_u8; 64 << 10], vec![0_u8; 64 << 10]);
    let length = match fs::flistxattr(source, &mut names) {
        Err(Errno::OPNOTSUPP) => return Ok(()),
        other => other?,
    };
    for name in names.get(..length).unwrap_or_default().split_inclusive(|&byte| byte == 0) {
        let Ok(name) = CStr::from_bytes_with_nul(name) else { continue };
        if name.to_bytes().starts_with(b"trusted.overlay.") {
            continue;
        }
        let length = fs::fgetxattr(source, name, &mut value)?;
        fs::fsetxattr(made, name, value.get(..length).unwrap_or_default(), XattrFlags::empty())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Options;

    #[test]
    fn layers_that_leave_too_much_unlisted_are_not_gone_through() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), Options::default()).unwrap();
        let layer = |number: usize, directories: usize| {
            let digest = Digest::of(number.to_string().as_bytes());
            let tree = store.tree_of(&digest);
            std::fs::create_dir_all(&tree).unwrap();
            let implied: Vec<Vec<u8>> = (0..directories).map(|one| format!("{number}-{one}").into_bytes()).collect();
            let facts = serde_json::json!({ "bytes": 0, "entries": 0, "implied": implied });
            std::fs::write(tree.with_file_name("layer.json"), facts.to_string()).unwrap();
            digest
        };
        let mut layers = vec![layer(0, 0), layer(1, 100_000)];
        assert!(store.parents(&layers).unwrap().is_none());
        layers.extend((2..60).map(|number| layer(number, 0)));
        assert!(store.parents(&layers).unwrap_err().to_string().contains("unlisted"));
    }
}
