//! Containers' output on its way to CloudWatch Logs: read from where the shims keep it, sent in batches through the task's own interface
//! with its execution role, acknowledged to the shim once it is stored.
//!
//! Each stream is shipped by a task of its own, so that one whose network hangs keeps no other waiting. What can't be delivered stays
//! with the shim, where `max-buffer-size` bounds it, and is tried again.

mod ship;
mod sink;
mod source;
mod written;

use super::Event;
use crate::{Config, credentials::TaskCredentials, dial::Dialers};
use containers::Sandbox;
use ship::Ship;
use sink::Sink;
use source::Source;
use spec::{HostSpec, LogSpec, TaskId};
use std::{
    collections::BTreeMap,
    io,
    path::PathBuf,
    sync::{Arc, mpsc::Sender},
};
use tokio::{
    sync::{
        Notify, Semaphore,
        watch::{self, Receiver},
    },
    task::AbortHandle,
    time::Instant,
};
use written::Written;

/// Connections that are kept between two batches. Beyond, a stream opens one for each: the services' sockets have so many places for
/// one client, which may be a NAT gateway with all the tasks behind it (`services::CONNECTIONS_EACH`).
const KEPT: usize = 48;

/// What every stream needs.
pub(crate) struct Means {
    config: Arc<Config>,
    dialers: Arc<Dialers>,
    credentials: Arc<TaskCredentials>,
    /// What this host is to be, as it changes.
    spec: Receiver<Arc<HostSpec>>,
    events: Sender<Event>,
    kept: Arc<Semaphore>,
    written: Written,
}

/// The streams of all containers.
pub(crate) struct Streams {
    means: Arc<Means>,
    running: BTreeMap<(TaskId, String), Running>,
}

/// A stream that is being shipped.
struct Running {
    /// When its container ended.
    ended: watch::Sender<Option<Instant>>,
    shipping: AbortHandle,
}

impl Means {
    /// What streams need, of what the agent has.
    ///
    /// # Errors
    /// When the kernel has no more descriptors or threads for telling of writes.
    pub(crate) fn new(
        config: Arc<Config>,
        dialers: Arc<Dialers>,
        credentials: Arc<TaskCredentials>,
        spec: Receiver<Arc<HostSpec>>,
        events: Sender<Event>,
    ) -> io::Result<Self> {
        let written = Written::start()?;
        Ok(Self { config, dialers, credentials, spec, events, kept: Arc::new(Semaphore::new(KEPT)), written })
    }
}

impl Streams {
    pub(crate) fn new(means: Means) -> Self {
        Self { means: Arc::new(means), running: BTreeMap::new() }
    }

    /// Ships a container's output from where it was left. `sandbox` is the shim to tell; none once it has died.
    pub(crate) fn follow(&mut self, task: &TaskId, container: &str, log: &LogSpec, sandbox: Option<Arc<Sandbox>>) {
        let output = self.means.config.task_dir(task).join("containers").join(container).join("log");
        self.ship(task, container, log, output, sandbox);
    }

    /// Ships the lines of a task's proxy, which the agent itself writes.
    pub(crate) fn follow_proxy(&mut self, task: &TaskId, container: &str, log: &LogSpec) {
        let output = self.means.config.proxy_log(task);
        self.ship(task, container, log, output, None);
    }

    fn ship(&mut self, task: &TaskId, container: &str, log: &LogSpec, output: PathBuf, sandbox: Option<Arc<Sandbox>>) {
        let means = self.means.clone();
        let file = means.config.files_dir(task).join(format!("{container}.shipped"));
        let source = Source::new(&output, file, container, log, sandbox);
        let (ended, ending) = watch::channel(None);
        let ship = Ship {
            task: task.clone(),
            container: container.to_owned(),
            stream: log.stream.clone(),
            output,
            sink: Sink::new(means.clone(), task.clone()),
            means: means.clone(),
            wake: Arc::new(Notify::new()),
            complaint: None,
        };
        let shipping = means.config.runtime_handle.spawn(ship.run(source, ending)).abort_handle();
        self.running.insert((task.clone(), container.to_owned()), Running { ended, shipping });
    }

    /// Ships what is left of the output of a container that has ended; [`Event::Shipped`] says when that is done or was given up.
    pub(crate) fn end(&self, task: &TaskId, container: &str) {
        if let Some(running) = self.running.get(&(task.clone(), container.to_owned())) {
            running.ended.send_replace(Some(Instant::now()));
        }
    }

    /// Lets go of a stream that has come to its end.
    pub(crate) fn shipped(&mut self, task: &TaskId, container: &str) {
        self.running.remove(&(task.clone(), container.to_owned()));
    }

    /// Ships no more of a task, whose network is no more.
    pub(crate) fn forget(&mut self, task: &TaskId) {
        let of_task = |(id, _): &(TaskId, String), _: &mut Running| id == task;
        self.running.extract_if(.., of_task).for_each(|(_, running)| running.shipping.abort());
    }
}

impl Drop for Streams {
    /// What was not acknowledged is shipped by the next agent.
    fn drop(&mut self) {
        self.running.values().for_each(|running| running.shipping.abort());
    }
}
