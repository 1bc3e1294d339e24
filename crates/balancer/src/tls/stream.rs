//! A connection's bytes, plain or over TLS.
//!
//! rustls is driven over a thread's two scratch buffers: records are read into the one and made in the other, and only what is left of
//! them, part of a record or what the kernel does not take yet, is the connection's own. So one that waits has no buffer at all.

mod traits;

use super::{
    Agreed, certificates, policy,
    step::{Step, encode, step, step_alert},
};
use crate::access::Presented;
use bytes::{Buf, BytesMut};
use rustls::{
    ClientConfig, HandshakeKind, ServerConfig, client::UnbufferedClientConnection, pki_types::ServerName,
    server::UnbufferedServerConnection, unbuffered::ConnectionState,
};
use std::{
    cell::RefCell,
    io::{self, Read},
    net::IpAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker, ready},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

/// What is encrypted at once: some whole records.
const PIECE: usize = 4 << 14;
/// What records add to that, and the longest flight of a handshake.
const ROOM: usize = PIECE + (16 << 10);

thread_local! {
    static INCOMING: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    static OUTGOING: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// A connection.
#[derive(Debug)]
pub(crate) struct Stream {
    tcp: TcpStream,
    session: Option<Box<Session>>,
    /// What was decrypted for a reader that did not have the room.
    plain: BytesMut,
}

/// One side of TLS.
enum Side {
    Server(UnbufferedServerConnection),
    Client(UnbufferedClientConnection),
}

/// TLS over a connection.
struct Session {
    side: Side,
    /// A record that came in part.
    came: Vec<u8>,
    /// Records that the kernel has not taken.
    unsent: BytesMut,
    /// Whether the peer has said its last.
    ended: bool,
    /// The certificate that the client was shown.
    shown: Option<certificates::Chosen>,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("ended", &self.ended).finish_non_exhaustive()
    }
}

impl Stream {
    /// One without TLS.
    pub(crate) fn plain(tcp: TcpStream) -> Self {
        Self { tcp, session: None, plain: BytesMut::new() }
    }

    /// One with a client that has yet to shake hands, of which this came already.
    pub(crate) fn server(tcp: TcpStream, config: Arc<ServerConfig>, came: Vec<u8>) -> io::Result<Self> {
        let side = Side::Server(UnbufferedServerConnection::new(config).map_err(io::Error::other)?);
        Ok(Self::with(tcp, side, came))
    }

    /// One with a target that has yet to shake hands.
    pub(crate) fn client(tcp: TcpStream, config: Arc<ClientConfig>, target: IpAddr) -> io::Result<Self> {
        let name = ServerName::IpAddress(target.into());
        let side = Side::Client(UnbufferedClientConnection::new(config, name).map_err(io::Error::other)?);
        Ok(Self::with(tcp, side, Vec::new()))
    }

    fn with(tcp: TcpStream, side: Side, came: Vec<u8>) -> Self {
        let session = Session { side, came, unsent: BytesMut::new(), ended: false, shown: None };
        Self { tcp, session: Some(Box::new(session)), plain: BytesMut::new() }
    }

    /// What was negotiated, if this is TLS.
    pub(crate) fn agreed(&self) -> Option<Agreed> {
        let common = self.session.as_ref()?.common();
        Some(Agreed {
            version: policy::version_name(common.protocol_version()),
            suite: policy::suite_name(common.negotiated_cipher_suite()),
            http2: common.alpn_protocol() == Some(b"h2"),
        })
    }

    /// What was agreed on over ALPN.
    pub(crate) fn alpn(&self) -> Option<&[u8]> {
        self.session.as_ref()?.common().alpn_protocol()
    }

    /// Has the kernel ask the peer now and then whether it is still there, when nothing else is said.
    pub(crate) fn keep_alive(&self, every: Duration) {
        let keepalive = socket2::TcpKeepalive::new().with_time(every).with_interval(every);
        // One that can't be told so ends with the idle timeout.
        let _ = socket2::SockRef::from(&self.tcp).set_tcp_keepalive(&keepalive);
    }

    /// Has the peer see a reset when this is dropped, not an end (RFC 9293, 3.10.5).
    pub(crate) fn reset_when_dropped(&self) {
        // One that can't be told so is closed, which is as well.
        let _ = socket2::SockRef::from(&self.tcp).set_linger(Some(Duration::ZERO));
    }

    /// Shakes hands. What comes after that already is in `plain`.
    pub(crate) fn poll_handshake(&mut self, context: &mut Context<'_>, plain: &mut BytesMut) -> Poll<io::Result<()>> {
        let Self { tcp, session: Some(session), .. } = self else { return Poll::Ready(Ok(())) };
        if matches!(session.side, Side::Client(_)) || !session.came.is_empty() {
            let mut came = std::mem::take(&mut session.came);
            match session.take(&mut came, plain) {
                Ok(used) => session.came = came.split_off(used),
                Err(error) => {
                    let _ = session.poll_flush(tcp, context);
                    return Poll::Ready(Err(error));
                }
            }
        }
        while session.common().is_handshaking() {
            if ready!(session.poll_fill(tcp, context, plain))? == 0 && session.common().is_handshaking() {
                return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
            }
        }
        session.poll_flush(tcp, context)
    }

    /// What the client was greeted with.
    pub(crate) fn presented(&self) -> Presented {
        let Some(session) = &self.session else { return Presented::default() };
        let is_resumed = session.common().handshake_kind() == Some(HandshakeKind::Resumed);
        let (arn, domain) = session.shown.clone().unzip();
        Presented { domain: domain.flatten(), certificate: arn.filter(|_| !is_resumed) }
    }

    /// Waits for bytes and appends them, about `room` at once; 0 is the end.
    pub(crate) fn poll_fill(
        &mut self,
        context: &mut Context<'_>,
        buffer: &mut BytesMut,
        room: usize,
    ) -> Poll<io::Result<usize>> {
        let Some(session) = &mut self.session else {
            // Most answers are small: a buffer of what came, not of what might, is one that the allocator has at hand.
            if buffer.capacity() == 0 {
                return INCOMING.with_borrow_mut(|scratch| {
                    scratch.resize(ROOM, 0);
                    let mut space = ReadBuf::new(&mut scratch[..room.min(ROOM)]);
                    ready!(Pin::new(&mut self.tcp).poll_read(context, &mut space))?;
                    buffer.extend_from_slice(space.filled());
                    Poll::Ready(Ok(space.filled().len()))
                });
            }
            if buffer.capacity() - buffer.len() < room / 2 {
                buffer.reserve(room);
            }
            let mut reading = std::pin::pin!(tokio::io::AsyncReadExt::read_buf(&mut self.tcp, buffer));
            return std::future::Future::poll(reading.as_mut(), context);
        };
        loop {
            let before = buffer.len();
            let count = ready!(session.poll_fill(&mut self.tcp, context, buffer))?;
            if count == 0 || buffer.len() > before {
                return Poll::Ready(Ok(buffer.len() - before));
            }
        }
    }

    /// Waits until there are bytes, or the end.
    pub(crate) fn poll_readable(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.tcp.poll_read_ready(context)
    }

    /// Writes some of it. What was taken may not have been sent yet: see [`Self::poll_sent`].
    pub(crate) fn poll_push(&mut self, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match &mut self.session {
            Some(session) => session.poll_push(&mut self.tcp, context, bytes),
            None => Pin::new(&mut self.tcp).poll_write(context, bytes),
        }
    }

    /// Waits until the kernel has taken everything.
    pub(crate) fn poll_sent(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.session {
            Some(session) => session.poll_flush(&mut self.tcp, context),
            None => Poll::Ready(Ok(())),
        }
    }

    /// Says that nothing more is sent.
    pub(crate) fn finish(&mut self) {
        if let Some(session) = &mut self.session {
            session.finish();
            // Who does not take it now will see the connection's end.
            if let Ok(count) = self.tcp.try_write(&session.unsent) {
                session.unsent.advance(count);
            }
        }
        // Who is gone need not be told.
        let _ = socket2::SockRef::from(&self.tcp).shutdown(std::net::Shutdown::Write);
    }

    /// Whether a connection without a request is as it should be: open, and nothing has come. The kernel is asked if `ask`, otherwise
    /// what it has told before.
    pub(crate) fn is_quiet(&mut self, ask: bool) -> bool {
        let nothing =
            |outcome: &io::Result<usize>| matches!(outcome, Err(error) if error.kind() == io::ErrorKind::WouldBlock);
        let outcome = match ask {
            true => socket2::SockRef::from(&self.tcp).peek(&mut [std::mem::MaybeUninit::uninit()]),
            false if self.session.is_none() => self.tcp.try_read(&mut [0]),
            // Nobody waits for it, who would now not be woken.
            false => match self.tcp.poll_read_ready(&mut Context::from_waker(Waker::noop())) {
                Poll::Pending => return true,
                Poll::Ready(ready) => ready.map(|()| 1),
            },
        };
        let Some(session) = &mut self.session else { return nothing(&outcome) };
        // What came may be of TLS alone, such as a ticket.
        nothing(&outcome) || session.is_quiet(&self.tcp)
    }

    /// The connection without TLS, for what is left to be thrown away.
    pub(crate) fn into_tcp(self) -> TcpStream {
        self.tcp
    }
}

impl Session {
    fn common(&self) -> &rustls::CommonState {
        match &self.side {
            Side::Server(side) => side,
            Side::Client(side) => side,
        }
    }

    /// Reads once from the kernel; 0 is the end. `plain` may be as long as before.
    fn poll_fill(
        &mut self,
        tcp: &mut TcpStream,
        context: &mut Context<'_>,
        plain: &mut BytesMut,
    ) -> Poll<io::Result<usize>> {
        if self.ended {
            return Poll::Ready(Ok(0));
        }
        // What is on its way goes on while this waits.
        if let Poll::Ready(Err(error)) = self.poll_flush(tcp, context) {
            return Poll::Ready(Err(error));
        }
        let count = INCOMING.with_borrow_mut(|scratch| {
            let room = self.prepare(scratch)?;
            let mut space = ReadBuf::new(room);
            ready!(Pin::new(&mut *tcp).poll_read(context, &mut space))?;
            let count = space.filled().len();
            self.came_in(scratch, count, plain)?;
            Poll::Ready(Ok::<_, io::Error>(count))
        });
        // An alert is sent even if there is an error.
        if let Poll::Ready(Err(error)) = self.poll_flush(tcp, context) {
            return Poll::Ready(Err(error));
        }
        count
    }

    /// What came in part before, at the beginning of the scratch buffer, and the room behind that.
    fn prepare<'s>(&self, scratch: &'s mut Vec<u8>) -> io::Result<&'s mut [u8]> {
        scratch.resize(ROOM, 0);
        let start = self.came.len();
        if start >= ROOM {
            return Err(io::ErrorKind::InvalidData.into());
        }
        scratch[..start].copy_from_slice(&self.came);
        Ok(&mut scratch[start..])
    }

    /// Takes in what was read behind what came in part.
    fn came_in(&mut self, scratch: &mut [u8], count: usize, plain: &mut BytesMut) -> io::Result<()> {
        if count == 0 {
            self.ended = true;
            return Ok(());
        }
        let all = &mut scratch[..self.came.len() + count];
        let used = self.take(all, plain)?;
        self.shown = self.shown.take().or_else(certificates::chosen);
        self.came = Vec::from(&all[used..]);
        Ok(())
    }

    /// Takes in records; answers how many bytes of them are done with.
    fn take(&mut self, incoming: &mut [u8], plain: &mut BytesMut) -> io::Result<usize> {
        let mut used = 0;
        loop {
            let rest = &mut incoming[used..];
            let (discard, step) = match &mut self.side {
                Side::Server(side) => step(side.process_tls_records(rest), plain, &mut self.unsent),
                Side::Client(side) => step(side.process_tls_records(rest), plain, &mut self.unsent),
            };
            used += discard;
            match step {
                Ok(Step::More) => {}
                Ok(Step::Waits) => return Ok(used),
                Ok(Step::Ended) => self.ended = true,
                Err(error) => {
                    // The peer is told why.
                    while let (_, Ok(Step::More)) = match &mut self.side {
                        Side::Server(side) => step_alert(side.process_tls_records(&mut []), &mut self.unsent),
                        Side::Client(side) => step_alert(side.process_tls_records(&mut []), &mut self.unsent),
                    } {}
                    return Err(io::Error::new(io::ErrorKind::InvalidData, error));
                }
            }
        }
    }

    fn poll_push(&mut self, tcp: &mut TcpStream, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        ready!(self.poll_flush(tcp, context))?;
        let taken = bytes.len().min(PIECE);
        OUTGOING.with_borrow_mut(|scratch| {
            scratch.resize(ROOM, 0);
            let length = self.encrypt(&bytes[..taken], scratch)?;
            let records = &scratch[..length];
            // A message of TLS itself goes first.
            if !self.unsent.is_empty() {
                self.unsent.extend_from_slice(records);
                return Poll::Ready(Ok(taken));
            }
            match Pin::new(tcp).poll_write(context, records) {
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Ready(Ok(sent)) => self.unsent.extend_from_slice(&records[sent..]),
                Poll::Pending => self.unsent.extend_from_slice(records),
            }
            Poll::Ready(Ok(taken))
        })
    }

    fn encrypt(&mut self, bytes: &[u8], out: &mut [u8]) -> io::Result<usize> {
        self.traffic(|traffic| match traffic {
            Traffic::Server(mut traffic) => traffic.encrypt(bytes, out),
            Traffic::Client(mut traffic) => traffic.encrypt(bytes, out),
        })
    }

    /// Says that nothing more is sent.
    fn finish(&mut self) {
        let mut alert = [0; 64];
        let length = self.traffic(|traffic| match traffic {
            Traffic::Server(mut traffic) => traffic.queue_close_notify(&mut alert),
            Traffic::Client(mut traffic) => traffic.queue_close_notify(&mut alert),
        });
        // In the midst of a handshake there is nothing to be said.
        self.unsent.extend_from_slice(&alert[..length.unwrap_or(0)]);
    }

    /// Does something that needs a connection on which data may be sent.
    fn traffic<T, E: Into<Box<dyn std::error::Error + Send + Sync>>>(
        &mut self,
        mut work: impl FnMut(Traffic<'_>) -> Result<T, E>,
    ) -> io::Result<T> {
        macro_rules! find {
            ($side:expr, $kind:ident) => {
                loop {
                    match $side.process_tls_records(&mut []).state {
                        Ok(ConnectionState::WriteTraffic(traffic)) => {
                            break work(Traffic::$kind(traffic)).map_err(io::Error::other);
                        }
                        Ok(ConnectionState::EncodeTlsData(data)) => encode(data, &mut self.unsent),
                        Ok(ConnectionState::TransmitTlsData(data)) => data.done(),
                        Ok(ConnectionState::PeerClosed) => self.ended = true,
                        Ok(_) => break Err(io::ErrorKind::NotConnected.into()),
                        Err(error) => break Err(io::Error::new(io::ErrorKind::InvalidData, error)),
                    }
                }
            };
        }
        match &mut self.side {
            Side::Server(side) => find!(side, Server),
            Side::Client(side) => find!(side, Client),
        }
    }

    fn poll_flush(&mut self, tcp: &mut TcpStream, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.unsent.is_empty() {
            let sent = ready!(Pin::new(&mut *tcp).poll_write(context, &self.unsent))?;
            self.unsent.advance(sent);
            if self.unsent.is_empty() {
                self.unsent = BytesMut::new();
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Takes in what there is; whether that was nothing for anybody here.
    fn is_quiet(&mut self, tcp: &TcpStream) -> bool {
        let mut plain = BytesMut::new();
        INCOMING.with_borrow_mut(|scratch| {
            loop {
                let Ok(room) = self.prepare(scratch) else { return false };
                // Past the runtime, which may not have heard of it yet.
                let read = (&*socket2::SockRef::from(tcp)).read(room);
                match read {
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => return self.unsent.is_empty(),
                    Ok(count) => {
                        if self.came_in(scratch, count, &mut plain).is_err() || self.ended || !plain.is_empty() {
                            return false;
                        }
                    }
                    Err(_) => return false,
                }
            }
        })
    }
}

/// A connection on which data may be sent.
enum Traffic<'c> {
    Server(rustls::unbuffered::WriteTraffic<'c, rustls::server::ServerConnectionData>),
    Client(rustls::unbuffered::WriteTraffic<'c, rustls::client::ClientConnectionData>),
}
