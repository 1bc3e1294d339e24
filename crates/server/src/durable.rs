//! Files that are there whole or not at all, whatever happens: under another name first, on disk before they get their own.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Writes a file with a mode such as `0o600`. It is on disk, under its name, when this returns.
///
/// # Errors
/// The file system's; what was there under the name is as before.
pub(crate) fn write(path: &Path, mode: u32, content: &[u8]) -> io::Result<()> {
    let draft = path.with_extension("next");
    // What a killed process left may have another mode.
    match fs::remove_file(&draft) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&draft)?;
    file.write_all(content)?;
    file.sync_all()?;
    fs::rename(&draft, path)?;
    path.parent().map_or(Ok(()), |directory| File::open(directory)?.sync_all())
}
