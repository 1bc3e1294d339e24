//! The hold on a task's directory: a lock (flock(2)) on the directory itself, which the caller takes and hands to the shim it starts as
//! standard input. While it is held somebody is the task's shim or is still becoming it, even if the caller was killed meanwhile: without
//! it, who comes next could begin the task anew in the same place while the first shim is on its way there.

use crate::error::{Error, Step};
use rustix::fs::{FlockOperation, Mode, OFlags};
use rustix::io::Errno;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::{Duration, Instant};

/// How often a hold is looked at while it is waited for.
const PAUSE: Duration = Duration::from_millis(1);

/// Takes the hold on a new directory.
pub(super) fn take(dir: &Path) -> Result<OwnedFd, Error> {
    let directory = open(dir).host(|| format!("opening {}", dir.display()))?;
    lock(&directory).host(|| format!("locking {}", dir.display()))?;
    Ok(directory)
}

/// Whether somebody holds a directory. Nobody holds one that is not there.
fn held(dir: &Path) -> Result<bool, Error> {
    match open(dir).and_then(|directory| lock(&directory)) {
        Ok(()) | Err(Errno::NOENT | Errno::NOTDIR) => Ok(false),
        Err(Errno::WOULDBLOCK) => Ok(true),
        Err(error) => Err(error).host(|| format!("locking {}", dir.display())),
    }
}

/// Looks at a directory until there is an answer, or until nobody holds it and `look` has been there once more.
///
/// # Errors
/// Those of `look`; and when `patience` is over and the directory is still held.
pub(super) fn while_held<T>(
    dir: &Path,
    patience: Duration,
    mut look: impl FnMut() -> Result<Option<T>, Error>,
) -> Result<Option<T>, Error> {
    let end = Instant::now() + patience;
    loop {
        // Asked before: what a holder has done by the time it lets go is seen.
        let held = held(dir)?;
        if let Some(answer) = look()? {
            return Ok(Some(answer));
        }
        if !held {
            return Ok(None);
        }
        if Instant::now() > end {
            let step = format!("waiting for the process that was becoming the shim of {}", dir.display());
            return Err(Error::host(step, io::ErrorKind::TimedOut));
        }
        std::thread::sleep(PAUSE);
    }
}

fn open(dir: &Path) -> Result<OwnedFd, Errno> {
    rustix::fs::open(dir, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
}

fn lock(directory: &OwnedFd) -> Result<(), Errno> {
    rustix::io::retry_on_intr(|| rustix::fs::flock(directory, FlockOperation::NonBlockingLockExclusive))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    #[test]
    fn a_directory_is_looked_at_until_its_holder_is_gone_and_once_more() {
        let dir = tempfile::tempdir().unwrap();
        let (hold, looks) = (Cell::new(Some(take(dir.path()).unwrap())), Cell::new(0));
        let look = || {
            looks.set(looks.get() + 1);
            if looks.get() == 3 {
                drop(hold.take());
            }
            Ok(None::<()>)
        };
        assert_eq!(while_held(dir.path(), Duration::from_secs(5), look).unwrap(), None);
        assert_eq!(looks.get(), 4);
    }

    #[test]
    fn a_holder_that_never_ends_is_an_error_by_name() {
        let dir = tempfile::tempdir().unwrap();
        let _hold = take(dir.path()).unwrap();
        let late = while_held(dir.path(), Duration::ZERO, || Ok(None::<()>)).unwrap_err().to_string();
        assert!(late.contains("becoming the shim"), "{late}");
        assert_eq!(while_held(dir.path(), Duration::ZERO, || Ok(Some(1))).unwrap(), Some(1));
    }
}
