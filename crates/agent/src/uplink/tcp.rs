//! TCP of the uplink. A segment that begins a connection waits until the other end was reached from the host's own network; only then it is put
//! back, and the kernel answers it. So whoever dials sees what the agent saw: an answer, a refusal, an error, or silence.
//!
//! From there on there are two connections, and what comes in by one goes out by the other: bytes, the end of either direction, a reset.

use super::{
    answer,
    flows::Flows,
    link::Link,
    packet::{self, Flow},
};
use rustix::net::sockopt;
use shares::{Heard, Place, Stream};
use std::{
    io::{self, ErrorKind},
    net::SocketAddr,
    sync::Arc,
    time::Duration,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::oneshot,
    time::timeout,
};

/// Connections at once, and of one public address: that may be a NAT gateway's, with many tasks behind it.
const CONNECTIONS: usize = 4096;
const CONNECTIONS_EACH: usize = 2048;
/// Bytes that wait in each direction of a connection, beside those that the kernel keeps.
const BUFFER: usize = 32 << 10;
/// How long the other end may take to answer: longer than most wait.
const DIAL: Duration = Duration::from_secs(60);
/// How long whoever dialled may take to go on once it was answered.
const ACCEPT: Duration = Duration::from_secs(10);
/// A task that is removed says nothing to whom it was connected to: it is asked when it has been silent for so long, this often.
const SILENT: Duration = Duration::from_secs(60);
const ASKED: (Duration, u32) = (Duration::from_secs(10), 3);
/// How long to wait when the kernel has no descriptor or memory to give.
const PAUSE: Duration = Duration::from_millis(20);

/// The connections of an uplink.
pub(crate) struct Tcp {
    link: Arc<Link>,
    flows: Flows<Stage>,
}

/// How far a connection has come.
enum Stage {
    /// The other end is dialled. The last segment that wanted to begin the connection waits.
    Dialling(Vec<u8>),
    /// It was reached, and the kernel is to hand over the task's side.
    Dialled(oneshot::Sender<TcpStream>),
    /// Both sides are there.
    Open,
}

impl Tcp {
    pub(crate) fn new(link: Arc<Link>) -> Arc<Self> {
        Arc::new(Self { link, flows: Flows::new(CONNECTIONS, CONNECTIONS_EACH) })
    }

    /// Whether a flow is one of these.
    pub(crate) fn knows(&self, flow: &Flow) -> bool {
        self.flows.knows(flow)
    }

    /// Takes a segment: one that begins a connection, or what the host on the internet's namespace itself sends, which the kernel can't
    /// give to its sockets in another way.
    pub(crate) fn take(self: &Arc<Self>, flow: Flow, begins: bool, segment: &[u8]) {
        let mut flows = self.flows.lock();
        match flows.get_mut(&flow) {
            Some(Stage::Dialling(waiting)) if begins => *waiting = segment.to_vec(),
            None if begins => {
                let place = self.flows.place(&flow);
                flows.insert(flow, Stage::Dialling(segment.to_vec()));
                tokio::spawn(self.clone().carry(flow, place));
            }
            _ => self.link.write(segment),
        }
    }

    /// Takes the tasks' sides of connections from the kernel, for ever.
    pub(crate) async fn accept(self: Arc<Self>, listener: TcpListener) {
        loop {
            match listener.accept().await {
                Ok((client, SocketAddr::V4(from))) => {
                    let Ok(SocketAddr::V4(to)) = client.local_addr() else { continue };
                    if let Some(client) = self.hand_over(Flow { from, to }, client) {
                        reset(&client);
                    }
                }
                Ok(_) => {}
                Err(_) => tokio::time::sleep(PAUSE).await,
            }
        }
    }

    /// Gives a connection to whoever waits for it; back if nobody does.
    fn hand_over(&self, flow: Flow, client: TcpStream) -> Option<TcpStream> {
        let mut flows = self.flows.lock();
        let Some(stage) = flows.get_mut(&flow).filter(|stage| matches!(stage, Stage::Dialled(_))) else {
            return Some(client);
        };
        match std::mem::replace(stage, Stage::Open) {
            Stage::Dialled(waiting) => waiting.send(client).err(),
            Stage::Dialling(_) | Stage::Open => Some(client),
        }
    }

    /// Carries a connection until it ends, or somebody else needs its place.
    async fn carry(self: Arc<Self>, flow: Flow, mut place: Place) {
        let heard = place.heard();
        tokio::select! {
            () = self.dial(flow, heard) => {}
            () = place.lost() => drop(self.flows.remove(&flow)),
        }
    }

    async fn dial(&self, flow: Flow, heard: Arc<Heard>) {
        let dialled = timeout(DIAL, TcpStream::connect(SocketAddr::V4(flow.to))).await;
        match dialled.unwrap_or_else(|_| Err(ErrorKind::TimedOut.into())) {
            Ok(server) => {
                let (sender, client) = oneshot::channel();
                if let Some(Stage::Dialling(segment)) = self.flows.lock().insert(flow, Stage::Dialled(sender)) {
                    self.link.write(&segment);
                }
                match timeout(ACCEPT, client).await {
                    Ok(Ok(client)) => relay(Stream::new(client, heard), server).await,
                    // Whoever dialled has given up meanwhile.
                    _ => reset(&server),
                }
                self.flows.remove(&flow);
            }
            Err(error) => {
                let waited = self.flows.remove(&flow);
                let Some(Stage::Dialling(segment)) = waited else { return };
                let answer = match error.kind() {
                    ErrorKind::ConnectionRefused | ErrorKind::ConnectionReset => packet::reset(&segment),
                    _ => answer(&error, &segment),
                };
                answer.into_iter().for_each(|packet| self.link.write(&packet));
            }
        }
    }
}

/// Passes on what comes in by either side until both have ended, or one breaks off.
async fn relay(mut client: Stream<TcpStream>, mut server: TcpStream) {
    // A connection without these is as good, if slower to notice that its end is gone.
    let _ = (client.inner().set_nodelay(true), server.set_nodelay(true), ask_when_silent(client.inner()));
    if tokio::io::copy_bidirectional_with_sizes(&mut client, &mut server, BUFFER, BUFFER).await.is_err() {
        reset(client.inner());
        reset(&server);
    }
}

fn ask_when_silent(stream: &TcpStream) -> io::Result<()> {
    sockopt::set_tcp_keepidle(stream, SILENT)?;
    sockopt::set_tcp_keepintvl(stream, ASKED.0)?;
    sockopt::set_tcp_keepcnt(stream, ASKED.1)?;
    Ok(sockopt::set_socket_keepalive(stream, true)?)
}

/// Lets a connection end in a reset once it is closed.
fn reset(stream: &TcpStream) {
    let _ = stream.set_zero_linger();
}
