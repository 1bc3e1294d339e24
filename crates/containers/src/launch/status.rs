//! What a launched child reports to the shim before it becomes its command: packets on a socket, whose end means success.

use crate::error::{StartError, StartErrorKind};
use crate::rights;
use rustix::net::{RecvFlags, SendFlags};
use serde::{Deserialize, Serialize};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// Longest report in bytes.
const MAX: usize = 16 << 10;

/// One report.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Progress {
    /// The container's terminal, whose descriptor comes with it.
    Terminal,
    /// The process is another child of the shim than the one launched.
    Pid(i32),
    /// The same, and it waits to be told to go on ([`proceed`]).
    Waiting(i32),
    /// It failed.
    Failed(StartError),
}

/// Sends a report, with a descriptor or without.
pub(crate) fn send(socket: impl AsFd, progress: &Progress, fd: Option<&OwnedFd>) -> io::Result<()> {
    let mut bytes = serde_json::to_vec(progress)?;
    if bytes.len() > MAX {
        let error = StartError::new(StartErrorKind::Host, "an error message was too long");
        bytes = serde_json::to_vec(&Progress::Failed(error))?;
    }
    let fds: Vec<BorrowedFd> = fd.map(AsFd::as_fd).into_iter().collect();
    rights::send(socket, &bytes, &fds)?;
    Ok(())
}

/// Tells a process that it may go on, if that is what its report asked for.
pub(crate) fn proceed(socket: &OwnedFd, report: &Progress) {
    if !matches!(report, Progress::Waiting(_)) {
        return;
    }
    // One that is gone needs no telling.
    let _ = rustix::net::send(socket, b"go", SendFlags::NOSIGNAL | SendFlags::DONTWAIT);
}

/// Waits for that; false when the other side is gone instead.
pub(crate) fn proceeds(socket: &OwnedFd) -> bool {
    let mut word = [0; 2];
    rustix::io::retry_on_intr(|| rustix::net::recv(socket, &mut word, RecvFlags::empty()))
        .is_ok_and(|(_, length)| length > 0)
}

/// Takes the next report; none at the end. Does not wait.
pub(crate) fn receive(socket: &OwnedFd) -> io::Result<Option<(Progress, Option<OwnedFd>)>> {
    let (mut bytes, mut fds) = (vec![0; MAX], Vec::new());
    let length = rights::receive(socket, &mut bytes, &mut fds, RecvFlags::DONTWAIT)?;
    if length == 0 {
        return Ok(None);
    }
    let progress = serde_json::from_slice(bytes.get(..length).unwrap_or_default())?;
    Ok(Some((progress, fds.pop())))
}
