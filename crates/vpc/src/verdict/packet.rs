//! A packet as far as a verdict looks into it.

use crate::{InterfaceId, VpcId};
use std::net::IpAddr;

/// The first packet of a flow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet {
    /// Where it starts, whatever it says of itself.
    pub origin: Origin,
    /// The source address it bears.
    pub source: IpAddr,
    /// The destination address it bears.
    pub destination: IpAddr,
    /// What it carries.
    pub transport: Transport,
}

/// Where a packet starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// At an interface, which it leaves.
    Interface(VpcId, InterfaceId),
    /// Somewhere on the internet.
    Internet,
}

/// The part of a packet that rules speak of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// TCP from a port to a port.
    Tcp {
        /// The source port.
        from: u16,
        /// The destination port.
        to: u16,
    },
    /// UDP from a port to a port.
    Udp {
        /// The source port.
        from: u16,
        /// The destination port.
        to: u16,
    },
    /// ICMP of a type and a code.
    Icmp(u8, u8),
    /// Any other protocol by its number.
    Other(u8),
}

/// A source port that stands for whichever the system chooses: the first of Linux's ephemeral ones.
pub const EPHEMERAL: u16 = 32768;

impl Transport {
    /// TCP to a port from one that the system chooses.
    pub fn tcp(to: u16) -> Self {
        Self::Tcp { from: EPHEMERAL, to }
    }

    /// UDP to a port from one that the system chooses.
    pub fn udp(to: u16) -> Self {
        Self::Udp { from: EPHEMERAL, to }
    }

    /// An echo request (RFC 792).
    pub const PING: Self = Self::Icmp(8, 0);

    /// The assigned protocol number.
    pub fn protocol(&self) -> u8 {
        match self {
            Self::Tcp { .. } => 6,
            Self::Udp { .. } => 17,
            Self::Icmp(..) => 1,
            Self::Other(number) => *number,
        }
    }

    /// What an answer carries: ports the other way round, an echo reply for an echo request. No other ICMP message is answered.
    pub fn answer(&self) -> Option<Self> {
        match *self {
            Self::Tcp { from, to } => Some(Self::Tcp { from: to, to: from }),
            Self::Udp { from, to } => Some(Self::Udp { from: to, to: from }),
            Self::Icmp(8, code) => Some(Self::Icmp(0, code)),
            Self::Icmp(..) => None,
            Self::Other(number) => Some(Self::Other(number)),
        }
    }
}
