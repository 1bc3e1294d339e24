//! Connections that must not go on are forgotten, before anything new has a link.

use super::{Known, Network, Pass, state::Sockets};
use crate::{
    Error,
    netlink::conntrack::{self, Connection},
    plan::{Plan, stale::Changes},
};
use rustix::io::Errno;

impl Network {
    /// Looks at what changed since the last time, and at connections only where that concerns some.
    pub(super) fn cut(&mut self, plan: &Plan, pass: &mut Pass) {
        let judged = self.judged.take();
        let errors = pass.errors.len();
        for id in plan.topology.vpcs.keys() {
            let name = self.instance.router(id);
            let Some(Known { sockets: Some(Sockets { netfilter: Some(socket), .. }), .. }) = self.known.get_mut(&name)
            else {
                continue;
            };
            let Some(changes) = Changes::between(judged.as_deref(), &plan.topology, id) else { continue };
            let failed = |step| move |errno| Error::new(step, &name, errno);
            let listed = conntrack::list(socket).map_err(failed("list the connections of"));
            let Some(listed) = pass.keep(listed) else { continue };
            let doomed: Vec<&Connection> = listed.iter().filter(|connection| changes.concern(connection)).collect();
            let messages = doomed.iter().map(|connection| conntrack::delete(connection)).collect();
            let name = self.instance.router(id);
            let cut = match socket.request(messages) {
                // It ended by itself meanwhile.
                Err(refusal) if refusal.errno != Errno::NOENT => {
                    Err(Error::new("forget connections of", &name, refusal.errno))
                }
                _ => Ok(doomed.len()),
            };
            pass.add(cut);
        }
        // What could not be judged is judged again, as from the beginning.
        if pass.errors.len() == errors {
            self.judged = Some(plan.topology.clone());
        }
    }
}
