//! What a namespace really is, read from the kernel in the plan's own terms.

use crate::{
    Error,
    name::{LinkName, NamespaceName},
    netlink::{
        Socket,
        nftables::{self, TableState},
        route::{self, Link},
        shape,
    },
    plan::{Address, Namespace, Neighbour, PolicyRule, Route},
};
use rustix::io::Errno;
use std::collections::{BTreeMap, BTreeSet};

/// One namespace as it is, or as this process left it.
#[derive(Debug, Default)]
pub(super) struct State {
    pub links: BTreeMap<LinkName, Link>,
    pub addresses: BTreeSet<Address>,
    pub neighbours: BTreeSet<Neighbour>,
    pub routes: BTreeSet<Route>,
    pub rules: BTreeSet<PolicyRule>,
    pub shapes: BTreeMap<LinkName, u64>,
    pub table: Option<TableState>,
    /// Whether the table holds what can't be mended but only replaced.
    pub strange: bool,
    /// Tables that are none of ours.
    pub other_tables: Vec<(u8, String)>,
    /// The nftables generation after the last change; while it is the kernel's too, `table` is what is there.
    pub generation: Option<u32>,
    /// Parameters that are not as planned.
    pub wrong_sysctls: Vec<(&'static str, &'static str)>,
}

/// Sockets into a namespace.
pub(super) struct Sockets {
    pub route: Socket,
    /// For namespaces with a table.
    pub netfilter: Option<Socket>,
}

impl Sockets {
    /// Opens them in the calling thread's namespace.
    pub(super) fn open(with_netfilter: bool) -> Result<Self, Error> {
        let failed = |errno| Error::new("open", "a netlink socket", errno);
        let netfilter = if with_netfilter { Some(Socket::netfilter().map_err(failed)?) } else { None };
        Ok(Self { route: Socket::route().map_err(failed)?, netfilter })
    }
}

impl State {
    /// A namespace just made: a loopback link that is down, and parameters that have just been set.
    pub(super) fn fresh() -> Self {
        let lo = Link { index: 1, mac: None, mtu: 65536, up: false, peer: None };
        Self { links: [(LinkName::lo(), lo)].into(), rules: PolicyRule::KERNELS.into(), ..Self::default() }
    }

    /// Reads links, addresses, neighbours, routes, routing rules and bandwidths.
    pub(super) fn read_links(&mut self, name: &NamespaceName, sockets: &mut Sockets) -> Result<(), Error> {
        let failed = |step| move |errno| Error::new(step, name, errno);
        let socket = &mut sockets.route;
        self.links = route::links(socket).map_err(failed("list the links of"))?;
        let names: BTreeMap<u32, LinkName> = self.links.iter().map(|(name, link)| (link.index, name.clone())).collect();
        let addresses = route::addresses(socket).map_err(failed("list the addresses of"))?;
        self.addresses = addresses
            .into_iter()
            .filter_map(|(net, index)| Some(Address { link: names.get(&index)?.clone(), net }))
            .collect();
        let neighbours = route::neighbours(socket).map_err(failed("list the neighbours of"))?;
        let neighbour = |(address, mac, index)| Some(Neighbour { link: names.get(&index)?.clone(), address, mac });
        self.neighbours = neighbours.into_iter().filter_map(neighbour).collect();
        self.routes = route::routes(socket, &names).map_err(failed("list the routes of"))?.into_iter().collect();
        self.rules = route::rules(socket).map_err(failed("list the routing rules of"))?.into_iter().collect();
        let shapes = shape::list(socket).map_err(failed("list the bandwidths of"))?;
        self.shapes = shapes.into_iter().filter_map(|(index, rate)| Some((names.get(&index)?.clone(), rate))).collect();
        Ok(())
    }

    /// Reads the nftables table, unless nothing has changed since it was last known.
    pub(super) fn read_table(&mut self, name: &NamespaceName, sockets: &mut Sockets) -> Result<(), Error> {
        let Some(socket) = &mut sockets.netfilter else { return Ok(()) };
        let failed = |errno| Error::new("read the nftables of", name, errno);
        for _ in 0..3 {
            let before = nftables::generation(socket).map_err(failed)?;
            if self.generation == Some(before) {
                return Ok(());
            }
            self.generation = None;
            let ruleset = nftables::read(socket).map_err(failed)?;
            (self.table, self.strange, self.other_tables) = (ruleset.table, ruleset.strange, ruleset.others);
            // What changed while it was being read is read again.
            if nftables::generation(socket).map_err(failed)? == before {
                self.generation = Some(before);
                return Ok(());
            }
        }
        Err(failed(Errno::BUSY))
    }
}

/// The parameters that differ from the plan's, in the calling thread's namespace.
pub(super) fn wrong_sysctls(planned: &Namespace) -> Vec<(&'static str, &'static str)> {
    let differs = |(name, value): &&(&str, &str)| match std::fs::read_to_string(format!("/proc/sys/{name}")) {
        Ok(found) => found.trim_end() != *value,
        Err(_) => !absent(name),
    };
    planned.sysctls.iter().filter(differs).copied().collect()
}

/// Sets parameters in the calling thread's namespace.
pub(super) fn set_sysctls(name: &NamespaceName, sysctls: &[(&str, &str)]) -> Result<(), Error> {
    for (sysctl, value) in sysctls {
        if let Err(error) = std::fs::write(format!("/proc/sys/{sysctl}"), value)
            && !absent(sysctl)
        {
            return Err(Error::io("set", format!("{} of {name}", sysctl.replace('/', ".")), &error));
        }
    }
    Ok(())
}

/// A kernel without IPv6 has none of its parameters, which is as good as having it disabled.
fn absent(sysctl: &str) -> bool {
    sysctl.starts_with("net/ipv6/") && !std::path::Path::new("/proc/sys/net/ipv6").exists()
}
