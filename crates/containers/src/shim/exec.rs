//! Commands run in a running container: health checks, whose output the shim collects, and commands that a caller speaks with, whose
//! streams it hands over and never touches.

use super::container::PIPE;
use super::serve::Shim;
use crate::config::{Exec, WindowSize};
use crate::error::{StartError, Step};
use crate::launch::{Join, Launching, Progress, Stdio, proceed, receive};
use crate::protocol::Reply;
use crate::state::ExecResult;
use crate::sys;
use rustix::process::{Pid, PidfdFlags, Signal};
use std::io;
use std::os::fd::OwnedFd;

/// Most commands at once in a task, of each kind: those of users take nothing from health checks.
const MAX_JOBS: usize = 32;

/// Most output kept of a command, in bytes.
const MAX_OUTPUT: usize = 256 << 10;

/// Bytes read at once.
const CHUNK: usize = 16 << 10;

/// What a command ends with that SIGHUP has ended.
const HUNG_UP: i32 = 128 + libc::SIGHUP;

/// What becomes of a command's standard streams.
#[derive(Debug, Clone, Copy)]
pub(super) enum Streams {
    /// Output and error are kept, input is empty.
    Collected,
    /// The caller gets the other ends of pipes.
    Pipes,
    /// The caller gets the controlling side of a terminal of that size.
    Terminal(WindowSize),
}

/// A command under way. It is known by the connection that asked for it.
pub(super) struct Job {
    pub(super) status: Option<OwnedFd>,
    pub(super) pipe: Option<OwnedFd>,
    container: String,
    attached: bool,
    /// Its session, as of when it was executed.
    session: Option<Pid>,
    /// What the caller gets as soon as the command is executed.
    ends: Vec<OwnedFd>,
    pid: i32,
    pidfd: OwnedFd,
    output: Vec<u8>,
    limit: usize,
    killed: bool,
}

impl Job {
    fn read(&mut self) -> bool {
        let Some(pipe) = &self.pipe else { return false };
        let mut buffer = [0; CHUNK];
        match rustix::io::read(pipe, &mut buffer) {
            Err(rustix::io::Errno::INTR) => true,
            Err(rustix::io::Errno::AGAIN) => false,
            Ok(0) | Err(_) => {
                self.pipe = None;
                false
            }
            Ok(count) => {
                let room = self.limit.saturating_sub(self.output.len()).min(count);
                self.output.extend_from_slice(buffer.get(..room).unwrap_or_default());
                true
            }
        }
    }
}

impl Shim {
    pub(super) fn exec(&mut self, id: u64, name: &str, exec: &Exec, streams: Streams) {
        let attached = !matches!(streams, Streams::Collected);
        if self.jobs.values().filter(|job| job.attached == attached).count() >= MAX_JOBS {
            return self.answer(id, &Reply::Invalid(format!("{MAX_JOBS} commands run in this task already")));
        }
        match self.launch_exec(name, exec, streams) {
            Ok(Some(job)) => drop(self.jobs.insert(id, job)),
            Ok(None) => self.answer(id, &Reply::NotRunning(name.to_owned())),
            Err(error) => self.answer(id, &Reply::StartFailed(error)),
        }
    }

    fn launch_exec(&self, name: &str, exec: &Exec, streams: Streams) -> Result<Option<Job>, StartError> {
        let Some(container) = self.containers.get(name) else { return Ok(None) };
        let Some(process) = container.process() else { return Ok(None) };
        let Ends { stdio, pipe, ends } = ends(streams).start(|| "making the command's streams".into())?;
        let terminal = match streams {
            Streams::Terminal(size) => Some(size),
            Streams::Collected | Streams::Pipes => None,
        };
        let command = container.base.exec(exec, terminal.is_some());
        let join = Join { name, pidfd: process, cgroup: &container.group, process: command, stdio, terminal };
        let Launching { pid, pidfd, status } = self.runtime.exec(join)?;
        Ok(Some(Job {
            status: Some(status),
            pipe,
            container: name.to_owned(),
            attached: !matches!(streams, Streams::Collected),
            session: None,
            ends,
            pid: pid.as_raw_pid(),
            pidfd,
            output: Vec::new(),
            limit: (exec.output_limit as usize).min(MAX_OUTPUT),
            killed: false,
        }))
    }

    /// Takes a launch's next report; false when there is none for now.
    pub(super) fn job_progress(&mut self, id: u64) -> bool {
        let Some(job) = self.jobs.get_mut(&id) else { return false };
        let Some(status) = &job.status else { return false };
        match receive(status) {
            Ok(Some((Progress::Failed(error), _))) => {
                self.jobs.remove(&id);
                self.answer(id, &Reply::StartFailed(error));
            }
            Ok(Some((progress @ (Progress::Pid(pid) | Progress::Waiting(pid)), _))) => {
                job.pid = pid;
                if let Some(Ok(pidfd)) =
                    Pid::from_raw(pid).map(|pid| rustix::process::pidfd_open(pid, PidfdFlags::empty()))
                {
                    job.pidfd = pidfd;
                }
                // One that was to be killed meanwhile has not begun.
                if job.killed {
                    let _ = rustix::process::pidfd_send_signal(&job.pidfd, Signal::KILL);
                }
                proceed(status, &progress);
            }
            Ok(Some((Progress::Terminal, master))) => job.ends = master.into_iter().collect(),
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => return false,
            Ok(None) | Err(_) => {
                let pid = job.pid;
                self.executed(id);
                // The process of a helper may have ended before it was told of.
                if let Some(code) = self.claim_stray(pid) {
                    self.job_ended(pid, code);
                }
            }
        }
        true
    }

    /// A command is executed: its caller gets what it waits for.
    fn executed(&mut self, id: u64) {
        let Some(job) = self.jobs.get_mut(&id) else { return };
        let (first, ends) = (job.status.take().is_some(), std::mem::take(&mut job.ends));
        job.session = job.session.or_else(|| Pid::from_raw(job.pid).and_then(sys::session));
        if first
            && job.attached
            && let Some(connection) = self.connections.get_mut(&id)
        {
            connection.hand_over(&Reply::Attached, ends);
        }
    }

    /// The exit code of a child that ended before it was known.
    pub(super) fn claim_stray(&mut self, pid: i32) -> Option<i32> {
        let at = self.strays.iter().position(|(stray, _)| *stray == pid)?;
        self.strays.remove(at).map(|(_, code)| code)
    }

    pub(super) fn read_job(&mut self, id: u64) {
        if let Some(job) = self.jobs.get_mut(&id) {
            job.read();
        }
    }

    /// The caller of a command is gone or has lost patience: the command ends with all it has started, but for what has made itself a
    /// session of its own, as daemons do.
    pub(super) fn kill_job_of(&mut self, id: u64) {
        let Some(job) = self.jobs.get_mut(&id).filter(|job| !job.killed) else { return };
        job.killed = true;
        // Nobody has waited for it yet, so it is still what had its number.
        let session = Pid::from_raw(job.pid).and_then(sys::session);
        let _ = rustix::process::pidfd_send_signal(&job.pidfd, Signal::KILL);
        if let (Some(container), Some(session)) = (self.containers.get(&job.container), session) {
            container.group.kill_session(session);
        }
    }

    /// A child that is no container has ended: a command, or a process that lost its parent.
    pub(super) fn job_ended(&mut self, pid: i32, code: i32) {
        let Some(id) = self.jobs.iter().find(|(_, job)| job.pid == pid).map(|(id, _)| *id) else {
            return self.stray(pid, code);
        };
        while self.jobs.get(&id).is_some_and(|job| job.pid == pid && job.status.is_some()) {
            if !self.job_progress(id) {
                break;
            }
        }
        // The child was a helper that told of the command's own process.
        if self.jobs.get(&id).is_some_and(|job| job.pid != pid) {
            return;
        }
        // The launcher may still hold the other end of the report's socket; had it failed, that would have been read.
        self.executed(id);
        let Some(mut job) = self.jobs.remove(&id) else { return };
        // What it started may have its pipe and go on writing.
        for _ in 0..PIPE / CHUNK {
            if !job.read() {
                break;
            }
        }
        // Its caller has hung up the terminal, and perhaps the connection not yet.
        if code == HUNG_UP
            && job.attached
            && let (Some(container), Some(session)) = (self.containers.get(&job.container), job.session)
        {
            container.group.kill_session(session);
        }
        let result = ExecResult { code, output: job.output, timed_out: job.killed };
        self.answer(id, &Reply::Exec(result));
    }

    /// Remembers the exit code of a child whose launch may not have been reported yet; the oldest are forgotten.
    pub(super) fn stray(&mut self, pid: i32, code: i32) {
        const MAX_STRAYS: usize = 64;
        self.strays.push_back((pid, code));
        if self.strays.len() > MAX_STRAYS {
            self.strays.pop_front();
        }
    }
}

/// Both sides of a command's standard streams.
struct Ends {
    /// The command's.
    stdio: Stdio,
    /// Where the shim reads.
    pipe: Option<OwnedFd>,
    /// The caller's. A terminal's comes from the launch.
    ends: Vec<OwnedFd>,
}

fn ends(streams: Streams) -> io::Result<Ends> {
    let pipe = || rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC);
    Ok(match streams {
        Streams::Collected => {
            let (read, write) = pipe()?;
            rustix::io::ioctl_fionbio(&read, true)?;
            let stdio = Stdio { stdin: Shim::null()?, stdout: write.try_clone()?, stderr: write };
            Ends { stdio, pipe: Some(read), ends: Vec::new() }
        }
        Streams::Pipes => {
            let ((stdin, input), (output, stdout), (error, stderr)) = (pipe()?, pipe()?, pipe()?);
            Ends { stdio: Stdio { stdin, stdout, stderr }, pipe: None, ends: vec![input, output, error] }
        }
        Streams::Terminal(_) => {
            let stdio = Stdio { stdin: Shim::null()?, stdout: Shim::null()?, stderr: Shim::null()? };
            Ends { stdio, pipe: None, ends: Vec::new() }
        }
    })
}
