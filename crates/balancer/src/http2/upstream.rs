//! Connections to targets that speak HTTP/2, of one thread: requests next to each other on each.

use crate::{
    config::{Group, Node},
    http1::RESPONSE_HEAD_LIMIT,
    pool::{NoConnection, Pool},
    target::Target,
    watch::{Clock, Fate, Watch},
};
use bytes::Bytes;
use h2::client::{self, SendRequest};
use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    future::{Future, poll_fn},
    pin::pin,
    rc::Rc,
    task::Poll,
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::Mutex,
    task::spawn_local,
};

/// The most requests on one connection, if the target allows as many.
const STREAMS: usize = 128;
/// What may come of one answer before it is passed on, and of all answers of a connection.
const WINDOWS: (u32, u32) = (128 << 10, 1 << 20);
/// What of one request's body is held for sending.
const SEND_BUFFER: usize = 64 << 10;

/// Connections by targets.
#[derive(Default)]
pub(crate) struct Upstreams {
    all: RefCell<HashMap<u64, Rc<Lines>>>,
}

/// Those to one target.
#[derive(Default)]
struct Lines {
    open: RefCell<Vec<Rc<Line>>>,
    /// Held by whoever makes the next one: others wait, as one is enough for all of them.
    making: Mutex<()>,
    /// How many times that failed, and whether the last time it took too long.
    failed: Cell<(u64, bool)>,
}

/// A connection.
struct Line {
    send: SendRequest<Bytes>,
    under_way: Cell<usize>,
    /// Whether it takes no more requests.
    is_closed: Cell<bool>,
    /// When its last request was over.
    since: Cell<Duration>,
}

/// A request's place on a connection, until it is dropped.
pub(super) struct Place {
    line: Rc<Line>,
    now: Duration,
}

impl Place {
    fn new(line: &Rc<Line>, now: Duration) -> Self {
        line.under_way.set(line.under_way.get() + 1);
        Self { line: Rc::clone(line), now }
    }

    /// What sends one request.
    pub(super) fn sender(&self) -> SendRequest<Bytes> {
        self.line.send.clone()
    }

    /// Sends no more requests over the connection; those under way go on.
    pub(super) fn close(&self) {
        self.line.is_closed.set(true);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.line.under_way.set(self.line.under_way.get() - 1);
        self.line.since.set(self.line.since.get().max(self.now));
    }
}

impl Lines {
    fn free(&self, now: Duration) -> Option<Place> {
        let mut open = self.open.borrow_mut();
        open.retain(|line| !line.is_closed.get());
        let has_room = |line: &&Rc<Line>| line.under_way.get() < line.send.current_max_send_streams().min(STREAMS);
        open.iter().find(has_room).map(|line| Place::new(line, now))
    }

    fn add(&self, send: SendRequest<Bytes>, now: Duration) -> Rc<Line> {
        let line = Rc::new(Line { send, under_way: Cell::new(0), is_closed: Cell::new(false), since: Cell::new(now) });
        self.open.borrow_mut().push(Rc::clone(&line));
        line
    }
}

impl Upstreams {
    /// A place on a connection to a target, on a new one if there is none with room; and whether it is.
    pub(super) async fn place(
        &self,
        pool: &Pool,
        clock: &Clock,
        node: &Node,
        (group, target): (&Group, &Target),
        watch: &Watch,
    ) -> Result<(Place, bool), NoConnection> {
        let lines = Rc::clone(self.all.borrow_mut().entry(target.id).or_default());
        if let Some(place) = lines.free(clock.now()) {
            return Ok((place, false));
        }
        let (failures, _) = lines.failed.get();
        let mut making = pin!(lines.making.lock());
        let made = poll_fn(|context| {
            if let Some(fate @ (Fate::Closed | Fate::Cut | Fate::Moved | Fate::Late)) = watch.fate() {
                return Poll::Ready(Err(NoConnection::Fate(fate)));
            }
            watch.sleep(context);
            making.as_mut().poll(context).map(Ok)
        });
        let _making = made.await?;
        if let Some(place) = lines.free(clock.now()) {
            return Ok((place, false));
        }
        match lines.failed.get() {
            // Whoever was before has had no luck; so would this one have.
            (now, true) if now != failures => return Err(NoConnection::Timeout),
            (now, false) if now != failures => return Err(NoConnection::Refused),
            _ => {}
        }
        let fail = |no: &NoConnection| {
            if !matches!(no, NoConnection::Fate(_)) {
                lines.failed.set((failures + 1, matches!(no, NoConnection::Timeout)));
            }
        };
        let socket = pool.connect(node, target, group, watch).await.inspect_err(fail)?;
        let send = open(socket.into_inner(), &lines, clock.now()).await.inspect_err(fail)?;
        Ok((Place::new(&send, clock.now()), true))
    }

    /// Sends nothing new to a target.
    pub(crate) fn retire(&self, target: u64) {
        self.all.borrow_mut().remove(&target);
    }

    /// Closes what nobody used for `limit`.
    pub(crate) fn tick(&self, clock: &Clock, limit: Duration) {
        self.all.borrow_mut().retain(|_, lines| {
            lines.open.borrow_mut().retain(|line| {
                let is_used = line.under_way.get() > 0 || clock.now().saturating_sub(line.since.get()) < limit;
                is_used && !line.is_closed.get()
            });
            // Somebody may be about to make one.
            Rc::strong_count(lines) > 1 || !lines.open.borrow().is_empty()
        });
    }
}

/// Begins HTTP/2 over a connection (RFC 9113, 3.3: both sides know).
async fn open<T: AsyncRead + AsyncWrite + Unpin + 'static>(
    bytes: T,
    lines: &Lines,
    now: Duration,
) -> Result<Rc<Line>, NoConnection> {
    let handshake = client::Builder::new()
        .enable_push(false)
        .max_header_list_size(RESPONSE_HEAD_LIMIT as u32)
        .initial_window_size(WINDOWS.0)
        .initial_connection_window_size(WINDOWS.1)
        .max_send_buffer_size(SEND_BUFFER)
        .handshake(bytes);
    let (send, connection) = handshake.await.map_err(|_| NoConnection::Refused)?;
    let line = lines.add(send, now);
    let closed = Rc::downgrade(&line);
    spawn_local(async move {
        // However it ended, its requests have been told.
        let _ = connection.await;
        if let Some(line) = closed.upgrade() {
            line.is_closed.set(true);
        }
    });
    Ok(line)
}
