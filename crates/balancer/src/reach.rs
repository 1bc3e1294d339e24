//! The way to a target that takes a request: choosing one and connecting to it, the next one if that fails, whatever is spoken there.

use crate::{
    access::Noted,
    config::Listener,
    counts::{Counts, Grouped},
    decide::Route,
    page::Refusal,
    pool::NoConnection,
    socket::Socket,
    target::{Target, UnderWay},
    watch::{Fate, Watch},
    worker::Worker,
};
use spec::balancing::TargetAddress;
use std::{cell::Cell, rc::Rc, sync::Arc, time::Instant};

/// How many targets a request is tried with that could not be connected to. None of them has got any of it.
pub(crate) const TRIES: usize = 3;

/// A request for a target, with what is counted of it on its way.
pub(crate) struct Asking<'a> {
    pub worker: &'a Rc<Worker>,
    pub listener: &'a Listener,
    pub route: &'a Route,
    pub counts: &'a Rc<Counts>,
    grouped: Rc<Grouped>,
    is_counted: Cell<bool>,
    /// What becomes of it.
    noted: &'a Noted,
}

/// Whether another target is asked when one could not be connected to.
pub(crate) fn may_try_another(no: &NoConnection, mesh: bool) -> bool {
    match no {
        NoConnection::Refused | NoConnection::Reset => true,
        NoConnection::Timeout => mesh,
        NoConnection::Handshake | NoConnection::Fate(_) => false,
    }
}

/// Why no target takes a request.
pub(crate) enum Nobody {
    /// This is answered instead.
    Refused(Refusal),
    /// Its client's connection is over.
    Closed,
}

/// A search for a target.
pub(crate) struct Search<'a> {
    asking: &'a Asking<'a>,
    watch: &'a Watch,
    pinned: Option<TargetAddress>,
    tried: Vec<u64>,
    refused_by: usize,
}

impl<'a> Asking<'a> {
    pub(crate) fn new(
        worker: &'a Rc<Worker>,
        listener: &'a Listener,
        route: &'a Route,
        counts: &'a Rc<Counts>,
        noted: &'a Noted,
    ) -> Self {
        let grouped = counts.group(&route.group);
        Self { worker, listener, route, counts, grouped, is_counted: Cell::new(false), noted }
    }

    fn found(&self, target: &Target) {
        self.noted.target.set(Some(target.address.0));
        if !self.is_counted.replace(true) {
            self.counts.requests.add(1);
            self.grouped.requests.add(1);
            self.counts.non_sticky.add_if(self.route.stickiness.is_some() && self.route.pinned != Some(target.address));
        }
    }

    /// A target has its head.
    pub(crate) fn sent(&self) {
        self.noted.sent.set(Some(Instant::now()));
    }

    /// What was sent to a target has failed, or has not.
    pub(crate) fn judge(&self, target: &Target, failed: bool) {
        if let Some(outlier) = &target.outlier {
            outlier.observe(failed, self.worker.now_in_millis());
        }
    }

    /// A target has not answered, if that is why this is answered instead.
    pub(crate) fn unanswered(&self, target: &Target, refusal: Refusal) {
        if matches!(refusal, Refusal::BadGateway | Refusal::GatewayTimeout | Refusal::Unreached) {
            self.judge(target, true);
        }
    }

    /// A target has begun to answer.
    pub(crate) fn answered(&self, target: &Target, status: u16) {
        self.judge(target, status >= 500);
        self.grouped.answered(status, self.noted.answers(status));
    }

    /// Begins to look for a target.
    pub(crate) fn search(&'a self, watch: &'a Watch) -> Search<'a> {
        Search { asking: self, watch, pinned: self.route.pinned, tried: Vec::new(), refused_by: 0 }
    }
}

impl Search<'_> {
    /// The next target, with the connection to it that `connect` has or makes.
    pub(crate) async fn next<T>(
        &mut self,
        connect: impl AsyncFn(&Target) -> Result<T, NoConnection>,
    ) -> Result<(UnderWay, T), Nobody> {
        let Asking { grouped, listener, .. } = self.asking;
        let refused = if listener.settings.mesh { Refusal::Unreached } else { Refusal::BadGateway };
        loop {
            let Some(target) = self.choose() else {
                // Where there is nobody to ask, nobody has refused.
                let refusal = if self.refused_by == 0 { Refusal::Unavailable } else { refused };
                return Err(Nobody::Refused(refusal));
            };
            self.asking.found(&target.0);
            self.watch.connecting(target.0.id);
            match connect(&target.0).await {
                Ok(connection) => {
                    self.watch.sending();
                    self.watch.go_on();
                    return Ok((target, connection));
                }
                Err(NoConnection::Fate(Fate::Closed)) => return Err(Nobody::Closed),
                Err(NoConnection::Fate(Fate::Late)) => {
                    self.asking.judge(&target.0, true);
                    return Err(Nobody::Refused(Refusal::GatewayTimeout));
                }
                // It takes no more requests, and never got this one.
                Err(NoConnection::Fate(_)) => self.watch.go_on(),
                Err(no) if self.refused_by + 1 < TRIES && may_try_another(&no, listener.settings.mesh) => {
                    self.asking.judge(&target.0, true);
                    grouped.connection_errors.add(1);
                    self.refused_by += 1;
                }
                Err(NoConnection::Refused | NoConnection::Reset | NoConnection::Handshake) => {
                    self.asking.judge(&target.0, true);
                    grouped.connection_errors.add(1);
                    return Err(Nobody::Refused(refused));
                }
                Err(NoConnection::Timeout) => {
                    self.asking.judge(&target.0, true);
                    grouped.connection_errors.add(1);
                    return Err(Nobody::Refused(Refusal::GatewayTimeout));
                }
            }
            self.tried.push(target.0.id);
        }
    }

    /// The next target, with a connection that carries one request at a time; and whether it was kept from an earlier one.
    pub(crate) async fn next_socket(&mut self) -> Result<(UnderWay, Socket, bool), Nobody> {
        let Asking { worker, listener, route, counts, .. } = self.asking;
        let watch = self.watch;
        let (target, (socket, was_kept)) = self
            .next(async |target| {
                if let Some(socket) = worker.pool.take(target, worker.watches.clock()) {
                    return Ok((socket, true));
                }
                // Apart, as most requests make none: the room that it takes is not theirs.
                let socket = Box::pin(worker.pool.connect(&listener.node, target, &route.group, watch)).await?;
                counts.new_connections.add_if(!listener.settings.mesh);
                Ok((socket, false))
            })
            .await?;
        Ok((target, socket, was_kept))
    }

    /// Leaves out targets that were tried before.
    pub(crate) fn without(mut self, tried: &[u64]) -> Self {
        (self.tried, self.refused_by) = (tried.to_vec(), tried.len());
        self
    }

    /// A connection that was kept was closed by its target, and nothing of the request went there: the target is the next one again.
    pub(crate) fn once_more(&mut self, target: &Target) {
        self.pinned = Some(target.address);
    }

    fn choose(&mut self) -> Option<UnderWay> {
        let Asking { worker, route, .. } = self.asking;
        let targets = route.group.targets.load();
        let pinned = self.pinned.take().and_then(|address| targets.at(address));
        let chosen = pinned.filter(|target| !self.tried.contains(&target.id)).or_else(|| {
            let mut random = worker.random.borrow_mut();
            targets.choose(&route.group.turn, worker.now_in_millis(), || random.f64(), &self.tried)
        });
        chosen.map(|target| UnderWay::new(Arc::clone(target)))
    }
}
