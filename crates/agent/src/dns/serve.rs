//! The sockets of DNS servers.

use super::{Transport, View, answer, limit::Limit};
use crate::places::{self, Places};
use std::{
    io,
    net::IpAddr,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream, UdpSocket},
    sync::watch::Receiver,
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
    limit: Mutex<Limit>,
    places: Arc<Places>,
}

impl Server {
    /// The server of a view, answering from the newest networks.
    pub(crate) fn new(view: View, topology: Receiver<Arc<Topology>>) -> Self {
        let limit = Mutex::new(Limit::new(Instant::now()));
        Self { view, topology, limit, places: Places::new(CONNECTIONS, CONNECTIONS_EACH) }
    }

    /// The answer to a packet. What is over the limit gets none, as on AWS.
    fn answer(&self, source: IpAddr, packet: &[u8], transport: Transport) -> Option<Vec<u8>> {
        let allowed = self.limit.lock().unwrap_or_else(PoisonError::into_inner).allows(source, Instant::now());
        if !allowed {
            return None;
        }
        let topology = self.topology.borrow().clone();
        // A packet that shows a defect costs its sender the answer, and nobody else anything.
        catch_unwind(AssertUnwindSafe(|| answer(&topology, &self.view, packet, transport))).ok().flatten()
    }
}

/// Answers what comes over UDP, for ever.
pub(crate) async fn udp(server: Arc<Server>, socket: UdpSocket) {
    // As long as a question can be; what is longer is cut off and then unreadable.
    let mut packet = vec![0; 4096];
    loop {
        match socket.recv_from(&mut packet).await {
            Ok((length, from)) => {
                let question = packet.get(..length).unwrap_or_default();
                if let Some(reply) = server.answer(from.ip(), question, Transport::Udp) {
                    // Whoever asked may have gone; the packet may be filtered on its way. UDP promises nothing.
                    let _ = socket.send_to(&reply, from).await;
                }
            }
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
    }
}

/// Answers what comes over TCP, for ever.
pub(crate) async fn tcp(server: Arc<Server>, listener: TcpListener) {
    let answer = |stream, from| {
        let server = server.clone();
        async move {
            // A client that breaks off or is too slow ends its own connection only.
            let _ = converse(&server, stream, from).await;
        }
    };
    places::serve(server.places.clone(), listener, answer).await;
}

/// Answers one question after the other, each with its length before it (RFC 1035, section 4.2.2).
async fn converse(server: &Server, mut stream: TcpStream, from: IpAddr) -> io::Result<()> {
    loop {
        let question = timeout(IDLE, read(&mut stream)).await??;
        let Some(reply) = server.answer(from, &question, Transport::Tcp) else { continue };
        let length = u16::try_from(reply.len()).map_err(io::Error::other)?;
        let framed = [length.to_be_bytes().as_slice(), &reply].concat();
        timeout(IDLE, stream.write_all(&framed)).await??;
    }
}

async fn read(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let length = stream.read_u16().await?;
    let mut question = vec![0; usize::from(length)];
    stream.read_exact(&mut question).await?;
    Ok(question)
}
