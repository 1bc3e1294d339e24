//! Finding a container's command, and saying why it can't be executed, as runc does.

use crate::error::{StartError, StartErrorKind, lower};
use rustix::fs::{Access, AtFlags, CWD, accessat};
use std::fs;
use std::io;
use std::path::Path;

/// The PATH of a container that sets none, as Docker's.
pub(crate) const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The file to execute for `command`, seen from inside the container as its user.
pub(super) fn find(command: &str, path: &str) -> Result<String, StartError> {
    if command.is_empty() {
        return Err(StartError::new(StartErrorKind::CommandNotFound, "no command specified"));
    }
    if command.contains('/') {
        return check(Path::new(command)).map(|()| command.to_owned()).map_err(|error| refused(command, &error));
    }
    let mut denied = None;
    for dir in path.split(':') {
        let file = Path::new(if dir.is_empty() { "." } else { dir }).join(command);
        match check(&file) {
            Ok(()) => return Ok(file.to_string_lossy().into_owned()),
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => denied = Some(error),
            Err(_) => {}
        }
    }
    Err(match denied {
        Some(error) => refused(command, &error),
        None => StartError::new(
            StartErrorKind::CommandNotFound,
            format!("exec: {command:?}: executable file not found in $PATH"),
        ),
    })
}

/// Whether a file may be executed: not a directory, and allowed to this user.
fn check(file: &Path) -> io::Result<()> {
    if fs::metadata(file)?.is_dir() {
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    Ok(accessat(CWD, file, Access::EXEC_OK, AtFlags::EACCESS)?)
}

fn refused(command: &str, error: &io::Error) -> StartError {
    match error.kind() {
        io::ErrorKind::NotFound => StartError::new(
            StartErrorKind::CommandNotFound,
            format!("exec: {command:?}: stat {command}: no such file or directory"),
        ),
        _ => StartError::new(StartErrorKind::NotExecutable, format!("exec: {command:?}: {}", reason(error))),
    }
}

fn reason(error: &io::Error) -> String {
    if error.kind() == io::ErrorKind::PermissionDenied { "permission denied".into() } else { lower(error) }
}

/// Why execve(2) refused a file that [`find`] found.
pub(crate) fn exec_failed(file: &str, error: &io::Error) -> StartError {
    let kind = match error.raw_os_error() {
        Some(libc::ENOEXEC) => StartErrorKind::ExecFormat,
        // The interpreter of a script, or the dynamic loader, is missing.
        Some(libc::ENOENT | libc::ENOTDIR) => StartErrorKind::CommandNotFound,
        Some(libc::EACCES | libc::EPERM | libc::ELIBBAD | libc::ELOOP | libc::ETXTBSY) => StartErrorKind::NotExecutable,
        _ => StartErrorKind::Host,
    };
    StartError::new(kind, format!("exec {file}: {}", lower(error)))
}
