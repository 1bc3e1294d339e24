//! Targets as one node sees them, and which of them gets a request ("Routing algorithms", Application Load Balancers guide).

use spec::{
    Millis,
    balancing::{Algorithm, Flows, Stickiness, TargetAddress, TargetGroup},
};
use std::{
    hash::{DefaultHasher, Hash, Hasher},
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, AtomicU32, AtomicUsize, Ordering::Relaxed},
    },
};

/// A registration of a target, seen from one node.
#[derive(Debug)]
pub(crate) struct Target {
    /// Its number in this process: no other registration ever has it.
    pub id: u64,
    pub address: TargetAddress,
    /// Requests and upgraded connections under way to it.
    pub active: AtomicU32,
    /// It is draining or gone: its connections are not kept.
    pub retired: AtomicBool,
    /// What has become of what it was sent, where that decides whether it is sent more.
    pub outlier: Option<Outlier>,
}

/// What has become of what a target was sent lately: one that fails time and again is left out for a while ("Amazon ECS Service Connect
/// components", outlier detection; "Outlier detection", Envoy).
#[derive(Debug, Default)]
pub(crate) struct Outlier {
    /// Failures in a row, and when the first of them was.
    failures: AtomicU32,
    since: AtomicI64,
    /// Until when it is left out, and for how many times it was.
    until: AtomicI64,
    times: AtomicU32,
}

impl Outlier {
    /// So many failures in a row, in so many milliseconds.
    const FAILURES: u32 = 5;
    const WITHIN: Millis = 30_000;
    /// For how long it is left out: so long for each time that it was, and no longer than this.
    const EJECTION: Millis = 30_000;
    const LONGEST: Millis = 300_000;

    /// It has answered, or has failed.
    pub(crate) fn observe(&self, failed: bool, now: Millis) {
        let is_out = self.is_out(now);
        if is_out && failed {
            return;
        }
        if !failed {
            self.failures.store(0, Relaxed);
            // It was asked nevertheless, for want of others, and is well again.
            if is_out {
                self.until.store(now, Relaxed);
            }
            // Who has been well for long begins anew.
            if now - self.until.load(Relaxed) > Self::LONGEST {
                self.times.store(0, Relaxed);
            }
            return;
        }
        if self.failures.load(Relaxed) == 0 || now - self.since.load(Relaxed) > Self::WITHIN {
            self.failures.store(0, Relaxed);
            self.since.store(now, Relaxed);
        }
        if self.failures.fetch_add(1, Relaxed) + 1 >= Self::FAILURES {
            let times = self.times.fetch_add(1, Relaxed) + 1;
            self.until.store(now + (Self::EJECTION * Millis::from(times)).min(Self::LONGEST), Relaxed);
            self.failures.store(0, Relaxed);
        }
    }

    /// Whether it is left out.
    fn is_out(&self, now: Millis) -> bool {
        now < self.until.load(Relaxed)
    }
}

/// A request under way to a target, counted until it is dropped.
pub(crate) struct UnderWay(pub Arc<Target>);

impl UnderWay {
    pub(crate) fn new(target: Arc<Target>) -> Self {
        target.active.fetch_add(1, Relaxed);
        Self(target)
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.active.fetch_sub(1, Relaxed);
    }
}

/// What is known of a target when it is decided who gets requests.
#[derive(Debug, Clone)]
pub(crate) struct Candidate {
    pub target: Arc<Target>,
    /// When it was registered.
    pub since: Millis,
    /// Since when it is healthy, if it is.
    pub healthy_since: Option<Millis>,
}

/// The targets of a group that get requests from a node, and how they take turns.
#[derive(Debug, Default)]
pub(crate) struct TargetSet {
    algorithm: Algorithm,
    /// In milliseconds.
    slow_start: Millis,
    /// How clients stay with a target.
    pub stickiness: Option<Stickiness>,
    /// How connections get to targets whose bytes are passed on as they are.
    pub flows: Option<Flows>,
    choices: Vec<Choice>,
    /// Whether some are left out that fail.
    watched: bool,
}

#[derive(Debug)]
struct Choice {
    target: Arc<Target>,
    /// Since when its share grows, if it does.
    ramp: Option<Millis>,
}

impl TargetSet {
    /// Who gets requests of these candidates, which are in the node's reach and not draining: the healthy ones, or all if they are too
    /// few ("Target group health", fail open).
    pub(crate) fn new(group: &TargetGroup, candidates: &[Candidate]) -> Self {
        let healthy = candidates.iter().filter(|candidate| candidate.healthy_since.is_some()).count();
        let percent = group.minimum_healthy_percent.map_or(0, usize::from);
        let fails_open = healthy < group.minimum_healthy.max(1) as usize || healthy * 100 < percent * candidates.len();
        // Who was registered before another was healthy starts with its full share.
        let eldest = candidates.iter().filter(|one| one.healthy_since.is_some()).map(|one| one.since).min();
        let choices = candidates.iter().filter(|one| fails_open || one.healthy_since.is_some()).map(|one| Choice {
            target: Arc::clone(&one.target),
            ramp: one.healthy_since.filter(|_| group.slow_start > 0 && !fails_open && eldest < Some(one.since)),
        });
        Self {
            algorithm: group.algorithm,
            slow_start: Millis::from(group.slow_start) * 1000,
            stickiness: group.stickiness.clone(),
            flows: group.flows,
            choices: choices.collect(),
            watched: candidates.iter().any(|one| one.target.outlier.is_some()),
        }
    }

    /// The target at an address, if it gets requests.
    pub(crate) fn at(&self, address: TargetAddress) -> Option<&Arc<Target>> {
        self.choices.iter().map(|choice| &choice.target).find(|target| target.address == address)
    }

    /// The target for a client's connection: any, or always the same for the same address of a client's where flows go by that, as long as
    /// that one is there. `chance` is from 0 to below 1.
    pub(crate) fn for_connection(&self, client: IpAddr, chance: f64) -> Option<&Arc<Target>> {
        let weight = |choice: &&Choice| {
            let mut hasher = DefaultHasher::new();
            (client, choice.target.address).hash(&mut hasher);
            hasher.finish()
        };
        let chosen = match self.flows {
            Some(Flows { by_source: true, .. }) => self.choices.iter().max_by_key(weight),
            _ => self.choices.get((chance * self.choices.len() as f64) as usize),
        };
        chosen.map(|choice| &choice.target)
    }

    /// The target for the next request, none of `tried`. `turn` counts for the group; `chance` gives numbers from 0 to below 1.
    pub(crate) fn choose(
        &self,
        turn: &AtomicUsize,
        now: Millis,
        mut chance: impl FnMut() -> f64,
        tried: &[u64],
    ) -> Option<&Arc<Target>> {
        let count = self.choices.len();
        // While more than half are left out, or everybody else was tried, none is ("Panic threshold", Envoy).
        let is_out = |choice: &Choice| choice.target.outlier.as_ref().is_some_and(|outlier| outlier.is_out(now));
        let out = if self.watched { self.choices.iter().filter(|choice| is_out(choice)).count() } else { 0 };
        let is_left = |choice: &Choice| !is_out(choice) && !tried.contains(&choice.target.id);
        let panics = out > 0 && (out * 2 > count || !self.choices.iter().any(is_left));
        let is_open = |choice: &&Choice| !tried.contains(&choice.target.id) && (out == 0 || panics || !is_out(choice));
        let from = |start: usize| {
            let (before, after) = self.choices.split_at(start % count.max(1));
            after.iter().chain(before).filter(is_open)
        };
        let chosen = match self.algorithm {
            _ if count == 0 => None,
            Algorithm::RoundRobin => {
                let mut chosen = None;
                // Who has a small share lets its turn pass; somebody has a full one.
                for _ in 0..count.saturating_mul(2) {
                    chosen = from(turn.fetch_add(1, Relaxed)).next();
                    if chosen.is_none_or(|choice| self.share(choice, now) > chance()) {
                        break;
                    }
                }
                chosen
            }
            Algorithm::WeightedRandom => from((chance() * count as f64) as usize).next(),
            Algorithm::LeastOutstandingRequests => {
                from(turn.fetch_add(1, Relaxed)).min_by_key(|choice| choice.target.active.load(Relaxed))
            }
        };
        chosen.map(|choice| &choice.target)
    }

    /// A target's share of requests beside those of others: 1, or less in a slow start, in which it grows with time.
    fn share(&self, choice: &Choice, now: Millis) -> f64 {
        match choice.ramp {
            Some(start) if now - start < self.slow_start => (now - start).max(0) as f64 / self.slow_start as f64,
            _ => 1.0,
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;
    use spec::balancing::{ProtocolVersion, TargetHealthCheck};
    use std::collections::BTreeMap;

    pub(crate) fn group() -> TargetGroup {
        TargetGroup {
            arn: "arn".into(),
            tls: false,
            version: ProtocolVersion::Http1,
            health_check: TargetHealthCheck {
                tcp: false,
                tls: false,
                port: None,
                path: "/".into(),
                interval: 30,
                timeout: 5,
                healthy_threshold: 5,
                unhealthy_threshold: 2,
                matcher: vec![(200, 200)],
            },
            flows: None,
            algorithm: Algorithm::RoundRobin,
            anomaly_mitigation: false,
            slow_start: 0,
            stickiness: None,
            cross_zone: true,
            minimum_healthy: 1,
            minimum_healthy_percent: None,
            targets: BTreeMap::new(),
        }
    }

    fn candidate(id: u64, since: Millis, healthy_since: Option<Millis>) -> Candidate {
        let address = TargetAddress(([127, 0, 0, id as u8], 80).into());
        let target = Target { id, address, active: AtomicU32::new(0), retired: AtomicBool::new(false), outlier: None };
        Candidate { target: Arc::new(target), since, healthy_since }
    }

    fn chosen(set: &TargetSet, times: usize, now: Millis) -> BTreeMap<u64, usize> {
        let (turn, mut random) = (AtomicUsize::new(0), fastrand::Rng::with_seed(1));
        let mut counts = BTreeMap::new();
        for _ in 0..times {
            if let Some(target) = set.choose(&turn, now, || random.f64(), &[]) {
                *counts.entry(target.id).or_default() += 1;
            }
        }
        counts
    }

    #[test]
    fn in_turn_among_the_healthy() {
        let set =
            TargetSet::new(&group(), &[candidate(1, 0, Some(1)), candidate(2, 0, None), candidate(3, 0, Some(1))]);
        assert_eq!(chosen(&set, 10, 0), [(1, 5), (3, 5)].into());
    }

    #[test]
    fn with_too_few_healthy_all_are_used() {
        let mut group = group();
        let mut candidates = vec![candidate(1, 0, None), candidate(2, 0, None), candidate(3, 0, None)];
        assert_eq!(chosen(&TargetSet::new(&group, &candidates), 9, 0).len(), 3);
        candidates[0].healthy_since = Some(1);
        assert_eq!(chosen(&TargetSet::new(&group, &candidates), 9, 0).len(), 1);
        group.minimum_healthy = 2;
        assert_eq!(chosen(&TargetSet::new(&group, &candidates), 9, 0).len(), 3);
        (group.minimum_healthy, group.minimum_healthy_percent) = (1, Some(34));
        assert_eq!(chosen(&TargetSet::new(&group, &candidates), 9, 0).len(), 3);
        group.minimum_healthy_percent = Some(33);
        assert_eq!(chosen(&TargetSet::new(&group, &candidates), 9, 0).len(), 1);
        assert_eq!(chosen(&TargetSet::new(&group, &[]), 9, 0).len(), 0);
    }

    #[test]
    fn a_slow_start_grows_with_time() {
        let mut group = group();
        group.slow_start = 30;
        let set = TargetSet::new(&group, &[candidate(1, 0, Some(5)), candidate(2, 100, Some(1_000))]);
        let share = |now| *chosen(&set, 10_000, now).get(&2).unwrap_or(&0) as f64 / 10_000.0;
        assert_eq!(share(1_000), 0.0);
        // Half of its turns: one request of three.
        assert!((share(16_000) - 1.0 / 3.0).abs() < 0.02, "{}", share(16_000));
        assert_eq!(share(31_000), 0.5);
        // Registered together: nobody was there before.
        let set = TargetSet::new(&group, &[candidate(1, 100, Some(500)), candidate(2, 100, Some(1_000))]);
        assert_eq!(chosen(&set, 10, 1_000), [(1, 5), (2, 5)].into());
    }

    #[test]
    fn to_whoever_has_the_fewest() {
        let mut group = group();
        group.algorithm = Algorithm::LeastOutstandingRequests;
        let candidates = [candidate(1, 0, Some(1)), candidate(2, 0, Some(1)), candidate(3, 0, Some(1))];
        let set = TargetSet::new(&group, &candidates);
        let busy = [1, 1, 2, 3].map(|id| UnderWay::new(Arc::clone(&candidates[id - 1].target)));
        let turn = AtomicUsize::new(0);
        let next = || set.choose(&turn, 0, || 0.0, &[]).unwrap().id;
        assert!((0..10).all(|_| next() != 1));
        drop(busy);
        assert_eq!((0..6).map(|_| next()).filter(|id| *id == 1).count(), 2);
    }

    #[test]
    fn who_fails_time_and_again_is_left_out_for_longer_each_time() {
        let watched = |id| {
            let mut candidate = candidate(id, 0, Some(1));
            Arc::get_mut(&mut candidate.target).unwrap().outlier = Some(Outlier::default());
            candidate
        };
        let candidates = [watched(1), watched(2), watched(3)];
        let set = TargetSet::new(&group(), &candidates);
        let fail = |one: usize, times: u32, now| {
            (0..times).for_each(|_| candidates[one].target.outlier.as_ref().unwrap().observe(true, now));
        };
        let of = |now| chosen(&set, 6, now).into_keys().collect::<Vec<_>>();
        fail(0, 4, 1_000);
        assert_eq!(of(1_000), [1, 2, 3], "four are not enough");
        fail(0, 1, 40_000);
        assert_eq!(of(40_000), [1, 2, 3], "nor is a fifth so late");
        fail(0, 4, 40_000);
        assert_eq!((of(40_000), of(69_999), of(70_000)), (vec![2, 3], vec![2, 3], vec![1, 2, 3]));
        fail(0, 5, 70_000);
        assert_eq!((of(129_999), of(130_000)), (vec![2, 3], vec![1, 2, 3]));
        fail(0, 5, 200_000);
        fail(1, 5, 200_000);
        assert_eq!(of(200_000), [1, 2, 3], "most have failed: then all get requests");
        candidates[0].target.outlier.as_ref().unwrap().observe(false, 201_000);
        assert_eq!(of(201_000), [1, 3], "who answers is in again");
        let turn = AtomicUsize::new(0);
        let last = set.choose(&turn, 201_000, || 0.0, &[1, 3]).unwrap();
        assert_eq!(last.id, 2, "rather than nobody");
    }

    #[test]
    fn by_chance() {
        let mut group = group();
        group.algorithm = Algorithm::WeightedRandom;
        let set = TargetSet::new(&group, &[candidate(1, 0, Some(1)), candidate(2, 0, Some(1))]);
        let counts = chosen(&set, 10_000, 0);
        assert!(counts.values().all(|count| (4_700..5_300).contains(count)), "{counts:?}");
    }

    proptest! {
        /// Nobody unhealthy is chosen while somebody is healthy, nobody twice for one request, and everybody's turn comes.
        #[test]
        fn promises(healthy in prop::collection::vec(any::<bool>(), 0..8), algorithm in 0usize..3, tries in 0usize..8) {
            let mut group = group();
            group.algorithm =
                [Algorithm::RoundRobin, Algorithm::LeastOutstandingRequests, Algorithm::WeightedRandom][algorithm];
            let candidates: Vec<_> =
                healthy.iter().enumerate().map(|(id, healthy)| candidate(id as u64, 0, healthy.then_some(1))).collect();
            let set = TargetSet::new(&group, &candidates);
            let usable = match healthy.iter().filter(|healthy| **healthy).count() {
                0 => healthy.len(),
                some => some,
            };
            let (turn, mut random) = (AtomicUsize::new(tries), fastrand::Rng::with_seed(7));
            let mut tried = Vec::new();
            while let Some(target) = set.choose(&turn, 0, || random.f64(), &tried) {
                prop_assert!(!tried.contains(&target.id));
                prop_assert!(usable == healthy.len() || healthy[target.id as usize]);
                tried.push(target.id);
            }
            prop_assert_eq!(tried.len(), usable);
        }
    }
}
