//! UDP of the uplink: a socket of the host's own network for each sender and receiver, as long as one of them has something to say.

use super::{
    answer,
    flows::Flows,
    link::Link,
    packet::{self, Flow},
};
use rustix::net::{RecvFlags, SendFlags};
use shares::{Heard, Place};
use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{
    io::Interest,
    net::UdpSocket,
    time::{Instant, timeout_at},
};

/// Flows at once, and of one public address.
const FLOWS: usize = 4096;
const FLOWS_EACH: usize = 2048;
/// How long a flow of one question and answer may be idle, and one that went on after an answer ("Idle connection tracking timeout",
/// Amazon EC2 User Guide).
const IDLE: Duration = Duration::from_secs(30);
const IDLE_STREAM: Duration = Duration::from_secs(180);
/// What a socket has to say: a datagram, or an error of one it sent.
const SAID: Interest = Interest::READABLE.add(Interest::ERROR);
/// The longest datagram.
const LONGEST: usize = u16::MAX as usize;

/// The flows of an uplink.
pub(crate) struct Udp {
    link: Arc<Link>,
    flows: Flows<Arc<Open>>,
}

/// One flow.
struct Open {
    socket: UdpSocket,
    heard: Arc<Heard>,
    usage: Mutex<Use>,
}

/// What a flow was used for.
#[derive(Clone, Copy)]
struct Use {
    last: Instant,
    answered: bool,
    stream: bool,
}

impl Open {
    fn to(flow: Flow, heard: Arc<Heard>) -> io::Result<Self> {
        let socket = std::net::UdpSocket::bind("0.0.0.0:0")?;
        socket.connect(SocketAddr::V4(flow.to))?;
        socket.set_nonblocking(true)?;
        let unused = Use { last: Instant::now(), answered: false, stream: false };
        Ok(Self { socket: UdpSocket::from_std(socket)?, heard, usage: Mutex::new(unused) })
    }

    /// Takes note of a datagram, sent or received, and says from when on the flow is idle.
    fn used(&self, change: impl FnOnce(&mut Use)) -> Instant {
        let mut is = self.usage.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut is);
        is.last + if is.stream { IDLE_STREAM } else { IDLE }
    }
}

impl Udp {
    pub(crate) fn new(link: Arc<Link>) -> Arc<Self> {
        Arc::new(Self { link, flows: Flows::new(FLOWS, FLOWS_EACH) })
    }

    /// Whether a flow is one of these.
    pub(crate) fn knows(&self, flow: &Flow) -> bool {
        self.flows.knows(flow)
    }

    /// Sends a datagram on. It may be lost on the way, and what the host is told of it is told to its sender.
    pub(crate) fn take(self: &Arc<Self>, flow: Flow, payload: &[u8]) {
        let sent = self.flow(flow).and_then(|open| {
            open.heard.now();
            open.used(|is| (is.last, is.stream) = (Instant::now(), is.stream || is.answered));
            Ok(rustix::net::send(&open.socket, payload, SendFlags::DONTWAIT).map(drop)?)
        });
        if let Err(error) = sent {
            self.tell(flow, &error);
        }
    }

    /// The socket of a flow, made if there is none.
    fn flow(self: &Arc<Self>, flow: Flow) -> io::Result<Arc<Open>> {
        let carry = |open, place| drop(tokio::spawn(self.clone().answers(flow, open, place)));
        self.flows.open(flow, |place| Open::to(flow, place.heard()).map(Arc::new), carry)
    }

    /// Sends answers back until the flow is idle, or somebody else needs its place.
    async fn answers(self: Arc<Self>, flow: Flow, open: Arc<Open>, mut place: Place) {
        let back = Flow { from: flow.to, to: flow.from };
        loop {
            let idle = open.used(|_| {});
            let ready = tokio::select! {
                ready = timeout_at(idle, open.socket.ready(SAID)) => ready,
                () = place.lost() => break,
            };
            let said = match ready {
                Ok(Ok(ready)) if ready.is_readable() => Interest::READABLE,
                Ok(Ok(_)) => Interest::ERROR,
                Err(_) if open.used(|_| {}) > Instant::now() => continue,
                Ok(Err(_)) | Err(_) => break,
            };
            let mut payload = vec![0; LONGEST];
            let receive = || Ok(rustix::net::recv(&open.socket, payload.as_mut_slice(), RecvFlags::DONTWAIT)?.0);
            match open.socket.try_io(said, receive) {
                Ok(length) => {
                    open.heard.now();
                    open.used(|is| (is.last, is.answered) = (Instant::now(), true));
                    self.link.write(&packet::datagram(back, payload.get(..length).unwrap_or_default()));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => self.tell(flow, &error),
            }
        }
        self.flows.remove(&flow);
    }

    /// Tells a sender why its datagram went nowhere.
    fn tell(&self, flow: Flow, error: &io::Error) {
        answer(error, &packet::datagram(flow, &[])).into_iter().for_each(|packet| self.link.write(&packet));
    }
}
