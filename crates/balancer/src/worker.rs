//! One thread: a share of all connections, with a runtime of its own. Threads share the configuration and counters, nothing else.

use crate::{
    access::{Buffer, Presented, Sink},
    client,
    config::Door,
    counts::AllCounts,
    http2::{self, Upstreams},
    pool::Pool,
    stream,
    watch::{Watched, Watches},
};
use bytes::BytesMut;
use spec::{Millis, measured::NodeCounts};
use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, HashMap},
    io,
    net::SocketAddr,
    rc::Rc,
    sync::Arc,
    thread::JoinHandle,
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::mpsc::{Sender, UnboundedReceiver, UnboundedSender, unbounded_channel},
    task::{AbortHandle, LocalSet, spawn_local},
};
use vpc::InterfaceId;

/// What a thread is told.
#[derive(Debug)]
pub(crate) enum Command {
    /// To take connections.
    Open(Arc<Door>, std::net::TcpListener),
    /// To take no more, and to end those there are, at once or after what is under way.
    Close { door: u64, at_once: bool },
    /// To take no more from anywhere, to let each connection end with its next answer, and to drop this when the last one has.
    Retreat(Sender<()>),
    /// To send nothing new to a target.
    Retire(u64),
    /// To end what is under way to a target.
    Cut(u64),
    /// To tell what was counted of nodes, and how many connections are kept for targets.
    Count(UnboundedSender<Counted>),
    /// To forget sockets of other namespaces than these, and how long connections to targets are kept.
    Settle { identities: Vec<(u64, u64)>, kept: Duration },
}

/// What a thread has counted, by nodes; and the connections it keeps, by targets.
pub(crate) type Counted = (BTreeMap<InterfaceId, NodeCounts>, Vec<(u64, u64)>);

/// What the connections of a thread share.
pub(crate) struct Worker {
    pub pool: Pool,
    /// Those to targets that speak HTTP/2.
    pub upstreams: Upstreams,
    pub watches: Rc<Watches>,
    pub counts: AllCounts,
    pub random: RefCell<fastrand::Rng>,
    /// Lines of access logs.
    pub logs: Buffer,
    /// Whether clients may begin with HTTP/2 on a listener without TLS: for tests alone.
    prior_knowledge: bool,
    kept: Cell<Duration>,
    /// Dropped when there is no connection.
    retreat: RefCell<Option<Sender<()>>>,
}

impl Worker {
    /// Starts a thread. It ends when the sender is dropped.
    pub(crate) fn start(
        index: usize,
        prior_knowledge: bool,
        logs: Option<Sink>,
    ) -> io::Result<(UnboundedSender<Command>, JoinHandle<()>)> {
        let (sender, commands) = unbounded_channel();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let thread = std::thread::Builder::new().name(format!("balancer-{index}")).spawn(move || {
            LocalSet::new().block_on(&runtime, run(commands, prior_knowledge, logs));
        })?;
        Ok((sender, thread))
    }

    /// Milliseconds since 1970, right by a second.
    pub(crate) fn now_in_millis(&self) -> Millis {
        Millis::try_from(self.now()).unwrap_or(Millis::MAX).saturating_mul(1000)
    }

    /// Seconds since 1970.
    pub(crate) fn now(&self) -> u64 {
        SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
    }
}

async fn run(mut commands: UnboundedReceiver<Command>, prior_knowledge: bool, logs: Option<Sink>) {
    let worker = Rc::new(Worker {
        pool: Pool::default(),
        upstreams: Upstreams::default(),
        watches: Watches::new(),
        counts: AllCounts::default(),
        random: RefCell::new(fastrand::Rng::new()),
        logs: Buffer::new(logs),
        prior_knowledge,
        kept: Cell::new(Duration::from_secs(60)),
        retreat: RefCell::default(),
    });
    let mut doors: HashMap<u64, AbortHandle> = HashMap::new();
    let mut tick = tokio::time::interval(Watches::TICK);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            command = commands.recv() => match command {
                Some(command) => obey(&worker, &mut doors, command),
                None => return worker.logs.flush(),
            },
            _ = tick.tick() => {
                worker.watches.tick();
                worker.logs.flush();
                if worker.watches.is_empty() {
                    worker.retreat.take();
                }
                worker.pool.tick(worker.watches.clock(), worker.kept.get());
                worker.upstreams.tick(worker.watches.clock(), worker.kept.get());
            }
        }
    }
}

fn obey(worker: &Rc<Worker>, doors: &mut HashMap<u64, AbortHandle>, command: Command) {
    match command {
        Command::Open(door, listener) => {
            let id = door.id;
            // A listener that the kernel made is one that the runtime takes, unless descriptors have run out.
            if let Ok(listener) = TcpListener::from_std(listener) {
                doors.insert(id, spawn_local(accept(Rc::clone(worker), door, listener)).abort_handle());
            }
        }
        Command::Close { door, at_once } => {
            if let Some(accepting) = doors.remove(&door) {
                accepting.abort();
            }
            worker.watches.close(door, at_once);
        }
        Command::Retreat(guard) => {
            doors.drain().for_each(|(_, accepting)| accepting.abort());
            worker.watches.retreat();
            worker.retreat.replace(Some(guard));
        }
        Command::Retire(target) => {
            worker.pool.retire(target);
            worker.upstreams.retire(target);
            worker.watches.retire(target);
        }
        Command::Cut(target) => worker.watches.cut(target),
        // Whoever asked may have gone.
        Command::Count(whom) => _ = whom.send((worker.counts.take(), worker.pool.kept())),
        Command::Settle { identities, kept } => {
            worker.pool.retain(&identities);
            worker.kept.set(kept);
        }
    }
}

async fn accept(worker: Rc<Worker>, door: Arc<Door>, listener: TcpListener) {
    /// Descriptors that have run out come back when connections end.
    const PAUSE: Duration = Duration::from_millis(50);
    loop {
        match listener.accept().await {
            Ok((tcp, peer)) => {
                // Whoever counts connections counts it from now on.
                let (idle, is_stream, may_begin) = {
                    let listener = door.listener.load();
                    let settings = &listener.settings;
                    let may_begin = settings.http2 && (worker.prior_knowledge || settings.mesh);
                    (listener.stream.unwrap_or(settings.idle_timeout), listener.stream.is_some(), may_begin)
                };
                let watch = worker.watches.add(door.id, idle);
                let (worker, door) = (Rc::clone(&worker), Arc::clone(&door));
                if is_stream {
                    spawn_local(stream::serve(worker, watch, tcp, peer, door));
                } else if may_begin {
                    spawn_local(either(worker, watch, tcp, peer, door));
                } else {
                    spawn_local(client::serve(worker, watch, tcp, peer, door));
                }
            }
            Err(_) => {
                worker.counts.of(&door.listener.load().node).rejected_connections.add(1);
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

/// Serves a connection by what it begins with, which no request of HTTP/1.1 begins with (RFC 9113, 3.4).
async fn either(worker: Rc<Worker>, watch: Watched, stream: TcpStream, peer: SocketAddr, door: Arc<Door>) {
    const PREFACE: &[u8] = b"PRI ";
    /// How often it is looked whether its time is over.
    const LOOK: Duration = Duration::from_millis(250);
    /// How long the rest of what came in part is waited for, which is there for whoever peeks again at once.
    const REST: Duration = Duration::from_millis(50);
    let mut begun = [0; PREFACE.len()];
    let is_2 = loop {
        if watch.fate().is_some() {
            return;
        }
        match tokio::time::timeout(LOOK, stream.peek(&mut begun)).await {
            Err(_) => {}
            Ok(Ok(count)) if count == PREFACE.len() => break begun == PREFACE,
            Ok(Ok(count @ 1..)) if PREFACE.starts_with(&begun[..count]) => tokio::time::sleep(REST).await,
            Ok(_) => break false,
        }
    };
    if is_2 {
        let _ = stream.set_nodelay(true);
        let counts = worker.counts.of(&door.listener.load().node);
        http2::serve(worker, (stream, BytesMut::new()), watch, (peer, None, Presented::default(), counts), door).await;
    } else if door.listener.load().settings.mesh {
        // What it is, the target may know, such as a health check over HTTP/1.1.
        stream::serve(worker, watch, stream, peer, door).await;
    } else {
        client::serve(worker, watch, stream, peer, door).await;
    }
}
