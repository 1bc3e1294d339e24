//! One network namespace as data, and the pairs of links between two.

use super::table::Table;
use crate::name::{LinkName, NamespaceName};
use std::{
    collections::{BTreeMap, BTreeSet},
    net::{IpAddr, Ipv4Addr},
};
use vpc::{IpNet, Mac};

/// What is in a namespace besides its veth ends. Its loopback link is always up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Namespace {
    /// Where it stands among the others.
    pub place: Place,
    /// Kernel parameters below `/proc/sys/`, in the order they are set.
    pub sysctls: &'static [(&'static str, &'static str)],
    /// Addresses on its links.
    pub addresses: BTreeSet<Address>,
    /// Hardware addresses known for good.
    pub neighbours: BTreeSet<Neighbour>,
    /// Its routing tables.
    pub routes: BTreeSet<Route>,
    /// Which packets look into which routing tables; none where that is left as the kernel has it.
    pub rules: Option<BTreeSet<PolicyRule>>,
    /// A link whose packets are read and written by this process instead of another namespace (`Network::uplink`).
    pub tun: Option<LinkName>,
    /// How much leaves by a link at most, in bits a second.
    pub shapes: BTreeMap<LinkName, u64>,
    /// Its nftables table, named `vpc`.
    pub table: Option<Table>,
}

/// Where a namespace stands among the others.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Place {
    /// At the end of one link, `eth0`.
    #[default]
    Leaf,
    /// In the middle: a VPC's router, or the internet.
    Hub,
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

    /// An address alone on the loopback.
    pub(super) fn on_loopback(address: IpAddr) -> Self {
        Self { link: LinkName::lo(), net: IpNet::from(address) }
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

/// A route.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Route {
    /// The routing table it is in.
    pub table: u32,
    /// Where to.
    pub to: IpNet,
    /// Which way.
    pub target: Target,
    /// The address that what this machine itself sends there comes from, unless it says another.
    pub source: Option<IpAddr>,
}

/// The main routing table.
pub const MAIN: u32 = 254;

/// Where a route leads.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    /// The destination is on the link itself.
    Link(LinkName),
    /// By a gateway that is taken to be on the link (`onlink`), whatever addresses the link has.
    Gateway(IpAddr, LinkName),
    /// Nowhere, without a word.
    Blackhole,
    /// Nowhere, and the sender is told.
    Unreachable,
    /// Here: what is sent there is taken in as if the destination were an address of this link.
    Local(LinkName),
}

impl Route {
    /// A route of the main table.
    pub(super) fn main(to: impl Into<IpNet>, target: Target) -> Self {
        Self { table: MAIN, to: to.into(), target, source: None }
    }

    /// The link it leads to.
    pub fn link(&self) -> Option<&LinkName> {
        match &self.target {
            Target::Link(link) | Target::Gateway(_, link) | Target::Local(link) => Some(link),
            Target::Blackhole | Target::Unreachable => None,
        }
    }
}

/// A rule of the routing policy (ip-rule(8)). They are looked at from the lowest priority up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct PolicyRule {
    /// Its place.
    pub priority: u32,
    /// The packets it is for: those with this mark, or all.
    pub mark: Option<u32>,
    /// The table to look into; none loses the packet without a word.
    pub table: Option<u32>,
}

impl PolicyRule {
    /// What the kernel makes by itself: the main table, and an empty one that it calls "default".
    pub(crate) const KERNELS: [Self; 2] = [
        Self { priority: 32766, mark: None, table: Some(MAIN) },
        Self { priority: 32767, mark: None, table: Some(253) },
    ];
}

/// A veth pair: a cable between two namespaces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Veth {
    /// The end in a hub.
    pub hub: VethEnd,
    /// The end in a leaf or in another hub.
    pub other: VethEnd,
    /// The MTU of both ends.
    pub mtu: u32,
}

impl Veth {
    /// Both ends.
    pub fn ends(&self) -> [&VethEnd; 2] {
        [&self.hub, &self.other]
    }
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
