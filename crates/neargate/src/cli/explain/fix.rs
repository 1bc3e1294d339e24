//! What stops a flow, in a sentence, and the commands that let it through.

mod acls;
mod addresses;
mod groups;
mod listeners;
mod routes;

pub use listeners::listener;

use super::replay::{Moment, replay};
use serde::Serialize;
use std::{collections::BTreeMap, net::IpAddr};
use vpc::{
    Interface, InterfaceId, Topology, Vpc, VpcId,
    verdict::{Packet, SourceCheck, Step, Transport, Verdict},
};

/// What stops a flow and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Fix {
    /// The first thing that stops it.
    pub why: String,
    /// Commands that let it past that, in order; none where no command can.
    pub commands: Vec<String>,
}

/// What a fix is looked for in.
pub struct Scene<'a> {
    pub topology: &'a Topology,
    /// The ARNs of tasks by their interfaces.
    pub tasks: &'a BTreeMap<&'a str, &'a str>,
    /// The packet that is asked about.
    pub packet: &'a Packet,
}

/// The fix for a flow that does not get through.
pub fn fix(scene: &Scene, verdict: &Verdict) -> Fix {
    let moments = replay(scene.packet, verdict);
    match moments.iter().position(|moment| !moment.step.passes()) {
        Some(at) => of_step(scene, &moments, at),
        None if verdict.arrives() && verdict.back.is_none() => words(
            "It goes to a machine that is to forward it; what comes of it there, and whether it is answered, is that machine's affair.",
        ),
        None if verdict.arrives() => {
            words("The answer is led another way than back to the sender: see its routes above.")
        }
        None => words("Part of the network on its way is not there yet: try again when it is."),
    }
}

fn of_step(scene: &Scene, moments: &[Moment], at: usize) -> Fix {
    let Some(moment) = moments.get(at) else { return words("") };
    match moment.step {
        Step::Source(id, SourceCheck::NoSuchInterface) => words(format!("There is no {id} any more.")),
        Step::Source(id, SourceCheck::NotItsAddress) => words(format!("{} is no address of {id}.", moment.source)),
        Step::Source(_, _) => words("There is no IPv6 here: use an IPv4 address."),
        Step::Egress(id, _) => groups::egress(scene, moment, id, moments.get(at + 1)),
        Step::Ingress(id, _) => groups::ingress(scene, moment, id),
        Step::Route { table, route, .. } => routes::route(scene, moment, table, route.as_ref()),
        Step::AclEgress(acl) => acls::entry(scene, moment, acl, true),
        Step::AclIngress(acl) => acls::entry(scene, moment, acl, false),
        Step::ToInternet { gateway, private, .. } => addresses::public(scene, moment, gateway, *private),
        Step::FromInternet { public, .. } => addresses::nobody(scene, moments.get(..at).unwrap_or_default(), *public),
        Step::Nat { gateway, .. } => routes::nat(scene, moments, at, gateway),
        Step::Delivery(vpc, _) => addresses::undelivered(scene, moment, vpc),
        Step::Destination(id, _) => Fix {
            why: format!("{id} drops what is not for its own addresses."),
            commands: vec![format!(
                "aws ec2 modify-network-interface-attribute --network-interface-id {id} --no-source-dest-check"
            )],
        },
        Step::Peering(..) => words(""),
    }
}

/// For a flow that gets through, to somebody else than who is meant.
pub fn another(address: IpAddr, found: &InterfaceId) -> Fix {
    words(format!("For the sender {address} is {found}'s: the ranges of the two VPCs overlap."))
}

/// A fix that no command is.
pub fn words(why: impl Into<String>) -> Fix {
    Fix { why: why.into(), commands: Vec::new() }
}

impl<'a> Scene<'a> {
    /// An interface and its VPC.
    fn interface(&self, id: &InterfaceId) -> Option<(&'a VpcId, &'a Vpc, &'a Interface)> {
        self.topology.vpcs.iter().find_map(|(vpc_id, vpc)| Some((vpc_id, vpc, vpc.interfaces.get(id)?)))
    }

    /// A VPC, and after it its peers: where a private address may be somebody's.
    fn near(&self, id: &'a VpcId) -> impl Iterator<Item = &'a Vpc> {
        self.topology.vpcs.get(id).into_iter().chain(self.topology.peerings_of(id).map(|(.., peer)| peer))
    }

    /// The narrowest range that an address outside stands for: everybody when the question is about the internet, or it alone.
    fn range(&self, address: IpAddr) -> String {
        let anybody = self.packet.origin == vpc::verdict::Origin::Internet && address == self.packet.source;
        if anybody { "0.0.0.0/0".to_owned() } else { format!("{address}/32") }
    }
}

/// A port, or the type and code of an ICMP message.
fn port(transport: &Transport) -> String {
    match transport {
        Transport::Tcp { to, .. } | Transport::Udp { to, .. } => to.to_string(),
        Transport::Icmp(kind, code) => format!("{kind}-{code}"),
        Transport::Other(_) => "-1".to_owned(),
    }
}
