//! What a client sends and gets on one stream, piece by piece.

use super::{guarded, server::Connection};
use crate::{
    socket::Stopped,
    watch::{Fate, Watch, Watched},
};
use bytes::Bytes;
use h2::{Reason, RecvStream, SendStream, server::SendResponse};
use http::HeaderMap;
use std::{
    cell::{Cell, RefCell},
    future::poll_fn,
    rc::Rc,
    task::{Context, Poll, ready},
};

/// The content of a message that comes on a stream. Its sender may send on as what was taken is passed on.
pub(super) struct Incoming {
    stream: RecvStream,
    /// What was taken last and may not be passed on yet.
    held: usize,
    /// Whether anything was taken.
    is_begun: bool,
    /// What was taken, where it may have to be sent anew.
    kept: Option<Kept>,
    /// How many bytes were taken.
    pub taken: usize,
    is_over: bool,
}

/// The beginning of what came on a stream.
#[derive(Default)]
struct Kept {
    pieces: Vec<Bytes>,
    /// How many of them were taken since the last [`Incoming::rewind`].
    taken: usize,
    size: usize,
    trailers: Option<HeaderMap>,
}

impl Incoming {
    /// How many bytes are kept, at most.
    const KEPT: usize = 64 << 10;

    pub(super) fn new(stream: RecvStream) -> Self {
        let is_over = stream.is_end_stream();
        Self { stream, held: 0, is_begun: false, kept: None, taken: 0, is_over }
    }

    /// Keeps what is taken from now on, as long as it is not too much.
    pub(super) fn keep(&mut self) {
        self.kept = Some(Kept::default());
    }

    /// What was taken comes once more, if that is possible.
    pub(super) fn rewind(&mut self) -> bool {
        match &mut self.kept {
            Some(kept) => kept.taken = 0,
            None => return !self.is_begun,
        }
        true
    }

    /// Whether some of what is kept is to be taken once more.
    fn comes_again(&self) -> bool {
        self.kept.as_ref().is_some_and(|kept| kept.taken < kept.pieces.len() || kept.trailers.is_some())
    }

    /// Whether nothing is to come, trailers included.
    pub(super) fn is_over(&self) -> bool {
        self.is_over && !self.comes_again()
    }

    /// Whether what was taken was the last, and no trailers follow.
    pub(super) fn is_at_end(&mut self) -> bool {
        self.is_over |= self.stream.is_end_stream();
        self.is_over()
    }

    /// The next piece; none at the end. What was taken before has been passed on.
    pub(super) async fn next(&mut self, watch: &Watch) -> Result<Option<Bytes>, Ended> {
        poll_fn(|context| self.poll_next(watch, context)).await
    }

    /// The same, without waiting.
    pub(super) fn poll_next(&mut self, watch: &Watch, context: &mut Context<'_>) -> Poll<Result<Option<Bytes>, Ended>> {
        if self.held > 0 {
            // Fails for a stream that is gone, which is seen below.
            let _ = self.stream.flow_control().release_capacity(std::mem::take(&mut self.held));
        }
        if let Some(kept) = &mut self.kept
            && let Some(data) = kept.pieces.get(kept.taken)
        {
            kept.taken += 1;
            return Poll::Ready(Ok(Some(data.clone())));
        }
        match ready!(guarded(watch, context, |context| self.stream.poll_data(context))) {
            Ok(Some(Ok(data))) => {
                (self.held, self.is_begun) = (data.len(), true);
                self.taken += data.len();
                if let Some(kept) = &mut self.kept {
                    kept.size += data.len();
                    kept.pieces.push(data.clone());
                    kept.taken += 1;
                }
                self.kept.take_if(|kept| kept.size > Self::KEPT);
                Poll::Ready(Ok(Some(data)))
            }
            Ok(Some(Err(error))) => Poll::Ready(Err(Ended::Stream(error))),
            Ok(None) => Poll::Ready(Ok(None)),
            Err(fate) => Poll::Ready(Err(Ended::Fate(fate))),
        }
    }

    /// What comes after the content.
    pub(super) async fn trailers(&mut self, watch: &Watch) -> Result<Option<HeaderMap>, Ended> {
        if let Some(Kept { trailers: Some(trailers), .. }) = &self.kept {
            return Ok(Some(trailers.clone()));
        }
        let trailers = poll_fn(|context| guarded(watch, context, |context| self.stream.poll_trailers(context))).await;
        self.is_over = true;
        let trailers = trailers.map_err(Ended::Fate)?.map_err(Ended::Stream)?;
        if let Some(kept) = &mut self.kept {
            kept.trailers.clone_from(&trailers);
        }
        Ok(trailers)
    }
}

/// Why nothing more comes or goes on a stream.
#[derive(Debug)]
pub(super) enum Ended {
    /// The peer, or what it sent.
    Stream(h2::Error),
    /// Something here.
    Fate(Fate),
}

/// A client's stream as far as it is answered.
pub(super) struct Client {
    pub connection: Rc<Connection>,
    /// The stream's, so that each has its own target and its own silence.
    pub watch: Watched,
    answer: RefCell<Answer>,
    is_over: Cell<bool>,
    /// How many bytes it was sent: a head as long as it would be in HTTP/1.1.
    sent: Cell<u64>,
    is_gone: Cell<bool>,
}

enum Answer {
    Awaited(SendResponse<Bytes>),
    Begun(SendStream<Bytes>),
}

impl Client {
    pub(super) fn new(connection: Rc<Connection>, watch: Watched, answer: SendResponse<Bytes>) -> Self {
        Self {
            connection,
            watch,
            answer: RefCell::new(Answer::Awaited(answer)),
            is_over: Cell::new(false),
            sent: Cell::new(0),
            is_gone: Cell::new(false),
        }
    }

    /// Ready when the client has given the stream up, or its connection is gone.
    pub(super) fn poll_gone(&self, context: &mut Context<'_>) -> Poll<()> {
        match &mut *self.answer.borrow_mut() {
            Answer::Awaited(answer) => answer.poll_reset(context).map(drop),
            Answer::Begun(stream) => stream.poll_reset(context).map(drop),
        }
    }

    fn count(&self, bytes: usize) {
        self.sent.set(self.sent.get() + bytes as u64);
    }

    /// How many bytes it was sent.
    pub(super) fn sent(&self) -> u64 {
        self.sent.get()
    }

    /// It has given up.
    pub(super) fn leave(&self) {
        self.is_gone.set(true);
    }

    /// Whether it has given up.
    pub(super) fn is_gone(&self) -> bool {
        self.is_gone.get()
    }

    /// Whether an answer has begun.
    pub(super) fn is_answered(&self) -> bool {
        matches!(&*self.answer.borrow(), Answer::Begun(_))
    }

    /// Says that the body is wanted.
    pub(super) fn wants_body(&self) {
        let mut interim = http::Response::new(());
        *interim.status_mut() = http::StatusCode::CONTINUE;
        self.inform(interim);
    }

    /// Sends an interim answer. A client that is gone is noticed later.
    pub(super) fn inform(&self, interim: http::Response<()>) {
        if let Answer::Awaited(answer) = &mut *self.answer.borrow_mut() {
            let _ = answer.send_informational(interim);
        }
    }

    /// Begins the answer; `is_whole` is whether nothing follows.
    pub(super) fn begin(&self, head: http::Response<()>, is_whole: bool) -> Result<(), Stopped> {
        let mut held = self.answer.borrow_mut();
        let Answer::Awaited(answer) = &mut *held else { return Err(Stopped::Io) };
        let fields = head.headers().iter().map(|(name, value)| name.as_str().len() + value.len() + 4);
        self.count(fields.sum::<usize>() + "HTTP/2.0 200\r\n\r\n".len());
        let stream = answer.send_response(head, is_whole).map_err(|_| Stopped::Io)?;
        *held = Answer::Begun(stream);
        self.is_over.set(is_whole);
        Ok(())
    }

    /// Sends content as the client has room for it.
    pub(super) async fn send(&self, mut data: Bytes, is_last: bool) -> Result<(), Stopped> {
        self.count(data.len());
        let sending = poll_fn(|context| match &mut *self.answer.borrow_mut() {
            Answer::Begun(stream) => poll_send(&self.watch, stream, &mut data, is_last, context),
            Answer::Awaited(_) => Poll::Ready(Err(Stopped::Io)),
        });
        sending.await?;
        self.connection.watch.go_on();
        Ok(())
    }

    /// Whether the answer's head was all of it.
    pub(super) fn is_over(&self) -> bool {
        self.is_over.get()
    }

    /// Sends a little content that is there already, and the end.
    pub(super) fn finish(&self, data: Bytes) -> Result<(), Stopped> {
        self.count(data.len());
        match &mut *self.answer.borrow_mut() {
            Answer::Begun(stream) => stream.send_data(data, true).map_err(|_| Stopped::Io),
            Answer::Awaited(_) => Err(Stopped::Io),
        }
    }

    /// Sends what comes after the content, and the end.
    pub(super) fn trailers(&self, trailers: HeaderMap) -> Result<(), Stopped> {
        match &mut *self.answer.borrow_mut() {
            Answer::Begun(stream) => stream.send_trailers(trailers).map_err(|_| Stopped::Io),
            Answer::Awaited(_) => Err(Stopped::Io),
        }
    }

    /// Ends the stream.
    pub(super) fn reset(&self, reason: Reason) {
        match &mut *self.answer.borrow_mut() {
            Answer::Awaited(answer) => answer.send_reset(reason),
            Answer::Begun(stream) => stream.send_reset(reason),
        }
    }
}

/// Sends of `data` what there is room for, until all is sent.
pub(super) fn poll_send(
    watch: &Watch,
    stream: &mut SendStream<Bytes>,
    data: &mut Bytes,
    is_last: bool,
    context: &mut Context<'_>,
) -> Poll<Result<(), Stopped>> {
    if data.is_empty() {
        return Poll::Ready(stream.send_data(Bytes::new(), is_last).map_err(|_| Stopped::Io));
    }
    loop {
        stream.reserve_capacity(data.len());
        let room = match stream.capacity() {
            0 => match ready!(guarded(watch, context, |context| stream.poll_capacity(context))) {
                Ok(Some(Ok(room))) => room,
                Ok(None | Some(Err(_))) => return Poll::Ready(Err(Stopped::Io)),
                Err(fate) => return Poll::Ready(Err(Stopped::Fate(fate))),
            },
            room => {
                watch.touch();
                room
            }
        };
        if room == 0 {
            continue;
        }
        let piece = data.split_to(room.min(data.len()));
        let is_end = is_last && data.is_empty();
        if stream.send_data(piece, is_end).is_err() {
            return Poll::Ready(Err(Stopped::Io));
        }
        if data.is_empty() {
            return Poll::Ready(Ok(()));
        }
    }
}
