//! The network of this host, kept by a thread of its own: always the newest spec, so that what arrives while it works is done in one go.
//!
//! With the network comes what the agent answers in it. A task's network is not complete before its resolver knows its names.

use super::Event;
use crate::{
    listen::{Deaf, Listeners},
    uplink::Uplink,
};
use network::{Instance, Internet, Network, Plan, plan};
use spec::{HostSpec, TaskId, balancing::BalancingStatus};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

/// How often the kernel is compared with the plan though nothing was asked, so that damage heals: this often, or as seldom as keeps
/// it below a fiftieth of a processor.
const VERIFY: Duration = Duration::from_secs(5);
const SHARE: u32 = 50;
/// How long to wait before trying again what failed.
const AGAIN: Duration = Duration::from_millis(500);

/// What was made of a spec.
pub(crate) struct Made {
    /// The tasks whose networks are complete.
    pub(super) ready: BTreeSet<TaskId>,
    /// Those that can have none, and why: their interface is not part of the VPC, for example.
    pub(super) impossible: BTreeMap<TaskId, String>,
}

/// A handle on the thread. Dropping it ends the thread, after what it is at; the network stays.
pub(super) struct Worker {
    specs: Option<Sender<Wanted>>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Worker {
    fn drop(&mut self) {
        drop(self.specs.take());
        // What it makes must not come after what whoever ends it removes. Had it panicked, there would be nothing to wait for.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

/// A spec, and what the balancer has seen of the targets in it.
type Wanted = (Arc<HostSpec>, Arc<BalancingStatus>);

impl Worker {
    /// Starts the thread.
    pub(super) fn start(
        network: Network,
        listeners: Listeners,
        uplink: Option<Uplink>,
        instance: Instance,
        events: Sender<Event>,
    ) -> std::io::Result<Self> {
        let (sender, specs) = channel();
        let thread = thread::Builder::new()
            .name("network".into())
            .spawn(move || keep(network, listeners, uplink, &instance, &specs, &events))?;
        Ok(Self { specs: Some(sender), thread: Some(thread) })
    }

    /// Makes the network what this spec wants while targets are so.
    pub(super) fn apply(&self, spec: Arc<HostSpec>, seen: Arc<BalancingStatus>) {
        // The thread only ends with this handle.
        let _ = self.specs.as_ref().map(|specs| specs.send((spec, seen)));
    }
}

fn keep(
    mut network: Network,
    mut listeners: Listeners,
    mut uplink: Option<Uplink>,
    instance: &Instance,
    specs: &Receiver<Wanted>,
    events: &Sender<Event>,
) {
    let internet = if uplink.is_some() { Internet::Host } else { Internet::Sealed };
    let mut current: Option<Wanted> = None;
    let mut complained = Vec::new();
    let (mut failed, mut verify) = (false, VERIFY);
    loop {
        let pause = if failed { AGAIN } else { verify };
        let told = match specs.recv_timeout(pause) {
            Ok(spec) => {
                current = Some(specs.try_iter().last().unwrap_or(spec));
                true
            }
            Err(RecvTimeoutError::Timeout) => false,
            Err(RecvTimeoutError::Disconnected) => return,
        };
        let Some((spec, seen)) = &current else { continue };
        let plan = plan(instance, spec, internet, seen);
        let begun = Instant::now();
        let done = if told { network.apply(&plan) } else { network.verify(&plan) };
        if !told {
            verify = VERIFY.max(begun.elapsed() * SHARE);
        }
        let mut deaf = listeners.apply(&spec.topology);
        if let Some(Err(error)) = uplink.as_mut().map(|uplink| uplink.apply(network.uplink())) {
            deaf.push(Deaf { why: format!("nothing leaves the region: {error}"), needed: false });
        }
        let errors = done.err().unwrap_or_default();
        let was = std::mem::replace(&mut failed, !errors.is_empty() || !deaf.is_empty());
        if !told && !failed && !was {
            continue;
        }
        let error = errors.first().map(ToString::to_string);
        let made = match error.or_else(|| deaf.iter().find(|deaf| deaf.needed).map(|deaf| deaf.why.clone())) {
            None => Ok(made(spec, plan)),
            Some(error) => Err(error),
        };
        if deaf != complained {
            deaf.iter().filter(|deaf| !deaf.needed).for_each(|deaf| crate::complain(format_args!("{}", deaf.why)));
            complained = deaf;
        }
        if let Err(why) = &made {
            crate::complain(format_args!("making the network: {why}"));
        }
        if events.send(Event::Network { revision: spec.revision, made }).is_err() {
            return;
        }
    }
}

fn made(spec: &HostSpec, plan: Plan) -> Made {
    let ready = spec.tasks.keys().filter(|id| !plan.impossible.contains_key(*id)).cloned().collect();
    Made { ready, impossible: plan.impossible }
}
