//! The shim's loop: waits for callers, children, launches and output, one poll(2) for all.

use super::connection::{Connection, MAX_CONNECTIONS, Wait};
use super::container::Container;
use super::exec::Job;
use super::files::TaskFile;
use crate::cgroup::Group;
use crate::config::RuntimeKind;
use crate::error::{Error, Step};
use crate::launch::{Native, Oci, Runtime, SharedPids};
use crate::log::Stream;
use crate::protocol::Reply;
use crate::state::Report;
use crate::sys;
use rustix::event::{PollFd, PollFlags, poll};
use std::collections::{BTreeMap, VecDeque};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

/// The whole state of a shim.
pub(super) struct Shim {
    pub(super) dir: PathBuf,
    pub(super) task: TaskFile,
    pub(super) group: Group,
    pub(super) runtime: Box<dyn Runtime>,
    pub(super) containers: BTreeMap<String, Container>,
    pub(super) jobs: BTreeMap<u64, Job>,
    /// The pid namespace containers share, if they do.
    pub(super) shared_pid: Option<SharedPids>,
    /// Exit codes of children that nobody has claimed yet.
    pub(super) strays: VecDeque<(i32, i32)>,
    pub(super) connections: BTreeMap<u64, Connection>,
    pub(super) seq: u64,
    listener: UnixListener,
    children: OwnedFd,
    next: u64,
}

/// What a polled descriptor belongs to.
#[derive(Debug, Clone)]
enum Source {
    Listener,
    Children,
    Connection(u64),
    Launch(String),
    Output(String, Stream),
    JobLaunch(u64),
    JobOutput(u64),
}

impl Shim {
    pub(super) fn new(dir: &Path, task: TaskFile, listener: UnixListener) -> Result<Self, Error> {
        let runtime: Box<dyn Runtime> = match task.spec.runtime {
            RuntimeKind::Native => Box::new(Native::new().map_err(Error::Start)?),
            RuntimeKind::Crun | RuntimeKind::Runc => Box::new(Oci::new(dir, &task.spec)),
        };
        let group = Group::new(&task.layout, format!("{}/{}", task.spec.cgroup_parent, task.spec.id));
        let children = sys::signalfd(&[libc::SIGCHLD]).host(|| "watching children".into())?;
        Ok(Self {
            dir: dir.to_path_buf(),
            task,
            group,
            runtime,
            containers: BTreeMap::new(),
            jobs: BTreeMap::new(),
            shared_pid: None,
            strays: VecDeque::new(),
            connections: BTreeMap::new(),
            seq: 0,
            listener,
            children,
            next: 0,
        })
    }

    /// Serves until killed.
    pub(super) fn run(mut self) -> Result<(), Error> {
        loop {
            let ready = self.wait()?;
            // Launches before children: a process that was started and ended at once was started first.
            for (source, flags) in ready {
                self.handle(source, flags);
            }
            self.tell_watchers();
            let done = |(id, connection): (&u64, &Connection)| connection.done().then_some(*id);
            let done: Vec<u64> = self.connections.iter().filter_map(done).collect();
            done.into_iter().for_each(|id| self.close(id));
        }
    }

    fn wait(&self) -> Result<Vec<(Source, PollFlags)>, Error> {
        let (input, both) = (PollFlags::IN, PollFlags::IN | PollFlags::OUT);
        let mut sources: Vec<(Source, PollFd)> = Vec::new();
        for (name, container) in &self.containers {
            if let Some(status) = &container.status {
                sources.push((Source::Launch(name.clone()), PollFd::new(status, input)));
            }
            for (stream, fd) in container.readable() {
                sources.push((Source::Output(name.clone(), stream), PollFd::new(fd, input)));
            }
        }
        for (id, job) in &self.jobs {
            sources.extend(job.status.as_ref().map(|status| (Source::JobLaunch(*id), PollFd::new(status, input))));
            sources.extend(job.pipe.as_ref().map(|pipe| (Source::JobOutput(*id), PollFd::new(pipe, input))));
        }
        sources.push((Source::Children, PollFd::new(&self.children, input)));
        for (id, connection) in &self.connections {
            let flags = if connection.wants_to_write() { both } else { input };
            // A caller that sends no more would wake the loop for ever.
            let flags = if connection.ended { flags - PollFlags::IN } else { flags };
            sources.push((Source::Connection(*id), PollFd::new(&connection.stream, flags)));
        }
        if self.connections.len() < MAX_CONNECTIONS {
            sources.push((Source::Listener, PollFd::new(&self.listener, input)));
        }
        let (owners, mut fds): (Vec<Source>, Vec<PollFd>) = sources.into_iter().unzip();
        match poll(&mut fds, None) {
            Err(rustix::io::Errno::INTR) => return Ok(Vec::new()),
            other => other.host(|| "waiting for events".into())?,
        };
        let flags: Vec<PollFlags> = fds.iter().map(PollFd::revents).collect();
        Ok(owners.into_iter().zip(flags).filter(|(_, flags)| !flags.is_empty()).collect())
    }

    fn handle(&mut self, source: Source, flags: PollFlags) {
        match source {
            Source::Listener => self.accept(),
            Source::Children => self.reap(),
            Source::Connection(id) => self.serve(id, flags),
            Source::Launch(name) => self.launch_progress(&name),
            Source::Output(name, stream) => self.read_output(&name, stream),
            Source::JobLaunch(id) => drop(self.job_progress(id)),
            Source::JobOutput(id) => self.read_job(id),
        }
    }

    fn accept(&mut self) {
        while self.connections.len() < MAX_CONNECTIONS {
            let Ok((stream, _)) = self.listener.accept() else { return };
            if let Ok(connection) = Connection::accept(stream) {
                self.next += 1;
                self.connections.insert(self.next, connection);
            }
        }
    }

    fn serve(&mut self, id: u64, flags: PollFlags) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        connection.flush();
        if flags.contains(PollFlags::OUT) && !flags.intersects(PollFlags::IN | PollFlags::HUP | PollFlags::ERR) {
            return;
        }
        match connection.read() {
            Ok(Some(request)) => self.call(id, request),
            Ok(None) => {}
            Err(error) => connection.answer(&Reply::Invalid(format!("the request can't be read: {error}"))),
        }
        let gone = self.connections.get(&id).is_none_or(|connection| connection.ended);
        if gone {
            self.kill_job_of(id);
        }
        if flags.intersects(PollFlags::HUP | PollFlags::ERR) {
            self.close(id);
        }
    }

    fn close(&mut self, id: u64) {
        self.connections.remove(&id);
        self.kill_job_of(id);
    }

    /// Takes the exit codes of all children that have ended.
    fn reap(&mut self) {
        let mut buffer = [0; 128];
        while rustix::io::read(&self.children, &mut buffer).is_ok() {}
        while let Ok(Some((pid, status))) = rustix::process::wait(rustix::process::WaitOptions::NOHANG) {
            let code = status.exit_status().unwrap_or_else(|| 128 + status.terminating_signal().unwrap_or(0));
            self.ended(pid.as_raw_pid(), code);
        }
    }

    /// A change: everyone who watches is told before the next wait.
    pub(super) fn changed(&mut self) {
        self.seq += 1;
    }

    pub(super) fn report(&self) -> Report {
        let containers =
            self.containers.iter().map(|(name, container)| (name.clone(), container.state.clone())).collect();
        let dropped = self.containers.iter().filter_map(|(name, container)| Some((name.clone(), container.dropped()?)));
        Report { seq: self.seq, containers, dropped_lines: dropped.filter(|(_, lines)| *lines > 0).collect() }
    }

    /// A slow watcher is told the newest state when it has taken the last one; the states between are not queued.
    fn tell_watchers(&mut self) {
        let seq = self.seq;
        let behind = |connection: &Connection| {
            matches!(connection.wait, Wait::Changes { told } if told != seq) && !connection.wants_to_write()
        };
        if !self.connections.values().any(behind) {
            return;
        }
        let report = Reply::Report(self.report());
        for connection in self.connections.values_mut().filter(|connection| behind(connection)) {
            connection.wait = Wait::Changes { told: seq };
            connection.send(&report);
        }
    }

    pub(super) fn answer(&mut self, id: u64, reply: &Reply) {
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.answer(reply);
        }
    }

    pub(super) fn null() -> std::io::Result<OwnedFd> {
        let null = std::fs::OpenOptions::new().read(true).write(true).open("/dev/null")?;
        Ok(null.into())
    }
}
