//! The DNS servers: the Amazon DNS server of each VPC, and the internet's.
//!
//! [`zone`] and [`answer`] are pure: from the networks there are, whose question it is and a packet to the packet that answers it.
//! [`limit`] counts, `serve` holds the sockets. Which server a socket belongs to tells whose question came in by it.
//!
//! Absent: a cache, for everything there is is known here; questions passed on to other servers, for there are none.

pub mod answer;
pub mod limit;
mod serve;
pub mod zone;

pub use answer::{Transport, answer};
pub(crate) use serve::{Server, tcp, udp};
pub use zone::View;
