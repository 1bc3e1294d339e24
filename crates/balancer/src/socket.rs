//! A connection's bytes.

use crate::watch::{Fate, Watch};
use bytes::BytesMut;
use std::{
    cell::{Cell, RefCell},
    future::poll_fn,
    io,
    mem::MaybeUninit,
    pin::{Pin, pin},
    task::{Context, Poll},
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWrite},
    net::TcpStream,
};

/// One end of a connection. Both of its directions are used at the same time, by one task.
#[derive(Debug)]
pub(crate) struct Socket(RefCell<TcpStream>, Cell<u64>);

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
    pub(crate) fn new(stream: TcpStream) -> Self {
        // Small answers must not wait for acknowledgements. A connection that can't be told so still carries them.
        let _ = stream.set_nodelay(true);
        Self(RefCell::new(stream), Cell::new(0))
    }

    /// Waits for bytes and appends them, about `room` at once; 0 is the end.
    pub(crate) async fn read(&self, watch: &Watch, buffer: &mut BytesMut, room: usize) -> Result<usize, Stopped> {
        if buffer.capacity() - buffer.len() < room / 2 {
            buffer.reserve(room);
        }
        let count = poll_fn(|context| {
            guarded(watch, context, |context| {
                let mut stream = self.0.borrow_mut();
                pin!(stream.read_buf(buffer)).poll(context)
            })
        });
        let count = count.await?;
        self.count(count);
        Ok(count)
    }

    fn count(&self, bytes: usize) {
        self.1.set(self.1.get() + bytes as u64);
    }

    /// How many bytes went either way since this was last asked.
    pub(crate) fn carried(&self) -> u64 {
        self.1.take()
    }

    /// Waits until there are bytes, or the end: so that a connection without a request has no buffer.
    pub(crate) async fn readable(&self, watch: &Watch) -> Result<(), Stopped> {
        poll_fn(|context| guarded(watch, context, |context| self.0.borrow().poll_read_ready(context))).await
    }

    /// Writes all of it. The error has how much was written before.
    pub(crate) async fn write(&self, watch: &Watch, bytes: &[u8]) -> Result<(), (usize, Stopped)> {
        let mut written = 0;
        while written < bytes.len() {
            let count = poll_fn(|context| {
                guarded(watch, context, |context| {
                    Pin::new(&mut *self.0.borrow_mut()).poll_write(context, &bytes[written..])
                })
            });
            match count.await {
                Ok(0) => return Err((written, Stopped::Io)),
                Ok(count) => {
                    self.count(count);
                    written += count;
                }
                Err(stopped) => return Err((written, stopped)),
            }
        }
        Ok(())
    }

    /// Says that nothing more is sent.
    pub(crate) fn finish(&self) {
        // Who is gone need not be told.
        let _ = socket2::SockRef::from(&*self.0.borrow()).shutdown(std::net::Shutdown::Write);
    }

    /// Whether a connection without a request is as it should be: open, and nothing has come. The kernel is asked if `ask`, otherwise
    /// what it has told before.
    pub(crate) fn is_quiet(&self, ask: bool) -> bool {
        let stream = self.0.borrow();
        let outcome = match ask {
            true => socket2::SockRef::from(&*stream).peek(&mut [MaybeUninit::uninit()]),
            false => stream.try_read(&mut [0]),
        };
        matches!(outcome, Err(error) if error.kind() == io::ErrorKind::WouldBlock)
    }

    /// Ends the connection so that the client gets the last answer: while it still sends, closing would destroy what it has not read.
    pub(crate) async fn linger(self) {
        const WAIT: Duration = Duration::from_secs(1);
        const MOST: usize = 64;
        const PIECE: usize = 4 << 10;
        self.finish();
        let mut stream = self.0.into_inner();
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
