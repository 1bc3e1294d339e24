//! A target group's members as one node sees them.

use crate::{
    config::{Group, Node},
    health::Health,
    pool::Sockets,
    probe::probe,
    target::{Candidate, Outlier, Target, TargetSet},
};
use arc_swap::ArcSwap;
use spec::{
    Millis, balancing,
    balancing::{TargetAddress, TargetGroup, TargetGroupId, TargetHealth, TargetStatus, Unhealthy},
};
use std::{
    collections::BTreeMap,
    net::SocketAddr,
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};
use tokio::{
    sync::mpsc::UnboundedSender,
    task::{AbortHandle, spawn_local},
    time::{Instant, sleep, sleep_until},
};
use vpc::InterfaceId;

/// How long after a check that failed a new target is checked again.
const IN_BETWEEN: Duration = Duration::from_secs(1);

/// The outcome of a check.
#[derive(Debug)]
pub(crate) struct Checked {
    pub interface: InterfaceId,
    pub group: TargetGroupId,
    pub address: TargetAddress,
    /// [`Target::id`].
    pub target: u64,
    pub outcome: Result<(), Unhealthy>,
}

/// What checks need.
pub(crate) struct Checks {
    pub sockets: Rc<Sockets>,
    pub outcomes: UnboundedSender<Checked>,
}

/// A target group on a node.
pub(crate) struct Members {
    node: Arc<Node>,
    spec: Arc<TargetGroup>,
    /// What health checks name as their host; none is the target itself.
    front: Option<SocketAddr>,
    /// What connections see of it.
    pub group: Arc<Group>,
    members: BTreeMap<TargetAddress, Member>,
    /// Whether targets are known by what becomes of requests, and not checked.
    pub observed: bool,
}

/// What is behind the last colon of an ARN.
pub(crate) fn last_part(arn: &str) -> &str {
    arn.rsplit_once(':').map_or(arn, |(_, last)| last)
}

struct Member {
    target: Arc<Target>,
    spec: balancing::Target,
    health: Health,
    healthy_since: Option<Millis>,
    /// Since when it drains, as it failed; of one that another engine has let drain, since this one knows it.
    drains_since: Option<Millis>,
    /// Ends the checks when it is dropped.
    check: Option<Check>,
}

struct Check(AbortHandle);

impl Drop for Check {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// A target that gets nothing new from now on.
pub(crate) struct Retired {
    pub target: u64,
    /// When what is under way to it is cut.
    pub until: Option<Millis>,
}

impl Members {
    /// The numbers of its targets.
    pub(crate) fn ids(&self) -> impl Iterator<Item = u64> + '_ {
        self.members.values().map(|member| member.target.id)
    }

    pub(crate) fn new(node: &Arc<Node>, id: &TargetGroupId, spec: &Arc<TargetGroup>, observed: bool) -> Self {
        let targets = ArcSwap::from_pointee(TargetSet::default());
        let group = Group {
            id: id.clone(),
            arn: spec.arn.clone(),
            name: last_part(&spec.arn).to_owned(),
            version: spec.version,
            tls: spec.tls,
            turn: AtomicUsize::new(0),
            targets,
        };
        Self {
            node: Arc::clone(node),
            spec: Arc::clone(spec),
            front: None,
            group: Arc::new(group),
            members: BTreeMap::new(),
            observed,
        }
    }

    /// Takes over a spec. Of new targets `known` has what was seen of them before, and `next` numbers them.
    pub(crate) fn update(
        &mut self,
        spec: &Arc<TargetGroup>,
        front: Option<SocketAddr>,
        checks: &Checks,
        known: Option<&BTreeMap<TargetAddress, TargetStatus>>,
        mut next: impl FnMut() -> u64,
    ) -> Vec<Retired> {
        let by_proxy = |spec: &TargetGroup| spec.flows.is_some_and(|flows| flows.proxy_protocol);
        let same_checks =
            (&self.spec.health_check, by_proxy(&self.spec), self.front) == (&spec.health_check, by_proxy(spec), front);
        (self.spec, self.front) = (Arc::clone(spec), front);
        let mut before = std::mem::take(&mut self.members);
        let mut retired = Vec::new();
        for (address, target) in &spec.targets {
            let seen = known.and_then(|known| known.get(address)).filter(|seen| seen.since == target.since);
            let mut member = match before.remove(address) {
                Some(member) if member.spec.since == target.since => member,
                other => {
                    // One that was registered anew is another target.
                    before.extend(other.map(|other| (*address, other)));
                    Member::new(*address, target, next(), seen, self.observed)
                }
            };
            let is_new = member.check.is_none();
            member.spec = target.clone();
            if target.draining_until.is_some() {
                if !member.target.retired.swap(true, Relaxed) {
                    let until = target.draining_until.filter(|_| self.ends_when_deregistered());
                    retired.push(Retired { target: member.target.id, until });
                }
                member.check = None;
            } else if !self.observed && (is_new || !same_checks) {
                let is_initial = member.health.state == TargetHealth::Initial;
                member.check = Some(self.check(&member.target, is_initial, checks));
            }
            self.members.insert(*address, member);
        }
        retired.extend(before.into_values().filter_map(|member| {
            let was_in_use = !member.target.retired.swap(true, Relaxed);
            was_in_use.then_some(Retired { target: member.target.id, until: None })
        }));
        self.publish();
        retired
    }

    /// Nobody is a member any more.
    pub(crate) fn dissolve(self) -> Vec<Retired> {
        self.group.targets.store(Arc::default());
        let retired = self.members.into_values().filter(|member| !member.target.retired.swap(true, Relaxed));
        retired.map(|member| Retired { target: member.target.id, until: None }).collect()
    }

    /// Whether what is under way to a target ends with its delay: requests do, flows if they are told to.
    fn ends_when_deregistered(&self) -> bool {
        self.spec.flows.is_none_or(|flows| flows.end_when_deregistered)
    }

    /// Whether what is under way to a target ends when it is found unhealthy.
    pub(crate) fn ends_when_unhealthy(&self) -> bool {
        self.spec.flows.is_some_and(|flows| flows.end_when_unhealthy)
    }

    /// Checks a target as often as its group says, and a new one in between until it answers: a task that was registered a moment before it
    /// listens is not to wait for the next interval. What fails in between does not count, so it is unhealthy no sooner.
    fn check(&self, target: &Arc<Target>, is_new: bool, checks: &Checks) -> Check {
        let (node, spec, sockets) = (Arc::clone(&self.node), Arc::clone(&self.spec), Rc::clone(&checks.sockets));
        let (interface, group) = (self.node.interface.clone(), self.group.id.clone());
        let front = self.front;
        let (address, target, outcomes) = (target.address, target.id, checks.outcomes.clone());
        let task = spawn_local(async move {
            let check = || probe(&sockets, &node, address.0, (&spec, front));
            let tell = |outcome| {
                let (interface, group) = (interface.clone(), group.clone());
                outcomes.send(Checked { interface, group, address, target, outcome }).is_ok()
            };
            // How many more may fail before it is not new any more, but unhealthy.
            let mut chances = if is_new { spec.health_check.unhealthy_threshold } else { 0 };
            loop {
                let next = Instant::now() + Duration::from_secs(spec.health_check.interval.into());
                let outcome = check().await;
                chances = if outcome.is_ok() { 0 } else { chances.saturating_sub(1) };
                let mut is_heard = tell(outcome);
                while is_heard && chances > 0 && Instant::now() + IN_BETWEEN < next {
                    sleep(IN_BETWEEN).await;
                    if check().await.is_ok() {
                        chances = 0;
                        is_heard = tell(Ok(()));
                    }
                }
                if !is_heard {
                    return;
                }
                sleep_until(next).await;
            }
        });
        Check(task.abort_handle())
    }

    /// Takes in the outcome of a check; answers what is told of the target if that is something else now.
    pub(crate) fn observe(&mut self, checked: Checked, now: Millis) -> Option<TargetStatus> {
        let member = self.members.get_mut(&checked.address).filter(|member| member.target.id == checked.target)?;
        let drains = self.spec.flows.is_some_and(|flows| flows.unhealthy_draining > 0);
        if !member.health.observe(checked.outcome, &self.spec.health_check, drains) {
            return None;
        }
        let is_healthy = member.health.state == TargetHealth::Healthy;
        member.healthy_since = is_healthy.then(|| member.healthy_since.unwrap_or(now));
        let status = member.status();
        self.publish();
        Some(status)
    }

    /// What is told of targets that failed and have been draining for long enough, with their numbers. Looked at often.
    pub(crate) fn drained(&mut self, now: Millis) -> Vec<(TargetAddress, TargetStatus, u64)> {
        let interval = Millis::from(self.spec.flows.map_or(0, |flows| flows.unhealthy_draining)) * 1000;
        let over = self.members.values_mut().filter_map(|member| {
            if !matches!(member.health.state, TargetHealth::Draining(_)) {
                member.drains_since = None;
                return None;
            }
            if *member.drains_since.get_or_insert(now) + interval > now {
                return None;
            }
            member.health.drained().then(|| (member.target.address, member.status(), member.target.id))
        });
        over.collect()
    }

    /// Lets connections see who gets requests.
    fn publish(&self) {
        let candidates = self.members.values().filter(|member| {
            let in_reach = self.spec.cross_zone || member.spec.zone.as_ref().is_none_or(|zone| *zone == self.node.zone);
            in_reach && member.spec.draining_until.is_none()
        });
        let candidates: Vec<_> = candidates
            .map(|member| Candidate {
                target: Arc::clone(&member.target),
                since: member.spec.since,
                healthy_since: member.healthy_since,
            })
            .collect();
        self.group.targets.store(Arc::new(TargetSet::new(&self.spec, &candidates)));
    }

    /// What is told of each target.
    pub(crate) fn statuses(&self) -> BTreeMap<TargetAddress, TargetStatus> {
        self.members.iter().map(|(address, member)| (*address, member.status())).collect()
    }

    /// The same of those that are draining.
    pub(crate) fn draining(&self) -> impl Iterator<Item = (TargetAddress, TargetStatus)> {
        let draining = self.members.iter().filter(|(_, member)| member.spec.draining_until.is_some());
        draining.map(|(address, member)| (*address, member.status()))
    }
}

impl Member {
    fn new(
        address: TargetAddress,
        spec: &balancing::Target,
        id: u64,
        seen: Option<&TargetStatus>,
        observed: bool,
    ) -> Self {
        let first = if observed { TargetHealth::Healthy } else { TargetHealth::Initial };
        let health = Health::new(seen.map_or(first, |seen| seen.health.clone()));
        let outlier = observed.then(Outlier::default);
        // One that was healthy before has had its slow start.
        let healthy_since = (health.state == TargetHealth::Healthy).then_some(spec.since);
        Self {
            target: Arc::new(Target { id, address, active: 0.into(), retired: false.into(), outlier }),
            spec: spec.clone(),
            health,
            healthy_since,
            drains_since: None,
            check: None,
        }
    }

    fn status(&self) -> TargetStatus {
        let is_draining = self.spec.draining_until.is_some();
        let active = if is_draining { self.target.active.load(Relaxed) } else { 0 };
        TargetStatus { since: self.spec.since, health: self.health.state.clone(), active }
    }
}
