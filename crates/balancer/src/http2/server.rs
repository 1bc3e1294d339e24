//! A client's connection: requests next to each other, each a task.

use super::{
    body::{Client, Incoming},
    limit::Limited,
    stream,
};
use crate::{
    access::Presented,
    config::Door,
    counts::Counts,
    http1::HEAD_LIMIT,
    tls::Agreed,
    watch::{Fate, Watched},
    worker::Worker,
};
use bytes::{Bytes, BytesMut};
use h2::{Reason, server};
use std::{
    cell::{Cell, RefCell},
    future::{Future, poll_fn},
    net::SocketAddr,
    pin::{Pin, pin},
    rc::Rc,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    task::spawn_local,
    time::{Instant, Sleep, sleep, sleep_until},
};

/// The most requests under way at a time ("Listeners for your Application Load Balancers").
const STREAMS: u32 = 128;
/// The most requests of one connection (the same page).
const REQUESTS: u32 = 10_000;
/// What may come of one request's body before it is passed on, and of all bodies of a connection.
const WINDOWS: (u32, u32) = (128 << 10, 512 << 10);
/// What of one answer is held for sending.
const SEND_BUFFER: usize = 64 << 10;
/// How long a client has to notice that a connection ends.
const PARTING: Duration = Duration::from_secs(1);

/// What the requests of a connection share.
pub(super) struct Connection {
    pub worker: Rc<Worker>,
    pub door: Arc<Door>,
    pub peer: SocketAddr,
    /// What was negotiated, if this is TLS.
    pub tls: Option<Agreed>,
    pub counts: Rc<Counts>,
    pub watch: Watched,
    /// What the client was greeted with.
    pub presented: Presented,
    /// What tells it from all others.
    pub id: u128,
    /// Requests that are not answered yet.
    under_way: Cell<usize>,
}

/// A request that is not answered, until it is dropped.
struct UnderWay(Rc<Connection>);

impl UnderWay {
    fn new(connection: &Rc<Connection>) -> Self {
        connection.under_way.set(connection.under_way.get() + 1);
        Self(Rc::clone(connection))
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.under_way.set(self.0.under_way.get() - 1);
    }
}

/// Serves a connection until its end. `early` is what came of it already.
pub(crate) async fn serve<T: AsyncRead + AsyncWrite + Unpin>(
    worker: Rc<Worker>,
    (bytes, early): (T, BytesMut),
    watch: Watched,
    (peer, tls, presented, counts): (SocketAddr, Option<Agreed>, Presented, Rc<Counts>),
    door: Arc<Door>,
) {
    let settings = Arc::clone(&door.listener.load().settings);
    let id = worker.random.borrow_mut().u128(..);
    let connection =
        Rc::new(Connection { worker, door, peer, tls, counts, watch, presented, id, under_way: Cell::new(0) });
    let (bytes, broken) = (Rc::new(RefCell::new(bytes)), Rc::new(Cell::new(None)));
    let handshake = server::Builder::new()
        .max_concurrent_streams(STREAMS)
        .max_header_list_size(HEAD_LIMIT as u32)
        .initial_window_size(WINDOWS.0)
        .initial_connection_window_size(WINDOWS.1)
        .max_send_buffer_size(SEND_BUFFER)
        .handshake::<_, Bytes>(Limited::new(
            Rc::clone(&bytes),
            early,
            Rc::clone(&broken),
            Rc::clone(&connection.counts),
        ));
    let mut handshake = pin!(handshake);
    let opened = poll_fn(|context| {
        if connection.watch.fate().is_some() {
            return Poll::Ready(None);
        }
        connection.watch.sleep(context);
        handshake.as_mut().poll(context).map(Result::ok)
    });
    let Some(frames) = opened.await else { return };
    let ends = sleep_until(Instant::now() + settings.client_keep_alive);
    let mut serving = Serving { connection, frames, broken, ends: Box::pin(ends), requests: 0, phase: Phase::Open };
    poll_fn(|context| serving.poll(context)).await;
    drop(serving);
    linger(&bytes).await;
}

/// Reads on for a moment, so that the client gets the last frame: closing would destroy what it has not read.
async fn linger<T: AsyncRead + Unpin>(bytes: &RefCell<T>) {
    const MOST: usize = 64;
    const PIECE: usize = 4 << 10;
    let mut thrown_away = vec![0; PIECE];
    let rest = async {
        for _ in 0..MOST {
            let read = poll_fn(|context| {
                let mut buffer = ReadBuf::new(&mut thrown_away);
                let read = ready!(Pin::new(&mut *bytes.borrow_mut()).poll_read(context, &mut buffer));
                Poll::Ready(read.is_ok() && !buffer.filled().is_empty())
            });
            if !read.await {
                break;
            }
        }
    };
    // Who goes on sending has had its time.
    let _ = tokio::time::timeout(PARTING, rest).await;
}

/// A connection's end is told to the client, which may have sent more meanwhile; then it is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Open,
    /// No new requests are wanted.
    Leaving,
    /// Nothing goes on but the last frame.
    Parting,
}

struct Serving<T> {
    connection: Rc<Connection>,
    frames: server::Connection<Limited<T>, Bytes>,
    broken: Rc<Cell<Option<Reason>>>,
    /// When the client may no longer keep the connection; later, when it has had its time.
    ends: Pin<Box<Sleep>>,
    requests: u32,
    phase: Phase,
}

impl<T: AsyncRead + AsyncWrite + Unpin> Serving<T> {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let watch = &self.connection.watch;
        watch.sleep(context);
        let is_late = self.ends.as_mut().poll(context).is_ready();
        match watch.fate() {
            None => {}
            // Each request ends by its own silence.
            Some(Fate::Idle) if self.connection.under_way.get() > 0 => watch.go_on(),
            Some(Fate::Idle) if self.frames.has_streams() => return Poll::Ready(()),
            Some(Fate::Idle | Fate::Closed) => self.part(context, Reason::NO_ERROR),
            Some(Fate::Cut | Fate::Moved | Fate::Late) => watch.go_on(),
        }
        if is_late && self.phase == Phase::Parting {
            return Poll::Ready(());
        }
        if is_late && self.phase == Phase::Leaving {
            if self.frames.has_streams() {
                self.wait(context);
            } else {
                self.part(context, Reason::NO_ERROR);
            }
        }
        let is_last = is_late || self.connection.watch.closing.get();
        if is_last && self.phase == Phase::Open {
            self.leave(context);
        }
        loop {
            if let Some(reason) = self.broken.get() {
                self.part(context, reason);
            }
            match self.frames.poll_accept(context) {
                Poll::Ready(Some(Ok((request, answer)))) => {
                    self.requests += 1;
                    self.accept(request, answer);
                    if self.requests == REQUESTS && self.phase == Phase::Open {
                        self.leave(context);
                    }
                    // Who does not take the hint.
                    if self.requests == REQUESTS + STREAMS {
                        self.part(context, Reason::NO_ERROR);
                    }
                }
                Poll::Ready(None | Some(Err(_))) => return Poll::Ready(()),
                Poll::Pending if self.broken.get().is_some() && self.phase != Phase::Parting => {}
                Poll::Pending => break,
            }
        }
        self.connection.watch.between.set(self.connection.under_way.get() == 0 && !self.frames.has_streams());
        Poll::Pending
    }

    fn accept(&self, request: http::Request<h2::RecvStream>, answer: server::SendResponse<Bytes>) {
        let connection = &self.connection;
        connection.watch.go_on();
        let listener = connection.door.listener.load_full();
        connection.watch.limit.set(listener.settings.idle_timeout);
        let watch = connection.worker.watches.add(connection.door.id, listener.settings.idle_timeout);
        watch.between.set(false);
        let (parts, body) = request.into_parts();
        let client = Client::new(Rc::clone(connection), watch, answer);
        let under_way = UnderWay::new(connection);
        spawn_local(async move {
            stream::serve(&listener, &client, &parts, Incoming::new(body)).await;
            drop(under_way);
        });
    }

    /// Lets what is under way end.
    fn leave(&mut self, context: &mut Context<'_>) {
        self.phase = Phase::Leaving;
        self.frames.graceful_shutdown();
        self.wait(context);
    }

    /// Ends everything.
    fn part(&mut self, context: &mut Context<'_>, reason: Reason) {
        if self.phase != Phase::Parting {
            self.phase = Phase::Parting;
            self.frames.abrupt_shutdown(reason);
            self.wait(context);
        }
    }

    fn wait(&mut self, context: &mut Context<'_>) {
        self.ends.set(sleep(PARTING));
        // It was not ready just now, or wakes when it is.
        let _ = self.ends.as_mut().poll(context);
    }
}
