//! Listening to shims, so that the end of a container is known at once: one thread that waits for all of them.

use super::Event;
use containers::{Events, Sandbox};
use rustix::{
    event::{EventfdFlags, PollFd, PollFlags, eventfd, poll},
    fd::{AsFd, OwnedFd},
    io::Errno,
};
use spec::TaskId;
use std::{
    io,
    sync::{Arc, Mutex, PoisonError, mpsc::Sender},
    thread,
    time::Duration,
};

/// How long to wait before trying again when the kernel refuses to wait.
const AGAIN: Duration = Duration::from_secs(1);

/// A handle on the thread.
pub(crate) struct Watcher {
    new: Arc<Mutex<Vec<(TaskId, Events)>>>,
    wake: Arc<OwnedFd>,
    events: Sender<Event>,
}

impl Watcher {
    /// Starts the thread.
    ///
    /// # Errors
    /// When there are no more file descriptors or threads.
    pub(crate) fn start(events: Sender<Event>) -> io::Result<Self> {
        let (new, wake) = (Arc::default(), Arc::new(eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?));
        let watcher = Self { new, wake, events };
        let (new, wake, events) = (watcher.new.clone(), watcher.wake.clone(), watcher.events.clone());
        thread::Builder::new()
            .name("watch".into())
            .stack_size(256 << 10)
            .spawn(move || listen(&new, &wake, &events))?;
        Ok(watcher)
    }

    /// Passes on what a shim says of its containers, from now until it is gone.
    pub(crate) fn add(&self, id: &TaskId, sandbox: &Sandbox) {
        let Ok(events) = sandbox.events() else {
            let _ = self.events.send(Event::Shim { task: id.clone(), report: None });
            return;
        };
        self.new.lock().unwrap_or_else(PoisonError::into_inner).push((id.clone(), events));
        let _ = rustix::io::write(&*self.wake, &1_u64.to_ne_bytes());
    }
}

impl Drop for Watcher {
    /// The thread ends when it is woken and nobody else holds the descriptor.
    fn drop(&mut self) {
        let _ = rustix::io::write(&*self.wake, &1_u64.to_ne_bytes());
    }
}

fn listen(new: &Mutex<Vec<(TaskId, Events)>>, wake: &Arc<OwnedFd>, events: &Sender<Event>) {
    let mut shims: Vec<(TaskId, Events)> = Vec::new();
    loop {
        let ready = {
            let mut fds = vec![PollFd::new(wake, PollFlags::IN)];
            fds.extend(shims.iter().map(|(_, events)| PollFd::from_borrowed_fd(events.as_fd(), PollFlags::IN)));
            match poll(&mut fds, None) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(error) => {
                    crate::complain(format_args!("waiting for the tasks' shims: {error}; trying again"));
                    thread::sleep(AGAIN);
                }
            }
            fds.iter().skip(1).map(|fd| !fd.revents().is_empty()).collect::<Vec<_>>()
        };
        let mut ready = ready.into_iter();
        let mut open = true;
        shims.retain_mut(|(task, shim)| !ready.next().unwrap_or(false) || pass_on(task, shim, events, &mut open));
        let _ = rustix::io::read(&**wake, &mut [0; 8]);
        shims.append(&mut new.lock().unwrap_or_else(PoisonError::into_inner));
        // One reference is this thread's; the other goes with the handle.
        if !open || Arc::strong_count(wake) == 1 {
            return;
        }
    }
}

/// Passes on what a shim has said, all of it: what was read already is not waited for again. False when there will be no more.
fn pass_on(task: &TaskId, shim: &mut Events, events: &Sender<Event>, open: &mut bool) -> bool {
    loop {
        let report = match shim.next(Some(Duration::ZERO)) {
            Ok(None) => return true,
            Ok(Some(report)) => Some(report),
            Err(_) => None,
        };
        let last = report.is_none();
        *open &= events.send(Event::Shim { task: task.clone(), report }).is_ok();
        if last || !*open {
            return false;
        }
    }
}
