//! What an agent is told at start, and where it keeps things.

use crate::{Patience, files, uplink::Outside};
use containers::{RuntimeKind, ShimCommand};
use network::Instance;
use spec::{Capacity, HostId, TaskId};
use std::{
    path::{Path, PathBuf},
    time::Duration,
};
use tokio::runtime::Handle;

/// Where in a data directory the directories of tasks are, those of what the agent itself keeps of them, the balancer's, and its ledger.
pub(crate) const TASKS: &str = "tasks";
pub(crate) const NAMES: &str = "names";
pub(crate) const BALANCER: &str = "balancer";
pub(crate) const LEDGER: &str = "spec.json";

/// One agent.
#[derive(Debug)]
pub struct Config {
    /// What this host calls itself to the server.
    pub host: HostId,
    /// What it has to give.
    pub capacity: Capacity,
    /// Where it keeps everything; an absolute path without symbolic links.
    pub data_dir: PathBuf,
    /// The server's socket.
    pub socket: PathBuf,
    /// The server's socket for what tasks send to AWS's services.
    pub aws_socket: PathBuf,
    /// The prefix of everything it makes on this machine.
    pub instance: Instance,
    /// What starts containers.
    pub runtime: RuntimeKind,
    /// How to run a task's shim.
    pub shim: ShimCommand,
    /// How to run the balancer.
    pub balancer: balancer::process::Program,
    /// How often what tasks use is reported: a minute, as alarms count them (`server::Config::minute`).
    pub minute: Duration,
    /// How long what it does for tasks on their networks may take.
    pub patience: Patience,
    /// What of the host's own network tasks may reach. Without it the region is sealed.
    pub outside: Option<Outside>,
    /// Where its calls to the server run.
    pub runtime_handle: Handle,
}

impl Config {
    /// The directories of tasks.
    pub fn tasks_dir(&self) -> PathBuf {
        self.data_dir.join(TASKS)
    }

    /// One task's directory.
    pub fn task_dir(&self, id: &TaskId) -> PathBuf {
        task_dir(&self.data_dir, id)
    }

    /// The directories of what the agent itself keeps of tasks.
    pub fn names_dir(&self) -> PathBuf {
        self.data_dir.join(NAMES)
    }

    /// What it keeps of one: the files about names that its containers share, that it was begun, how far its output was shipped.
    pub fn files_dir(&self, id: &TaskId) -> PathBuf {
        files::directory(&self.data_dir, id)
    }

    /// The balancer's directory.
    pub fn balancer_dir(&self) -> PathBuf {
        self.data_dir.join(BALANCER)
    }

    /// The directory of a task's proxy of Service Connect.
    pub(crate) fn proxy_dir(&self, id: &TaskId) -> PathBuf {
        self.files_dir(id).join("connect")
    }

    /// Where it has its lines.
    pub(crate) fn proxy_log(&self, id: &TaskId) -> PathBuf {
        self.proxy_dir(id).join("lines")
    }

    /// The unpacked layers of images.
    pub fn images_dir(&self) -> PathBuf {
        self.data_dir.join("layers")
    }
}

/// The directory of a task, under a region's data directory.
pub fn task_dir(data_dir: &Path, id: &TaskId) -> PathBuf {
    data_dir.join(TASKS).join(id.as_str())
}

/// The cgroup that those of all tasks of an instance are in.
pub(crate) fn cgroup_parent(instance: &Instance) -> String {
    format!("neargate-{}", instance.prefix())
}

/// The one of the balancer, beside them.
pub(crate) fn balancer_cgroup(instance: &Instance) -> String {
    format!("{}/balancer", cgroup_parent(instance))
}
