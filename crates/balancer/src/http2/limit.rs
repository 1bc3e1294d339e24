//! What of frames the `h2` crate does not look at: how large a compressed head is, whether trailers are any, and how many frames come that
//! carry nothing (RFC 9113, 10.5).

use super::trailers::have_pseudo;
use crate::counts::Counts;
use bytes::BytesMut;
use h2::Reason;
use std::{
    cell::{Cell, RefCell},
    io,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, ready},
    time::{Duration, Instant},
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The most a head may have in bytes as it is sent ("Quotas for your Application Load Balancers").
const COMPRESSED: u32 = 8 << 10;
/// A frame that is larger is refused for its size alone.
const FRAME: u32 = 16 << 10;
const PREFACE: u32 = 24;
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const CONTINUATION: u8 = 9;
/// What frames that carry nothing may cost in a period, beside what is earned by what the client is sent: it says so when it has read it. There
/// are clients of gRPC that measure the way with a ping for each answer, as fast as these come.
const BUDGET: u32 = 100_000;
const PERIOD: Duration = Duration::from_secs(10);
/// What the end of a request costs that the client gives up: others have worked for it.
const RESET: u32 = 40;
/// How many bytes that are sent earn what one frame costs. The answers to pings and settings are shorter.
const EARNING: usize = 64;

/// A connection that is read until a head is too large.
pub(super) struct Limited<T> {
    inner: Rc<RefCell<T>>,
    /// What came before and was not read yet.
    early: BytesMut,
    lengths: Lengths,
    broken: Rc<Cell<Option<Reason>>>,
    counts: Rc<Counts>,
}

/// Where among frames one is.
#[derive(Debug)]
struct Lengths {
    /// Of a frame, or of the preface, so much is to come.
    left: u32,
    /// The next frame's length and type, as far as they came: nine bytes are its header.
    header: [u8; 9],
    came: usize,
    /// Bytes of the head whose frames are coming.
    head: u32,
    /// The last stream that was begun: heads on those before are trailers.
    newest: u32,
    /// The frame of trailers that is coming, as far as it came.
    trailers: Option<Vec<u8>>,
    patience: Patience,
}

/// How much more of frames that carry nothing is borne.
#[derive(Debug)]
struct Patience {
    left: u32,
    since: Instant,
}

impl Patience {
    /// One costs so much. The error is why it is one too many.
    fn cost(&mut self, price: u32) -> Result<(), Reason> {
        if self.left < price {
            if self.since.elapsed() < PERIOD {
                return Err(Reason::ENHANCE_YOUR_CALM);
            }
            *self = Self { left: BUDGET, since: Instant::now() };
        }
        self.left -= price;
        Ok(())
    }

    fn earn(&mut self, sent: usize) {
        let earned = u32::try_from(sent / EARNING).unwrap_or(u32::MAX);
        self.left = self.left.saturating_add(earned);
    }
}

impl<T> Limited<T> {
    /// `early` came before everything else. `broken` is set when the connection is to end for what it said.
    pub(super) fn new(
        inner: Rc<RefCell<T>>,
        early: BytesMut,
        broken: Rc<Cell<Option<Reason>>>,
        counts: Rc<Counts>,
    ) -> Self {
        Self { inner, early, lengths: Lengths::new(), broken, counts }
    }

    fn sent(&mut self, written: &io::Result<usize>) {
        let sent = *written.as_ref().unwrap_or(&0);
        self.counts.processed_bytes.add(sent as u64);
        self.lengths.patience.earn(sent);
    }
}

impl Lengths {
    fn new() -> Self {
        Self {
            left: PREFACE,
            header: [0; 9],
            came: 0,
            head: 0,
            newest: 0,
            trailers: None,
            patience: Patience { left: BUDGET, since: Instant::now() },
        }
    }

    /// Follows what came next. The error is why it ends the connection.
    fn follow(&mut self, mut bytes: &[u8]) -> Result<(), Reason> {
        while !bytes.is_empty() {
            if self.left > 0 {
                let passed = bytes.len().min(self.left as usize);
                // At most `left`, which is of this type.
                self.left -= passed as u32;
                if let Some(trailers) = &mut self.trailers {
                    trailers.extend_from_slice(&bytes[..passed]);
                    if self.left == 0 && have_pseudo(self.header[4], trailers) {
                        return Err(Reason::PROTOCOL_ERROR);
                    }
                }
                bytes = &bytes[passed..];
                continue;
            }
            let taken = bytes.len().min(self.header.len() - self.came);
            self.header[self.came..self.came + taken].copy_from_slice(&bytes[..taken]);
            self.came += taken;
            bytes = &bytes[taken..];
            if self.came == self.header.len() {
                self.came = 0;
                let [a, b, c, kind, _, stream @ ..] = self.header;
                let stream = u32::from_be_bytes(stream);
                self.left = u32::from_be_bytes([0, a, b, c]);
                self.trailers = None;
                match kind {
                    HEADERS => {
                        self.head = self.left;
                        let is_later = stream <= self.newest && self.left <= FRAME;
                        self.trailers = is_later.then(Vec::new);
                        self.newest = self.newest.max(stream);
                    }
                    CONTINUATION => self.head = self.head.saturating_add(self.left),
                    // The `h2` crate counts those that are empty.
                    DATA => {}
                    RST_STREAM => self.patience.cost(RESET)?,
                    _ => self.patience.cost(1)?,
                }
                if matches!(kind, HEADERS | CONTINUATION) && self.head > COMPRESSED && self.left <= FRAME {
                    return Err(Reason::ENHANCE_YOUR_CALM);
                }
            }
        }
        Ok(())
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Limited<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        // Whoever set it ends the connection without reading on.
        if self.broken.get().is_some() {
            return Poll::Pending;
        }
        let before = buffer.filled().len();
        let polled = if self.early.is_empty() {
            Pin::new(&mut *self.inner.borrow_mut()).poll_read(context, buffer)
        } else {
            let length = self.early.len().min(buffer.remaining());
            buffer.put_slice(&self.early.split_to(length));
            Poll::Ready(Ok(()))
        };
        self.counts.processed_bytes.add((buffer.filled().len() - before) as u64);
        if let Err(reason) = self.lengths.follow(&buffer.filled()[before..]) {
            buffer.set_filled(before);
            self.broken.set(Some(reason));
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        polled
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Limited<T> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut *self.inner.borrow_mut()).poll_write(context, bytes));
        self.sent(&written);
        Poll::Ready(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut *self.inner.borrow_mut()).poll_write_vectored(context, bytes));
        self.sent(&written);
        Poll::Ready(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.borrow().is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.inner.borrow_mut()).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.inner.borrow_mut()).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn frames(all: &[(u8, u32)]) -> Vec<u8> {
        let mut wire = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
        for (kind, length) in all {
            wire.extend(&length.to_be_bytes()[1..]);
            wire.extend([*kind, 0, 0, 0, 0, 1]);
            // A field of the encoder's table, as often as there is room.
            wire.resize(wire.len() + *length as usize, 0xbe);
        }
        wire
    }

    #[test]
    fn the_frames_of_a_head_count_together() {
        let fits = |all: &[(u8, u32)]| Lengths::new().follow(&frames(all)).is_ok();
        assert!(fits(&[(4, 0), (HEADERS, 8192), (0, 16384), (HEADERS, 8192), (HEADERS, 1), (CONTINUATION, 8191)]));
        assert!(!fits(&[(HEADERS, 8193)]));
        assert!(!fits(&[(HEADERS, 4000), (CONTINUATION, 4000), (CONTINUATION, 193)]));
        // What is too large for a frame is somebody else's to refuse.
        assert!(fits(&[(HEADERS, 16385)]));
    }

    #[test]
    fn frames_that_carry_nothing_are_borne_for_what_is_sent() {
        const PING: u8 = 6;
        let mut lengths = Lengths::new();
        assert_eq!(lengths.follow(&frames(&vec![(PING, 8); BUDGET as usize])), Ok(()));
        lengths.patience.earn(2 * EARNING);
        let more = &frames(&[(PING, 8); 3])[PREFACE as usize..];
        assert_eq!(lengths.follow(more), Err(Reason::ENHANCE_YOUR_CALM));
        let mut lengths = Lengths::new();
        assert!(
            lengths.follow(&frames(&[(HEADERS, 1), (RST_STREAM, 4)].repeat(1 + (BUDGET / RESET) as usize))).is_err()
        );
        assert_eq!(Lengths::new().follow(&frames(&vec![(DATA, 1); 3 * BUDGET as usize])), Ok(()));
    }

    proptest! {
        /// However the bytes arrive.
        #[test]
        fn in_pieces(all in prop::collection::vec((0u8..10, 0u32..6000), 0..6), cut in 1usize..5000) {
            let wire = frames(&all);
            let mut lengths = Lengths::new();
            let in_pieces = wire.chunks(cut).try_for_each(|piece| lengths.follow(piece));
            prop_assert_eq!(in_pieces, Lengths::new().follow(&wire));
        }
    }
}
