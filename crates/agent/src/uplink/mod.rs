//! The way out of the region, where the user has opted in to one: what tasks send to the internet's namespace and is not for anything there comes
//! out of a link here, and is asked of the host's own network by ordinary sockets of this process. Nothing of the host's network is changed,
//! and nothing comes in that was not asked for.
//!
//! - [`permitted`]: where it leads; pure. Every destination is held against it, here, before anything is sent to it.
//! - [`packet`]: packets, read and written; pure.
//! - `link`: the link. `tcp`, `udp`, `echo`: what becomes of what comes out of it; `flows`: how much of that at once.
//!
//! With the process the link is gone, and the region is sealed.

mod echo;
mod flows;
mod link;
pub mod packet;
pub mod permitted;
mod tcp;
mod udp;

use echo::Echo;
use link::Link;
use network::{DIVERTED, Instance};
use packet::{Flow, Packet, Unreachable};
use permitted::permitted;
use socket2::{Domain, Socket, Type};
use std::{
    io::{self, ErrorKind},
    net::{SocketAddr, TcpListener},
    os::fd::OwnedFd,
    path::PathBuf,
    sync::Arc,
};
use tcp::Tcp;
use tokio::{runtime::Handle, task::JoinSet};
use udp::Udp;

/// What is beyond the region, on a host that lets its tasks out.
#[derive(Debug, Clone)]
pub struct Outside {
    /// Where the host's resolvers are named (resolv.conf(5)).
    pub resolv_conf: PathBuf,
    /// The authorities that certify the internet's names, in PEM.
    pub authorities: Arc<str>,
}

/// The uplink of one instance. Dropping it closes it.
pub struct Uplink {
    instance: Instance,
    runtime: Handle,
    open: Option<Open>,
}

/// What carries packets now.
struct Open {
    file: Arc<OwnedFd>,
    _running: JoinSet<()>,
}

/// Connections that wait for the agent to take them.
const BACKLOG: i32 = 1024;
/// The longest packet.
const LONGEST: usize = u16::MAX as usize;

impl Uplink {
    /// One that is closed. It is served by a runtime whose threads are in the host's own network.
    pub fn new(instance: Instance, runtime: Handle) -> Self {
        Self { instance, runtime, open: None }
    }

    /// Carries what goes by this link from now on; nothing without one.
    ///
    /// # Errors
    /// When connections can't be taken in the internet's namespace. It is tried again by calling it again.
    pub fn apply(&mut self, link: Option<Arc<OwnedFd>>) -> io::Result<()> {
        let as_it_is = match (&self.open, &link) {
            (Some(open), Some(link)) => Arc::ptr_eq(&open.file, link),
            (open, link) => open.is_none() && link.is_none(),
        };
        if as_it_is {
            return Ok(());
        }
        self.open = None;
        let Some(file) = link else { return Ok(()) };
        let listener = network::inside(&self.instance.internet().path(), listen).map_err(io::Error::other)??;
        let _inside = self.runtime.enter();
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let link = Arc::new(Link::new(file.clone())?);
        let carrier =
            Carrier { tcp: Tcp::new(link.clone()), udp: Udp::new(link.clone()), echo: Echo::new(link.clone()), link };
        let mut running = JoinSet::new();
        running.spawn_on(carrier.tcp.clone().accept(listener), &self.runtime);
        running.spawn_on(carrier.carry(), &self.runtime);
        self.open = Some(Open { file, _running: running });
        Ok(())
    }
}

/// A socket that takes connections to any address, as they are diverted to it.
fn listen() -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.set_ip_transparent_v4(true)?;
    socket.set_reuse_address(true)?;
    socket.bind(&SocketAddr::V4(DIVERTED).into())?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

/// What becomes of packets that leave.
struct Carrier {
    link: Arc<Link>,
    tcp: Arc<Tcp>,
    udp: Arc<Udp>,
    echo: Arc<Echo>,
}

impl Carrier {
    /// Takes packets until there is no link any more.
    async fn carry(self) {
        let mut buffer = vec![0; LONGEST];
        while let Ok(length) = self.link.read(&mut buffer).await {
            self.take(buffer.get(..length).unwrap_or_default());
        }
    }

    fn take(&self, bytes: &[u8]) {
        match Packet::parse(bytes) {
            Some(Packet::Tcp { flow, begins }) if !begins || self.tcp.knows(&flow) || self.permits(&flow) => {
                self.tcp.take(flow, begins, bytes);
            }
            Some(Packet::Udp { flow, payload }) if self.udp.knows(&flow) || self.permits(&flow) => {
                self.udp.take(flow, payload);
            }
            Some(Packet::Echo { flow, sequence, payload }) if self.echo.knows(&flow) || self.permits(&flow) => {
                self.echo.take(flow, sequence, payload);
            }
            Some(_) => {
                let prohibited = packet::unreachable(Unreachable::Prohibited, bytes);
                prohibited.into_iter().for_each(|packet| self.link.write(&packet));
            }
            None => {}
        }
    }

    /// Whether a flow may begin. The host's own addresses and routes are asked for each time, for they change.
    fn permits(&self, flow: &Flow) -> bool {
        let to = *flow.to.ip();
        network::addresses_here().is_ok_and(|host| permitted(to, &host))
            && network::stays_here(to.into()).is_ok_and(|stays| !stays)
    }
}

/// What the sender of a packet is told about an error of the host's network; nothing where that was silent too.
fn answer(error: &io::Error, about: &[u8]) -> Option<Vec<u8>> {
    let why = match error.kind() {
        ErrorKind::TimedOut | ErrorKind::WouldBlock => return None,
        ErrorKind::ConnectionRefused => Unreachable::Port,
        ErrorKind::NetworkUnreachable => Unreachable::Network,
        ErrorKind::PermissionDenied => Unreachable::Prohibited,
        _ => Unreachable::Host,
    };
    packet::unreachable(why, about)
}
