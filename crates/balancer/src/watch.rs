//! What may end a connection's waiting from outside: silence, its listener's end, its target's.
//!
//! A connection is one task, and all it ever waits for is bytes of its two sockets. Every such wait asks its [`Watch`] first; whoever
//! ends the wait sets a [`Fate`] and wakes the task. So a request has no timer and no subscription of its own.

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    rc::Rc,
    task::{Context, Waker},
    time::{Duration, Instant},
};

/// Why a connection may not go on waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// No byte was sent or received for the idle timeout.
    Idle,
    /// Its listener or its node is gone.
    Closed,
    /// What is under way to its target ends: the delay of that has passed, or it was found unhealthy.
    Cut,
    /// Its target takes no more requests, and has not got this one yet.
    Moved,
    /// The answer to its request is not there in full, and has had its time.
    Late,
}

/// A clock that is read without asking the kernel, right by [`Watches::TICK`].
#[derive(Debug)]
pub(crate) struct Clock {
    start: Instant,
    now: Cell<Duration>,
}

impl Clock {
    /// The time since the clock was made.
    pub(crate) fn now(&self) -> Duration {
        self.now.get()
    }
}

/// All connections of a thread.
#[derive(Debug)]
pub(crate) struct Watches {
    clock: Rc<Clock>,
    next: Cell<u64>,
    all: RefCell<HashMap<u64, Rc<Watch>>>,
}

/// One connection.
#[derive(Debug)]
pub(crate) struct Watch {
    clock: Rc<Clock>,
    door: u64,
    touched: Cell<Duration>,
    /// The idle timeout.
    pub limit: Cell<Duration>,
    /// When the answer has to be there in full, if it has to.
    deadline: Cell<Option<Duration>>,
    fate: Cell<Option<Fate>>,
    waker: RefCell<Option<Waker>>,
    /// The target that has its request, or is to get it.
    target: Cell<Option<u64>>,
    /// Whether the target has not got anything yet.
    connecting: Cell<bool>,
    /// Whether no request is under way.
    pub between: Cell<bool>,
    /// Whether the next answer is the last one.
    pub closing: Cell<bool>,
}

/// A connection's place among all, until it is dropped.
pub(crate) struct Watched {
    watches: Rc<Watches>,
    id: u64,
    watch: Rc<Watch>,
}

impl std::ops::Deref for Watched {
    type Target = Watch;
    fn deref(&self) -> &Watch {
        &self.watch
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.watches.all.borrow_mut().remove(&self.id);
    }
}

impl Watches {
    /// How often silence is looked for.
    pub(crate) const TICK: Duration = Duration::from_millis(250);
    /// How long a connection without a request has for one more, when nobody is to come back.
    const GRACE: Duration = Duration::from_secs(2);

    pub(crate) fn new() -> Rc<Self> {
        let clock = Rc::new(Clock { start: Instant::now(), now: Cell::new(Duration::ZERO) });
        Rc::new(Self { clock, next: Cell::new(0), all: RefCell::default() })
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.clock
    }

    /// A place for a connection that came in by this door.
    pub(crate) fn add(self: &Rc<Self>, door: u64, limit: Duration) -> Watched {
        let id = self.next.replace(self.next.get() + 1);
        let watch = Rc::new(Watch {
            clock: Rc::clone(&self.clock),
            door,
            touched: Cell::new(self.clock.now()),
            limit: Cell::new(limit),
            deadline: Cell::new(None),
            fate: Cell::new(None),
            waker: RefCell::default(),
            target: Cell::new(None),
            connecting: Cell::new(false),
            between: Cell::new(true),
            closing: Cell::new(false),
        });
        self.all.borrow_mut().insert(id, Rc::clone(&watch));
        Watched { watches: Rc::clone(self), id, watch }
    }

    /// Whether there is no connection.
    pub(crate) fn is_empty(&self) -> bool {
        self.all.borrow().is_empty()
    }

    /// Moves the clock on and ends what has been silent for too long, or has waited for too long.
    pub(crate) fn tick(&self) {
        let now = self.clock.start.elapsed();
        self.clock.now.set(now);
        // The clock was behind by up to a tick when a connection was touched: it may have more time than its limit, never less.
        let is_silent = |watch: &Watch| now.saturating_sub(watch.touched.get()) >= watch.limit.get() + Self::TICK;
        let is_late = |watch: &Watch| watch.deadline.get().is_some_and(|deadline| now >= deadline + Self::TICK);
        self.each(|watch| {
            if is_late(watch) {
                // Only once: what is answered instead is not late.
                watch.deadline.set(None);
                return Some(Fate::Late);
            }
            is_silent(watch).then_some(Fate::Idle)
        });
    }

    /// A listener is gone: its connections end, at once or after what is under way.
    pub(crate) fn close(&self, door: u64, at_once: bool) {
        self.each(|watch| {
            let is_concerned = watch.door == door;
            watch.closing.set(watch.closing.get() | is_concerned);
            (is_concerned && (at_once || watch.between.get())).then_some(Fate::Closed)
        });
        // Clients that may be told while their requests are under way are told now.
        self.all.borrow().values().filter(|watch| watch.door == door).for_each(|watch| watch.wake());
    }

    /// Nobody is to come back: connections end with their next answer, and soon where nobody asks for one.
    pub(crate) fn retreat(&self) {
        for watch in self.all.borrow().values() {
            watch.closing.set(true);
            if watch.between.get() {
                // Not at once: a request may be under way, and its client could not know whether it was heard.
                watch.limit.set(Self::GRACE);
                watch.touched.set(self.clock.start.elapsed());
            }
        }
    }

    /// A target gets no new requests: those that have not reached it go elsewhere.
    pub(crate) fn retire(&self, target: u64) {
        self.each(|watch| (watch.target.get() == Some(target) && watch.connecting.get()).then_some(Fate::Moved));
    }

    /// What is under way to a target ends.
    pub(crate) fn cut(&self, target: u64) {
        self.each(|watch| (watch.target.get() == Some(target)).then_some(Fate::Cut));
    }

    fn each(&self, fate: impl Fn(&Watch) -> Option<Fate>) {
        for watch in self.all.borrow().values() {
            if let Some(fate) = fate(watch) {
                watch.end(fate);
            }
        }
    }
}

impl Watch {
    fn end(&self, fate: Fate) {
        // What is closed stays closed.
        if self.fate.get() != Some(Fate::Closed) {
            self.fate.set(Some(fate));
        }
        self.wake();
    }

    fn wake(&self) {
        if let Some(waker) = self.waker.borrow_mut().take() {
            waker.wake();
        }
    }

    /// Why the connection may not go on waiting, if it may not.
    pub(crate) fn fate(&self) -> Option<Fate> {
        self.fate.get()
    }

    /// A byte was sent or received.
    pub(crate) fn touch(&self) {
        self.touched.set(self.clock.now());
    }

    /// The task goes to sleep: whoever ends its waiting wakes it.
    pub(crate) fn sleep(&self, context: &Context<'_>) {
        let mut waker = self.waker.borrow_mut();
        if !waker.as_ref().is_some_and(|waker| waker.will_wake(context.waker())) {
            *waker = Some(context.waker().clone());
        }
    }

    /// The waiting was ended and answered for: what comes next, such as an error page, has the whole timeout again.
    pub(crate) fn go_on(&self) {
        if self.fate.get() != Some(Fate::Closed) {
            self.fate.set(None);
        }
        self.touch();
    }

    /// A target is about to be connected to.
    pub(crate) fn connecting(&self, target: u64) {
        self.target.set(Some(target));
        self.connecting.set(true);
    }

    /// The target gets the request.
    pub(crate) fn sending(&self) {
        self.connecting.set(false);
    }

    /// The answer has to be there in full after so long.
    pub(crate) fn answer_within(&self, limit: Option<Duration>) {
        self.deadline.set(limit.map(|limit| self.clock.now() + limit));
    }

    /// The request is no longer any target's.
    pub(crate) fn left(&self) {
        self.deadline.set(None);
        self.target.set(None);
        self.connecting.set(false);
    }
}
