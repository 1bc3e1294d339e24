//! The caller's handle on one task. Everything it knows is in the task's directory and its shim, so any process of root can
//! take a task over, and one that ends leaves its tasks running.

mod attach;
mod client;
mod create;
mod hold;
mod program;
mod remove;

pub use attach::{Attached, Streams};
pub use client::Events;
pub use create::place_in_cgroup;
pub use program::ShimCommand;
pub use remove::{remove, remove_cgroups};

use crate::cgroup::Group;
use crate::config::{ContainerConfig, Exec, SandboxSpec};
use crate::error::Error;
use crate::log::{Mark, Reader};
use crate::protocol::{Call, Reply};
use crate::shim::{self, ShimId, TaskFile};
use crate::state::{ContainerState, ExecResult, Exit, Report, Started};
use client::{ask, unexpected};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long a shim may take to answer what it does at once.
const PROMPT: Duration = Duration::from_secs(10);

/// How long a start may take, the copying of an image's content into volumes included.
const START: Duration = Duration::from_secs(180);

/// How long a killed command may take to end.
const KILLED: Duration = Duration::from_secs(5);

/// A task's sandbox. Calls may be made from several threads at once; none waits for another.
#[derive(Debug)]
pub struct Sandbox {
    dir: PathBuf,
    task: TaskFile,
    shim: ShimId,
}

/// What is left of a task.
#[derive(Debug)]
pub enum Adopted {
    /// Its shim lives.
    Alive(Sandbox),
    /// Its shim is gone, and with it every process of the task. Only its files are left: [`remove`] them when they have been read.
    Gone {
        /// How each container ended, as far as it is known.
        containers: BTreeMap<String, ContainerState>,
    },
}

/// What a container uses at this moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stats {
    /// CPU time since its start, in nanoseconds.
    pub cpu_nanos: u64,
    /// Memory in bytes, the page cache included.
    pub memory_bytes: u64,
    /// Processes.
    pub processes: usize,
}

impl Sandbox {
    /// Finds out what is left of the task in `dir`, after a restart of the caller or of the machine. A shim that the caller before was
    /// just starting is waited for.
    pub fn adopt(dir: &Path) -> Result<Adopted, Error> {
        if let Some(sandbox) = hold::while_held(dir, PROMPT, || Self::open(dir))? {
            return Ok(Adopted::Alive(sandbox));
        }
        let containers = shim::containers(dir);
        Ok(Adopted::Gone { containers: containers.into_iter().map(|(name, state)| (name, lost(state))).collect() })
    }

    /// The task in `dir`, if its shim answers. Unlike [`Sandbox::adopt`] this waits for nobody: it is for who wants something of a task that
    /// another process looks after.
    ///
    /// # Errors
    /// [`Error::Host`] when its shim can't be spoken with.
    pub fn open(dir: &Path) -> Result<Option<Self>, Error> {
        let files = (shim::load::<TaskFile>(&dir.join("task.json")), shim::load::<ShimId>(&dir.join("shim.json")));
        let (Some(task), Some(shim)) = files else { return Ok(None) };
        let sandbox = Self { dir: dir.to_path_buf(), task, shim };
        match sandbox.state() {
            Ok(_) => Ok(Some(sandbox)),
            Err(Error::Gone) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// What the task was created as.
    pub fn spec(&self) -> &SandboxSpec {
        &self.task.spec
    }

    /// Its directory.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The shim's pid.
    pub fn shim_pid(&self) -> u32 {
        self.shim.pid
    }

    /// Starts a container and waits until its command is executed. A container whose start failed is forgotten.
    pub fn start(&self, config: &ContainerConfig) -> Result<Started, Error> {
        match ask(&self.dir, &Call::Start(Box::new(config.clone())), START)? {
            Reply::Started(started) => Ok(started),
            other => Err(unexpected(other)),
        }
    }

    /// Sends a signal to a container's first process.
    pub fn signal(&self, name: &str, signal: i32) -> Result<(), Error> {
        self.done(&Call::Signal { name: name.to_owned(), signal })
    }

    /// Runs a command in a running container and waits for its end, or for its timeout and its end by SIGKILL.
    pub fn exec(&self, name: &str, exec: &Exec) -> Result<ExecResult, Error> {
        let call = Call::Exec { name: name.to_owned(), exec: exec.clone() };
        let patience = (exec.timeout_ms > 0).then(|| Duration::from_millis(exec.timeout_ms));
        match client::ask_killing(&self.dir, &call, patience, KILLED)? {
            Reply::Exec(result) => Ok(result),
            other => Err(unexpected(other)),
        }
    }

    /// What the containers are now.
    pub fn state(&self) -> Result<Report, Error> {
        match ask(&self.dir, &Call::State, PROMPT)? {
            Reply::Report(report) => Ok(report),
            other => Err(unexpected(other)),
        }
    }

    /// What the containers are, now and whenever that changes.
    pub fn events(&self) -> Result<Events, Error> {
        Events::watch(&self.dir)
    }

    /// Every process of a container, as the host's pids.
    pub fn pids(&self, name: &str) -> Vec<u32> {
        self.group().child(name).pids()
    }

    /// What a container uses; zeros once it has ended.
    pub fn stats(&self, name: &str) -> Stats {
        let group = self.group().child(name);
        Stats { cpu_nanos: group.cpu_nanos(), memory_bytes: group.memory_bytes(), processes: group.pids().len() }
    }

    /// Reads a container's output from a place of its log on.
    pub fn log(&self, name: &str, from: Mark) -> Reader {
        Reader::new(&self.dir.join("containers").join(name).join("log"), from)
    }

    /// Lets everything of a container's log before `offset` be deleted, and a container that waits for room go on.
    pub fn acknowledge_log(&self, name: &str, offset: u64) -> Result<(), Error> {
        self.done(&Call::LogAck { name: name.to_owned(), offset })
    }

    /// Bytes its containers have written to disk, volumes included.
    pub fn usage(&self) -> Result<u64, Error> {
        crate::usage::usage(&self.dir)
    }

    /// Kills everything of the task and removes what it left: control groups, files, the directory itself.
    pub fn destroy(self) -> Result<(), Error> {
        remove(&self.dir)
    }

    fn group(&self) -> Group {
        task_group(&self.task)
    }

    fn done(&self, call: &Call) -> Result<(), Error> {
        match ask(&self.dir, call, PROMPT)? {
            Reply::Done => Ok(()),
            other => Err(unexpected(other)),
        }
    }
}

pub(crate) fn task_group(task: &TaskFile) -> Group {
    Group::new(&task.layout, format!("{}/{}", task.spec.cgroup_parent, task.spec.id))
}

/// What became of a container whose shim has gone: the kernel killed it with the shim.
fn lost(state: ContainerState) -> ContainerState {
    let started_at = match state {
        ContainerState::Exited(_) => return state,
        ContainerState::Running(started) => Some(started.at),
        ContainerState::Created => None,
    };
    let reason = Some("the task's shim ended, and its containers were killed with it".to_owned());
    ContainerState::Exited(Exit { code: 137, oom: false, started_at, finished_at: shim::now(), reason })
}
