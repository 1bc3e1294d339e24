//! Connections to targets of one thread: making them in a node's namespace, keeping those without a request.

use crate::{
    config::{Group, Node},
    socket::{Socket, Stopped},
    target::Target,
    tls::{self, HANDSHAKE_TIMEOUT, stream::Stream},
    watch::{Clock, Fate, Watch},
};
use bytes::BytesMut;
use spec::balancing::ProtocolVersion;
use std::{
    cell::RefCell,
    collections::HashMap,
    future::poll_fn,
    io,
    net::SocketAddr,
    pin::pin,
    sync::{Arc, atomic::Ordering::Relaxed},
    task::Poll,
    time::Duration,
};
use tokio::net::{TcpSocket, TcpStream};

/// How long a target may take to take a connection ("Troubleshoot your Application Load Balancers", HTTP 504).
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// The most connections without a request that are kept for one target.
const KEPT: usize = 256;
/// How many sockets are made at once: entering a namespace takes a thread.
const BATCH: usize = 8;

/// Sockets that were made inside namespaces and are not connected yet.
#[derive(Debug, Default)]
pub(crate) struct Sockets {
    made: RefCell<HashMap<(u64, u64, bool), Vec<std::net::TcpStream>>>,
}

impl Sockets {
    /// A connection from a node, or from an address and port that are another's (`network::BORROWED`).
    pub(crate) async fn connect(
        &self,
        node: &Node,
        to: SocketAddr,
        borrowed: Option<SocketAddr>,
    ) -> io::Result<TcpStream> {
        let socket = self.take(node, to)?;
        if let Some(from) = borrowed {
            let socket = socket2::SockRef::from(&socket);
            socket.set_ip_transparent_v4(true)?;
            socket.set_mark(network::BORROWED)?;
            socket.bind(&SocketAddr::new(from.ip().to_canonical(), from.port()).into())?;
        }
        TcpSocket::from_std_stream(socket).connect(to).await
    }

    fn take(&self, node: &Node, to: SocketAddr) -> io::Result<std::net::TcpStream> {
        let key = (node.identity.0, node.identity.1, to.is_ipv4());
        let mut all = self.made.borrow_mut();
        let made = all.entry(key).or_default();
        if made.is_empty() {
            let make = || (0..BATCH).map(|_| make(to)).collect::<io::Result<Vec<_>>>();
            *made = network::inside(&node.namespace, make).map_err(io::Error::other)??;
        }
        made.pop().ok_or_else(|| io::Error::other("no socket was made"))
    }

    /// Keeps only those of these namespaces.
    pub(crate) fn retain(&self, identities: &[(u64, u64)]) {
        self.made.borrow_mut().retain(|(device, inode, _), _| identities.contains(&(*device, *inode)));
    }
}

fn make(to: SocketAddr) -> io::Result<std::net::TcpStream> {
    let socket = socket2::Socket::new(socket2::Domain::for_address(to), socket2::Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    // Its port may be one that a listener is made for.
    socket.set_reuse_address(true)?;
    Ok(socket.into())
}

/// Why there is no connection.
#[derive(Debug)]
pub(crate) enum NoConnection {
    /// There is no way, or it can't be used.
    Refused,
    /// The target answered with a reset: nobody listens there, or who does ended it at once.
    Reset,
    /// Nobody answered.
    Timeout,
    /// It was made, but TLS was not agreed on.
    Handshake,
    /// Something here.
    Fate(Fate),
}

/// Shakes hands with a target that is to speak this.
pub(crate) async fn secure(
    stream: TcpStream,
    target: &Target,
    alpn: Option<&[u8]>,
    watch: &Watch,
) -> Result<Socket, NoConnection> {
    let config = tls::target_config_for(alpn).map_err(|_| NoConnection::Handshake)?;
    let wrap = |tcp| Stream::client(tcp, config, target.address.0.ip());
    let socket = Socket::new(stream, wrap).map_err(|_| NoConnection::Handshake)?;
    let mut early = BytesMut::new();
    match tokio::time::timeout(HANDSHAKE_TIMEOUT, socket.handshake(watch, &mut early)).await {
        // Who speaks before being asked speaks something else.
        Ok(Ok(())) if early.is_empty() => Ok(socket),
        Ok(Err(Stopped::Fate(fate @ (Fate::Closed | Fate::Cut | Fate::Moved | Fate::Late)))) => {
            Err(NoConnection::Fate(fate))
        }
        _ => Err(NoConnection::Handshake),
    }
}

/// Connections without a request, by targets.
#[derive(Debug, Default)]
pub(crate) struct Pool {
    sockets: Sockets,
    idle: RefCell<HashMap<u64, Vec<(Socket, Duration)>>>,
}

impl Pool {
    /// A connection that is there and fit for use, the last one that was.
    pub(crate) fn take(&self, target: &Target, clock: &Clock) -> Option<Socket> {
        let mut all = self.idle.borrow_mut();
        let idle = all.get_mut(&target.id)?;
        // A target may have closed it, which the kernel is asked about when the last request was a while ago.
        std::iter::from_fn(|| idle.pop())
            .find(|(socket, since)| socket.is_quiet(*since < clock.now()))
            .map(|(socket, _)| socket)
    }

    /// A new one.
    pub(crate) async fn connect(
        &self,
        node: &Node,
        target: &Target,
        group: &Group,
        watch: &Watch,
    ) -> Result<Socket, NoConnection> {
        let stream = self.open(node, target, None, watch).await?;
        match group.tls {
            true => secure(stream, target, (group.version != ProtocolVersion::Http1).then_some(b"h2"), watch).await,
            false => Socket::new(stream, |tcp| Ok(Stream::plain(tcp))).map_err(|_| NoConnection::Refused),
        }
    }

    /// A new one, on which nothing was said yet; maybe from an address and port that are another's.
    pub(crate) async fn open(
        &self,
        node: &Node,
        target: &Target,
        borrowed: Option<SocketAddr>,
        watch: &Watch,
    ) -> Result<TcpStream, NoConnection> {
        let connecting = self.sockets.connect(node, target.address.0, borrowed);
        let mut connecting = pin!(tokio::time::timeout(CONNECT_TIMEOUT, connecting));
        let connected = poll_fn(|context| {
            if let Some(fate @ (Fate::Closed | Fate::Cut | Fate::Moved | Fate::Late)) = watch.fate() {
                return Poll::Ready(Err(NoConnection::Fate(fate)));
            }
            watch.sleep(context);
            connecting.as_mut().poll(context).map(Ok)
        });
        match connected.await? {
            Ok(Ok(stream)) => Ok(stream),
            Ok(Err(error)) => Err(match error.kind() {
                io::ErrorKind::TimedOut => NoConnection::Timeout,
                io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionReset => NoConnection::Reset,
                _ => NoConnection::Refused,
            }),
            Err(_) => Err(NoConnection::Timeout),
        }
    }

    /// Keeps a connection for the next request, unless its target takes none.
    pub(crate) fn keep(&self, target: &Arc<Target>, socket: Socket, clock: &Clock) {
        if target.retired.load(Relaxed) {
            return;
        }
        let mut all = self.idle.borrow_mut();
        let idle = all.entry(target.id).or_default();
        if idle.len() < KEPT {
            idle.push((socket, clock.now()));
        }
    }

    /// How many are kept, by targets.
    pub(crate) fn kept(&self) -> Vec<(u64, u64)> {
        self.idle.borrow().iter().map(|(target, idle)| (*target, idle.len() as u64)).collect()
    }

    /// Closes what is kept for a target.
    pub(crate) fn retire(&self, target: u64) {
        self.idle.borrow_mut().remove(&target);
    }

    /// Closes what targets closed and what nobody used for `limit`.
    pub(crate) fn tick(&self, clock: &Clock, limit: Duration) {
        self.idle.borrow_mut().retain(|_, idle| {
            idle.retain(|(socket, since)| clock.now() - *since < limit && socket.is_quiet(false));
            !idle.is_empty()
        });
    }

    /// Forgets sockets of namespaces other than these.
    pub(crate) fn retain(&self, identities: &[(u64, u64)]) {
        self.sockets.retain(identities);
    }
}
