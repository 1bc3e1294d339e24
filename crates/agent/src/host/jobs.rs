//! Jobs: what takes time, each on a thread of its own, so many at once and no more.

use super::{Event, effects::Outcome};
use spec::TaskId;
use std::{collections::VecDeque, sync::mpsc::Sender, thread};

/// Kinds of jobs. Each kind has its own limit, so that slow ones never keep quick ones waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Getting images: limited by network and disk.
    Pull,
    /// Making and removing shims, starting containers: limited by processors.
    Launch,
    /// Health checks: they mostly wait.
    Check,
}

impl Kind {
    fn limit(self) -> usize {
        match self {
            Self::Pull => 8,
            Self::Launch => 8,
            Self::Check => 64,
        }
    }
}

type Work = Box<dyn FnOnce() -> Outcome + Send>;

/// Runs jobs and keeps those waiting whose kind is at its limit. How many wait is bounded by the tasks on this host: each has at
/// most a few at a time.
pub(crate) struct Jobs {
    events: Sender<Event>,
    running: [usize; 3],
    waiting: [VecDeque<(TaskId, Work)>; 3],
}

impl Jobs {
    /// Results go to `events`.
    pub(crate) fn new(events: Sender<Event>) -> Self {
        Self { events, running: [0; 3], waiting: Default::default() }
    }

    /// Starts a job now, or when one of its kind has ended.
    pub(crate) fn start(&mut self, kind: Kind, task: &TaskId, work: impl FnOnce() -> Outcome + Send + 'static) {
        self.queue(kind).push_back((task.clone(), Box::new(work)));
        self.fill(kind);
    }

    /// Takes note of a job's end.
    pub(crate) fn ended(&mut self, kind: Kind) {
        let running = self.count(kind);
        *running = running.saturating_sub(1);
        self.fill(kind);
    }

    fn fill(&mut self, kind: Kind) {
        while *self.count(kind) < kind.limit() {
            let Some((task, work)) = self.queue(kind).pop_front() else { return };
            let events = self.events.clone();
            let job = move || {
                let outcome = Box::new(work());
                // Once the loop has ended nobody wants to know.
                let _ = events.send(Event::Done { task, kind, outcome });
            };
            match thread::Builder::new().name("job".into()).stack_size(1 << 20).spawn(job) {
                Ok(_) => *self.count(kind) += 1,
                Err(error) => {
                    crate::complain(format_args!("starting a thread: {error}"));
                    return;
                }
            }
        }
    }

    fn count(&mut self, kind: Kind) -> &mut usize {
        let [pull, launch, check] = &mut self.running;
        match kind {
            Kind::Pull => pull,
            Kind::Launch => launch,
            Kind::Check => check,
        }
    }

    fn queue(&mut self, kind: Kind) -> &mut VecDeque<(TaskId, Work)> {
        let [pull, launch, check] = &mut self.waiting;
        match kind {
            Kind::Pull => pull,
            Kind::Launch => launch,
            Kind::Check => check,
        }
    }
}
