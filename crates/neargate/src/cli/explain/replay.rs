//! The packet as each decision saw it.

use std::net::IpAddr;
use vpc::{
    InterfaceId,
    verdict::{Addresses, Packet, Path, Step, Transport, Verdict},
};

/// One decision, and the packet it was about.
#[derive(Debug, Clone)]
pub struct Moment<'a> {
    pub step: &'a Step,
    /// The packet's addresses before the decision.
    pub source: IpAddr,
    pub destination: IpAddr,
    pub transport: Transport,
    /// The interface that sent the packet on last.
    pub sender: Option<&'a InterfaceId>,
    /// Whether the packet is the answer.
    pub answer: bool,
}

/// Every decision there, then every decision on the way back.
pub fn replay<'a>(packet: &Packet, verdict: &'a Verdict) -> Vec<Moment<'a>> {
    let there = along(&verdict.there, packet.transport, false);
    let back =
        verdict.back.iter().zip(packet.transport.answer()).flat_map(|(path, transport)| along(path, transport, true));
    there.chain(back).collect()
}

fn along(path: &Path, transport: Transport, answer: bool) -> impl Iterator<Item = Moment<'_>> {
    let mut sender = None;
    path.steps.iter().zip(&path.addresses).map(move |(step, Addresses { source, destination })| {
        if let Step::Source(id, _) = step {
            sender = Some(id);
        }
        Moment { step, source: *source, destination: *destination, transport, sender, answer }
    })
}
