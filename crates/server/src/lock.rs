//! One process to a data directory.

use crate::Error;
use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::time::{Duration, Instant};

/// How long to wait for what is left of a server that was killed.
const PATIENCE: Duration = Duration::from_secs(3);

/// Held for as long as the server uses its data directory. The kernel drops it with the process, however that ends (flock(2)).
#[derive(Debug)]
pub(crate) struct Lock(#[allow(dead_code, reason = "held open, never used")] File);

/// Makes the data directory if need be and takes it.
///
/// # Errors
/// When it can't be made or written, or another process has it, named by its process id.
pub(crate) fn take(data_dir: &Path) -> Result<Lock, Error> {
    let shown = data_dir.display();
    let unwritable = |step: String| {
        move |error| Error::new(step).because(error).fix("Choose another with --data-dir, or make this one writable.")
    };
    let made = DirBuilder::new().recursive(true).mode(0o700).create(data_dir);
    made.map_err(unwritable(format!("making the data directory {shown}")))?;
    let path = data_dir.join("server.lock");
    let open = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(&path);
    let mut file = open.map_err(unwritable(format!("opening {}", path.display())))?;
    let until = Instant::now() + PATIENCE;
    loop {
        match file.try_lock() {
            Ok(()) => break,
            // What a server that was killed was just starting has the file open until it becomes another program.
            Err(TryLockError::WouldBlock) if Instant::now() < until && holder_is_gone(&mut file) => {
                std::thread::sleep(Duration::from_millis(5));
            }
            Err(TryLockError::WouldBlock) => return Err(taken(data_dir, &mut file)),
            Err(TryLockError::Error(error)) => {
                return Err(Error::new(format!("locking {}", path.display())).because(error));
            }
        }
    }
    // In place, where there is room also on a full disk.
    let id = std::process::id().to_string();
    let written =
        file.rewind().and_then(|()| file.write_all(id.as_bytes())).and_then(|()| file.set_len(id.len() as u64));
    written.map_err(unwritable(format!("writing {}", path.display())))?;
    Ok(Lock(file))
}

/// The id of the process that took it, as it wrote it.
fn holder(file: &mut File) -> Option<String> {
    let mut holder = String::new();
    file.rewind().and_then(|()| file.take(20).read_to_string(&mut holder)).ok().filter(|_| !holder.is_empty())?;
    Some(holder)
}

fn holder_is_gone(file: &mut File) -> bool {
    holder(file).is_some_and(|holder| !Path::new("/proc").join(holder).exists())
}

fn taken(data_dir: &Path, file: &mut File) -> Error {
    let holder = holder(file).map_or_else(|| "another process".to_owned(), |holder| format!("process {holder}"));
    Error::new(format!("the data directory {} is in use by {holder}", data_dir.display()))
        .fix("Stop that one first, or choose another with --data-dir.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_one_is_refused_by_name_until_the_first_ends() {
        let dir = tempfile::tempdir().unwrap();
        let data_dir = dir.path().join("a/b");
        let first = take(&data_dir).unwrap();
        let refused = take(&data_dir).unwrap_err().to_string();
        assert!(refused.contains(&format!("in use by process {}", std::process::id())), "{refused}");
        drop(first);
        take(&data_dir).unwrap();
    }

    #[test]
    fn a_file_in_the_way_is_named() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let refused = take(&file.path().join("x")).unwrap_err().to_string();
        assert!(refused.contains("making the data directory") && refused.contains("--data-dir"), "{refused}");
    }
}
