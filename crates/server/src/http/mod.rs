//! The doors: a TCP address for AWS clients, a unix socket for hosts and the CLI, and another one for what tasks send to AWS's
//! services. HTTP/1.1 with kept-alive connections.
//!
//! What is asked of a host's agent or changes images has a route at the unix socket only, whose file is the owner's alone.
//! Tasks connect over TLS or without, as at AWS; the address for AWS clients is `http://` only, on loopback. Absent: HTTP/2.

pub(crate) mod aws;
mod body;
mod endpoint;
mod guard;
mod listen;
pub(crate) mod reply;
mod route;

pub(crate) use body::{Received, hold as hold_body, read as read_body};
pub(crate) use listen::{CONNECTIONS_EACH, bind, serve};

use ::http::HeaderMap;
use shares::Client;
use vpc::AwsService;

/// Where a request came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Door {
    /// The address AWS clients use. Browsers reach it too.
    Tcp,
    /// The socket in the data directory.
    Unix,
    /// The socket where hosts pass on what comes to the endpoint of one service. Nothing but that service's API is behind it: what
    /// comes in there was sent by tasks, and by whoever else is on their networks; which of them, hosts say.
    Endpoint(&'static AwsService, Client),
    /// The same for public registries: only pulls of mirrored images are answered.
    Registries,
}

/// A header field that may have been sent in several lines (RFC 9110, section 5.3).
pub(crate) fn field(headers: &HeaderMap, name: &str) -> Option<String> {
    let lines: Vec<&str> = headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).collect();
    Some(lines.join(", ")).filter(|_| !lines.is_empty())
}

impl Door {
    /// Which one of those who may keep each other waiting asks; the user is one, whoever acts for it.
    pub(crate) fn client(self) -> Option<Client> {
        match self {
            Self::Endpoint(_, client) => Some(client),
            Self::Tcp | Self::Unix | Self::Registries => None,
        }
    }
}
