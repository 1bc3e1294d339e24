//! The cluster and its clock.

use crate::{
    Protections,
    machine::Machine,
    network::{Message, Network},
    properties::Properties,
    server::Server,
    services,
    workload::Workload,
};
use spec::Millis;

/// Steps with faults, steps without in which everything must come right, and the most that services may take besides. A step is a second.
const STEPS: (u32, u32, u32) = (220, 130, 1_200);
/// How many machines there are.
const MACHINES: u32 = 3;
/// When the clock starts: late enough that every moment is in the past of none.
const BEGIN: Millis = 1_000_000;

/// All the chance there is, from one seed: SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014).
#[derive(Debug)]
pub struct Chance(u64);

impl Chance {
    pub(crate) fn seed(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
    /// A number below `n`, near enough to evenly for numbers this small.
    pub(crate) fn below(&mut self, n: u32) -> u32 {
        (self.seed() % u64::from(n.max(1))) as u32
    }
    pub(crate) fn one_in(&mut self, n: u32) -> bool {
        self.below(n) == 0
    }
    pub(crate) fn pick<T: Clone>(&mut self, from: &[T]) -> Option<T> {
        let index = self.below(u32::try_from(from.len()).unwrap_or(u32::MAX));
        from.get(usize::try_from(index).ok()?).cloned()
    }
    pub(crate) fn shuffle<T>(&mut self, list: &mut [T]) {
        for last in (1..list.len()).rev() {
            list.swap(last, (self.seed() % (last as u64 + 1)) as usize);
        }
    }
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The seed it grew from.
    pub seed: u64,
    /// What went wrong, and at which step.
    pub result: Result<(), String>,
    /// How many transactions changed something.
    pub commits: u64,
    /// How many tasks came to an end.
    pub stopped: usize,
    /// How many tasks lived at the end.
    pub living: usize,
    /// How many deployments of services came to an end.
    pub deployments: usize,
}

/// Plays one cluster from a seed.
pub fn run(seed: u64, keep: Protections) -> Outcome {
    let mut cluster = Cluster::new(seed, keep);
    let result = cluster.play();
    Outcome {
        seed,
        result: result.map_err(|why| format!("at step {}: {why}", cluster.step)),
        commits: cluster.server.commits,
        stopped: cluster.server.state.stopped_tasks.len(),
        living: cluster.server.state.tasks.len(),
        deployments: cluster.server.state.service_deployments.iter().filter(|of| of.finished_at.is_some()).count(),
    }
}

/// A server, machines, what is between them, and a user.
pub struct Cluster {
    keep: Protections,
    chance: Chance,
    step: u32,
    now: Millis,
    server: Server,
    machines: Vec<Machine>,
    network: Network,
    properties: Properties,
}

impl Cluster {
    /// A cluster in which nothing has happened yet.
    pub fn new(seed: u64, keep: Protections) -> Self {
        Self {
            keep,
            chance: Chance(seed),
            step: 0,
            now: BEGIN,
            server: Server::new(),
            machines: (1..=MACHINES).map(Machine::new).collect(),
            network: Network::default(),
            properties: Properties::default(),
        }
    }

    /// Plays it to the end.
    ///
    /// # Errors
    /// What was not as it must be.
    pub fn play(&mut self) -> Result<(), String> {
        let mut user = Workload::new(&mut self.server, &mut self.chance).map_err(|fault| fault.to_string())?;
        for _ in 0..STEPS.0 {
            self.step += 1;
            self.now += 1_000;
            self.faults()?;
            if self.now >= self.server.down_until {
                user.step(&mut self.server, self.now, &mut self.chance).map_err(|fault| fault.to_string())?;
            }
            self.advance(true)?;
        }
        self.machines.iter_mut().for_each(|machine| (machine.down_until, machine.cut_until) = (0, 0));
        self.server.down_until = 0;
        for _ in 0..STEPS.1 {
            self.step += 1;
            self.now += 1_000;
            self.advance(false)?;
        }
        // A service that had bad luck waits for up to a quarter of an hour until it tries again.
        for _ in 0..STEPS.2 {
            if services::settled(&self.server.state) {
                break;
            }
            self.step += 1;
            self.now += 1_000;
            self.advance(false)?;
        }
        self.server.restart()?;
        services::in_the_end(&self.server.state)?;
        self.properties.in_the_end(&self.server.state, &self.machines)
    }

    /// What goes wrong now.
    fn faults(&mut self) -> Result<(), String> {
        let (now, chance) = (self.now, &mut self.chance);
        for machine in &mut self.machines {
            let until = |chance: &mut Chance, most| now + 1_000 * i64::from(chance.below(most) + 1);
            if chance.one_in(400) {
                let until = until(chance, 20);
                machine.power_cut(now, until, self.keep, chance);
            }
            if chance.one_in(150) {
                // Agents mostly come back soon; some stay away for longer than any lease.
                let most = if chance.one_in(5) { 120 } else { 15 };
                let until = until(chance, most);
                machine.crash(now, until);
            }
            if chance.one_in(200) {
                machine.cut_until = until(chance, 90);
            }
            if chance.one_in(60) {
                machine.container_crash(now, chance);
            }
        }
        if chance.one_in(120) {
            self.server.down_until = now + 1_000 * i64::from(chance.below(5));
            self.network.server_died();
            self.server.restart()?;
        }
        Ok(())
    }

    /// One second of everybody's work.
    fn advance(&mut self, faults: bool) -> Result<(), String> {
        let now = self.now;
        let up = now >= self.server.down_until;
        // As the server does.
        if up {
            self.server.transact(now, &mut self.chance, |_| Ok(())).map_err(|fault| fault.to_string())?;
        }
        self.deliver(faults, up);
        for (number, machine) in (0_i64..).zip(&mut self.machines) {
            machine.keep_lease(now, self.keep);
            if now < machine.down_until {
                continue;
            }
            machine.act(now, self.keep, &mut self.chance, faults);
            if (now / 1_000 + number) % 3 == 0 {
                let report = machine.report(now);
                if now >= machine.cut_until {
                    self.network.send(Message::Report(report, now), now, faults, &mut self.chance);
                }
            }
        }
        self.server.broken.take().map_or(Ok(()), Err)?;
        self.properties.at_every_step(&self.server.state, &self.machines)
    }

    fn deliver(&mut self, faults: bool, up: bool) {
        let now = self.now;
        for message in self.network.arrived(now, &mut self.chance) {
            match message {
                Message::Report(report, sent) if up => {
                    let (host, incarnation) = (report.status.host.clone(), report.status.incarnation);
                    if let Some(reply) = self.server.sync(now, &mut self.chance, report, self.keep) {
                        self.network.send(
                            Message::Reply(host, reply, sent, incarnation),
                            now,
                            faults,
                            &mut self.chance,
                        );
                    }
                }
                Message::Report(..) => {}
                Message::Reply(host, reply, sent, incarnation) => {
                    let machine = self
                        .machines
                        .iter_mut()
                        .find(|machine| machine.id == host && machine.incarnation == incarnation);
                    if let Some(machine) = machine.filter(|m| now >= m.cut_until && now >= m.down_until) {
                        machine.answered(reply, sent, self.keep);
                    }
                }
            }
        }
    }
}
