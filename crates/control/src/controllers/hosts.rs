//! Hosts that are not heard any more.
//!
//! A host may run tasks for one lease after it sent what was last answered. Two leases after it was last heard, it has by its
//! own clock stopped everything it ran, however its clock and ours differ in speed; only then what its tasks held is free.

use crate::{State, Tx, state::Seen};
use spec::{HostId, Millis};

/// Gives up hosts that were silent for two leases.
pub fn run(tx: &mut Tx<'_>) {
    let (now, revision) = (tx.now.millis, tx.state.revision + 1);
    let unheard: Vec<HostId> =
        tx.state.hosts.iter().map(|h| &h.id).filter(|id| !tx.state.seen.contains_key(*id)).cloned().collect();
    for id in unheard {
        tx.state.seen.insert(id, Seen { at: now, incarnation: 0, sequence: 0, observed: 0, networked: 0, applied: 0 });
    }
    let silent: Vec<HostId> = leases(&tx.state).filter(|(_, until)| now > *until).map(|(id, _)| id.clone()).collect();
    for id in silent {
        tx.state.hosts.update(&id, |host| host.lost = Some(revision));
    }
}

/// When the next host is given up if it is not heard before.
pub fn deadline(state: &State) -> Option<Millis> {
    leases(state).map(|(_, until)| until + 1).min()
}

/// The hosts in use, each with the last moment at which it may still run something.
fn leases(state: &State) -> impl Iterator<Item = (&HostId, Millis)> {
    let in_use = state.hosts.iter().filter(|host| host.lost.is_none());
    in_use.filter_map(|host| Some((&host.id, state.seen.get(&host.id)?.at + 2 * state.region.lease)))
}
