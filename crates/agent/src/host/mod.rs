//! The agent's loop: one thread that owns what is known of this host, takes in what happens, and has done what [`reconcile`] says.
//!
//! Everything that can take time runs as a job on a thread of its own and comes back as an [`Event`]. Nothing but this thread
//! changes what is known.

mod adopt;
mod balancer;
mod effects;
mod jobs;
mod keeper;
mod keys;
mod network;
mod proxies;
mod streams;
mod task;
mod watch;

use self::balancer::Balancer;
use crate::{
    Config, clock,
    config::LEDGER,
    credentials::TaskCredentials,
    dial::Dialers,
    dns::Upstream,
    ledger::Ledger,
    listen::Listeners,
    metadata,
    reconcile::{self, Action, Lease},
    uplink::Uplink,
};
use containers::Report;
use jobs::Jobs;
use network::{Made, Worker};
use proxies::Proxies;
use spec::{HostSpec, HostStatus, Millis, Revision, SyncReply, TaskId, balancing::BalancingStatus};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    },
    time::Duration,
};
use streams::{Means, Streams};
use task::Task;
use tokio::sync::watch::{Receiver as StatusReceiver, Sender as StatusSender};
use watch::Watcher;

/// Something that happened.
pub(crate) enum Event {
    /// The server answered a call that was sent at that time of the steady clock.
    Told { reply: SyncReply, sent: Millis },
    /// The kernel's network is as the spec of a revision wants it, with these tasks complete; or it isn't, and why.
    Network { revision: Revision, made: Result<Made, String> },
    /// What the balancer has seen; `None` when no process of it runs.
    Balancer(Option<BalancingStatus>),
    /// What a task's proxy has seen; `None` when no process of it runs.
    Proxy(TaskId, Option<BalancingStatus>),
    /// A job for a task has ended.
    Done { task: TaskId, outcome: Box<effects::Outcome> },
    /// A task's shim has something new; `None` when it is gone.
    Shim { task: TaskId, report: Option<Report> },
    /// All output of a container that has ended was shipped, or can't be.
    Shipped { task: TaskId, container: String },
    /// Stop the loop. Tasks go on.
    Quit,
}

/// What the loop owns.
pub(crate) struct Host {
    context: Context,
    ledger: Ledger,
    spec: Arc<HostSpec>,
    /// The same, for whoever answers tasks.
    told: StatusSender<Arc<HostSpec>>,
    lease: Lease,
    tasks: BTreeMap<TaskId, Task>,
    /// The tasks whose networks were complete when all was last made as wanted.
    networks: BTreeSet<TaskId>,
    /// The revision whose network is being made and not yet known to be.
    pending: Option<Revision>,
    /// The last revision whose network was made whole.
    networked: Revision,
    /// How often in a row the network could not be made.
    network_failures: u32,
    network: Worker,
    balancer: Balancer,
    proxies: Proxies,
    /// The tasks to look at again.
    dirty: BTreeSet<TaskId>,
    wakes: BTreeMap<TaskId, Millis>,
    status: StatusSender<HostStatus>,
    events: Sender<Event>,
}

/// What actions need beside the task they are for.
pub(crate) struct Context {
    config: Arc<Config>,
    images: Arc<images::store::Store>,
    jobs: Jobs,
    watcher: Watcher,
    streams: Streams,
    dialers: Arc<Dialers>,
    credentials: Arc<TaskCredentials>,
}

impl Host {
    /// Takes over what runs on this host already.
    pub(crate) fn new(
        config: Arc<Config>,
        images: Arc<images::store::Store>,
        network: ::network::Network,
    ) -> Result<(Self, Receiver<Event>), crate::Error> {
        let (events, incoming) = channel();
        let ledger = Ledger::new(config.data_dir.join(LEDGER));
        let spec = Arc::new(ledger.read());
        let tasks = adopt::tasks(&config, &spec, &images)?;
        let balancer = Balancer::start(&config, events.clone());
        let proxies = Proxies::new(config.clone(), events.clone());
        let status = HostStatus {
            host: config.host.clone(),
            incarnation: clock::now(),
            sequence: 0,
            observed: spec.revision,
            networked: 0,
            tasks: BTreeMap::new(),
            balancing: balancer.status(&spec),
        };
        let instance = config.instance.clone();
        let (status, told) = (StatusSender::new(status), StatusSender::new(spec.clone()));
        let (runtime, outside) = (&config.runtime_handle, config.outside.as_ref());
        let authorities = outside.map_or("", |outside| &outside.authorities);
        let dialers = Arc::new(Dialers::new(instance.clone(), config.patience, authorities));
        let credentials = Arc::new(TaskCredentials::new(&config.socket));
        let metadata = metadata::Server::new(config.clone(), told.subscribe(), status.subscribe(), credentials.clone());
        let means = Means::new(config.clone(), dialers.clone(), credentials.clone(), told.subscribe(), events.clone())?;
        let mut listeners = Listeners::new(instance.clone(), runtime.clone(), config.aws_socket.clone())
            .with_spec(told.subscribe())
            .with_metadata(metadata);
        let mut uplink = None;
        if let Some(outside) = outside {
            listeners = listeners.with_upstream(Upstream::new(outside.resolv_conf.clone()));
            uplink = Some(Uplink::new(instance.clone(), runtime.clone()));
        }
        let mut host = Self {
            network: Worker::start(network, listeners, uplink, instance, events.clone())?,
            context: Context {
                jobs: Jobs::new(&events)?,
                watcher: Watcher::start(events.clone())?,
                streams: Streams::new(means),
                dialers,
                credentials,
                config,
                images,
            },
            balancer,
            proxies,
            status,
            told,
            ledger,
            lease: Lease::Unknown,
            pending: None,
            networked: 0,
            network_failures: 0,
            networks: BTreeSet::new(),
            dirty: tasks.keys().cloned().collect(),
            wakes: BTreeMap::new(),
            tasks,
            spec,
            events,
        };
        host.make_network();
        host.tasks.iter().for_each(|(id, task)| task.watch(id, &host.context));
        host.look();
        Ok((host, incoming))
    }

    /// What this host reports, as it changes.
    pub(crate) fn status(&self) -> StatusReceiver<HostStatus> {
        self.status.subscribe()
    }

    /// What this host is to be, as it changes.
    pub(crate) fn follow(&self) -> StatusReceiver<Arc<HostSpec>> {
        self.told.subscribe()
    }

    /// Where events go.
    pub(crate) fn sender(&self) -> Sender<Event> {
        self.events.clone()
    }

    /// Runs until told to quit.
    pub(crate) fn run(mut self, incoming: &Receiver<Event>) {
        loop {
            let first = match self.next_wake() {
                None => incoming.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(wait) => incoming.recv_timeout(wait),
            };
            match first {
                Ok(event) => {
                    for event in std::iter::once(event).chain(incoming.try_iter()) {
                        if matches!(event, Event::Quit) {
                            return;
                        }
                        self.take(event);
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            self.look();
        }
    }

    /// How long nothing will have to be done unless something happens.
    fn next_wake(&self) -> Option<Duration> {
        let tasks = self.wakes.values().min().map(|at| at - clock::now());
        let lease = match self.lease {
            Lease::Until(at) => Some(at - clock::steady()),
            Lease::Unknown | Lease::Over => None,
        };
        let proxies = self.proxies.behind_until().map(|at| at - clock::steady());
        tasks
            .into_iter()
            .chain(lease)
            .chain(proxies)
            .min()
            .map(|wait| Duration::from_millis(u64::try_from(wait).unwrap_or(0)))
    }

    fn take(&mut self, event: Event) {
        match event {
            Event::Told { reply, sent } => self.told(reply, sent),
            Event::Network { revision, made } => self.networked(revision, made),
            Event::Balancer(seen) => {
                // New flows go to healthy targets: the kernel is told at once, without a way over the control plane.
                if self.balancer.observe(seen) && forwards(&self.spec) {
                    self.network.apply(self.spec.clone(), self.balancer.known());
                }
            }
            Event::Proxy(task, seen) => {
                self.proxies.observe(&task, seen);
                self.dirty.insert(task);
            }
            Event::Done { task, outcome } => {
                if let Some(known) = self.tasks.get_mut(&task) {
                    known.done(&task, self.spec.tasks.get(&task), *outcome, &self.context);
                }
                self.dirty.insert(task);
            }
            Event::Shim { task, report } => {
                if let Some(known) = self.tasks.get_mut(&task) {
                    known.observe(&task, report, &self.context.config);
                }
                self.dirty.insert(task);
            }
            Event::Shipped { task, container } => {
                self.context.streams.shipped(&task, &container);
                if let Some(known) = self.tasks.get_mut(&task) {
                    known.shipped(&container);
                }
                self.dirty.insert(task);
            }
            Event::Quit => {}
        }
    }

    /// Takes in a new spec, unless it is older than the one there is: a late answer must not bring back what was withdrawn.
    fn told(&mut self, reply: SyncReply, sent: Millis) {
        let first = self.lease == Lease::Unknown;
        self.lease = self.lease.heard(sent, reply.lease);
        if first {
            self.dirty.extend(self.tasks.keys().cloned().chain(self.spec.tasks.keys().cloned()));
        }
        let Some(spec) = reply.spec.filter(|spec| reconcile::accepts(&self.spec, spec)) else { return };
        let changed = |id: &&TaskId| self.spec.tasks.get(*id) != spec.tasks.get(*id);
        self.dirty.extend(self.spec.tasks.keys().chain(spec.tasks.keys()).filter(changed).cloned());
        let forwarding_changed = (forwards(&self.spec) || forwards(&spec)) && self.spec.balancing != spec.balancing;
        let network_changed =
            self.spec.topology != spec.topology || !self.spec.tasks.keys().eq(spec.tasks.keys()) || forwarding_changed;
        self.context.credentials.retain(|task| spec.tasks.contains_key(task));
        self.spec = Arc::new(spec);
        self.told.send_replace(self.spec.clone());
        if network_changed {
            self.make_network();
        } else if self.pending.is_none() {
            self.balance();
        }
        if let Err(error) = self.ledger.write(&self.spec) {
            crate::complain(format_args!(
                "writing what the server said to {}: {error}; a restart will ask again",
                self.context.config.data_dir.display()
            ));
        }
    }

    fn make_network(&mut self) {
        self.pending = Some(self.spec.revision);
        self.network.apply(self.spec.clone(), self.balancer.known());
    }

    /// Has balanced what the spec says, in the network that is there. What runs already goes on until the server has spoken.
    fn balance(&mut self) {
        if self.lease != Lease::Unknown || !self.spec.balancing.load_balancers.is_empty() {
            self.balancer.apply(&self.spec);
        }
    }

    fn networked(&mut self, revision: Revision, made: Result<Made, String>) {
        // As far as it could be made: one broken part must not keep all load balancers from what they are to do.
        if self.pending.is_none_or(|pending| pending == revision) {
            self.balance();
        }
        // Whoever waits for a network, or for the end of one, is looked at.
        self.dirty.extend(self.spec.tasks.keys().chain(self.tasks.keys()).cloned());
        match made {
            Ok(made) => {
                self.network_failures = 0;
                self.networked = revision;
                self.networks = made.ready;
                made.impossible.iter().for_each(|(id, why)| self.fail_without_network(id, why));
                self.pending = self.pending.filter(|pending| *pending != revision);
            }
            Err(_) if self.network_failures + 1 < NETWORK_TRIES => self.network_failures += 1,
            Err(why) if self.pending == Some(revision) => {
                let spec = self.spec.clone();
                let without = spec.tasks.keys().filter(|id| !self.networks.contains(*id)).collect::<Vec<_>>();
                without.into_iter().for_each(|id| self.fail_without_network(id, &why));
            }
            Err(_) => {}
        }
    }

    /// Only a task that never had a network fails for want of it; the others keep running while it is mended.
    fn fail_without_network(&mut self, id: &TaskId, why: &str) {
        let task = self.tasks.entry(id.clone()).or_default();
        if task.seen.network == reconcile::Network::Absent {
            task.seen.failure = Some(format!(
                "ResourceInitializationError: failed to configure ENI: failed to setup regular eni: {why}"
            ));
        }
    }

    /// Looks at every task that may have something to do, has it done, and reports what changed.
    fn look(&mut self) {
        let now = clock::now();
        let expired = self.lease != Lease::Over && self.lease.is_over(clock::steady());
        if expired {
            self.dirty.extend(self.tasks.keys().cloned());
            self.lease = Lease::Over;
        }
        self.dirty.extend(self.wakes.iter().filter(|(_, at)| **at <= now).map(|(id, _)| id.clone()));
        let dirty = std::mem::take(&mut self.dirty);
        dirty.iter().for_each(|id| self.look_at(id, now, expired));
        let tasks = &self.tasks;
        self.proxies.apply(&self.spec, |id| tasks.get(id).is_some_and(Task::is_placed));
        self.publish(&dirty);
    }

    fn look_at(&mut self, id: &TaskId, now: Millis, expired: bool) {
        self.wakes.remove(id);
        let wanted = self.spec.tasks.get(id);
        if wanted.is_some() && self.lease != Lease::Unknown {
            self.tasks.entry(id.clone()).or_default();
        }
        let Some(task) = self.tasks.get_mut(id) else { return };
        // Until the server has spoken, only what already runs is looked after: nothing is begun and nothing is removed.
        if self.lease == Lease::Unknown && (wanted.is_none() || !task.has_sandbox()) {
            return;
        }
        if self.networks.contains(id) {
            task.seen.network = reconcile::Network::Ready;
        }
        task.expired |= expired;
        let hurried = wanted.filter(|_| task.expired).map(reconcile::at_once);
        let wanted = hurried.as_ref().or(wanted);
        // A task acts until its next step depends on something that has yet to happen.
        for _ in 0..STEPS {
            let step = reconcile::step(wanted, &task.seen, now);
            if let Some(at) = step.wake {
                self.wakes.insert(id.clone(), at);
            }
            let mut acted = false;
            for action in step.actions {
                // What they send by an alias is not to be refused.
                let waits = |task| self.proxies.is_awaited(id, task);
                if matches!(action, Action::Start(_)) && wanted.is_some_and(waits) {
                    continue;
                }
                acted |= task.act(id, wanted, &self.spec, action, now, &mut self.context);
            }
            if !acted {
                break;
            }
        }
        task.ship(id, wanted, &mut self.context);
        // One that has passed would wake the loop over and over.
        if let Some(at) = task.hold_until().filter(|at| *at > now) {
            self.wakes.insert(id.clone(), at);
        }
        if task.removed && self.pending.is_none() && !self.networks.contains(id) {
            self.tasks.remove(id);
        }
    }

    fn publish(&self, dirty: &BTreeSet<TaskId>) {
        let changed: Vec<_> = dirty
            .iter()
            .map(|id| (id, self.tasks.get(id).map(|task| reconcile::status(id, self.spec.tasks.get(id), &task.seen))))
            .collect();
        // Who is taken out of an endpoint is stopped when no proxy knows of it any more.
        let behind = self.proxies.behind_until().is_some();
        self.status.send_if_modified(|status| {
            // A spec that changes nothing of the network needs nothing made for it.
            let networked = if self.pending.is_none() { self.spec.revision } else { self.networked };
            let observed = if behind { status.observed } else { self.spec.revision };
            let mut modified = (status.observed, status.networked) != (observed, networked);
            (status.observed, status.networked) = (observed, networked);
            let balancing = self.balancer.status(&self.spec);
            modified |= status.balancing != balancing;
            status.balancing = balancing;
            for (id, new) in changed {
                if status.tasks.get(id) != new.as_ref() {
                    modified = true;
                    match new {
                        Some(new) => status.tasks.insert(id.clone(), new),
                        None => status.tasks.remove(id),
                    };
                }
            }
            modified
        });
    }
}

/// Whether the kernel forwards something for a load balancer.
fn forwards(spec: &HostSpec) -> bool {
    spec.balancing.load_balancers.values().any(|balancer| !balancer.flows.is_empty())
}

/// How often the network is tried before the tasks that wait for it fail.
const NETWORK_TRIES: u32 = 3;

/// More steps than a task can take in a row without anything happening.
const STEPS: usize = 16;
