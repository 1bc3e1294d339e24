//! What an agent knows of one task on its host: what was found there and what its own actions came to.

use spec::{Health, Millis};
use std::collections::BTreeMap;

/// One task as this host has it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TaskSeen {
    /// Its network namespace, interface and rules.
    pub network: Network,
    /// Its shim, which holds the containers.
    pub sandbox: Sandbox,
    /// What it needs of AWS's services before its containers may begin.
    pub resources: Resources,
    /// When the first pull began.
    pub pull_started_at: Option<Millis>,
    /// When the last pull ended.
    pub pull_stopped_at: Option<Millis>,
    /// When it began to stop, for whatever reason.
    pub stopping_at: Option<Millis>,
    /// Why it can't run, in AWS's words.
    pub failure: Option<String>,
    /// When its use of disk was last measured.
    pub measured_at: Option<Millis>,
    /// Whether that is being done.
    pub measuring: bool,
    /// Whether output of its containers has yet to be shipped, through its interface.
    pub shipping: bool,
    /// Its containers by name. Those of its spec that are not here have not been touched.
    pub containers: BTreeMap<String, ContainerSeen>,
}

/// How far a task's network is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Network {
    /// Not complete: nothing of the task may run.
    #[default]
    Absent,
    /// Namespace, interface, routes and rules are in the kernel.
    Ready,
}

/// How far what a task needs of AWS's services is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Resources {
    /// Not asked for yet.
    #[default]
    Absent,
    /// Being got.
    Coming,
    /// There.
    Ready,
}

/// How far a task's shim is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Sandbox {
    /// None was made yet.
    #[default]
    Absent,
    /// It holds the task's containers.
    Running,
    /// There was one and it has died, and with it every container.
    Gone,
}

/// One container as this host has it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ContainerSeen {
    /// Its image.
    pub image: Image,
    /// Its first process.
    pub process: Process,
    /// What its health check says.
    pub health: Health,
    /// When the next health check is due, once it runs.
    pub next_check: Option<Millis>,
    /// How many checks have failed in a row.
    pub failed_checks: u32,
    /// The number of the signal that asks it to stop, where its image names one.
    pub stop_signal: Option<i32>,
    /// When it was asked to stop.
    pub stop_sent_at: Option<Millis>,
    /// Whether it was killed after that.
    pub killed: bool,
    /// Whether its image is being pulled.
    pub pulling: bool,
    /// Whether it is being started.
    pub starting: bool,
    /// Whether its start was begun by an agent before this one.
    pub adopted: bool,
    /// Whether a health check runs.
    pub checking: bool,
}

/// How far a container's image is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Image {
    /// Not asked for yet.
    #[default]
    Absent,
    /// Unpacked on this host.
    Ready {
        /// The manifest's digest.
        digest: String,
    },
}

/// How far a container's first process is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Process {
    /// Not started.
    #[default]
    Absent,
    /// It runs.
    Running {
        /// Since when.
        started_at: Millis,
    },
    /// It has ended, or could not be started, or never will be.
    Ended(End),
}

/// How a container ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct End {
    /// When its process had started, if it did.
    pub started_at: Option<Millis>,
    /// When it ended.
    pub finished_at: Option<Millis>,
    /// Its exit code: the status, or 128 plus the signal's number.
    pub exit_code: Option<i32>,
    /// Why it did not start or was killed, in AWS's words.
    pub reason: Option<String>,
}

impl ContainerSeen {
    /// How it ended, if it did.
    pub fn end(&self) -> Option<&End> {
        match &self.process {
            Process::Ended(end) => Some(end),
            _ => None,
        }
    }

    /// Since when it runs, if it does.
    pub fn running(&self) -> Option<Millis> {
        match self.process {
            Process::Running { started_at } => Some(started_at),
            _ => None,
        }
    }

    /// Whether its process ever started.
    pub fn started(&self) -> bool {
        self.running().is_some() || self.end().is_some_and(|end| end.started_at.is_some())
    }
}
