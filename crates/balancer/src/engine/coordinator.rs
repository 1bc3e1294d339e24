//! Makes the threads serve what a snapshot says, by difference.

use super::{
    Legacy, Order, Snapshot,
    compile::Compiled,
    kernel::Kernel,
    members::{Checked, Checks, Members, Retired, last_part},
};
use crate::{
    config::{Door, Listener, Node},
    counts,
    pool::Sockets,
    tls::certificates::Certificates,
    worker::Command,
};
use arc_swap::ArcSwap;
use spec::{
    Millis,
    balancing::{BalancingStatus, LoadBalancer, TargetAddress, TargetGroupId, TargetHealth, TargetStatus},
    measured::NodeCounts,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    net::{SocketAddr, TcpListener},
    num::NonZeroU16,
    os::linux::fs::MetadataExt,
    path::Path,
    rc::Rc,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use tokio::sync::{
    mpsc::{Sender, UnboundedReceiver, UnboundedSender, unbounded_channel},
    oneshot, watch,
};
use vpc::{InterfaceId, LoadBalancerId};

/// How often it is looked for what is only a matter of time: delays that pass, ports that become free.
const TICK: Duration = Duration::from_millis(250);
/// The most connections that wait to be accepted.
const BACKLOG: i32 = 4096;

pub(crate) struct Coordinator {
    workers: Vec<UnboundedSender<Command>>,
    status: watch::Sender<BalancingStatus>,
    checks: Checks,
    checked: UnboundedReceiver<Checked>,
    snapshot: Snapshot,
    balancers: BTreeMap<LoadBalancerId, Compiled>,
    nodes: BTreeMap<InterfaceId, Arc<Node>>,
    groups: BTreeMap<(InterfaceId, TargetGroupId), Members>,
    doors: BTreeMap<(InterfaceId, NonZeroU16), Arc<Door>>,
    /// Copies of what the threads listen with.
    sockets: BTreeMap<(InterfaceId, NonZeroU16), Vec<TcpListener>>,
    certificates: Certificates,
    kernel: Kernel,
    /// What another engine left, until the first snapshot is served.
    legacy: Legacy,
    /// Targets whose delay passes at a time.
    cuts: Vec<(Millis, u64)>,
    next: u64,
}

impl Coordinator {
    pub(crate) fn new(
        workers: Vec<UnboundedSender<Command>>,
        status: watch::Sender<BalancingStatus>,
        legacy: Legacy,
    ) -> Self {
        let (outcomes, checked) = unbounded_channel();
        Self {
            workers,
            status,
            checks: Checks { sockets: Rc::new(Sockets::default()), outcomes },
            checked,
            snapshot: Snapshot::default(),
            balancers: BTreeMap::new(),
            nodes: BTreeMap::new(),
            groups: BTreeMap::new(),
            doors: BTreeMap::new(),
            sockets: BTreeMap::new(),
            certificates: Certificates::default(),
            kernel: Kernel::default(),
            legacy,
            cuts: Vec::new(),
            next: 0,
        }
    }

    /// Until no more orders can come.
    pub(crate) async fn run(mut self, mut orders: UnboundedReceiver<Order>) {
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                order = orders.recv() => {
                    let Some(order) = order else { return };
                    let mut newest = None;
                    // Only the last snapshot counts.
                    for order in std::iter::once(order).chain(std::iter::from_fn(|| orders.try_recv().ok())) {
                        match order {
                            Order::Serve(snapshot) => newest = Some(snapshot),
                            Order::Know(seen) => self.legacy.seen = seen,
                            Order::Lend(whom) => drop(whom.send(self.lend())),
                            Order::Retreat(guard) => self.retreat(&guard),
                            Order::Count(whom) => self.count(whom),
                        }
                    }
                    if let Some(snapshot) = newest {
                        self.snapshot = snapshot;
                        self.apply();
                    }
                }
                Some(checked) = self.checked.recv() => self.observe(checked),
                _ = tick.tick() => self.tick(),
            }
        }
    }

    /// Copies of what the threads listen with.
    fn lend(&self) -> Vec<super::Door> {
        let lent = self.sockets.iter().filter_map(|((interface, port), sockets)| {
            let sockets = sockets.iter().map(TcpListener::try_clone).collect::<io::Result<_>>().ok()?;
            let namespace = self.nodes.get(interface)?.identity;
            Some(super::Door { interface: interface.clone(), port: *port, namespace, sockets })
        });
        lent.collect()
    }

    /// Asks every thread what it has counted.
    fn count(&self, whom: oneshot::Sender<BTreeMap<InterfaceId, NodeCounts>>) {
        let (sender, mut counted) = unbounded_channel();
        self.tell(|| Command::Count(sender.clone()));
        drop(sender);
        let node = |((interface, _), members): (&(InterfaceId, TargetGroupId), &Members)| {
            members.ids().map(|target| (target, interface.clone())).collect::<Vec<_>>()
        };
        // Of a proxy, clients' connections alone are counted.
        let all = self.groups.iter().filter(|(_, members)| !members.observed);
        let nodes: BTreeMap<u64, InterfaceId> = all.flat_map(node).collect();
        let kernel = self.kernel.clone();
        tokio::task::spawn_local(async move {
            let mut sum = tokio::task::spawn_blocking(move || kernel.take()).await.unwrap_or_default();
            while let Some((counts, kept)) = counted.recv().await {
                counts::add(&mut sum, counts);
                for (target, connections) in kept {
                    let of = nodes.get(&target).and_then(|interface| sum.get_mut(interface));
                    if let Some(active) = of.and_then(|of: &mut NodeCounts| of.active_connections.as_mut()) {
                        *active += connections;
                    }
                }
            }
            // Whoever asked may have gone, and what was counted with it.
            let _ = whom.send(sum);
        });
    }

    /// Listens no more.
    fn retreat(&mut self, guard: &Sender<()>) {
        self.doors.clear();
        self.sockets.clear();
        // Who comes after counts for the kernel.
        self.kernel.follow(&BTreeMap::new());
        // What could not be opened is tried no more.
        self.status.send_modify(|status| status.failures.clear());
        self.tell(|| Command::Retreat(guard.clone()));
    }

    fn tell(&self, command: impl Fn() -> Command) {
        for worker in &self.workers {
            // One that panicked serves nothing.
            let _ = worker.send(command());
        }
    }

    fn apply(&mut self) {
        let balancing = Arc::clone(&self.snapshot.balancing);
        let mut failures = BTreeMap::new();
        let mut before = std::mem::take(&mut self.balancers);
        self.balancers = (balancing.load_balancers.iter())
            .map(|(id, balancer)| {
                let mesh = self.snapshot.mesh.get(id).copied();
                (id.clone(), Compiled::new(balancer, mesh, before.remove(id)))
            })
            .collect();
        let unusable = self.certificates.learn(&self.snapshot.certificates);
        // Their keys are there once and no more.
        self.snapshot.certificates.clear();
        for compiled in self.balancers.values_mut() {
            compiled.secure(&self.certificates);
        }
        self.certificates.retain(|arn| {
            let listeners = balancing.load_balancers.values().flat_map(|balancer| balancer.listeners.values());
            listeners.flat_map(|listener| &listener.tls).flat_map(|tls| &tls.certificates).any(|name| name.arn == arn)
        });
        self.place_nodes(&balancing.load_balancers, &mut failures);
        let mut wanted_groups = BTreeSet::new();
        let mut wanted_doors = BTreeSet::new();
        for (id, balancer) in &balancing.load_balancers {
            for interface in balancer.nodes.keys() {
                wanted_groups.extend(self.serve_groups(id, interface));
                for (port, outcome) in self.serve_listeners(id, interface) {
                    match outcome {
                        Ok(()) => _ = wanted_doors.insert((interface.clone(), port)),
                        Err(what) => fail(&mut failures, interface, &format!("listener {port}: {what}")),
                    }
                }
                for (port, secured) in self.balancers.get(id).iter().flat_map(|compiled| &compiled.fronts) {
                    if let (Ok(_), Some(what)) = (&secured.front, &secured.missing) {
                        fail(&mut failures, interface, &format!("listener {port}: {what}"));
                    }
                }
                for (arn, what) in &unusable {
                    fail(&mut failures, interface, &format!("the certificate {arn}: {what}"));
                }
            }
        }
        let closed = self.doors.extract_if(.., |key, _| !wanted_doors.contains(key)).collect::<Vec<_>>();
        for ((interface, _), door) in closed {
            let at_once = !self.nodes.contains_key(&interface);
            self.tell(|| Command::Close { door: door.id, at_once });
        }
        let dissolved = self.groups.extract_if(.., |key, _| !wanted_groups.contains(key)).collect::<Vec<_>>();
        for (_, members) in dissolved {
            self.retire(members.dissolve());
        }
        let doors = &self.doors;
        self.sockets.retain(|key, _| doors.contains_key(key));
        self.legacy = Legacy::default();
        self.settle();
        self.publish(failures);
    }

    /// Nodes whose namespace is there. One that moved to another is another node: everything of the old one ends.
    fn place_nodes(
        &mut self,
        balancers: &BTreeMap<LoadBalancerId, Arc<LoadBalancer>>,
        failures: &mut BTreeMap<InterfaceId, String>,
    ) {
        let before = std::mem::take(&mut self.nodes);
        let all = balancers.values().flat_map(|balancer| balancer.nodes.iter().map(move |node| (balancer, node)));
        for (balancer, (interface, node)) in all {
            let found = self.snapshot.namespaces.get(interface).ok_or_else(|| "it has no namespace".to_owned());
            match found.and_then(|path| Ok((path, identity(path)?))) {
                Ok((path, identity)) => {
                    let arn = last_part(&balancer.arn);
                    let node = Node {
                        interface: interface.clone(),
                        load_balancer: arn.strip_prefix("loadbalancer/").unwrap_or(arn).to_owned(),
                        address: node.address,
                        known_as: node.public.unwrap_or(node.address),
                        zone: node.zone.clone(),
                        namespace: path.clone(),
                        identity,
                    };
                    let known = before.get(interface).filter(|known| ***known == node);
                    self.nodes.insert(interface.clone(), known.map_or_else(|| Arc::new(node), Arc::clone));
                }
                Err(what) => fail(failures, interface, &what),
            }
        }
        let is_gone = |interface: &InterfaceId| match (before.get(interface), self.nodes.get(interface)) {
            (Some(before), Some(now)) => !Arc::ptr_eq(before, now),
            (_, now) => now.is_none(),
        };
        self.kernel.follow(&self.nodes);
        let doors = self.doors.extract_if(.., |(interface, _), _| is_gone(interface)).collect::<Vec<_>>();
        let groups = self.groups.extract_if(.., |(interface, _), _| is_gone(interface)).collect::<Vec<_>>();
        for (_, door) in doors {
            self.tell(|| Command::Close { door: door.id, at_once: true });
        }
        for (_, members) in groups {
            self.retire(members.dissolve());
        }
    }

    /// The groups that a node has targets for.
    fn serve_groups(&mut self, id: &LoadBalancerId, interface: &InterfaceId) -> Vec<(InterfaceId, TargetGroupId)> {
        let Some((compiled, node)) = self.balancers.get(id).zip(self.nodes.get(interface)) else { return Vec::new() };
        let observed = compiled.settings.mesh;
        let mut wanted = Vec::new();
        let mut retired = Vec::new();
        for group in compiled.groups() {
            let Some(spec) = self.snapshot.balancing.target_groups.get(group) else { continue };
            let key = (interface.clone(), group.clone());
            let members = self.groups.entry(key.clone()).or_insert_with(|| Members::new(node, group, spec, observed));
            let front = compiled.front_of(node.address, group);
            retired.extend(members.update(
                spec,
                front,
                &self.checks,
                known(&self.legacy.seen, group, interface),
                || {
                    self.next += 1;
                    self.next
                },
            ));
            wanted.push(key);
        }
        self.retire(retired);
        wanted
    }

    /// Opens what is not open, and lets open doors lead to what is now behind them.
    fn serve_listeners(
        &mut self,
        id: &LoadBalancerId,
        interface: &InterfaceId,
    ) -> Vec<(NonZeroU16, Result<(), String>)> {
        let Some((compiled, node)) = self.balancers.get(id).zip(self.nodes.get(interface)) else { return Vec::new() };
        let mut outcomes = Vec::new();
        for (port, rules) in &compiled.listeners {
            let opened = rules.clone().and_then(|rules| {
                let groups = rules.groups.iter().map(|group| {
                    let members = self.groups.get(&(interface.clone(), group.clone()));
                    let found = members.map(|members| Arc::clone(&members.group));
                    found.ok_or_else(|| format!("the target group {group} is not known"))
                });
                let listener = Arc::new(Listener {
                    node: Arc::clone(node),
                    port: port.get(),
                    tls: compiled.front(*port)?,
                    stream: compiled.stream(*port),
                    settings: Arc::clone(&compiled.settings),
                    groups: groups.collect::<Result<_, _>>()?,
                    rules,
                });
                if let Some(door) = self.doors.get(&(interface.clone(), *port)) {
                    door.listener.store(listener);
                    return Ok(None);
                }
                let sockets = self.listen(interface, node, *port).map_err(|error| error.to_string())?;
                Ok(Some((listener, sockets)))
            });
            outcomes.push((*port, opened));
        }
        let mut told = Vec::new();
        for (port, opened) in outcomes {
            let outcome = opened.map(|opened| {
                let Some((listener, sockets)) = opened else { return };
                self.next += 1;
                let door = Arc::new(Door { id: self.next, listener: ArcSwap::new(listener) });
                let copies = sockets.iter().map(TcpListener::try_clone).collect::<io::Result<_>>();
                self.sockets.extend(copies.ok().map(|copies| ((interface.clone(), port), copies)));
                for (worker, socket) in self.workers.iter().zip(sockets) {
                    let _ = worker.send(Command::Open(Arc::clone(&door), socket));
                }
                self.doors.insert((interface.clone(), port), door);
            });
            told.push((port, outcome));
        }
        told
    }

    /// What another engine listened with there, or new sockets.
    fn listen(&self, interface: &InterfaceId, node: &Node, port: NonZeroU16) -> io::Result<Vec<TcpListener>> {
        let left = self.legacy.doors.iter().find(|door| {
            (&door.interface, door.port, door.namespace) == (interface, port, node.identity)
                && door.sockets.len() == self.workers.len()
        });
        match left {
            Some(door) => door.sockets.iter().map(TcpListener::try_clone).collect(),
            None => listen(node, port, self.workers.len()),
        }
    }

    fn retire(&mut self, retired: Vec<Retired>) {
        for Retired { target, until } in retired {
            self.cuts.extend(until.map(|until| (until, target)));
            self.tell(|| Command::Retire(target));
        }
    }

    fn settle(&self) {
        let identities: Vec<_> = self.nodes.values().map(|node| node.identity).collect();
        self.checks.sockets.retain(&identities);
        let kept = self.balancers.values().map(Compiled::kept);
        // A proxy of Service Connect asks other proxies only, of whom the most impatient one is not to be first.
        let kept = if self.snapshot.mesh.is_empty() { kept.max() } else { kept.min() };
        let kept = kept.unwrap_or(TICK);
        self.tell(|| Command::Settle { identities: identities.clone(), kept });
    }

    fn publish(&self, failures: BTreeMap<InterfaceId, String>) {
        let mut health: BTreeMap<_, BTreeMap<_, _>> = BTreeMap::new();
        for ((interface, group), members) in &self.groups {
            health.entry(group.clone()).or_default().insert(interface.clone(), members.statuses());
        }
        let status = BalancingStatus { applied: self.snapshot.revision, failures, health };
        self.status.send_if_modified(|known| std::mem::replace(known, status.clone()) != status);
    }

    fn observe(&mut self, checked: Checked) {
        let (key, address) = ((checked.interface.clone(), checked.group.clone()), checked.address);
        let target = checked.target;
        let Some(members) = self.groups.get_mut(&key) else { return };
        let Some(status) = members.observe(checked, now()) else { return };
        let ends = members.ends_when_unhealthy();
        self.found(key, address, status, target, ends);
    }

    /// A target is something else than it was; what is under way to it may end with its health.
    fn found(
        &self,
        (interface, group): (InterfaceId, TargetGroupId),
        address: TargetAddress,
        status: TargetStatus,
        target: u64,
        ends: bool,
    ) {
        if ends && matches!(status.health, TargetHealth::Unhealthy(_)) {
            self.tell(|| Command::Cut(target));
        }
        self.status.send_modify(|known| {
            let of_group = known.health.entry(group).or_default();
            of_group.entry(interface).or_default().insert(address, status);
        });
    }

    fn tick(&mut self) {
        let now = now();
        for (_, target) in self.cuts.extract_if(.., |(until, _)| *until <= now).collect::<Vec<_>>() {
            self.tell(|| Command::Cut(target));
        }
        let drained = self.groups.iter_mut().flat_map(|(key, members)| {
            let ends = members.ends_when_unhealthy();
            members.drained(now).into_iter().map(move |found| (key.clone(), found, ends))
        });
        for (key, (address, status, target), ends) in drained.collect::<Vec<_>>() {
            self.found(key, address, status, target, ends);
        }
        if !self.status.borrow().failures.is_empty() {
            self.apply();
        }
        self.status.send_if_modified(|known| {
            let mut is_changed = false;
            for ((interface, group), members) in &self.groups {
                for (address, status) in members.draining() {
                    let of_node = known.health.get_mut(group).and_then(|nodes| nodes.get_mut(interface));
                    if let Some(held) = of_node.and_then(|targets| targets.get_mut(&address))
                        && *held != status
                    {
                        *held = status;
                        is_changed = true;
                    }
                }
            }
            is_changed
        });
    }
}

fn fail(failures: &mut BTreeMap<InterfaceId, String>, interface: &InterfaceId, what: &str) {
    let all = failures.entry(interface.clone()).or_default();
    if !all.is_empty() {
        all.push_str("; ");
    }
    all.push_str(what);
}

/// What another engine's node knew of the targets of a group.
fn known<'a>(
    seen: &'a BalancingStatus,
    group: &TargetGroupId,
    interface: &InterfaceId,
) -> Option<&'a BTreeMap<TargetAddress, TargetStatus>> {
    seen.health.get(group)?.get(interface)
}

/// Device and inode of a namespace's file.
fn identity(path: &Path) -> Result<(u64, u64), String> {
    let metadata = std::fs::metadata(path).map_err(|error| format!("the namespace {}: {error}", path.display()))?;
    Ok((metadata.st_dev(), metadata.st_ino()))
}

/// Listening sockets that share a port, made inside a node's namespace.
fn listen(node: &Node, port: NonZeroU16, count: usize) -> io::Result<Vec<TcpListener>> {
    let address = SocketAddr::new(node.address, port.get());
    let make = || {
        let socket = socket2::Socket::new(socket2::Domain::for_address(address), socket2::Type::STREAM, None)?;
        socket.set_reuse_address(true)?;
        socket.set_reuse_port(true)?;
        socket.set_nonblocking(true)?;
        socket.bind(&address.into())?;
        socket.listen(BACKLOG)?;
        Ok(socket.into())
    };
    let all = || (0..count).map(|_| make()).collect::<io::Result<Vec<_>>>();
    network::inside(&node.namespace, all).map_err(io::Error::other)?
}

/// Milliseconds since 1970.
fn now() -> Millis {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| Millis::try_from(since.as_millis()).unwrap_or(Millis::MAX))
}
