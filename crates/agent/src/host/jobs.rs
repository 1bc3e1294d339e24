//! Jobs: what takes time, on threads beside the loop, so many at once and no more.

use super::{Event, effects::Outcome};
use spec::TaskId;
use std::{
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
        mpsc::{Receiver, Sender, channel},
    },
    thread,
};

/// Kinds of jobs. Each kind has its own limit, so that slow ones never keep quick ones waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Getting images, and what tasks need of AWS's services: limited by others' networks, for which nobody else should wait.
    Pull,
    /// Making and removing shims, starting containers: limited by processors.
    Launch,
    /// Health checks: they mostly wait.
    Check,
}

type Work = Box<dyn FnOnce() -> Outcome + Send>;

/// The threads of all kinds. How many jobs wait is bounded by the tasks on this host: each has at most a few at a time.
pub(crate) struct Jobs {
    pull: Lane,
    launch: Lane,
    check: Lane,
}

impl Jobs {
    /// Results go to `events`.
    ///
    /// # Errors
    /// When there are no more threads.
    pub(crate) fn new(events: &Sender<Event>) -> io::Result<Self> {
        let lane = |limit| Lane::new(limit, events.clone());
        Ok(Self { pull: lane(32)?, launch: lane(8)?, check: lane(64)? })
    }

    /// Starts a job now, or when one of its kind has ended.
    pub(crate) fn start(&mut self, kind: Kind, task: &TaskId, work: impl FnOnce() -> Outcome + Send + 'static) {
        let lane = match kind {
            Kind::Pull => &mut self.pull,
            Kind::Launch => &mut self.launch,
            Kind::Check => &mut self.check,
        };
        lane.start(task.clone(), Box::new(work));
    }
}

/// Threads that take jobs from one queue. There is always one; more are made as they are needed, and stay.
struct Lane {
    queue: Sender<(TaskId, Work)>,
    taken: Arc<Mutex<Receiver<(TaskId, Work)>>>,
    /// Jobs that wait or run.
    busy: Arc<AtomicUsize>,
    threads: usize,
    limit: usize,
    events: Sender<Event>,
}

impl Lane {
    fn new(limit: usize, events: Sender<Event>) -> io::Result<Self> {
        let (queue, jobs) = channel();
        let taken = Arc::new(Mutex::new(jobs));
        let mut lane = Self { queue, taken, busy: Arc::default(), threads: 0, limit, events };
        lane.grow()?;
        Ok(lane)
    }

    fn grow(&mut self) -> io::Result<()> {
        let (taken, busy, events) = (self.taken.clone(), self.busy.clone(), self.events.clone());
        let work = move || serve(&taken, &busy, &events);
        thread::Builder::new().name("job".into()).stack_size(1 << 20).spawn(work)?;
        self.threads += 1;
        Ok(())
    }

    fn start(&mut self, task: TaskId, work: Work) {
        if self.busy.fetch_add(1, Ordering::Relaxed) >= self.threads && self.threads < self.limit {
            // Without one more thread it is done by those there are, only later.
            let _ = self.grow();
        }
        // The receiver is held here too, so there always is one.
        let _ = self.queue.send((task, work));
    }
}

/// Does jobs until the queue's owner is gone.
fn serve(queue: &Mutex<Receiver<(TaskId, Work)>>, busy: &AtomicUsize, events: &Sender<Event>) {
    loop {
        let next = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok((task, work)) = next else { return };
        // A job that panics must not leave its task waiting for it for ever.
        let outcome = catch_unwind(AssertUnwindSafe(work)).unwrap_or(Outcome::Lost);
        busy.fetch_sub(1, Ordering::Relaxed);
        if events.send(Event::Done { task, outcome: Box::new(outcome) }).is_err() {
            return;
        }
    }
}
