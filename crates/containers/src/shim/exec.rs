//! Commands run in a running container, such as health checks.

use super::container::PIPE;
use super::serve::Shim;
use crate::config::Exec;
use crate::error::StartError;
use crate::launch::{Join, Launching, Progress, Stdio, proceed, receive};
use crate::protocol::Reply;
use crate::state::ExecResult;
use rustix::process::{Pid, PidfdFlags, Signal};
use std::os::fd::OwnedFd;

/// Most commands at once in a task.
const MAX_JOBS: usize = 64;

/// Most output kept of a command, in bytes.
const MAX_OUTPUT: usize = 256 << 10;

/// Bytes read at once.
const CHUNK: usize = 16 << 10;

/// A command under way. It is known by the connection that asked for it.
pub(super) struct Job {
    pub(super) status: Option<OwnedFd>,
    pub(super) pipe: Option<OwnedFd>,
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
    pub(super) fn exec(&mut self, id: u64, name: &str, exec: &Exec) {
        if self.jobs.len() >= MAX_JOBS {
            return self.answer(id, &Reply::Invalid(format!("{MAX_JOBS} commands run in this task already")));
        }
        match self.launch_exec(name, exec) {
            Ok(Some((launched, pipe))) => {
                let limit = (exec.output_limit as usize).min(MAX_OUTPUT);
                let Launching { pid, pidfd, status } = launched;
                let job = Job {
                    status: Some(status),
                    pipe: Some(pipe),
                    pid: pid.as_raw_pid(),
                    pidfd,
                    output: Vec::new(),
                    limit,
                    killed: false,
                };
                self.jobs.insert(id, job);
            }
            Ok(None) => self.answer(id, &Reply::NotRunning(name.to_owned())),
            Err(error) => self.answer(id, &Reply::StartFailed(error)),
        }
    }

    fn launch_exec(&self, name: &str, exec: &Exec) -> Result<Option<(Launching, OwnedFd)>, StartError> {
        let Some(container) = self.containers.get(name) else { return Ok(None) };
        let Some(pidfd) = container.process() else { return Ok(None) };
        let streams = || -> std::io::Result<(OwnedFd, Stdio)> {
            let (read, write) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)?;
            rustix::io::ioctl_fionbio(&read, true)?;
            Ok((read, Stdio { stdin: Self::null()?, stdout: write.try_clone()?, stderr: write }))
        };
        let (pipe, stdio) = crate::error::Step::start(streams(), || "making the command's streams".into())?;
        let join = Join { name, pidfd, cgroup: &container.group, process: container.base.exec(exec), stdio };
        Ok(Some((self.runtime.exec(join)?, pipe)))
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
            Ok(Some((Progress::Terminal, _))) => {}
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => return false,
            Ok(None) | Err(_) => {
                job.status = None;
                // The process of a helper may have ended before it was told of.
                let pid = job.pid;
                if let Some(code) = self.claim_stray(pid) {
                    self.job_ended(pid, code);
                }
            }
        }
        true
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

    /// The caller of a command is gone or has lost patience.
    pub(super) fn kill_job_of(&mut self, id: u64) {
        if let Some(job) = self.jobs.get_mut(&id).filter(|job| !job.killed) {
            job.killed = true;
            let _ = rustix::process::pidfd_send_signal(&job.pidfd, Signal::KILL);
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
        let Some(mut job) = self.jobs.remove(&id) else { return };
        // What it started may have its pipe and go on writing.
        for _ in 0..PIPE / CHUNK {
            if !job.read() {
                break;
            }
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
