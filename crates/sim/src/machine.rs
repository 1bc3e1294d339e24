//! A host: what its kernel holds, what its disk keeps, and its agent, which decides with the agent's own code.

use crate::{Protections, cluster::Chance};
use agent::reconcile::{
    self, Action, ContainerSeen, End, Image, Lease, Network, Process, Resources, Sandbox, TaskSeen,
};
use spec::{
    Capacity, Desired, Health, HostId, HostSpec, HostStatus, Millis, SyncReply, SyncRequest, TaskId, TaskStatus,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};
use vpc::{InterfaceId, VpcId};

/// A network interface in a kernel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) interface: InterfaceId,
    pub(crate) vpc: VpcId,
    pub(crate) address: IpAddr,
}

/// A machine.
pub(crate) struct Machine {
    pub(crate) id: HostId,
    /// The kernel: gone with the power.
    pub(crate) links: BTreeMap<TaskId, Link>,
    /// The kernel: containers that run.
    pub(crate) running: BTreeSet<(TaskId, String)>,
    /// The moment from which nothing may run any more. Held beside the containers.
    lease: Lease,
    /// The disk: the agent's copy of its spec.
    pub(crate) ledger: HostSpec,
    /// The disk: what the agent knows of each task.
    pub(crate) tasks: BTreeMap<TaskId, TaskSeen>,
    /// What the server is known to have heard of.
    acknowledged: BTreeSet<TaskId>,
    /// What was listed in the reports that were not answered yet, by the moment they were sent.
    in_flight: BTreeMap<Millis, BTreeSet<TaskId>>,
    /// Which start of the agent this is.
    pub(crate) incarnation: Millis,
    sequence: u64,
    /// Until when the agent is down.
    pub(crate) down_until: Millis,
    /// Until when no message comes through.
    pub(crate) cut_until: Millis,
    /// Tasks that this machine really lost: to a power cut, or to its lease.
    pub(crate) robbed: BTreeSet<TaskId>,
    /// Containers that were started, ever. A second time is a failure.
    pub(crate) started_twice: Option<(TaskId, String)>,
    started: BTreeSet<(TaskId, String)>,
}

impl Machine {
    pub(crate) fn new(number: u32) -> Self {
        Self {
            id: HostId::from(format!("host-{number}")),
            links: BTreeMap::new(),
            running: BTreeSet::new(),
            lease: Lease::Over,
            ledger: HostSpec::default(),
            tasks: BTreeMap::new(),
            acknowledged: BTreeSet::new(),
            in_flight: BTreeMap::new(),
            incarnation: 1,
            sequence: 0,
            down_until: 0,
            cut_until: 0,
            robbed: BTreeSet::new(),
            started_twice: None,
            started: BTreeSet::new(),
        }
    }

    /// The agent dies. Containers go on; what it had begun and not ended is forgotten.
    pub(crate) fn crash(&mut self, now: Millis, until: Millis) {
        self.down_until = self.down_until.max(until);
        (self.incarnation, self.sequence) = (now + 1, 0);
        self.in_flight.clear();
        for container in self.tasks.values_mut().flat_map(|task| task.containers.values_mut()) {
            (container.pulling, container.starting, container.checking) = (false, false, false);
        }
    }

    /// The power goes: the kernel's part of everything is lost. At times so is what the disk had not written yet, but for tasks
    /// that the server has not heard of: of those the disk must know that they were started.
    pub(crate) fn power_cut(&mut self, now: Millis, until: Millis, keep: Protections, chance: &mut Chance) {
        self.crash(now, until);
        self.lease = Lease::Over;
        self.robbed.extend(self.tasks.keys().cloned());
        self.links.clear();
        self.running.clear();
        self.tasks.values_mut().for_each(|seen| end_all(seen, now, None));
        if !keep.started_once {
            self.tasks.clear();
        } else if chance.one_in(2) {
            self.tasks.retain(|id, _| !self.acknowledged.contains(id));
            if chance.one_in(2) {
                self.ledger = HostSpec::default();
            }
        }
    }

    /// A container ends by itself.
    pub(crate) fn container_crash(&mut self, now: Millis, chance: &mut Chance) {
        if let Some((task, name)) = chance.pick(&self.running.iter().cloned().collect::<Vec<_>>()) {
            let code = i32::try_from(chance.below(3)).unwrap_or(0);
            self.end(&task, &name, now, Some(code));
        }
    }

    /// The agent's report of now.
    pub(crate) fn report(&mut self, now: Millis) -> SyncRequest {
        self.sequence += 1;
        let spec = |id: &TaskId| self.ledger.tasks.get(id);
        let tasks: BTreeMap<TaskId, TaskStatus> =
            self.tasks.iter().map(|(id, seen)| (id.clone(), reconcile::status(id, spec(id), seen))).collect();
        self.in_flight.insert(now, tasks.keys().cloned().collect());
        SyncRequest {
            status: HostStatus {
                balancing: Default::default(),
                host: self.id.clone(),
                incarnation: self.incarnation,
                sequence: self.sequence,
                observed: self.ledger.revision,
                networked: self.ledger.revision,
                tasks,
            },
            capacity: Capacity { cpu: 4096, memory: 8 << 30, architecture: "amd64".to_owned() },
        }
    }

    /// The server's answer to what was sent at `sent`.
    pub(crate) fn answered(&mut self, reply: SyncReply, sent: Millis, keep: Protections) {
        self.lease = self.lease.heard(sent, reply.lease);
        self.acknowledged.extend(self.in_flight.remove(&sent).into_iter().flatten());
        let Some(spec) = reply.spec else { return };
        if keep.forward_only && !reconcile::accepts(&self.ledger, &spec) {
            return;
        }
        self.acknowledged.retain(|id| spec.tasks.contains_key(id));
        self.ledger = spec;
    }

    /// What is beside the containers ends them when the lease is over, whether the agent lives or not.
    pub(crate) fn keep_lease(&mut self, now: Millis, keep: Protections) {
        let agent = now >= self.down_until;
        if !keep.lease || !self.lease.is_over(now) || (!agent && !keep.lease_without_agent) {
            return;
        }
        self.robbed.extend(self.links.keys().cloned());
        self.links.clear();
        self.running.clear();
        self.tasks.values_mut().for_each(|seen| end_all(seen, now, Some(137)));
    }

    /// The agent looks at every task and does some of what there is to do.
    pub(crate) fn act(&mut self, now: Millis, keep: Protections, chance: &mut Chance, faults: bool) {
        if keep.lease && self.lease.is_over(now) {
            return;
        }
        let ids: BTreeSet<TaskId> = self.ledger.tasks.keys().chain(self.tasks.keys()).cloned().collect();
        for id in ids {
            if faults && chance.one_in(3) {
                continue;
            }
            self.connect(&id);
            let seen = self.tasks.entry(id.clone()).or_default();
            for action in reconcile::step(self.ledger.tasks.get(&id), seen, now).actions {
                if !faults || chance.one_in(2) {
                    self.one(&id, action, now, chance, faults);
                }
            }
        }
    }

    /// The network of a task that is to run comes first.
    fn connect(&mut self, id: &TaskId) {
        let Some(spec) = self.ledger.tasks.get(id).filter(|spec| spec.desired == Desired::Running) else { return };
        let seen = self.tasks.entry(id.clone()).or_default();
        if seen.network == Network::Ready || seen.stopping_at.is_some() || seen.sandbox == Sandbox::Gone {
            return;
        }
        let interface = self.ledger.topology.vpcs.get(&spec.vpc).and_then(|vpc| vpc.interfaces.get(&spec.interface));
        if let Some(interface) = interface {
            let link = Link { interface: spec.interface.clone(), vpc: spec.vpc.clone(), address: interface.private_ip };
            self.links.insert(id.clone(), link);
            seen.network = Network::Ready;
        }
    }

    fn one(&mut self, id: &TaskId, action: Action, now: Millis, chance: &mut Chance, faults: bool) {
        let seen = self.tasks.entry(id.clone()).or_default();
        match action {
            Action::Pull(_) if faults && chance.one_in(40) => {
                seen.failure = Some("CannotPullContainerError: not found".to_owned())
            }
            Action::Pull(name) => {
                seen.pull_started_at.get_or_insert(now);
                seen.pull_stopped_at = Some(now);
                is(seen, &name).image = Image::Ready { digest: "sha256:0".to_owned() };
            }
            Action::Initialise => seen.resources = Resources::Ready,
            Action::CreateSandbox => seen.sandbox = Sandbox::Running,
            Action::Start(name) if faults && chance.one_in(40) => {
                let reason = Some("CannotStartContainerError: no such file".to_owned());
                is(seen, &name).process = Process::Ended(End { reason, finished_at: Some(now), ..End::default() });
            }
            Action::Start(name) => {
                is(seen, &name).process = Process::Running { started_at: now };
                self.running.insert((id.clone(), name.clone()));
                if !self.started.insert((id.clone(), name.clone())) {
                    self.started_twice = Some((id.clone(), name));
                }
            }
            // Some containers listen to the signal, some have to be killed.
            Action::Stop(name) if chance.one_in(2) => self.end(id, &name, now, Some(143)),
            Action::Stop(name) => is(seen, &name).stop_sent_at = Some(now),
            Action::Kill(name) => self.end(id, &name, now, Some(137)),
            Action::Check(name) => {
                is(seen, &name).health = Health::Healthy;
                is(seen, &name).next_check = Some(now + 10_000);
            }
            Action::Measure => seen.measured_at = Some(now),
            Action::GiveUp(name, reason) => {
                is(seen, &name).process = Process::Ended(End { reason, finished_at: Some(now), ..End::default() });
            }
            Action::BeginStop(failure) => (seen.stopping_at, seen.failure) = (Some(now), failure),
            Action::Remove => {
                self.links.remove(id);
                self.running.retain(|(task, _)| task != id);
                self.tasks.remove(id);
            }
        }
    }

    fn end(&mut self, task: &TaskId, name: &str, now: Millis, exit_code: Option<i32>) {
        self.running.remove(&(task.clone(), name.to_owned()));
        if let Some(seen) = self.tasks.get_mut(task) {
            end_one(is(seen, name), now, exit_code);
        }
    }
}

fn is<'a>(seen: &'a mut TaskSeen, name: &str) -> &'a mut ContainerSeen {
    seen.containers.entry(name.to_owned()).or_default()
}

fn end_one(container: &mut ContainerSeen, now: Millis, exit_code: Option<i32>) {
    if let Some(started_at) = container.running() {
        container.process =
            Process::Ended(End { started_at: Some(started_at), finished_at: Some(now), exit_code, reason: None });
    }
}

/// Everything of a task ends at once, its network with it.
fn end_all(seen: &mut TaskSeen, now: Millis, exit_code: Option<i32>) {
    if seen.network == Network::Absent && seen.sandbox == Sandbox::Absent {
        return;
    }
    seen.network = Network::Absent;
    seen.stopping_at.get_or_insert(now);
    if seen.sandbox == Sandbox::Running {
        seen.sandbox = Sandbox::Gone;
    }
    seen.containers.values_mut().for_each(|container| end_one(container, now, exit_code));
}
