//! What hosts make of load balancers and targets.
//!
//! A load balancer is active when every host has its nodes and acts on its listeners. A target that has had its time is gone when every host
//! acts without it; only then whoever is behind it may end. A node with too few healthy targets is left out of the load balancer's name.
//! A host that is lost is not waited for; without any host there is nothing to wait for.

use crate::{
    State, Tx,
    elb::unhealthy_nodes,
    state::{Host, Record, Target},
};
use spec::Revision;
use vpc::LoadBalancerId;

/// Moves everything as far as the hosts have come.
pub fn run(tx: &mut Tx<'_>) {
    let (networked, applied) = (super::gateways::reached(&tx.state), applied(&tx.state));
    let ids: Vec<LoadBalancerId> = tx.state.load_balancers.iter().map(|of| of.id.clone()).collect();
    // After a restart nothing is known of targets yet, which says nothing against nodes.
    let heard = live(&tx.state).all(|host| tx.state.balancing.contains_key(&host.id));
    for id in ids {
        let unhealthy = tx.state.load_balancers.get(&id).filter(|_| heard).map(|of| unhealthy_nodes(&tx.state, of));
        tx.state.load_balancers.update(&id, |of| {
            of.provisioning = of.provisioning.filter(|since| *since > networked.min(applied));
            of.unhealthy = unhealthy.unwrap_or_else(|| std::mem::take(&mut of.unhealthy));
        });
    }
    let gone = |target: &&Target| withdrawn(target).is_some_and(|since| since <= applied);
    let gone: Vec<String> = tx.state.targets.iter().filter(gone).map(Record::key).collect();
    gone.iter().for_each(|key| drop(tx.state.targets.remove(key)));
}

fn live(state: &State) -> impl Iterator<Item = &Host> {
    state.hosts.iter().filter(|host| host.lost.is_none())
}

/// The newest revision whose load balancers every host acts on.
fn applied(state: &State) -> Revision {
    live(state).map(|host| state.seen.get(&host.id).map_or(0, |seen| seen.applied)).min().unwrap_or(Revision::MAX)
}

fn withdrawn(target: &Target) -> Option<Revision> {
    target.draining.as_ref()?.withdrawn
}

/// The newest revision that something here waits for.
pub(crate) fn awaited(state: &State) -> Revision {
    let load_balancers = state.load_balancers.iter().filter_map(|of| of.provisioning);
    load_balancers.chain(state.targets.iter().filter_map(withdrawn)).max().unwrap_or(0)
}
