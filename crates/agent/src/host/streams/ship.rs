//! Shipping one container's output: when a batch is sent, what is done when it is not stored, and when to stop.

use super::{
    Means,
    sink::{Refusal, Sink},
    source::{Batch, Look, Source},
};
use crate::host::Event;
use spec::TaskId;
use std::{
    future::pending,
    path::PathBuf,
    sync::{Arc, mpsc::Sender},
    time::Duration,
};
use tokio::{
    select,
    sync::{Notify, watch::Receiver},
    task::spawn_blocking,
    time::{Instant, sleep, sleep_until},
};

/// How long after the first line others are waited for to come along.
const GATHER: Duration = Duration::from_millis(20);
/// How often it is looked whether what was written makes a whole batch.
const OFTEN: Duration = Duration::from_millis(50);
/// How often it is looked for output that nobody tells of: the end of an event that might have gone on, or any, where the kernel can't
/// tell of it.
const SELDOM: Duration = Duration::from_millis(800);
/// How often it is looked for output otherwise.
const HARDLY: Duration = Duration::from_secs(5);
/// How long after a batch the next is sent, unless that is full or the container has ended. The `awslogs` driver collects for five
/// seconds; whoever watches a machine of his own need not wait for so long.
const INTERVAL: Duration = Duration::from_secs(1);
/// How long after a failure the same is tried again.
const AGAIN: Duration = Duration::from_secs(1);
/// How long the rest of an ended container's output keeps its task's interface while nothing of it gets through. Then it is lost.
const LAST: Duration = Duration::from_secs(5);

/// A stream on its way.
pub(super) struct Ship {
    pub(super) task: TaskId,
    pub(super) container: String,
    /// The name of the log stream.
    pub(super) stream: String,
    /// Where its shim puts what it writes.
    pub(super) output: PathBuf,
    pub(super) sink: Sink,
    pub(super) means: Arc<Means>,
    /// Woken when something is written.
    pub(super) wake: Arc<Notify>,
    /// What was last complained about, so that it is said once.
    pub(super) complaint: Option<String>,
}

/// Says that a stream has come to its end, however it did.
struct End {
    events: Sender<Event>,
    task: TaskId,
    container: String,
}

impl Drop for End {
    fn drop(&mut self) {
        let (task, container) = (self.task.clone(), std::mem::take(&mut self.container));
        let _ = self.events.send(Event::Shipped { task, container });
    }
}

impl Ship {
    /// Ships until the container has ended, which `ended` says, and all its output is stored or given up.
    pub(super) async fn run(mut self, source: Source, ended: Receiver<Option<Instant>>) {
        let events = self.means.events.clone();
        let _end = End { events, task: self.task.clone(), container: self.container.clone() };
        if self.ship(source, ended).await.is_none() {
            self.complain("a step broke off unexpectedly; the rest is not shipped");
        }
    }

    /// `None` when the source was lost to a defect.
    async fn ship(&mut self, mut source: Source, mut ended: Receiver<Option<Instant>>) -> Option<()> {
        // Whether a write wakes, and when a batch was stored.
        let (mut told, mut stored) = (false, None);
        loop {
            // Before the look, so that nothing is written unseen after it.
            told = told || self.means.written.wake(&self.output, &self.wake);
            let end = *ended.borrow_and_update();
            let due = end.is_some() || stored.is_none_or(|at: Instant| at.elapsed() >= INTERVAL);
            let looked;
            (source, looked) = with(source, move |source| source.look(end.is_some(), due)).await?;
            let (wait, wakes) = match looked {
                Ok(Look::Nothing | Look::Open) if end.is_some() => return Some(()),
                Ok(nothing @ (Look::Nothing | Look::Open)) => {
                    self.sink.rest();
                    (if told && matches!(nothing, Look::Nothing) { HARDLY } else { SELDOM }, told)
                }
                Ok(Look::Waiting) => (OFTEN, false),
                Ok(Look::Due(batch)) => match self.send(&batch, &mut ended, stored).await {
                    Ok(said) => {
                        let kept;
                        (source, kept) = with(source, move |source| source.shipped(batch.events)).await?;
                        let failed = kept.err().map(|error| format!("keeping how far it has come: {error}"));
                        self.say_once(said.or(failed));
                        stored = Some(Instant::now());
                        continue;
                    }
                    Err(Refusal::Gone(why)) if end.is_some() => return self.give_up(source, &why).await,
                    Err(Refusal::Passing(why)) if over(end, stored) => return self.give_up(source, &why).await,
                    Err(Refusal::Gone(why) | Refusal::Passing(why)) => {
                        self.say_once(Some(why));
                        (AGAIN, false)
                    }
                },
                Err(error) if over(end, stored) => return self.give_up(source, &error.to_string()).await,
                Err(error) => {
                    self.say_once(Some(format!("reading what it wrote: {error}")));
                    (AGAIN, false)
                }
            };
            select! {
                () = self.wake.notified(), if wakes => {
                    told = false;
                    sleep(GATHER).await;
                }
                () = sleep(wait) => {}
                () = end_of(&mut ended), if end.is_none() => {}
            }
        }
    }

    /// Sends a batch, unless the time of a container that has ended is over before.
    async fn send(
        &mut self,
        batch: &Batch,
        ended: &mut Receiver<Option<Instant>>,
        stored: Option<Instant>,
    ) -> Result<Option<String>, Refusal> {
        let time_is_over = async {
            end_of(ended).await;
            let end = *ended.borrow();
            match end {
                Some(end) => sleep_until(last(end, stored)).await,
                None => pending().await,
            }
        };
        select! {
            biased;
            answer = self.sink.put(batch) => answer,
            () = time_is_over => Err(Refusal::Passing("no answer came".to_owned())),
        }
    }

    async fn give_up(&self, source: Source, why: &str) -> Option<()> {
        let (_, left) = with(source, Source::left).await?;
        self.complain(&format!("{why}; the last {left} log events are lost"));
        Some(())
    }

    /// Says what is wrong when that is something new.
    fn say_once(&mut self, why: Option<String>) {
        if let Some(new) = why.as_ref().filter(|new| self.complaint.as_ref() != Some(*new)) {
            self.complain(new);
        }
        self.complaint = why;
    }

    fn complain(&self, what: &str) {
        let Self { task, container, stream, .. } = self;
        crate::complain(format_args!(
            "shipping the output of {container} of task {task} to log stream {stream}: {what}"
        ));
    }
}

/// Works on a source beside the threads that serve connections. `None` when the work broke off.
async fn with<T: Send + 'static>(
    mut source: Source,
    work: impl FnOnce(&mut Source) -> T + Send + 'static,
) -> Option<(Source, T)> {
    let worked = spawn_blocking(move || {
        let done = work(&mut source);
        (source, done)
    });
    worked.await.ok()
}

/// Waits until a container has ended.
async fn end_of(ended: &mut Receiver<Option<Instant>>) {
    if ended.wait_for(Option::is_some).await.is_err() {
        // Nobody is left to say so.
        pending().await
    }
}

/// Until when the rest of a container's output is tried.
fn last(end: Instant, stored: Option<Instant>) -> Instant {
    stored.map_or(end, |stored| stored.max(end)) + LAST
}

fn over(end: Option<Instant>, stored: Option<Instant>) -> bool {
    end.is_some_and(|end| Instant::now() >= last(end, stored))
}
