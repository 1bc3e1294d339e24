//! The DNS servers: the Amazon DNS server of each VPC, and the internet's.
//!
//! [`zone`] and [`answer`] are pure: from the networks there are, whose question it is and a packet to the packet that answers it.
//! [`limit`] counts, `serve` holds the sockets, on a thread of its own. Which server a socket belongs to tells whose question came in by it.
//!
//! What names mean comes from the region's networks and, for what users name themselves, from the private hosted zones of the view's VPC.
//! Names that are none of the region's are asked of the host's resolvers (`forward`) where there is an uplink, and do not exist where there
//! is none.
//!
//! Absent: a cache, for everything there is is known here, and the host's resolvers have one of their own.

pub mod answer;
mod forward;
pub mod limit;
mod serve;
pub mod zone;

pub use answer::{Names, Transport, answer};
pub use forward::Upstream;
pub(crate) use serve::{Answering, Server, tcp, udp};
pub use zone::View;

/// The port of DNS.
pub(crate) const PORT: u16 = 53;
