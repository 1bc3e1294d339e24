//! Echo requests (ping) of the uplink: each sender and receiver has a socket of its own, with a number of its own, as other programs of the
//! host ping too.

use super::{
    flows::Flows,
    link::Link,
    packet::{self, Flow},
};
use rustix::net::SendFlags;
use shares::{Heard, Place};
use socket2::{Domain, Protocol, Socket, Type};
use std::{io, net::SocketAddr, sync::Arc, time::Duration};
use tokio::{net::UdpSocket, time::timeout};

/// Who pings whom at once, and from one public address.
const FLOWS: usize = 512;
const FLOWS_EACH: usize = 64;
/// How long after the last answer no other is waited for.
const IDLE: Duration = Duration::from_secs(30);
/// The longest packet.
const LONGEST: usize = u16::MAX as usize;

/// The pings of an uplink.
pub(crate) struct Echo {
    link: Arc<Link>,
    flows: Flows<Arc<Open>>,
}

/// One sender's pings to one receiver.
struct Open {
    socket: UdpSocket,
    heard: Arc<Heard>,
    /// What they are known by outside.
    number: u16,
}

impl Open {
    fn to(flow: Flow, heard: Arc<Heard>) -> io::Result<Self> {
        let socket = Socket::new(Domain::IPV4, Type::RAW, Some(Protocol::ICMPV4))?;
        socket.set_nonblocking(true)?;
        socket.connect(&SocketAddr::from((*flow.to.ip(), 0)).into())?;
        let mut number = [0; 2];
        rustix::rand::getrandom(&mut number, rustix::rand::GetRandomFlags::empty())?;
        // Sent and received on as datagrams are.
        let socket = UdpSocket::from_std(socket.into())?;
        Ok(Self { socket, heard, number: u16::from_ne_bytes(number) })
    }
}

impl Echo {
    pub(crate) fn new(link: Arc<Link>) -> Arc<Self> {
        Arc::new(Self { link, flows: Flows::new(FLOWS, FLOWS_EACH) })
    }

    /// Whether a flow is one of these.
    pub(crate) fn knows(&self, flow: &Flow) -> bool {
        self.flows.knows(flow)
    }

    /// Sends a request on. One that can't be sent is lost.
    pub(crate) fn take(self: &Arc<Self>, flow: Flow, sequence: u16, payload: &[u8]) {
        if let Ok(open) = self.flow(flow) {
            open.heard.now();
            let request = packet::echo_request(open.number, sequence, payload);
            let _ = rustix::net::send(&open.socket, &request, SendFlags::DONTWAIT);
        }
    }

    /// The socket of a flow, made if there is none.
    fn flow(self: &Arc<Self>, flow: Flow) -> io::Result<Arc<Open>> {
        let carry = |open, place| drop(tokio::spawn(self.clone().answers(flow, open, place)));
        self.flows.open(flow, |place| Open::to(flow, place.heard()).map(Arc::new), carry)
    }

    /// Sends answers back until there are no more, or somebody else needs its place.
    async fn answers(self: Arc<Self>, flow: Flow, open: Arc<Open>, mut place: Place) {
        loop {
            let readable = tokio::select! {
                readable = timeout(IDLE, open.socket.readable()) => readable,
                () = place.lost() => break,
            };
            let Ok(Ok(())) = readable else { break };
            let mut bytes = Vec::with_capacity(LONGEST);
            let Ok(_) = open.socket.try_recv_buf(&mut bytes) else { continue };
            if let Some((sequence, payload)) = packet::echoed(&bytes, open.number) {
                open.heard.now();
                self.link.write(&packet::echo_reply(flow, sequence, payload));
            }
        }
        self.flows.remove(&flow);
    }
}
