//! What a host has to do next, told from what it should be and what it is. Pure: no clock, no file, no process.
//!
//! [`step`] looks at one task and answers with everything that can be done for it now, and when to look again. Running it
//! again on an unchanged task answers the same; the caller marks what it has begun and puts results into [`TaskSeen`].

mod depends;
mod health;
mod lease;
mod seen;
mod status;
mod stop;
mod storage;

#[cfg(test)]
mod tests;

pub use health::checked;
pub use lease::{Lease, accepts, at_once};
pub use seen::{ContainerSeen, End, Image, Network, Process, Resources, Sandbox, TaskSeen};
pub use status::status;
pub use storage::measured;

use crate::initialise::needed;
use depends::Readiness;
use spec::{ContainerSpec, Desired, Millis, TaskSpec};

/// One thing to do for a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Get what its containers need of AWS's services before they begin.
    Initialise,
    /// Get a container's image.
    Pull(String),
    /// Make the task's shim.
    CreateSandbox,
    /// Start a container.
    Start(String),
    /// Send a container a signal: the one its image names, else SIGTERM.
    Stop(String),
    /// Kill a container.
    Kill(String),
    /// Run a container's health check.
    Check(String),
    /// Find out how much the task has written to disk.
    Measure,
    /// Note that a container will never start, and why if there is a reason of its own.
    GiveUp(String, Option<String>),
    /// Note that the task begins to stop, and why if it failed.
    BeginStop(Option<String>),
    /// Take everything of the task off this host.
    Remove,
}

/// What there is to do for a task now, and when to look again if nothing happens before.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Step {
    /// Everything that can be done now, each independent of the others.
    pub actions: Vec<Action>,
    /// The next moment at which time alone changes what there is to do.
    pub wake: Option<Millis>,
}

impl Step {
    fn act(&mut self, action: Action) {
        self.actions.push(action);
    }

    fn wake_at(&mut self, at: Millis) {
        self.wake = Some(self.wake.map_or(at, |wake| wake.min(at)));
    }
}

/// What to do for one task. `spec` is what it should be; `None` takes it off this host.
pub fn step(spec: Option<&TaskSpec>, seen: &TaskSeen, now: Millis) -> Step {
    let mut step = Step::default();
    let Some(spec) = spec else {
        step.act(Action::Remove);
        return step;
    };
    if seen.stopping_at.is_some() {
        stop::step(spec, seen, now, &mut step);
        return step;
    }
    match reason_to_stop(spec, seen, now) {
        Some(reason) => step.act(Action::BeginStop(reason)),
        None => run(spec, seen, now, &mut step),
    }
    step
}

/// Why the task must stop now: `Some(None)` where nothing failed.
fn reason_to_stop(spec: &TaskSpec, seen: &TaskSeen, now: Millis) -> Option<Option<String>> {
    if let Some(failure) = &seen.failure {
        return Some(Some(failure.clone()));
    }
    if spec.desired == Desired::Stopped || seen.sandbox == Sandbox::Gone {
        return Some(None);
    }
    let essential = |c: &&ContainerSpec| c.essential && container(seen, &c.name).end().is_some();
    if let Some(ended) = spec.containers.iter().find(essential) {
        // One that never started is why the task failed to start; one that ran and ended only ends it.
        let seen = container(seen, &ended.name);
        return Some(seen.end().filter(|_| !seen.started()).and_then(|end| end.reason.clone()));
    }
    spec.containers.iter().find_map(|c| match depends::readiness(spec, seen, c, now) {
        Readiness::Never(why) if c.essential => Some(Some(why)),
        _ => None,
    })
}

/// Starts what can be started and watches what runs.
fn run(spec: &TaskSpec, seen: &TaskSeen, now: Millis, step: &mut Step) {
    if seen.network != Network::Ready {
        return;
    }
    if seen.sandbox == Sandbox::Absent {
        step.act(Action::CreateSandbox);
    }
    storage::step(seen, now, step);
    let initialised = seen.resources == Resources::Ready || !needed(spec);
    let waits = |c: &ContainerSpec| {
        let is = container(seen, &c.name);
        is.process == Process::Absent && !is.starting
    };
    if !initialised && seen.resources == Resources::Absent && spec.containers.iter().any(waits) {
        step.act(Action::Initialise);
    }
    for wanted in &spec.containers {
        let is = container(seen, &wanted.name);
        match is.process {
            Process::Absent if is.pulling || is.starting || !initialised => {}
            Process::Absent if is.image == Image::Absent => step.act(Action::Pull(wanted.name.clone())),
            Process::Absent => start(spec, seen, wanted, now, step),
            Process::Running { started_at } => health::step(wanted, is, started_at, now, step),
            Process::Ended(_) => {}
        }
    }
}

fn start(spec: &TaskSpec, seen: &TaskSeen, wanted: &ContainerSpec, now: Millis, step: &mut Step) {
    match depends::readiness(spec, seen, wanted, now) {
        Readiness::Ready if seen.sandbox == Sandbox::Running => step.act(Action::Start(wanted.name.clone())),
        Readiness::Ready => {}
        Readiness::Waiting { until } => until.into_iter().for_each(|at| step.wake_at(at)),
        Readiness::Never(why) => step.act(Action::GiveUp(wanted.name.clone(), Some(why))),
    }
}

/// A container as it is; one that was not touched yet is as new.
fn container<'a>(seen: &'a TaskSeen, name: &str) -> &'a ContainerSeen {
    static UNTOUCHED: std::sync::LazyLock<ContainerSeen> = std::sync::LazyLock::new(ContainerSeen::default);
    seen.containers.get(name).unwrap_or(&UNTOUCHED)
}
