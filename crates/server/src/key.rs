//! Keys of the data directory: a file each, of 32 random bytes that its owner alone can read.

use crate::{Error, durable};
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Bytes of a key.
const LENGTH: usize = 32;

/// A key.
pub(crate) type Key = [u8; LENGTH];

/// The key in a file; `None` when there is no such file.
///
/// # Errors
/// When it can't be read, is not 32 bytes long, or may be read by others than its owner.
pub(crate) fn read(path: &Path) -> Result<Option<Key>, Error> {
    let shown = path.display();
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Error::new(format!("opening the key {shown}")).because(error)),
    };
    let (mut bytes, unread) = (Vec::new(), |error| Error::new(format!("reading the key {shown}")).because(error));
    let mode = file.metadata().map_err(unread)?.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        let step = format!("the key {shown} may be read by others than its owner (mode {mode:04o})");
        return Err(Error::new(step).fix(format!("chmod 600 {shown}")));
    }
    file.take(LENGTH as u64 + 1).read_to_end(&mut bytes).map_err(unread)?;
    let key = Key::try_from(bytes).map_err(|_| {
        Error::new(format!("the key {shown} is not {LENGTH} bytes long"))
            .fix("Put the one back that belongs to this data directory, or start afresh with another --data-dir.")
    })?;
    Ok(Some(key))
}

/// Makes a key. It is on disk, under its name, when this returns: what is sealed or signed with it is good after any crash.
///
/// # Errors
/// When it can't be drawn or written.
pub(crate) fn make(path: &Path) -> Result<Key, Error> {
    let step = || Error::new(format!("making the key {}", path.display()));
    let mut key: Key = [0; LENGTH];
    getrandom::fill(&mut key).map_err(|error| step().because(error))?;
    durable::write(path, 0o600, &key)
        .map_err(|error| step().because(error).fix("Look at the disk's free space and the directory's permissions."))?;
    Ok(key)
}
