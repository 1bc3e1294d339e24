//! What the rules of a region's networks say of one packet: each decision on its way, in order, and those after one that says no.
//!
//! [`verdict`] is about the first packet of a flow and the first answer to it. What follows in either direction belongs to that flow
//! and is let through by connection tracking where groups decide ("Amazon EC2 security group connection tracking", Amazon EC2 User
//! Guide); network ACLs see every packet, and say of the later ones what they said of the first two. There is no state here.

pub(crate) mod gate;
mod onward;
mod packet;
mod path;
#[cfg(test)]
mod tests;
mod walk;

pub use onward::{Onward, onward};
pub use packet::{EPHEMERAL, Origin, Packet, Transport};
pub use path::{AclDecision, Addresses, End, Gate, Path, SourceCheck, Step};

use crate::Topology;

/// What becomes of a flow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The way of its first packet.
    pub there: Path,
    /// The way of the first answer, from where the first packet ends; none where there is nothing to answer, or where somebody
    /// else's machine forwards the packet and knows what comes back.
    pub back: Option<Path>,
}

impl Verdict {
    /// Whether the first packet arrives.
    pub fn arrives(&self) -> bool {
        self.there.arrives()
    }

    /// Whether it arrives and is answered: a connection can be made.
    pub fn answered(&self) -> bool {
        self.there.arrives() && self.back.as_ref().is_some_and(Path::arrives)
    }
}

/// The verdict on a flow that begins with a packet.
///
/// Both gates are asked and neither answer touches the other: a packet needs the sender's egress rules and the receiver's ingress
/// rules, also within one subnet ("Security group rules", Amazon VPC User Guide).
pub fn verdict(topology: &Topology, packet: &Packet) -> Verdict {
    let (there, trail) = walk::there(topology, packet);
    let back = walk::back(topology, packet, &there.end, &trail);
    Verdict { there, back }
}
