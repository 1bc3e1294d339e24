//! The two doors: a TCP address for AWS clients, a unix socket for hosts and the CLI. HTTP/1.1 with kept-alive connections.
//!
//! What is asked of a host's agent or changes images has a route at the unix socket only, whose file is the owner's alone.
//! Absent: TLS and HTTP/2, which no AWS client needs at an `http://` endpoint.

mod aws;
mod body;
mod guard;
mod listen;
pub(crate) mod reply;
mod route;

pub(crate) use listen::{bind, serve};

/// Where a request came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Door {
    /// The address AWS clients use. Browsers reach it too.
    Tcp,
    /// The socket in the data directory.
    Unix,
}
