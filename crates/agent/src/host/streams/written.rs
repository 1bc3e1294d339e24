//! Being told when something is written into a directory, with inotify(7), so that nobody has to look for output that is not there.

use rustix::{
    event::{EventfdFlags, PollFd, PollFlags, eventfd, poll},
    fd::OwnedFd,
    fs::inotify::{self, CreateFlags, WatchFlags},
    io::Errno,
};
use std::{
    collections::HashMap,
    io,
    mem::MaybeUninit,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
};
use tokio::sync::Notify;

/// Room for the events read at once.
const EVENTS: usize = 4 << 10;

/// Whoever waits for a write, by the number of the kernel's watch.
type Waiting = Mutex<HashMap<i32, Arc<Notify>>>;

/// Tells of writes, with one thread for all.
pub(super) struct Written {
    inotify: Arc<OwnedFd>,
    waiting: Arc<Waiting>,
    /// Ends the thread.
    end: Arc<OwnedFd>,
}

impl Written {
    /// Begins to listen.
    ///
    /// # Errors
    /// When the kernel has no more descriptors or threads for this.
    pub(super) fn start() -> io::Result<Self> {
        let inotify = Arc::new(inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC)?);
        let end = Arc::new(eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?);
        let written = Self { inotify, waiting: Arc::default(), end };
        let (inotify, waiting, end) = (written.inotify.clone(), written.waiting.clone(), written.end.clone());
        let listen = move || listen(&inotify, &waiting, &end);
        thread::Builder::new().name("output".into()).stack_size(256 << 10).spawn(listen)?;
        Ok(written)
    }

    /// Wakes somebody once, when next something is written into a directory. False when that can't be had.
    pub(super) fn wake(&self, directory: &Path, who: &Arc<Notify>) -> bool {
        let flags = WatchFlags::MODIFY | WatchFlags::CREATE | WatchFlags::ONLYDIR | WatchFlags::ONESHOT;
        // Held meanwhile, so that what happens at once finds whom to wake.
        let mut waiting = lock(&self.waiting);
        let watched = inotify::add_watch(&*self.inotify, directory, flags);
        watched.map(|number| waiting.insert(number, who.clone())).is_ok()
    }
}

impl Drop for Written {
    fn drop(&mut self) {
        let _ = rustix::io::write(&*self.end, &1_u64.to_ne_bytes());
    }
}

fn listen(inotify: &OwnedFd, waiting: &Waiting, end: &OwnedFd) {
    loop {
        let mut ready = [PollFd::new(inotify, PollFlags::IN), PollFd::new(end, PollFlags::IN)];
        match poll(&mut ready, None) {
            Ok(_) if ready[1].revents().is_empty() => {}
            Err(Errno::INTR) => continue,
            // Whoever waits looks by himself now and then.
            _ => return,
        }
        let mut buffer = [MaybeUninit::uninit(); EVENTS];
        let mut events = inotify::Reader::new(inotify, &mut buffer);
        while let Ok(event) = events.next() {
            if let Some(who) = lock(waiting).remove(&event.wd()) {
                who.notify_one();
            }
        }
    }
}

fn lock(waiting: &Waiting) -> MutexGuard<'_, HashMap<i32, Arc<Notify>>> {
    waiting.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{fs, time::Duration};
    use tokio::time::timeout;

    #[tokio::test]
    async fn one_is_woken_once_by_a_write_and_by_a_new_file() {
        let directory = tempfile::tempdir().unwrap();
        let (written, who) = (Written::start().unwrap(), Arc::new(Notify::new()));
        let woken = async || timeout(Duration::from_millis(200), who.notified()).await.is_ok();
        assert!(!written.wake(&directory.path().join("missing"), &who));
        for name in ["a", "a", "b"] {
            assert!(written.wake(directory.path(), &who));
            assert!(!woken().await, "nothing was written");
            fs::write(directory.path().join(name), "x").unwrap();
            fs::write(directory.path().join(name), "x").unwrap();
            assert!(woken().await);
            assert!(!woken().await, "only once");
        }
        assert!(lock(&written.waiting).is_empty());
    }
}
