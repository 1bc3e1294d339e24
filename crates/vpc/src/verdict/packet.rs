//! A packet as far as a verdict looks into it.

use crate::InterfaceId;
use std::net::IpAddr;

/// The first packet of a flow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet {
    /// The interface it leaves by, whatever it says of itself.
    pub from: InterfaceId,
    /// The source address it bears.
    pub source: IpAddr,
    /// The destination address it bears.
    pub destination: IpAddr,
    /// What it carries.
    pub transport: Transport,
}

/// The part of a packet that rules speak of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// TCP to a port.
    Tcp(u16),
    /// UDP to a port.
    Udp(u16),
    /// ICMP of a type and a code.
    Icmp(u8, u8),
    /// Any other protocol by its number.
    Other(u8),
}

impl Transport {
    /// The assigned protocol number.
    pub fn protocol(&self) -> u8 {
        match self {
            Self::Tcp(_) => 6,
            Self::Udp(_) => 17,
            Self::Icmp(..) => 1,
            Self::Other(number) => *number,
        }
    }
}
