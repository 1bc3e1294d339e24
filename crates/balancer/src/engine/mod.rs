//! The engine: threads that serve, and one that keeps the configuration, checks targets and tells what was seen.

mod compile;
mod coordinator;
mod kernel;
mod members;

use crate::{access, process::Counted, worker::Worker};
use coordinator::Coordinator;
use serde::{Deserialize, Serialize};
use spec::{
    Revision,
    balancing::{Balancing, BalancingStatus, Certificate},
    measured::NodeCounts,
};
use std::{
    collections::BTreeMap,
    io,
    net::TcpListener,
    num::{NonZeroU16, NonZeroUsize},
    path::{Path, PathBuf},
    sync::Arc,
    thread::JoinHandle,
};
use tokio::sync::{
    mpsc::{self, UnboundedSender, unbounded_channel},
    oneshot, watch,
};
use vpc::{InterfaceId, LoadBalancerId};

/// Everything an engine serves, whole.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    /// The revision of the spec it is from.
    pub revision: Revision,
    /// The load balancers.
    pub balancing: Arc<Balancing>,
    /// The file of each node's network namespace. Listening and upstream sockets are made in there.
    pub namespaces: BTreeMap<InterfaceId, PathBuf>,
    /// Certificates that listeners name, by their ARNs, with their keys. Those that were there before need not be there again.
    #[serde(default)]
    pub certificates: BTreeMap<String, Arc<Certificate>>,
    /// Which of the load balancers are none, but what a task's proxy of Service Connect serves: an offer of the task's, or an endpoint that it
    /// uses.
    #[serde(default)]
    pub mesh: BTreeMap<LoadBalancerId, Mesh>,
}

/// What is otherwise where a proxy of Service Connect serves. Its targets are not checked, but left out for a while when they fail
/// (`target::Outlier`); heads are left much as they are; of connections only clients' are counted; and what it answers itself is in Envoy's
/// words. Where HTTP/2 is on, clients speak it with prior knowledge, or bytes are passed on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mesh {
    /// `perRequestTimeoutSeconds`; 0 is none.
    pub request_timeout: u32,
    /// Whether it is in front of the application, and the proxy that sends it requests may send them again to another.
    #[serde(default)]
    pub inward: bool,
}

/// What an engine leaves to the one that takes its place, in another process.
#[derive(Debug, Default)]
pub struct Legacy {
    /// What it listens with. Of one that listens with so many sockets there must be as many threads.
    pub doors: Vec<Door>,
    /// What it has seen of targets: they are known from the start.
    pub seen: BalancingStatus,
    /// What it has counted and nobody has taken in yet.
    pub counted: Vec<Counted>,
}

/// The listening sockets of one listener on one node.
#[derive(Debug)]
pub struct Door {
    /// The node.
    pub interface: InterfaceId,
    /// The listener's port.
    pub port: NonZeroU16,
    /// Device and inode of the namespace they were made in.
    pub namespace: (u64, u64),
    /// The sockets, one of each thread.
    pub sockets: Vec<TcpListener>,
}

/// What the engine's own thread is told.
#[derive(Debug)]
enum Order {
    /// To serve this.
    Serve(Snapshot),
    /// What was seen of targets that it does not know yet.
    Know(BalancingStatus),
    /// To lend what it listens with.
    Lend(oneshot::Sender<Vec<Door>>),
    /// To tell what was counted since the last time.
    Count(oneshot::Sender<BTreeMap<InterfaceId, NodeCounts>>),
    /// To listen no more. Each thread drops its copy when its last connection has ended.
    Retreat(mpsc::Sender<()>),
}

/// Serves load balancers. Dropped, it ends everything.
#[derive(Debug)]
pub struct Engine {
    orders: Option<UnboundedSender<Order>>,
    status: watch::Receiver<BalancingStatus>,
    thread: Option<JoinHandle<()>>,
}

impl Engine {
    /// Starts an engine that serves with so many threads, and has nothing to serve yet.
    ///
    /// # Errors
    /// When there are no more threads or descriptors.
    pub fn start(threads: NonZeroUsize) -> io::Result<Self> {
        Self::succeed(threads, Legacy::default(), None)
    }

    /// The same in the place of another: connections that wait with its sockets are this one's. Access logs are written to files in a
    /// directory, if there is one.
    ///
    /// # Errors
    /// When there are no more threads or descriptors.
    pub fn succeed(threads: NonZeroUsize, legacy: Legacy, logs: Option<&Path>) -> io::Result<Self> {
        Self::run(threads, legacy, false, logs)
    }

    /// One whose clients may begin with HTTP/2 on listeners without TLS, as no load balancer of AWS has it. For tests and benchmarks.
    ///
    /// # Errors
    /// When there are no more threads or descriptors.
    #[doc(hidden)]
    pub fn with_prior_knowledge(threads: NonZeroUsize) -> io::Result<Self> {
        Self::run(threads, Legacy::default(), true, None)
    }

    fn run(threads: NonZeroUsize, legacy: Legacy, prior_knowledge: bool, logs: Option<&Path>) -> io::Result<Self> {
        let (orders, received) = unbounded_channel();
        let (status, seen) = watch::channel(legacy.seen.clone());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (sink, writer) = logs.map(access::files::start).transpose()?.unzip();
        let start = |index| Worker::start(index, prior_knowledge, sink.clone());
        let workers = (0..threads.get()).map(start).collect::<io::Result<Vec<_>>>()?;
        // Only threads have it from now on.
        drop(sink);
        let thread = std::thread::Builder::new().name("balancer".into()).spawn(move || {
            let (commands, threads): (Vec<_>, Vec<_>) = workers.into_iter().unzip();
            tokio::task::LocalSet::new().block_on(&runtime, Coordinator::new(commands, status, legacy).run(received));
            for thread in threads {
                // One that panicked has said so.
                let _ = thread.join();
            }
            // It ends when nothing more can come.
            let _ = writer.map(JoinHandle::join);
        })?;
        Ok(Self { orders: Some(orders), status: seen, thread: Some(thread) })
    }

    /// Serves this from now on. Established connections are only touched where what they need is gone.
    pub fn apply(&self, snapshot: Snapshot) {
        self.order(Order::Serve(snapshot));
    }

    /// What another engine has seen of targets before it ended: of what comes with the next snapshot, that is known from the start.
    pub fn know(&self, seen: BalancingStatus) {
        self.order(Order::Know(seen));
    }

    /// Copies of what it listens with. It goes on listening, until [`Engine::retreat`].
    pub async fn doors(&self) -> Vec<Door> {
        let (sender, doors) = oneshot::channel();
        self.order(Order::Lend(sender));
        doors.await.unwrap_or_default()
    }

    /// What was counted since the last time. Nobody else is told of it again.
    pub async fn counts(&self) -> BTreeMap<InterfaceId, NodeCounts> {
        let (sender, counts) = oneshot::channel();
        self.order(Order::Count(sender));
        counts.await.unwrap_or_default()
    }

    /// Listens no more, and returns when every connection has ended after the answer that was under way.
    pub async fn retreat(&self) {
        let (guard, mut gone) = mpsc::channel(1);
        self.order(Order::Retreat(guard));
        // Nothing is ever sent: it ends with the last copy of the guard.
        gone.recv().await;
    }

    fn order(&self, order: Order) {
        if let Some(orders) = &self.orders {
            // Fails if the thread has panicked, which the status's end tells.
            let _ = orders.send(order);
        }
    }

    /// What was seen, as of every change.
    pub fn status(&self) -> watch::Receiver<BalancingStatus> {
        self.status.clone()
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.orders = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
