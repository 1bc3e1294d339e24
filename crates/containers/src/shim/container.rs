//! One container's life in its shim: being launched, running, ended; its output all the while.

use super::files;
use super::now;
use super::serve::Shim;
use crate::cgroup::{Group, Limits};
use crate::config::{ContainerConfig, LogSink};
use crate::error::{Error, StartError, StartErrorKind, Step};
use crate::launch::{Launch, Progress, Stdio, proceed, receive};
use crate::log::{Stream, Writer};
use crate::process::Process;
use crate::protocol::Reply;
use crate::rootfs::Plan;
use crate::state::{ContainerState, Exit, Started};
use rustix::process::{Pid, PidfdFlags, Signal};
use std::os::fd::{AsRawFd, OwnedFd};
use std::time::Duration;

/// How long what is left of a container may take to die.
const DEATH: Duration = Duration::from_secs(5);

/// Bytes read from a stream at once.
const CHUNK: usize = 32 << 10;

/// Most bytes a container can make a pipe hold (`/proc/sys/fs/pipe-max-size`, which without CAP_SYS_RESOURCE is the limit).
pub(super) const PIPE: usize = 1 << 20;

pub(super) struct Container {
    pub(super) state: ContainerState,
    pub(super) group: Group,
    /// What commands run in it are based on.
    pub(super) base: Process,
    /// Where its launch is reported; none once it is over.
    pub(super) status: Option<OwnedFd>,
    pid: i32,
    pidfd: OwnedFd,
    log: Option<Writer>,
    streams: [Option<OwnedFd>; 2],
    /// Keeps the standard input of an interactive container open.
    _stdin: Option<OwnedFd>,
    /// The connection that waits for the start.
    caller: u64,
    /// It has been sent SIGKILL.
    dying: bool,
}

impl Container {
    /// The first process while it runs.
    pub(super) fn process(&self) -> Option<&OwnedFd> {
        matches!(self.state, ContainerState::Running(_)).then_some(&self.pidfd)
    }

    pub(super) fn readable(&self) -> impl Iterator<Item = (Stream, &OwnedFd)> {
        let open = self.log.as_ref().is_none_or(Writer::wants_more);
        let streams = [Stream::Out, Stream::Err].into_iter().zip(&self.streams);
        streams.filter(move |_| open).filter_map(|(stream, fd)| Some((stream, fd.as_ref()?)))
    }

    pub(super) fn dropped(&self) -> Option<u64> {
        self.log.as_ref().map(Writer::dropped)
    }

    /// Lets what was shipped go. What an ended container left in its pipes, for want of room, is there when this returns as far as
    /// there is room now: so whoever ships finds nothing only when there is nothing more.
    pub(super) fn acknowledge(&mut self, offset: u64) -> std::io::Result<()> {
        self.log.as_mut().map_or(Ok(()), |log| log.acknowledge(offset, now()))?;
        if matches!(self.state, ContainerState::Exited(_)) {
            self.drain();
        }
        Ok(())
    }

    /// Reads once from a stream; false when there is nothing more for now.
    fn read(&mut self, stream: Stream) -> bool {
        let Some(fd) = self.streams.get(stream as usize).and_then(Option::as_ref) else { return false };
        let mut buffer = [0; CHUNK];
        match rustix::io::read(fd, &mut buffer) {
            Err(rustix::io::Errno::INTR) => true,
            Err(rustix::io::Errno::AGAIN) => false,
            // A terminal whose other side is closed reads as an error.
            Ok(0) | Err(_) => {
                if let Some(log) = &mut self.log {
                    log.finish(stream, now());
                }
                self.streams[stream as usize] = None;
                false
            }
            Ok(count) => {
                if let Some(log) = &mut self.log {
                    log.add(stream, now(), buffer.get(..count).unwrap_or_default());
                }
                true
            }
        }
    }

    /// Reads what an ended container has left in its pipes, as far as its log takes it. No more than a pipe holds: something
    /// else may have its other end and go on writing.
    fn drain(&mut self) {
        for stream in [Stream::Out, Stream::Err] {
            for _ in 0..PIPE / CHUNK {
                if !self.log.as_ref().is_none_or(Writer::wants_more) || !self.read(stream) {
                    break;
                }
            }
        }
    }
}

/// The shim's ends of a container's standard streams.
struct Ends {
    streams: [Option<OwnedFd>; 2],
    stdin: Option<OwnedFd>,
}

impl Shim {
    pub(super) fn start(&mut self, caller: u64, config: ContainerConfig) {
        let name = config.name.clone();
        if let Err(text) = valid_names(&config) {
            return self.answer(caller, &Reply::Invalid(text));
        }
        if self.containers.contains_key(&name) {
            return self.answer(caller, &Reply::Invalid(format!("container {name} has been started already")));
        }
        match self.launch(caller, &config) {
            Ok(container) => {
                self.containers.insert(name, container);
                self.changed();
            }
            Err(error) => {
                self.forget_files(&name);
                self.answer(caller, &Reply::StartFailed(error));
            }
        }
    }

    fn launch(&mut self, caller: u64, config: &ContainerConfig) -> Result<Container, StartError> {
        let (dir, volumes) = (self.dir.join("containers").join(&config.name), self.dir.join("volumes"));
        for part in ["upper", "work", "rootfs"] {
            std::fs::create_dir_all(dir.join(part)).start(|| format!("making {}", dir.join(part).display()))?;
        }
        // The root directory's mode is the container's: everyone may enter it.
        open_up(&dir.join("upper"))?;
        for volume in &config.volumes {
            let path = volumes.join(&volume.volume);
            if !path.exists() {
                std::fs::create_dir_all(&path).start(|| format!("making volume {}", volume.volume))?;
                open_up(&path)?;
            }
        }
        save(&dir, &ContainerState::Created)?;
        let group = self.group.child(&config.name);
        group.create_container(&limits(config)).map_err(failed)?;
        let base = Process::of(config, &self.task.spec.hostname)?;
        let log = match &config.log {
            LogSink::Discard => None,
            LogSink::File { max_bytes, non_blocking } => {
                Some(Writer::create(&dir.join("log"), *max_bytes, *non_blocking).start(|| "making the log".into())?)
            }
        };
        let (stdio, ends) = streams(config).start(|| "making the standard streams".into())?;
        self.share_pid_namespace()?;
        let proc = self.shared_pid.as_ref().map(|shared| &shared.mounts);
        let plan = Plan { config, dir: &dir, volumes: &volumes, cgroup: &group, proc };
        let launch = Launch {
            plan,
            process: base.clone(),
            stdio,
            hostname: &self.task.spec.hostname,
            shared: self.shared_pid.as_ref(),
        };
        let started = self.runtime.launch(launch)?;
        let (pid, pidfd, status) = (started.pid.as_raw_pid(), started.pidfd, Some(started.status));
        Ok(Container {
            state: ContainerState::Created,
            group,
            base,
            status,
            pid,
            pidfd,
            log,
            streams: ends.streams,
            _stdin: ends.stdin,
            caller,
            dying: false,
        })
    }

    /// The child of a launch has something to say, or has executed its command.
    pub(super) fn launch_progress(&mut self, name: &str) {
        let Some(container) = self.containers.get_mut(name) else { return };
        let Some(status) = &container.status else { return };
        match receive(status) {
            Ok(Some((Progress::Terminal, Some(master)))) => {
                let _ = rustix::io::ioctl_fionbio(&master, true);
                container.streams = [Some(master), None];
            }
            Ok(Some((progress @ (Progress::Pid(pid) | Progress::Waiting(pid)), _))) => {
                match Pid::from_raw(pid).map(|pid| rustix::process::pidfd_open(pid, PidfdFlags::empty())) {
                    Some(Ok(pidfd)) => (container.pid, container.pidfd) = (pid, pidfd),
                    _ => container.pid = pid,
                }
                proceed(status, &progress);
            }
            Ok(Some((Progress::Failed(error), _))) => self.start_failed(name, error),
            Ok(Some((Progress::Terminal, None))) => {}
            Ok(None) => self.started(name),
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            Err(error) => self.start_failed(
                name,
                StartError::new(StartErrorKind::Host, format!("reading the launch's report: {error}")),
            ),
        }
    }

    fn started(&mut self, name: &str) {
        let Some(container) = self.containers.get_mut(name) else { return };
        container.status = None;
        let started = Started { pid: host_pid(&container.pidfd), at: now() };
        container.state = ContainerState::Running(started);
        let (caller, pid) = (container.caller, container.pid);
        self.record(name);
        self.answer(caller, &Reply::Started(started));
        self.changed();
        // Another child of the shim may have ended before its pid was known.
        if let Some(code) = self.claim_stray(pid) {
            self.ended(pid, code);
        }
    }

    fn start_failed(&mut self, name: &str, error: StartError) {
        let Some(container) = self.containers.remove(name) else { return };
        let _ = rustix::process::pidfd_send_signal(&container.pidfd, Signal::KILL);
        self.forget_files(name);
        self.answer(container.caller, &Reply::StartFailed(error));
        self.changed();
    }

    fn forget_files(&self, name: &str) {
        let dir = self.dir.join("containers").join(name);
        let cleaned = self.group.child(name).remove(DEATH).map_err(|error| error.to_string());
        let removed = crate::tree::remove(&dir).map_err(|error| format!("removing {}: {error}", dir.display()));
        for error in [cleaned.err(), removed.err()].into_iter().flatten() {
            crate::complain(format_args!("{error}"));
        }
    }

    /// Lifts the task's CPU limit while a container is being killed: dying takes CPU time too, and thousands of processes that
    /// share a small limit would take minutes.
    pub(super) fn hurry(&mut self, name: &str) {
        if let Some(container) = self.containers.get_mut(name).filter(|container| container.process().is_some()) {
            container.dying = true;
            self.limit_cpu(0);
        }
    }

    fn limit_cpu(&self, units: u32) {
        if let Err(error) = self.group.limit_cpu(units) {
            crate::complain(format_args!("{error}"));
        }
    }

    /// A child of the shim has ended.
    pub(super) fn ended(&mut self, pid: i32, code: i32) {
        let name = self
            .containers
            .iter()
            .find(|(_, container)| container.pid == pid && !matches!(container.state, ContainerState::Exited(_)))
            .map(|(name, _)| name.clone());
        let Some(name) = name else { return self.job_ended(pid, code) };
        while self.containers.get(&name).is_some_and(|container| container.status.is_some()) {
            let waiting = self.seq;
            self.launch_progress(&name);
            if self.seq == waiting {
                break;
            }
        }
        let Some(container) = self.containers.get_mut(&name) else { return };
        // Not reported as started yet: the report is on its way, and will find the exit code.
        let ContainerState::Running(Started { at, .. }) = container.state else { return self.stray(pid, code) };
        // Where the pid namespace is shared, the rest of the container does not die with its first process.
        if self.shared_pid.is_some() {
            container.group.kill();
        }
        let hurried = std::mem::take(&mut container.dying);
        container.drain();
        let oom = container.group.oom_kills() > 0;
        container.state =
            ContainerState::Exited(Exit { code, oom, started_at: Some(at), finished_at: now(), reason: None });
        if hurried && !self.containers.values().any(|container| container.dying) {
            self.limit_cpu(self.task.spec.cpu_units);
        }
        self.record(&name);
        self.changed();
    }

    pub(super) fn read_output(&mut self, name: &str, stream: Stream) {
        if let Some(container) = self.containers.get_mut(name) {
            container.read(stream);
        }
    }

    fn record(&self, name: &str) {
        let Some(container) = self.containers.get(name) else { return };
        if let Err(error) = save(&self.dir.join("containers").join(name), &container.state) {
            crate::complain(format_args!("{error}"));
        }
    }
}

fn save(dir: &std::path::Path, state: &ContainerState) -> Result<(), StartError> {
    files::save(&dir.join("state.json"), state).map_err(failed)
}

/// The start error for a failed step of the shim's own, keeping "the disk is full" apart.
fn failed(error: Error) -> StartError {
    match error {
        Error::Host { step, source } => {
            Err::<(), _>(source).start(|| step).err().unwrap_or_else(|| StartError::invalid(""))
        }
        other => StartError::new(StartErrorKind::Host, other.to_string()),
    }
}

fn open_up(dir: &std::path::Path) -> Result<(), StartError> {
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(dir, mode).start(|| format!("setting the mode of {}", dir.display()))
}

fn limits(config: &ContainerConfig) -> Limits {
    Limits {
        cpu_quota: 0,
        cpu_shares: Some(config.cpu_shares),
        memory: config.memory,
        memory_reservation: config.memory_reservation,
        pids: None,
    }
}

fn streams(config: &ContainerConfig) -> std::io::Result<(Stdio, Ends)> {
    let pipe = || rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC);
    let (mut stdin, mut stdin_end) = (Shim::null()?, None);
    if config.interactive {
        let (read, write) = pipe()?;
        (stdin, stdin_end) = (read, Some(write));
    }
    if config.terminal || config.log == LogSink::Discard {
        let stdio = Stdio { stdin, stdout: Shim::null()?, stderr: Shim::null()? };
        return Ok((stdio, Ends { streams: [None, None], stdin: stdin_end }));
    }
    let ((out, stdout), (err, stderr)) = (pipe()?, pipe()?);
    rustix::io::ioctl_fionbio(&out, true)?;
    rustix::io::ioctl_fionbio(&err, true)?;
    Ok((Stdio { stdin, stdout, stderr }, Ends { streams: [Some(out), Some(err)], stdin: stdin_end }))
}

/// A process's pid where `/proc` is mounted: the host.
pub(super) fn host_pid(pidfd: &OwnedFd) -> u32 {
    let text = std::fs::read_to_string(format!("/proc/self/fdinfo/{}", pidfd.as_raw_fd())).unwrap_or_default();
    text.lines().find_map(|line| line.strip_prefix("Pid:")?.trim().parse().ok()).unwrap_or(0)
}

fn valid_names(config: &ContainerConfig) -> Result<(), String> {
    let plain = |name: &str, extra: &str| {
        let letters = name
            .chars()
            .all(|letter| letter.is_ascii_alphanumeric() || "-_".contains(letter) || extra.contains(letter));
        letters && (1..=255).contains(&name.len()) && name != "." && name != ".."
    };
    if !plain(&config.name, "") {
        return Err(format!("{:?} is no container name", config.name));
    }
    match config.volumes.iter().find(|volume| !plain(&volume.volume, ".")) {
        Some(volume) => Err(format!("{:?} is no volume name", volume.volume)),
        None => Ok(()),
    }
}
