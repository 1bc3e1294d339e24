//! Connections that the agent makes for a task, from inside the task's network namespace: with its addresses, its routes and security
//! groups, and the names its VPC knows. What the task itself can't reach, nothing here does.
//!
//! What goes wrong is told in the words of Go's `net` package, which AWS's own agents are written with: they are what people search for.

mod dialers;
mod http;
mod names;
mod trust;

pub(crate) use self::http::{Answer, Body, Connection, broken};
pub(crate) use dialers::Dialers;

use names::lookup;
use rustix::net::sockopt::set_tcp_user_timeout;
use std::{
    fmt,
    io::{self, ErrorKind},
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    time::Duration,
};
use tokio::{
    net::{TcpSocket, TcpStream},
    time::timeout,
};
use trust::Trust;

/// Milliseconds that what was sent may go without being acknowledged. A connection whose way is gone says nothing of itself.
const UNACKNOWLEDGED: u32 = 5_000;

/// How long to wait for what does not come. AWS's own times are several times as long, which nobody is helped by on a network whose
/// longest way is one machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// For a name's addresses, and for a connection to one of them, its TLS included.
    pub dial: Duration,
    /// For whoever has been sent a request, or is sending an answer, to go on; so long at most for 64 KiB of an image.
    pub silence: Duration,
}

/// Makes connections for one task.
#[derive(Debug, Clone)]
pub(crate) struct Dialer {
    /// The task's network namespace.
    pub(crate) namespace: PathBuf,
    /// Its VPC's DNS server; none where the VPC has none.
    pub(crate) resolver: Option<IpAddr>,
    /// Who certifies whom it connects to.
    pub(crate) trust: Trust,
    pub(crate) patience: Patience,
}

impl Dialer {
    /// Connects to a host by its name or address.
    ///
    /// # Errors
    /// In Go's words, such as `dial tcp 203.0.113.20:443: i/o timeout`.
    async fn connect(&self, host: &str, port: u16) -> io::Result<TcpStream> {
        let addresses = self.addresses(host).await.map_err(|error| said(error.kind(), format!("dial tcp: {error}")))?;
        let count = u32::try_from(addresses.len()).unwrap_or(1).max(1);
        let mut first = None;
        for address in addresses {
            match self.dial(SocketAddr::new(address, port), self.patience.dial / count).await {
                Ok(stream) => return Ok(stream),
                Err(error) => drop(first.get_or_insert(error)),
            }
        }
        Err(first.unwrap_or_else(|| said(ErrorKind::NotFound, format!("dial tcp: lookup {host}: no such host"))))
    }

    async fn addresses(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        match host.parse() {
            Ok(address) => Ok(vec![address]),
            Err(_) if host == "localhost" => Ok(vec![IpAddr::from([127, 0, 0, 1])]),
            Err(_) => match self.resolver {
                Some(resolver) => lookup(&self.namespace, resolver, host, self.patience.dial).await,
                None => Err(said(ErrorKind::NotFound, format!("lookup {host}: no such host"))),
            },
        }
    }

    async fn dial(&self, address: SocketAddr, patience: Duration) -> io::Result<TcpStream> {
        let failed = |error: &io::Error| said(error.kind(), format!("dial tcp {address}: {}", go(error, "connect")));
        // A socket stays in the namespace it was made in, wherever it is used.
        let made = network::inside(&self.namespace, || match address {
            SocketAddr::V4(_) => TcpSocket::new_v4(),
            SocketAddr::V6(_) => TcpSocket::new_v6(),
        });
        let socket = made.map_err(io::Error::other).and_then(|socket| socket).map_err(|error| failed(&error))?;
        let connected = timeout(patience, socket.connect(address)).await.unwrap_or_else(|_| Err(late()));
        let stream = connected.map_err(|error| failed(&error))?;
        let _ = stream.set_nodelay(true);
        // Without it the kernel sends again for a quarter of an hour, at growing intervals.
        let _ = set_tcp_user_timeout(&stream, UNACKNOWLEDGED);
        Ok(stream)
    }
}

/// An error with words of its own.
fn said(kind: ErrorKind, words: impl fmt::Display) -> io::Error {
    io::Error::new(kind, words.to_string())
}

fn late() -> io::Error {
    ErrorKind::TimedOut.into()
}

/// What Go says of an error in a call of the system.
fn go(error: &io::Error, call: &str) -> String {
    let words = match error.kind() {
        ErrorKind::TimedOut => return "i/o timeout".to_owned(),
        ErrorKind::ConnectionRefused => "connection refused",
        ErrorKind::HostUnreachable => "no route to host",
        ErrorKind::NetworkUnreachable => "network is unreachable",
        ErrorKind::ConnectionReset => "connection reset by peer",
        ErrorKind::PermissionDenied => "operation not permitted",
        _ => return error.to_string(),
    };
    format!("{call}: {words}")
}
