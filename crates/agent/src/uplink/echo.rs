//! Echo requests (ping) of the uplink: each sender and receiver has a socket of its own, with a number of its own, as other programs of the
//! host ping too.

use super::{
    link::Link,
    packet::{self, Flow},
};
use crate::places::{Place, Places};
use rustix::net::SendFlags;
use socket2::{Domain, Protocol, Socket, Type};
use std::{
    collections::HashMap,
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
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
    places: Arc<Places>,
    flows: Mutex<HashMap<Flow, Arc<Open>>>,
}

/// One sender's pings to one receiver.
struct Open {
    socket: UdpSocket,
    /// What they are known by outside.
    number: u16,
}

impl Echo {
    pub(crate) fn new(link: Arc<Link>) -> Arc<Self> {
        Arc::new(Self { link, places: Places::new(FLOWS, FLOWS_EACH), flows: Mutex::default() })
    }

    /// Whether a flow is one of these.
    pub(crate) fn knows(&self, flow: &Flow) -> bool {
        self.flows().contains_key(flow)
    }

    /// Sends a request on. One that can't be sent is lost.
    pub(crate) fn take(self: &Arc<Self>, flow: Flow, sequence: u16, payload: &[u8]) {
        if let Ok(Some(open)) = self.flow(flow) {
            let request = packet::echo_request(open.number, sequence, payload);
            let _ = rustix::net::send(&open.socket, &request, SendFlags::DONTWAIT);
        }
    }

    fn flow(self: &Arc<Self>, flow: Flow) -> io::Result<Option<Arc<Open>>> {
        let mut flows = self.flows();
        if let Some(open) = flows.get(&flow) {
            return Ok(Some(open.clone()));
        }
        let Some(place) = self.places.at_once((*flow.from.ip()).into()) else { return Ok(None) };
        let socket = Socket::new(Domain::IPV4, Type::RAW, Some(Protocol::ICMPV4))?;
        socket.set_nonblocking(true)?;
        socket.connect(&SocketAddr::from((*flow.to.ip(), 0)).into())?;
        let mut number = [0; 2];
        rustix::rand::getrandom(&mut number, rustix::rand::GetRandomFlags::empty())?;
        // Sent and received on as datagrams are.
        let socket = UdpSocket::from_std(socket.into())?;
        let open = Arc::new(Open { socket, number: u16::from_ne_bytes(number) });
        flows.insert(flow, open.clone());
        tokio::spawn(self.clone().answers(flow, open.clone(), place));
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
        self.flows().remove(&flow);
    }

    fn flows(&self) -> MutexGuard<'_, HashMap<Flow, Arc<Open>>> {
        self.flows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
