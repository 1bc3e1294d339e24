//! Names of interfaces' addresses ("Understanding Amazon DNS" and "DNS attributes for your VPC", Amazon VPC User Guide).

use super::View;
use std::net::IpAddr;
use vpc::{
    Topology, Vpc, VpcId,
    names::{address_of, private_name, public_name},
};

/// The address of a private name's first label. Every address of the VPC's ranges has a name, whether an interface has it or not,
/// and so have those of VPCs peered to it.
pub(super) fn private(topology: &Topology, view: &View, label: &str) -> Option<IpAddr> {
    let address = address_of(label).filter(|_| label.starts_with("ip-"))?;
    is_named(topology, view, address).then_some(address)
}

/// The address of a public name's first label: the public one, or from where that is allowed the private one it stands for.
pub(super) fn public(topology: &Topology, view: &View, label: &str) -> Option<IpAddr> {
    let public = address_of(label).filter(|_| label.starts_with("ec2-"))?;
    let (owner, private) = holder(topology, public)?;
    Some(if sees_private(topology, view, owner) { private } else { public })
}

/// The name of an address.
pub(super) fn name_of(topology: &Topology, view: &View, address: IpAddr) -> Option<String> {
    if is_named(topology, view, address) {
        return Some(private_name(&topology.region, address));
    }
    holder(topology, address).map(|_| public_name(&topology.region, address))
}

/// Whether a private address has a name here. Autodefined rules are for the ranges of a VPC whose DNS hostnames are on, and of all
/// connected VPCs with DNS support ("Forwarding rules for reverse DNS queries in Resolver", Amazon Route 53 Developer Guide).
fn is_named(topology: &Topology, view: &View, address: IpAddr) -> bool {
    let Some((id, vpc)) = viewer(topology, view) else { return false };
    let mut peers = topology.peerings_of(id).map(|(_, _, peer)| peer).filter(|peer| peer.dns_support);
    vpc.contains(address) || peers.any(|peer| peer.contains(address))
}

/// The VPC of the interface that has a public address with a name, and the private address it stands for.
fn holder(topology: &Topology, public: IpAddr) -> Option<(&VpcId, IpAddr)> {
    let mut named = topology.vpcs.iter().filter(|(_, vpc)| vpc.has_hostnames());
    named.find_map(|(id, vpc)| vpc.interface_at_public(public).map(|(_, _, private)| (id, private)))
}

/// Whether public names of a VPC's interfaces are private addresses here: inside that VPC, and in a peered one if the connection's
/// options say so ("Enable DNS resolution for a VPC peering connection", Amazon VPC Peering Guide).
fn sees_private(topology: &Topology, view: &View, owner: &VpcId) -> bool {
    let Some((id, _)) = viewer(topology, view) else { return false };
    let option = topology.peerings.values().any(|peering| {
        let ends = (&peering.requester, &peering.accepter);
        ends == (owner, id) && peering.requester_dns || ends == (id, owner) && peering.accepter_dns
    });
    id == owner || option
}

/// The VPC that asks, if its addresses have names.
fn viewer<'a>(topology: &'a Topology, view: &View) -> Option<(&'a VpcId, &'a Vpc)> {
    let View::Vpc(id) = view else { return None };
    topology.vpcs.get_key_value(id).filter(|(_, vpc)| vpc.has_hostnames())
}
