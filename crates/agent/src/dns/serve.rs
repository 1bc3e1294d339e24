//! The sockets of DNS servers.

use super::{
    Names, Transport, Upstream, View,
    answer::{Answered, answered, failure, is_elsewhere, joined, onward},
    limit::Limit,
};
use shares::{Client, Places, Stream};
use spec::HostSpec;
use std::{
    io,
    net::IpAddr,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread,
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream, UdpSocket},
    runtime::{Builder, Handle},
    sync::{oneshot, watch::Receiver},
    task::JoinSet,
    time::timeout,
};
use vpc::Topology;

/// TCP connections to one server at once, and of one client.
const CONNECTIONS: usize = 256;
const CONNECTIONS_EACH: usize = 16;
/// How long a connection may wait for its next question, and an answer for whoever asked to take it (RFC 7766, section 6.2.3).
const IDLE: Duration = Duration::from_secs(10);
/// How long to wait when the kernel has no descriptor or memory to give.
const PAUSE: Duration = Duration::from_millis(20);

/// One DNS server, at however many addresses.
pub(crate) struct Server {
    view: View,
    topology: Receiver<Arc<Topology>>,
    /// Where zones come from: what is taken away from them is answered no more, however long the network takes.
    spec: Receiver<Arc<HostSpec>>,
    upstream: Option<Arc<Upstream>>,
    /// Of the internet's server. Routers drop what is too much for a VPC's before it comes here.
    limit: Option<Mutex<Limit>>,
    places: Arc<Places>,
}

/// The thread that all servers answer on. No question waits for what else the agent does, and however many there are, they take one processor
/// from it; two threads that take turns at a socket would mostly wake each other. Dropping this closes every server.
pub(crate) struct Answering {
    runtime: Handle,
    /// Nothing is ever sent: the thread ends when this is gone.
    _end: oneshot::Sender<()>,
}

impl Answering {
    /// Starts it, in the network of the agent's runtime: that is where questions are forwarded from.
    ///
    /// # Errors
    /// When the kernel has no descriptors or threads to give.
    pub(crate) fn start(agent: &Handle) -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let (handle, (end, ended)) = (runtime.handle().clone(), oneshot::channel::<()>());
        let (tell, told) = mpsc::channel();
        agent.spawn(async move {
            let started = thread::Builder::new().name("dns".to_owned()).spawn(move || {
                let _ = runtime.block_on(ended);
            });
            let _ = tell.send(started.map(drop));
        });
        told.recv().map_err(io::Error::other)??;
        Ok(Self { runtime: handle, _end: end })
    }

    /// Where servers are spawned and their sockets registered.
    pub(crate) fn runtime(&self) -> Handle {
        self.runtime.clone()
    }
}

/// What a packet comes to.
enum Reply {
    /// This answer.
    Packet(Vec<u8>),
    /// Whatever the host's resolvers say.
    Theirs(Arc<Upstream>),
    /// This answer, and what they say of the name that it leads to.
    Joined(Arc<Upstream>, Answered),
}

impl Server {
    /// The server of a view, answering from the newest networks, and asking others for other names if there are any.
    pub(crate) fn new(
        view: View,
        topology: Receiver<Arc<Topology>>,
        spec: Receiver<Arc<HostSpec>>,
        upstream: Option<Arc<Upstream>>,
    ) -> Self {
        let limit = (view == View::Internet).then(|| Mutex::new(Limit::new(Instant::now())));
        Self { view, topology, spec, upstream, limit, places: Places::new(CONNECTIONS, CONNECTIONS_EACH) }
    }

    /// The reply to a packet. What is over the limit gets none, as on AWS.
    fn reply(&self, source: IpAddr, packet: &[u8], transport: Transport) -> Option<Reply> {
        if self.limit.as_ref().is_some_and(|limit| !within(limit, source)) {
            return None;
        }
        let (topology, zones) = (self.topology.borrow().clone(), self.spec.borrow().zones.clone());
        let names = Names { topology: &topology, zones: &zones };
        let reply = || match &self.upstream {
            Some(upstream) if is_elsewhere(names, &self.view, packet) => Some(Reply::Theirs(upstream.clone())),
            upstream => answered(names, &self.view, packet, transport).map(|answer| match upstream {
                Some(upstream) if answer.beyond.is_some() => Reply::Joined(upstream.clone(), answer),
                _ => Reply::Packet(answer.packet),
            }),
        };
        // A packet that shows a defect costs its sender the answer, and nobody else anything.
        catch_unwind(AssertUnwindSafe(reply)).ok().flatten()
    }
}

fn within(limit: &Mutex<Limit>, source: IpAddr) -> bool {
    limit.lock().unwrap_or_else(PoisonError::into_inner).allows(source, Instant::now())
}

/// What others answer, or that they don't.
async fn theirs(upstream: &Upstream, client: Client, question: &[u8], transport: Transport) -> Option<Vec<u8>> {
    upstream.ask(client, question, transport).await.or_else(|| failure(question))
}

impl Reply {
    /// The packet that is sent back, after others have been asked where that is needed.
    async fn packet(self, client: Client, question: &[u8], transport: Transport) -> Option<Vec<u8>> {
        match self {
            Self::Packet(packet) => Some(packet),
            Self::Theirs(upstream) => theirs(&upstream, client, question, transport).await,
            Self::Joined(upstream, Answered { packet, beyond }) => {
                let onward = beyond.and_then(|name| onward(question, name));
                let Some(onward) = onward else { return failure(question) };
                match upstream.ask(client, &onward, transport).await {
                    Some(more) => joined(question, &packet, &more, transport),
                    None => failure(question),
                }
            }
        }
    }
}

/// Answers what comes over UDP, for ever.
pub(crate) async fn udp(server: Arc<Server>, namespace: u64, socket: UdpSocket) {
    let socket = Arc::new(socket);
    // They end with this.
    let mut asking = JoinSet::new();
    // As long as a question can be; what is longer is cut off and then unreadable.
    let mut packet = vec![0; 4096];
    loop {
        match socket.recv_from(&mut packet).await {
            Ok((length, from)) => {
                let question = packet.get(..length).unwrap_or_default();
                // Whoever asked may have gone; the packet may be filtered on its way. UDP promises nothing.
                match server.reply(from.ip(), question, Transport::Udp) {
                    Some(Reply::Packet(reply)) => drop(socket.send_to(&reply, from).await),
                    Some(reply) => {
                        let (socket, question) = (socket.clone(), question.to_vec());
                        let client = Client { namespace, address: from.ip() };
                        asking.spawn(async move {
                            if let Some(reply) = reply.packet(client, &question, Transport::Udp).await {
                                let _ = socket.send_to(&reply, from).await;
                            }
                        });
                    }
                    None => {}
                }
                while asking.try_join_next().is_some() {}
            }
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
    }
}

/// Answers what comes over TCP, for ever.
pub(crate) async fn tcp(server: Arc<Server>, namespace: u64, listener: TcpListener) {
    let answer = |stream, from| {
        let server = server.clone();
        async move {
            // A client that breaks off or is too slow ends its own connection only.
            let _ = converse(&server, stream, from).await;
        }
    };
    shares::serve(server.places.clone(), namespace, listener, answer).await;
}

/// Answers one question after the other, each with its length before it (RFC 1035, section 4.2.2).
async fn converse(server: &Server, mut stream: Stream<TcpStream>, from: Client) -> io::Result<()> {
    loop {
        let question = timeout(IDLE, read(&mut stream)).await??;
        let reply = match server.reply(from.address, &question, Transport::Tcp) {
            Some(reply) => reply.packet(from, &question, Transport::Tcp).await,
            None => None,
        };
        let Some(reply) = reply else { continue };
        let length = u16::try_from(reply.len()).map_err(io::Error::other)?;
        let framed = [length.to_be_bytes().as_slice(), &reply].concat();
        timeout(IDLE, stream.write_all(&framed)).await??;
    }
}

async fn read(stream: &mut Stream<TcpStream>) -> io::Result<Vec<u8>> {
    let length = stream.read_u16().await?;
    let mut question = vec![0; usize::from(length)];
    stream.read_exact(&mut question).await?;
    Ok(question)
}
