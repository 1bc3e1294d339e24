//! `neargate down`: stops a region and takes everything it made off this machine.

use super::{DataDir, Failure, Output};
use agent::Removed;
use clap::Args;
use network::Instance;
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::Errno,
    net::sockopt::socket_peercred,
    process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal},
};
use serde::Serialize;
use std::{
    fs::{File, TryLockError},
    io,
    os::{fd::OwnedFd, unix::net::UnixStream},
    path::Path,
};

const EXAMPLES: &str = "\
Examples:
  neargate down                          # the region in /var/lib/neargate
  neargate down --data-dir /srv/two      # another one

What stays: the region's records, images, objects, logs and metrics, but for lines of access logs that no bucket has \
got yet. After the next `neargate up`, clusters, task definitions and VPCs are as they were, and the tasks that ran \
are stopped. To forget everything, delete the data directory too.";

/// How long a region may take to end when asked to.
const GRACE_SECONDS: i64 = 20;

/// Stop a region and take everything it made off this machine.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Down {
    #[command(flatten)]
    data_dir: DataDir,
    /// How to print.
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

/// What was done.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Done {
    /// The process that ran the region.
    stopped_process: Option<i32>,
    #[serde(flatten)]
    removed: Removed,
}

impl Down {
    /// Does it. A second time there is nothing to do.
    pub fn run(self) -> Result<(), Failure> {
        let done = match self.data_dir.find()? {
            Some(path) => take_down(&path)?,
            None => Done::default(),
        };
        match self.output {
            Output::Json => println!("{}", serde_json::to_string_pretty(&done)?),
            Output::Text => say(&done),
        }
        Ok(())
    }
}

fn take_down(data_dir: &Path) -> Result<Done, Failure> {
    let stopped_process = stop(&data_dir.join(server::SOCKET))?;
    let _lock = lock(data_dir)?;
    let removed = agent::remove_all(data_dir, &Instance::of(data_dir)).map_err(|errors| {
        Failure(format!(
            "not everything could be removed (run `neargate down` again when the cause is gone):\n  {}",
            errors.join("\n  ")
        ))
    })?;
    Ok(Done { stopped_process, removed })
}

/// Ends the process that listens on a region's socket, if any, and waits until it has.
fn stop(socket: &Path) -> Result<Option<i32>, Failure> {
    let Some((pid, process)) = listener(socket)? else { return Ok(None) };
    let failed = |step: &'static str| {
        move |errno: Errno| {
            Failure(format!(
                "{step} process {}, which runs the region: {}",
                pid.as_raw_nonzero(),
                io::Error::from(errno)
            ))
        }
    };
    pidfd_send_signal(&process, Signal::TERM).map_err(failed("stopping"))?;
    if !ended(&process, GRACE_SECONDS).map_err(failed("waiting for"))? {
        // Nothing is lost by this: a region survives it at any moment.
        pidfd_send_signal(&process, Signal::KILL).map_err(failed("killing"))?;
        ended(&process, GRACE_SECONDS).map_err(failed("waiting for"))?;
    }
    Ok(Some(pid.as_raw_nonzero().get()))
}

/// The process behind a socket, which the kernel knows (SO_PEERCRED, unix(7)).
fn listener(socket: &Path) -> Result<Option<(Pid, OwnedFd)>, Failure> {
    let failed = |what: &str, error: io::Error| Failure(format!("{what} {}: {error}", socket.display()));
    let asked = || match UnixStream::connect(socket) {
        Ok(stream) => socket_peercred(&stream)
            .map(|peer| Some(peer.pid))
            .map_err(|errno| failed("asking who listens on", errno.into())),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused) => Ok(None),
        Err(error) => Err(failed("reaching the region at", error)),
    };
    let Some(pid) = asked()? else { return Ok(None) };
    let process = match pidfd_open(pid, PidfdFlags::empty()) {
        Ok(process) => process,
        Err(Errno::SRCH) => return Ok(None),
        Err(errno) => return Err(failed("opening the process that listens on", errno.into())),
    };
    // Its number may have become another's before it was opened. If it still listens, it had not.
    Ok((asked()? == Some(pid)).then_some((pid, process)))
}

fn ended(process: &OwnedFd, seconds: i64) -> Result<bool, Errno> {
    let timeout = Timespec { tv_sec: seconds, tv_nsec: 0 };
    loop {
        match poll(&mut [PollFd::new(process, PollFlags::IN)], Some(&timeout)) {
            Err(Errno::INTR) => {}
            other => return other.map(|ready| ready > 0),
        }
    }
}

/// Keeps a region from starting in the directory while it is cleared. One that runs without answering is not cleared under.
fn lock(data_dir: &Path) -> Result<Option<File>, Failure> {
    let path = data_dir.join("server.lock");
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Failure(format!("opening {}: {error}", path.display()))),
    };
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Err(Failure(format!(
            "a process uses {} and does not answer; end it and try again (`fuser {}` names it)",
            data_dir.display(),
            path.display()
        ))),
        Err(TryLockError::Error(error)) => Err(Failure(format!("locking {}: {error}", path.display()))),
    }
}

fn say(done: &Done) {
    if let Some(pid) = done.stopped_process {
        println!("Stopped the region (process {pid}).");
    }
    let Removed { tasks, namespaces } = done.removed;
    match (tasks, namespaces) {
        (0, 0) => println!("Nothing of it is on this machine."),
        _ => println!(
            "Removed {tasks} tasks and {namespaces} network namespaces, with their processes, mounts and cgroups."
        ),
    }
}
