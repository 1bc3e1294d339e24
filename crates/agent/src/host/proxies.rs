//! The proxies of tasks whose services use Service Connect: a balancer's process for each, in the task's control group, with its sockets in the
//! task's namespace. They outlive the agent, as the host's balancer does, and end with the control group.

use super::{
    Event,
    keeper::{Counts, Keeper, Tell, Wanted},
};
use crate::{
    Config, clock,
    config::cgroup_parent,
    connect::{self, Place},
    files,
};
use balancer::{
    Snapshot,
    process::{Home, Program},
};
use spec::{HostSpec, Millis, Revision, TaskId, TaskSpec, balancing::BalancingStatus, connect::EndpointId};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::{Arc, mpsc::Sender},
};
use tokio::{sync::watch, task::AbortHandle};

/// How long the host waits for a proxy to take in what it was told, in milliseconds. One that has no processor time takes it in later, and who
/// is an instance no more may get a connection or a request from it, that it tries with another then.
const PATIENCE: Millis = 1_000;

/// All proxies of this host.
pub(super) struct Proxies {
    config: Arc<Config>,
    events: Sender<Event>,
    /// What they were last told of.
    spec: Option<Arc<HostSpec>>,
    proxies: BTreeMap<TaskId, Proxy>,
}

/// One proxy. Its process is looked after by a task of the runtime, which ends with this.
struct Proxy {
    wanted: watch::Sender<Wanted>,
    told: Arc<Snapshot>,
    /// When it was first told of something that it has not taken in yet, of the steady clock.
    told_at: Millis,
    /// The revision that it serves; none before it has served any.
    serves: Option<Revision>,
    /// What it could not do, as it was last complained of.
    failures: Vec<String>,
    /// Where its lines are kept, if they go anywhere.
    log: Option<PathBuf>,
    keeper: AbortHandle,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}

impl Proxies {
    pub(super) fn new(config: Arc<Config>, events: Sender<Event>) -> Self {
        Self { config, events, spec: None, proxies: BTreeMap::new() }
    }

    /// Has the proxies of all tasks serve what this spec says, of those that are ready for one: they have a network and a control group. One
    /// that is there stays until its task is withdrawn.
    pub(super) fn apply(&mut self, spec: &Arc<HostSpec>, is_ready: impl Fn(&TaskId) -> bool) {
        self.proxies.retain(|id, _| spec.tasks.contains_key(id));
        // What a task uses and offers never changes; who is behind an endpoint does.
        let before = self.spec.replace(spec.clone());
        let known = before.as_ref().map(|before| &before.endpoints);
        let ids = spec.endpoints.keys().chain(known.into_iter().flat_map(|known| known.keys()));
        let is_other = |id: &&EndpointId| known.and_then(|known| known.get(*id)) != spec.endpoints.get(*id);
        // This is asked whenever anything happens, mostly with the spec of the last time.
        let is_same = before.as_ref().is_some_and(|before| Arc::ptr_eq(before, spec));
        let changed: BTreeSet<&EndpointId> = if is_same { BTreeSet::new() } else { ids.filter(is_other).collect() };
        for (id, task) in &spec.tasks {
            let Some(connect) = &task.connect else { continue };
            let mut used = connect.uses.iter().flat_map(|alias| alias.ports.values());
            let is_there = self.proxies.contains_key(id);
            if is_there && !used.any(|endpoint| changed.contains(endpoint)) || !is_there && !is_ready(id) {
                continue;
            }
            let Some(snapshot) = snapshot(&self.config, spec, id, task) else { continue };
            match self.proxies.get_mut(id) {
                Some(proxy) => proxy.tell(snapshot),
                None => {
                    let proxy = Proxy::start(&self.config, &self.events, id, task, snapshot);
                    self.proxies.insert(id.clone(), proxy);
                }
            }
        }
    }

    /// Takes in what a proxy has seen, or that none runs.
    pub(super) fn observe(&mut self, id: &TaskId, seen: Option<BalancingStatus>) {
        let Some(proxy) = self.proxies.get_mut(id) else { return };
        let Some(seen) = seen else {
            if proxy.serves.take().is_some() {
                proxy.say("error", "the proxy has ended and is started anew");
            }
            return;
        };
        let failures: Vec<_> = seen.failures.into_values().collect();
        if failures != proxy.failures {
            failures.iter().for_each(|why| crate::complain(format_args!("the proxy of task {id}: {why}")));
            failures.iter().for_each(|why| proxy.say("error", why));
        }
        if failures.is_empty() && seen.applied > 0 {
            if proxy.serves.is_none() {
                connect::described(&proxy.told).iter().for_each(|line| proxy.say("info", line));
            }
            proxy.serves = Some(seen.applied);
        }
        proxy.failures = failures;
    }

    /// Until when not to say that the newest spec is acted on, as some proxies have yet to take it in; none when all have.
    pub(super) fn behind_until(&self) -> Option<Millis> {
        let behind =
            self.proxies.values().filter(|proxy| proxy.serves.is_some_and(|serves| serves < proxy.told.revision));
        behind.map(|proxy| proxy.told_at + PATIENCE).max().filter(|until| *until > clock::steady())
    }

    /// Whether the containers of a task have to wait for its proxy.
    pub(super) fn is_awaited(&self, id: &TaskId, task: &TaskSpec) -> bool {
        task.connect.is_some() && self.proxies.get(id).is_none_or(|proxy| proxy.serves.is_none())
    }
}

impl Proxy {
    fn start(config: &Arc<Config>, events: &Sender<Event>, id: &TaskId, task: &TaskSpec, snapshot: Snapshot) -> Self {
        let Program { path, mut args } = config.balancer.clone();
        // One thread is enough for what a task has of a processor.
        args.extend(["--threads".to_owned(), "1".to_owned()]);
        let home = Home::new(config.proxy_dir(id), Program { path, args });
        let name = task.connect.as_ref().map_or("", |connect| &connect.container);
        let cgroup = format!("{}/{id}/{name}", cgroup_parent(&config.instance));
        let (events, of) = (events.clone(), id.clone());
        let tell: Tell = Box::new(move |seen| drop(events.send(Event::Proxy(of.clone(), seen))));
        let told = Arc::new(snapshot);
        let (wanted, receiver) = watch::channel(Wanted::All(told.clone()));
        let what = format!("the proxy of task {id}");
        let keeper = Keeper::new(config, what, home, cgroup, receiver, Counts::Task(id.clone()), tell);
        let keeper = config.runtime_handle.spawn(keeper.keep(None)).abort_handle();
        let log = task.connect.as_ref().and_then(|connect| connect.log.as_ref()).map(|_| config.proxy_log(id));
        Self { wanted, told, told_at: clock::steady(), serves: None, failures: Vec::new(), log, keeper }
    }

    /// Writes a line of its log.
    fn say(&self, level: &str, what: &str) {
        let Some(log) = &self.log else { return };
        if let Err(error) = files::append_line(log, clock::now(), &format!("[{level}] {what}")) {
            crate::complain(format_args!("writing to {}: {error}", log.display()));
        }
    }

    fn tell(&mut self, snapshot: Snapshot) {
        if (&self.told.balancing, &self.told.mesh) != (&snapshot.balancing, &snapshot.mesh) {
            if self.log.is_some() {
                let before: BTreeSet<_> = connect::described(&self.told).into_iter().collect();
                let now = connect::described(&snapshot);
                now.iter().filter(|line| !before.contains(*line)).for_each(|line| self.say("info", line));
            }
            // What it has not taken in yet it was told then: however often something changes, nobody waits for it for longer.
            if self.serves.is_none_or(|serves| serves >= self.told.revision) {
                self.told_at = clock::steady();
            }
            self.told = Arc::new(snapshot);
            self.wanted.send_replace(Wanted::All(self.told.clone()));
        }
    }
}

/// What a task's proxy serves; none without an interface, which a task that has a network has.
fn snapshot(config: &Config, spec: &HostSpec, id: &TaskId, task: &TaskSpec) -> Option<Snapshot> {
    let interface = spec.topology.vpcs.get(&task.vpc)?.interfaces.get(&task.interface)?;
    let namespace = config.instance.task(id).path();
    let place =
        Place { vpc: &task.vpc, zone: &task.metadata.zone, address: interface.private_ip, namespace: &namespace };
    Some(connect::snapshot(spec.revision, task.connect.as_ref()?, &spec.endpoints, place))
}
