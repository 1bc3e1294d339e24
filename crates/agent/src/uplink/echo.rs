//! Echo requests (ping) of the uplink: each sender and receiver has a socket of its own, with a number of its own, as other programs of the
//! host ping too.

use super::{
    flows::Flows,
    link::Link,
    packet::{self, Flow},
};
use crate::places::Place;
use rustix::net::SendFlags;
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
    /// What they are known by outside.
    number: u16,
}

impl Open {
    fn to(flow: Flow) -> io::Result<Self> {
        let socket = Socket::new(Domain::IPV4, Type::RAW, Some(Protocol::ICMPV4))?;
        socket.set_nonblocking(true)?;
        socket.connect(&SocketAddr::from((*flow.to.ip(), 0)).into())?;
        let mut number = [0; 2];
        rustix::rand::getrandom(&mut number, rustix::rand::GetRandomFlags::empty())?;
        // Sent and received on as datagrams are.
        let socket = UdpSocket::from_std(socket.into())?;
        Ok(Self { socket, number: u16::from_ne_bytes(number) })
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
        if let Ok(Some(open)) = self.flow(flow) {
            let request = packet::echo_request(open.number, sequence, payload);
            let _ = rustix::net::send(&open.socket, &request, SendFlags::DONTWAIT);
        }
    }

    /// The socket of a flow, made if there is none. `None` if there is no room for it.
    fn flow(self: &Arc<Self>, flow: Flow) -> io::Result<Option<Arc<Open>>> {
        let Some((open, new)) = self.flows.open(flow, || Open::to(flow).map(Arc::new))? else { return Ok(None) };
        if let Some(place) = new {
            tokio::spawn(self.clone().answers(flow, open.clone(), place));
        }
        Ok(Some(open))
    }

    /// Sends answers back until there are no more.
    async fn answers(self: Arc<Self>, flow: Flow, open: Arc<Open>, _place: Place) {
        while let Ok(Ok(())) = timeout(IDLE, open.socket.readable()).await {
            let mut bytes = Vec::with_capacity(LONGEST);
            let Ok(_) = open.socket.try_recv_buf(&mut bytes) else { continue };
            if let Some((sequence, payload)) = packet::echoed(&bytes, open.number) {
                self.link.write(&packet::echo_reply(flow, sequence, payload));
            }
        }
        self.flows.remove(&flow);
    }
}
