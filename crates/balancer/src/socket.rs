//! A connection's bytes.

use crate::{
    access::Presented,
    tls::{Agreed, stream::Stream},
    watch::{Fate, Watch},
};
use bytes::BytesMut;
use std::{
    cell::{Cell, RefCell},
    future::poll_fn,
    io,
    task::{Context, Poll},
    time::Duration,
};
use tokio::{io::AsyncReadExt, net::TcpStream};

/// One end of a connection. Both of its directions are used at the same time, by one task.
#[derive(Debug)]
pub(crate) struct Socket(RefCell<Stream>, Carried);

/// How many bytes went through a connection.
#[derive(Debug, Default)]
struct Carried {
    /// Either way since that was last asked.
    since: Cell<u64>,
    received: Cell<u64>,
    sent: Cell<u64>,
}

/// Why bytes don't go on.
#[derive(Debug)]
pub(crate) enum Stopped {
    /// The peer or the network.
    Io,
    /// Something here.
    Fate(Fate),
}

impl From<io::Error> for Stopped {
    fn from(_: io::Error) -> Self {
        Self::Io
    }
}

impl Socket {
    /// Of a connection, with TLS if `wrap` says so.
    ///
    /// # Errors
    /// Those of `wrap`.
    pub(crate) fn new(tcp: TcpStream, wrap: impl FnOnce(TcpStream) -> io::Result<Stream>) -> io::Result<Self> {
        // Small answers must not wait for acknowledgements. A connection that can't be told so still carries them.
        let _ = tcp.set_nodelay(true);
        wrap(tcp).map(|stream| Self(RefCell::new(stream), Carried::default()))
    }

    /// Shakes hands, for as long as the idle timeout is, whatever comes meanwhile. What comes after it already is in `buffer`.
    pub(crate) async fn handshake(&self, watch: &Watch, buffer: &mut BytesMut) -> Result<(), Stopped> {
        poll_fn(|context| {
            if let Some(fate) = watch.fate() {
                return Poll::Ready(Err(Stopped::Fate(fate)));
            }
            watch.sleep(context);
            self.0.borrow_mut().poll_handshake(context, buffer).map_err(Stopped::from)
        })
        .await
    }

    /// What was negotiated, if this is TLS.
    pub(crate) fn agreed(&self) -> Option<Agreed> {
        self.0.borrow().agreed()
    }

    /// What a client was greeted with.
    pub(crate) fn presented(&self) -> Presented {
        self.0.borrow().presented()
    }

    /// What was agreed on over ALPN.
    pub(crate) fn alpn(&self) -> Option<Vec<u8>> {
        self.0.borrow().alpn().map(<[u8]>::to_vec)
    }

    /// Has the kernel ask the peer now and then whether it is still there.
    pub(crate) fn keep_alive(&self, every: Duration) {
        self.0.borrow().keep_alive(every);
    }

    /// Ends the connection with a reset.
    pub(crate) fn reset(self) {
        self.0.into_inner().reset_when_dropped();
    }

    /// The connection itself.
    pub(crate) fn into_inner(self) -> Stream {
        self.0.into_inner()
    }

    /// Waits for bytes and appends them, about `room` at once; 0 is the end.
    pub(crate) async fn read(&self, watch: &Watch, buffer: &mut BytesMut, room: usize) -> Result<usize, Stopped> {
        let filled =
            poll_fn(|context| guarded(watch, context, |context| self.0.borrow_mut().poll_fill(context, buffer, room)));
        let count = filled.await?;
        self.count(&self.1.received, count);
        Ok(count)
    }

    fn count(&self, way: &Cell<u64>, bytes: usize) {
        for counter in [&self.1.since, way] {
            counter.set(counter.get() + bytes as u64);
        }
    }

    /// How many bytes were received, and how many sent.
    pub(crate) fn totals(&self) -> (u64, u64) {
        (self.1.received.get(), self.1.sent.get())
    }

    /// How many bytes went either way since this was last asked.
    pub(crate) fn carried(&self) -> u64 {
        self.1.since.take()
    }

    /// Waits until there are bytes, or the end: so that a connection without a request has no buffer.
    pub(crate) async fn readable(&self, watch: &Watch) -> Result<(), Stopped> {
        poll_fn(|context| guarded(watch, context, |context| self.0.borrow().poll_readable(context))).await
    }

    /// Writes all of it. The error has how much was written before.
    pub(crate) async fn write(&self, watch: &Watch, bytes: &[u8]) -> Result<(), (usize, Stopped)> {
        let mut written = 0;
        while written < bytes.len() {
            let count = poll_fn(|context| {
                guarded(watch, context, |context| self.0.borrow_mut().poll_push(context, &bytes[written..]))
            });
            match count.await {
                Ok(0) => return Err((written, Stopped::Io)),
                Ok(count) => {
                    self.count(&self.1.sent, count);
                    written += count;
                }
                Err(stopped) => return Err((written, stopped)),
            }
        }
        let sent = poll_fn(|context| guarded(watch, context, |context| self.0.borrow_mut().poll_sent(context)));
        sent.await.map_err(|stopped| (written, stopped))
    }

    /// Says that nothing more is sent.
    pub(crate) fn finish(&self) {
        self.0.borrow_mut().finish();
    }

    /// Whether a connection without a request is as it should be: open, and nothing has come. The kernel is asked if `ask`, otherwise
    /// what it has told before.
    pub(crate) fn is_quiet(&self, ask: bool) -> bool {
        self.0.borrow_mut().is_quiet(ask)
    }

    /// Ends the connection so that the client gets the last answer: while it still sends, closing would destroy what it has not read.
    pub(crate) async fn linger(self) {
        const WAIT: Duration = Duration::from_secs(1);
        const MOST: usize = 64;
        const PIECE: usize = 4 << 10;
        self.finish();
        let mut stream = self.0.into_inner().into_tcp();
        let mut thrown_away = vec![0; PIECE];
        let rest = async {
            for _ in 0..MOST {
                if !matches!(stream.read(&mut thrown_away).await, Ok(1..)) {
                    break;
                }
            }
        };
        // Who goes on sending has had its time.
        let _ = tokio::time::timeout(WAIT, rest).await;
    }
}

fn guarded<T>(
    watch: &Watch,
    context: &mut Context<'_>,
    work: impl FnOnce(&mut Context<'_>) -> Poll<io::Result<T>>,
) -> Poll<Result<T, Stopped>> {
    if let Some(fate) = watch.fate() {
        return Poll::Ready(Err(Stopped::Fate(fate)));
    }
    let polled = work(context);
    match polled {
        Poll::Pending => watch.sleep(context),
        Poll::Ready(_) => watch.touch(),
    }
    polled.map_err(Stopped::from)
}
