//! A Network Load Balancer's connection whose bytes go through here: with TLS on the client's side, on the target's or on both, with a header
//! of the proxy protocol before them, or to one of several target groups by weight ("TLS listeners for your Network Load Balancer", "Proxy
//! protocol"). It stays with its target, and each side sees what the other does: bytes, the end of one direction, a reset.
//!
//! Absent here: knowledge of what the bytes are; another target when the chosen one does not take the connection, as the client of a flow
//! that the kernel forwards is given none, either. Only a proxy of Service Connect asks another.
//!
//! A target that is to see the client's address is connected to from that: `network::BORROWED` has what it answers come here.

pub(crate) mod proxy;

use crate::{
    config::{Door, Listener},
    counts::{ActiveFlow, Counter},
    pool::{NoConnection, secure},
    reach::{TRIES, may_try_another},
    socket::{Socket, Stopped},
    target::UnderWay,
    tls::{Front, HANDSHAKE_TIMEOUT, stream::Stream},
    watch::{Fate, Watch, Watched},
    worker::Worker,
};
use bytes::BytesMut;
use rustls::server::Acceptor;
use std::{
    future::poll_fn,
    net::SocketAddr,
    pin::Pin,
    rc::Rc,
    sync::Arc,
    task::{Poll, ready},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWriteExt, ReadBuf},
    net::TcpStream,
};

/// What is read at once. A connection through which less comes keeps no buffer.
const PIECE: usize = 64 << 10;
/// How often peers that say nothing are asked whether they are there ("Connection idle timeout", Network Load Balancers guide, of TLS
/// listeners). So the networks on the way don't forget a connection before its own timeout, and one whose peer has vanished ends.
const KEEP_ALIVE: Duration = Duration::from_secs(20);
/// The longest beginning of a handshake that is looked into.
const HELLO: usize = 64 << 10;

/// Who is at an end of a connection.
#[derive(Debug, Clone, Copy)]
enum Side {
    Client,
    Target,
}

/// Serves a connection until its end.
pub(crate) async fn serve(worker: Rc<Worker>, watch: Watched, tcp: TcpStream, peer: SocketAddr, door: Arc<Door>) {
    let listener = door.listener.load_full();
    let counts = worker.counts.of(&listener.node);
    let flow = ActiveFlow::new(&counts, listener.tls.is_some());
    // It goes on when its listener has gone.
    watch.between.set(false);
    let Some((client, early)) = greet(&watch, tcp, &listener).await else {
        return counts.network.client_handshakes.add(1);
    };
    let (target, under_way) = match reach(&worker, &watch, &client, peer, &listener).await {
        Ok(reached) => reached,
        Err(why) => {
            match why {
                Some(NoConnection::Reset) => counts.network.target_resets.add(1),
                Some(NoConnection::Handshake) => {
                    counts.network.target_handshakes.add(1);
                    counts.network.own_resets.add(1);
                }
                _ => counts.network.own_resets.add(1),
            }
            return client.reset();
        }
    };
    watch.sending();
    client.keep_alive(KEEP_ALIVE);
    target.keep_alive(KEEP_ALIVE);
    let bytes = &flow.counters().bytes;
    let (ours, theirs) = ((&client, Side::Client), (&target, Side::Target));
    let passed =
        tokio::try_join!(pass(ours, early, theirs, &watch, bytes), pass(theirs, BytesMut::new(), ours, &watch, bytes),);
    drop(under_way);
    let Err(broken) = passed else { return };
    match broken {
        // One that ends without a word is counted as if it had said so.
        Some(Side::Client) => counts.network.client_resets.add(1),
        Some(Side::Target) => counts.network.target_resets.add(1),
        None => counts.network.own_resets.add(2),
    }
    client.reset();
    target.reset();
}

/// Shakes hands with a client of a TLS listener. What came behind that already comes with it; none if that fails.
async fn greet(watch: &Watch, mut tcp: TcpStream, listener: &Listener) -> Option<(Socket, BytesMut)> {
    let mut early = BytesMut::new();
    let Some(front) = &listener.tls else {
        return Some((Socket::new(tcp, |tcp| Ok(Stream::plain(tcp))).ok()?, early));
    };
    let limit = watch.limit.replace(HANDSHAKE_TIMEOUT);
    let handshake = async {
        let (front, came) = match front.0.alpn_protocols.is_empty() {
            true => (front.clone(), Vec::new()),
            false => listen(watch, &mut tcp, front).await?,
        };
        let socket = Socket::new(tcp, |tcp| Stream::server(tcp, front.0, came))?;
        socket.handshake(watch, &mut early).await?;
        Ok::<_, Stopped>(socket)
    };
    // Whatever comes meanwhile.
    let socket = tokio::time::timeout(HANDSHAKE_TIMEOUT, handshake).await.ok()?.ok()?;
    watch.limit.set(limit);
    watch.touch();
    Some((socket, early))
}

/// Hears what a client says first, and answers what it is to be greeted with.
async fn listen(watch: &Watch, tcp: &mut TcpStream, front: &Front) -> Result<(Front, Vec<u8>), Stopped> {
    let mut came = Vec::new();
    while came.len() < HELLO {
        let mut piece = [0; 4 << 10];
        let count = poll_fn(|context| {
            if let Some(fate) = watch.fate() {
                return Poll::Ready(Err(Stopped::Fate(fate)));
            }
            watch.sleep(context);
            let mut space = ReadBuf::new(&mut piece);
            ready!(Pin::new(&mut *tcp).poll_read(context, &mut space))?;
            Poll::Ready(Ok(space.filled().len()))
        });
        let count = count.await?;
        if count == 0 {
            return Err(Stopped::Io);
        }
        came.extend_from_slice(&piece[..count]);
        let (mut acceptor, mut rest) = (Acceptor::default(), came.as_slice());
        while !rest.is_empty() && acceptor.read_tls(&mut rest).is_ok() {}
        match acceptor.accept() {
            Ok(None) => {}
            Ok(Some(accepted)) => {
                let front = match accepted.client_hello().alpn() {
                    Some(spoken) => front.for_client(spoken),
                    None => front.clone(),
                };
                return Ok((front, came));
            }
            // The handshake itself says what is wrong.
            Err(_) => return Ok((front.clone(), came)),
        }
    }
    Err(Stopped::Io)
}

/// A connection to a target, with all that is said before the client's bytes. The error is why there is none; none is that nobody is to have
/// one.
async fn reach(
    worker: &Worker,
    watch: &Watch,
    client: &Socket,
    peer: SocketAddr,
    listener: &Listener,
) -> Result<(Socket, UnderWay), Option<NoConnection>> {
    let forward = listener.rules.default_forward().ok_or(None)?;
    let mesh = listener.settings.mesh;
    let mut tried = Vec::new();
    loop {
        let place = forward.at(worker.random.borrow_mut().f64()).ok_or(None)?;
        let group = listener.groups.get(place).ok_or(None)?;
        let set = group.targets.load_full();
        let target = if mesh {
            set.choose(&group.turn, worker.now_in_millis(), || worker.random.borrow_mut().f64(), &tried)
        } else {
            set.for_connection(peer.ip(), worker.random.borrow_mut().f64())
        };
        let target = target.ok_or(None)?;
        watch.connecting(target.id);
        let connection = async {
            let flows = set.flows;
            let borrowed = flows.filter(|flows| flows.preserve_client_ip).map(|_| peer);
            let mut tcp = worker.pool.open(&listener.node, target, borrowed, watch).await?;
            if flows.is_some_and(|flows| flows.proxy_protocol) {
                let header = proxy::of(peer, SocketAddr::new(listener.node.address, listener.port));
                // The first bytes of a connection are taken at once.
                tcp.write_all(&header).await.map_err(|_| NoConnection::Refused)?;
            }
            match group.tls {
                true => secure(tcp, target, client.alpn().as_deref(), watch).await,
                false => Socket::new(tcp, |tcp| Ok(Stream::plain(tcp))).map_err(|_| NoConnection::Refused),
            }
        };
        let under_way = UnderWay::new(Arc::clone(target));
        let connected = connection.await;
        if let Some(outlier) = &target.outlier
            && !matches!(connected, Err(NoConnection::Fate(_)))
        {
            outlier.observe(connected.is_err(), worker.now_in_millis());
        }
        match connected {
            Ok(socket) => return Ok((socket, under_way)),
            // It takes no more, and has not got this one.
            Err(NoConnection::Fate(Fate::Moved)) => watch.go_on(),
            Err(error) if mesh && tried.len() + 1 < TRIES && may_try_another(&error, mesh) => tried.push(target.id),
            Err(error) => return Err(Some(error)),
        }
    }
}

/// One direction, until its sender has said its last, which the receiver is told. The error is which side broke the connection; none is this
/// one.
async fn pass(
    from: (&Socket, Side),
    mut buffer: BytesMut,
    to: (&Socket, Side),
    watch: &Watch,
    bytes: &Counter,
) -> Result<(), Option<Side>> {
    let by = |(_, side): (&Socket, Side)| {
        move |stopped| match stopped {
            Stopped::Io => Some(side),
            Stopped::Fate(_) => None,
        }
    };
    loop {
        if !buffer.is_empty() {
            to.0.write(watch, &buffer).await.map_err(|(_, stopped)| by(to)(stopped))?;
            bytes.add(buffer.len() as u64);
            // What was a whole piece is likely to be followed by another.
            match buffer.len() >= PIECE / 2 {
                true => buffer.clear(),
                false => buffer = BytesMut::new(),
            }
        }
        if buffer.capacity() == 0 {
            from.0.readable(watch).await.map_err(by(from))?;
        }
        if from.0.read(watch, &mut buffer, PIECE).await.map_err(by(from))? == 0 {
            to.0.finish();
            return Ok(());
        }
    }
}
