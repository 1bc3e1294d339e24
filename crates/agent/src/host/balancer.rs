//! The balancer of this host: a process of its own that is there as long as there is something to balance, and told what that is.

use super::{
    Event,
    keeper::{Counts, KNOWN, Keeper, Wanted},
};
use crate::{Config, config::balancer_cgroup};
use balancer::{Snapshot, process::Home};
use network::Instance;
use spec::{HostSpec, balancing::BalancingStatus};
use std::sync::{Arc, mpsc::Sender};
use tokio::{sync::watch, task::AbortHandle};

/// What the agent knows of its balancer. The process itself is looked after by a task of the runtime, which ends with this.
pub(super) struct Balancer {
    instance: Instance,
    wanted: watch::Sender<Wanted>,
    /// What it was last told, from the revision on since which it is that.
    told: Option<Arc<Snapshot>>,
    /// What it has seen; none where no process runs.
    seen: Option<BalancingStatus>,
    /// What was last known of targets, also while no process runs.
    known: Arc<BalancingStatus>,
    keeper: AbortHandle,
}

impl Drop for Balancer {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}

impl Balancer {
    /// Finds the balancer of a data directory, if one runs, and what it knows.
    pub(super) fn start(config: &Arc<Config>, events: Sender<Event>) -> Self {
        let home = Home::new(config.balancer_dir(), config.balancer.clone());
        let (wanted, told) = watch::channel(Wanted::Unknown);
        let (first, known) = std::sync::mpsc::channel();
        let cgroup = balancer_cgroup(&config.instance);
        let tell = Box::new(move |seen| drop(events.send(Event::Balancer(seen))));
        let keeper = Keeper::new(config, "the balancer".to_owned(), home, cgroup, told, Counts::Nodes, tell);
        let keeper = config.runtime_handle.spawn(keeper.keep(Some(first))).abort_handle();
        // Health that was known before this agent is not to be unknown for a moment.
        let seen = known.recv_timeout(KNOWN).ok().flatten();
        Self {
            instance: config.instance.clone(),
            wanted,
            told: None,
            known: Arc::new(seen.clone().unwrap_or_default()),
            seen,
            keeper,
        }
    }

    /// Has everything of this spec balanced. Its network must be there.
    pub(super) fn apply(&mut self, spec: &HostSpec) {
        if spec.balancing.load_balancers.is_empty() {
            self.told = None;
            self.wanted
                .send_if_modified(|wanted| !matches!(std::mem::replace(wanted, Wanted::Nothing), Wanted::Nothing));
            return;
        }
        let snapshot = snapshot(&self.instance, spec);
        let same =
            |told: &Arc<Snapshot>| (&told.balancing, &told.namespaces) == (&snapshot.balancing, &snapshot.namespaces);
        if !self.told.as_ref().is_some_and(same) {
            let snapshot = Arc::new(snapshot);
            self.told = Some(snapshot.clone());
            self.wanted.send_replace(Wanted::All(snapshot));
        }
    }

    /// What is known of targets.
    pub(super) fn known(&self) -> Arc<BalancingStatus> {
        self.known.clone()
    }

    /// Takes in what the process has seen, or that none runs; answers whether targets are other than they were.
    pub(super) fn observe(&mut self, seen: Option<BalancingStatus>) -> bool {
        for (node, why) in seen.iter().flat_map(|seen| &seen.failures) {
            if self.seen.as_ref().and_then(|before| before.failures.get(node)) != Some(why) {
                crate::complain(format_args!("the load balancer's node {node}: {why}"));
            }
        }
        let differs = seen.as_ref().is_some_and(|seen| seen.health != self.known.health);
        if let Some(seen) = seen.as_ref().filter(|_| differs) {
            self.known = Arc::new(seen.clone());
        }
        // While one that died is started anew, targets are as they were.
        let as_known = || BalancingStatus { health: self.known.health.clone(), ..BalancingStatus::default() };
        self.seen = seen.or_else(|| self.told.is_some().then(as_known));
        differs
    }

    /// What this host says of it. What it was told before is good for later revisions that want nothing else of it.
    pub(super) fn status(&self, spec: &HostSpec) -> BalancingStatus {
        let applied = match (&self.told, &self.seen) {
            (Some(told), Some(seen)) if told.balancing == spec.balancing && seen.applied >= told.revision => {
                spec.revision
            }
            (None, None) if spec.balancing.load_balancers.is_empty() => spec.revision,
            (_, seen) => seen.as_ref().map_or(0, |seen| seen.applied),
        };
        BalancingStatus { applied, ..self.seen.clone().unwrap_or_default() }
    }
}

/// The load balancers of a spec with the namespaces of their nodes on this host.
fn snapshot(instance: &Instance, spec: &HostSpec) -> Snapshot {
    let nodes = spec.balancing.load_balancers.values().flat_map(|balancer| &balancer.nodes);
    let here = nodes
        .filter(|(id, node)| spec.topology.vpcs.get(&node.vpc).is_some_and(|vpc| vpc.interfaces.contains_key(*id)));
    Snapshot {
        revision: spec.revision,
        balancing: spec.balancing.clone(),
        namespaces: here.map(|(id, _)| (id.clone(), instance.interface(id).path())).collect(),
        ..Snapshot::default()
    }
}
