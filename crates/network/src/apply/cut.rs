//! Connections that must not go on are forgotten, before anything new has a link.

use super::{Known, Network, Pass, state::Sockets};
use crate::{
    Error,
    name::NamespaceName,
    namespace,
    netlink::{
        Socket,
        conntrack::{self, Connection},
    },
    plan::{Plan, stale::Changes},
};
use rustix::io::Errno;
use std::collections::BTreeSet;

impl Network {
    /// Ends the flows of Network Load Balancers' nodes that must not go on, where that is not what it was.
    pub(super) fn end_flows(&mut self, plan: &Plan, pass: &mut Pass) {
        for (name, endings) in &plan.endings {
            let Some(vpc) = plan.topology.vpcs.get(&endings.vpc) else { continue };
            let owners: BTreeSet<_> = vpc.interfaces.values().flat_map(vpc::Interface::private_ips).collect();
            let before = self.ended.get(name);
            let same = before.is_some_and(|(known, known_owners)| known == endings && *known_owners == owners);
            // One that is yet to be made knows none.
            if same || !self.known.contains_key(name) {
                continue;
            }
            let fresh = endings.since(before.map(|(known, _)| known));
            let concern = |connection: &Connection| fresh.concern(vpc, &owners, connection);
            let ended = open(name).and_then(|mut socket| forget(name, &mut socket, concern));
            if pass.take(ended) {
                self.ended.insert(name.clone(), (endings.clone(), owners));
            }
        }
        self.ended.retain(|name, _| plan.endings.contains_key(name));
    }

    /// Looks at what changed since the last time, and at connections only where that concerns some: those a router knows, and those
    /// its VPC's NAT gateways know.
    pub(super) fn cut(&mut self, plan: &Plan, pass: &mut Pass) {
        let judged = self.judged.clone();
        let mut all = true;
        for (id, vpc) in &plan.topology.vpcs {
            let Some(changes) = Changes::between(judged.as_deref(), &plan.topology, id) else { continue };
            let name = self.instance.router(id);
            match self.known.get_mut(&name) {
                Some(Known { sockets: Some(Sockets { netfilter: Some(socket), .. }), .. }) => {
                    all &= pass.take(forget(&name, socket, |connection| changes.concern(connection)));
                }
                // It could not be made: its connections are judged when it is.
                _ => all &= !plan.namespaces.contains_key(&name),
            }
            for gateway in vpc.nat_gateways.values().map(|gateway| &gateway.interface) {
                let name = self.instance.interface(gateway);
                // One that is yet to be made knows none.
                if self.known.contains_key(&name) {
                    let concern = |connection: &Connection| changes.concern_nat(gateway, connection);
                    all &= pass.take(open(&name).and_then(|mut socket| forget(&name, &mut socket, concern)));
                }
            }
        }
        // What could not be judged is judged again, against the same as now.
        if all {
            self.judged = Some(plan.topology.clone());
        }
    }
}

impl Pass {
    /// Counts what was done, and says whether it was.
    fn take(&mut self, result: Result<usize, Error>) -> bool {
        let done = result.is_ok();
        self.add(result);
        done
    }
}

/// A socket in a leaf.
fn open(name: &NamespaceName) -> Result<Socket, Error> {
    let opened = namespace::inside(&name.path(), Socket::netfilter)?;
    opened.map_err(|errno| Error::new("open a netlink socket in", name, errno))
}

/// Forgets the connections that are concerned; says how many.
fn forget(name: &NamespaceName, socket: &mut Socket, concern: impl Fn(&Connection) -> bool) -> Result<usize, Error> {
    let listed = conntrack::list(socket).map_err(|errno| Error::new("list the connections of", name, errno))?;
    let doomed: Vec<&Connection> = listed.iter().filter(|connection| concern(connection)).collect();
    match socket.request(doomed.iter().map(|connection| conntrack::delete(connection)).collect()) {
        // It ended by itself meanwhile.
        Err(refusal) if refusal.errno != Errno::NOENT => Err(Error::new("forget connections of", name, refusal.errno)),
        _ => Ok(doomed.len()),
    }
}
