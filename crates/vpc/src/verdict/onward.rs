//! What becomes of a packet that reached a Network Load Balancer's node: it goes on to one of the targets, as a packet of the node's.

use super::{Addresses, End, Origin, Packet, Transport, Verdict, verdict};
use crate::{Holder, Topology};
use std::net::SocketAddr;

/// The way on to one target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Onward {
    /// The target.
    pub target: SocketAddr,
    /// The packet that the node sends there.
    pub packet: Packet,
    /// What becomes of it. The answer's way ends at the node, from where it takes the way that the load balancer's own answer would.
    pub verdict: Verdict,
    /// Whether the target would see its own address as the client's, and so drops it ("Client IP preservation", Network Load Balancers
    /// guide: no hairpinning).
    pub loops: bool,
}

impl Onward {
    /// Whether the target gets the packet, and its answer is taken back.
    pub fn answered(&self) -> bool {
        !self.loops && self.verdict.answered()
    }
}

/// The ways on from where a packet ended, one for each target that the node may choose by its zone; none where the packet did not end at
/// a listener of a Network Load Balancer. `arrived` is what addresses the packet had there.
pub fn onward(topology: &Topology, end: &End, arrived: Addresses, transport: &Transport) -> Option<Vec<Onward>> {
    let End::Interface(vpc_id, node) = end else { return None };
    let vpc = topology.vpcs.get(vpc_id)?;
    let interface = vpc.interfaces.get(node)?;
    let Holder::LoadBalancer(holder) = &interface.holder else { return None };
    let balancer = vpc.load_balancers.get(holder)?;
    let (Transport::Tcp { to, .. } | Transport::Udp { to, .. }) = *transport else { return None };
    let (_, forwarded) = balancer.flows.as_ref()?.iter().find(|(port, _)| port.get() == to)?;
    if !forwarded.protocols.contains(&transport.protocol()) {
        return None;
    }
    let zone = balancer.nodes.iter().find(|(_, of)| of.interface == *node).map(|(zone, _)| zone);
    let in_reach = |own: &Option<String>| forwarded.cross_zone || own.is_none() || own.as_ref() == zone;
    let targets = forwarded.targets.iter().filter(|(_, own)| in_reach(own));
    let way = |(target, _): (&SocketAddr, _)| {
        let source = if forwarded.client_kept { arrived.source } else { interface.private_ip };
        let transport = match *transport {
            Transport::Udp { from, .. } => Transport::Udp { from, to: target.port() },
            Transport::Tcp { from, .. } => Transport::Tcp { from, to: target.port() },
            other => other,
        };
        let origin = Origin::Interface(vpc_id.clone(), node.clone());
        let packet = Packet { origin, source, destination: target.ip(), transport };
        let loops = source == target.ip();
        Onward { target: *target, verdict: verdict(topology, &packet), packet, loops }
    };
    Some(targets.map(way).collect())
}
