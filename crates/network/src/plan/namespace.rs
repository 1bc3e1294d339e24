//! One network namespace as data, and the pairs of links between two.

use super::table::Table;
use crate::name::{LinkName, NamespaceName};
use std::{
    collections::BTreeSet,
    net::{IpAddr, Ipv4Addr},
};
use vpc::{IpNet, Mac};

/// What is in a namespace besides its veth ends. Its loopback link is always up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Namespace {
    /// Kernel parameters below `/proc/sys/`, in the order they are set.
    pub sysctls: &'static [(&'static str, &'static str)],
    /// Addresses on its links.
    pub addresses: BTreeSet<Address>,
    /// Hardware addresses known for good.
    pub neighbours: BTreeSet<Neighbour>,
    /// Its main routing table.
    pub routes: BTreeSet<Route>,
    /// Its nftables table, named `vpc`.
    pub table: Option<Table>,
}

/// An address on a link.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Address {
    /// The link; `lo` for the loopback.
    pub link: LinkName,
    /// The address and its prefix length.
    pub net: IpNet,
}

impl Address {
    /// 127.0.0.1 on the loopback.
    pub(super) fn loopback() -> Self {
        let net = IpNet::new(Ipv4Addr::LOCALHOST.into(), 8).unwrap_or_default();
        Self { link: LinkName::lo(), net }
    }
}

/// A permanent neighbour entry: no ARP is asked or believed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Neighbour {
    /// The link.
    pub link: LinkName,
    /// The neighbour's address.
    pub address: IpAddr,
    /// The neighbour's hardware address.
    pub mac: Mac,
}

/// A route of the main table.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Route {
    /// Where to.
    pub to: IpNet,
    /// Which way.
    pub target: Target,
}

/// Where a route leads.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    /// The destination is on the link itself.
    Link(LinkName),
    /// By a gateway that is taken to be on the link (`onlink`), whatever addresses the link has.
    Gateway(IpAddr, LinkName),
    /// Nowhere, without a word.
    Blackhole,
}

impl Route {
    /// The link it leads to.
    pub fn link(&self) -> Option<&LinkName> {
        match &self.target {
            Target::Link(link) | Target::Gateway(_, link) => Some(link),
            Target::Blackhole => None,
        }
    }
}

/// A veth pair: a cable between two namespaces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Veth {
    /// The end in the VPC's router.
    pub router: VethEnd,
    /// The end in the task.
    pub task: VethEnd,
    /// The MTU of both ends.
    pub mtu: u32,
}

/// One end of a veth pair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VethEnd {
    /// The namespace it is in.
    pub namespace: NamespaceName,
    /// Its name there.
    pub link: LinkName,
    /// Its hardware address.
    pub mac: Mac,
}
