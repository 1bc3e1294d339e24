//! The engine: threads that serve, and one that keeps the configuration, checks targets and tells what was seen.

mod compile;
mod coordinator;
mod members;

use crate::worker::Worker;
use coordinator::Coordinator;
use serde::{Deserialize, Serialize};
use spec::{
    Revision,
    balancing::{Balancing, BalancingStatus},
};
use std::{collections::BTreeMap, io, num::NonZeroUsize, path::PathBuf, sync::Arc, thread::JoinHandle};
use tokio::sync::{
    mpsc::{UnboundedSender, unbounded_channel},
    watch,
};
use vpc::InterfaceId;

/// Everything an engine serves, whole.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    /// The revision of the spec it is from.
    pub revision: Revision,
    /// The load balancers.
    pub balancing: Arc<Balancing>,
    /// The file of each node's network namespace. Listening and upstream sockets are made in there.
    pub namespaces: BTreeMap<InterfaceId, PathBuf>,
}

/// Serves load balancers. Dropped, it ends everything.
#[derive(Debug)]
pub struct Engine {
    snapshots: Option<UnboundedSender<Snapshot>>,
    status: watch::Receiver<BalancingStatus>,
    thread: Option<JoinHandle<()>>,
}

impl Engine {
    /// Starts an engine that serves with so many threads, and has nothing to serve yet.
    ///
    /// # Errors
    /// When there are no more threads or descriptors.
    pub fn start(threads: NonZeroUsize) -> io::Result<Self> {
        let (snapshots, received) = unbounded_channel();
        let (status, seen) = watch::channel(BalancingStatus::default());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let workers = (0..threads.get()).map(Worker::start).collect::<io::Result<Vec<_>>>()?;
        let thread = std::thread::Builder::new().name("balancer".into()).spawn(move || {
            let (commands, threads): (Vec<_>, Vec<_>) = workers.into_iter().unzip();
            tokio::task::LocalSet::new().block_on(&runtime, Coordinator::new(commands, status).run(received));
            for thread in threads {
                // One that panicked has said so.
                let _ = thread.join();
            }
        })?;
        Ok(Self { snapshots: Some(snapshots), status: seen, thread: Some(thread) })
    }

    /// Serves this from now on. Established connections are only touched where what they need is gone.
    pub fn apply(&self, snapshot: Snapshot) {
        if let Some(snapshots) = &self.snapshots {
            // Fails if the thread has panicked, which the status's end tells.
            let _ = snapshots.send(snapshot);
        }
    }

    /// What was seen, as of every change.
    pub fn status(&self) -> watch::Receiver<BalancingStatus> {
        self.status.clone()
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.snapshots = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
