//! What is noted of a request on its way, whether it is logged or not: it costs less than to ask.

use std::{
    cell::Cell,
    net::SocketAddr,
    time::{Duration, Instant},
};

/// What has become of a request so far.
#[derive(Debug, Default)]
pub(crate) struct Noted {
    /// The target that has it, or was last to get it.
    pub target: Cell<Option<SocketAddr>>,
    /// When a target had its head.
    pub sent: Cell<Option<Instant>>,
    /// When a target had answered with a head, and with which code.
    pub answered: Cell<Option<(Instant, u16)>>,
    /// What the client is answered.
    pub status: Cell<Option<u16>>,
}

impl Noted {
    /// A target has begun to answer; how long after it had the request.
    pub(crate) fn answers(&self, status: u16) -> Duration {
        let now = Instant::now();
        self.answered.set(Some((now, status)));
        self.status.set(Some(status));
        self.sent.get().map(|sent| now - sent).unwrap_or_default()
    }

    /// The three times of a line, for a request that came at `begun`: none where no target answered.
    pub(crate) fn times(&self, begun: Instant) -> Option<[Duration; 3]> {
        let (sent, (answered, _)) = (self.sent.get()?, self.answered.get()?);
        // What a target says is passed on at once.
        Some([sent.saturating_duration_since(begun), answered.saturating_duration_since(sent), Duration::ZERO])
    }
}
