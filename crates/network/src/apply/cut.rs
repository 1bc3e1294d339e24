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

impl Network {
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
                    let opened = namespace::inside(&name.path(), Socket::netfilter).and_then(|opened| {
                        opened.map_err(|errno| Error::new("open a netlink socket in", &name, errno))
                    });
                    all &= pass.take(opened.and_then(|mut socket| forget(&name, &mut socket, concern)));
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
