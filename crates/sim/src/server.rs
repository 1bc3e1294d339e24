//! The control plane in its shell: the state in memory, what is kept of it, and what a restart makes of that.

use crate::{Protections, cluster::Chance, services};
use aws::{api::Api, doc::Doc, doc::Timestamp, fault::Fault};
use control::{
    Caller, Handler, Region, Services, State, Tx,
    host::{Heard, host_spec, must_observe, report},
    services, transact,
};
use spec::{HostId, HostSpec, Millis, SyncReply, SyncRequest};
use std::{collections::BTreeMap, rc::Rc, sync::Arc};

/// Milliseconds a host may run without being answered.
pub(crate) const LEASE: Millis = 30_000;

/// A server process and its disk.
pub(crate) struct Server {
    /// In memory.
    pub(crate) state: State,
    /// On disk: the records by table and key.
    journal: BTreeMap<(String, String), Vec<u8>>,
    /// The spec each host was told last, to leave out what it knows.
    told: BTreeMap<HostId, HostSpec>,
    services: Rc<Services>,
    /// How many commits there were.
    pub(crate) commits: u64,
    /// The first bound that a service scheduler broke.
    pub(crate) broken: Option<String>,
    /// Until when the process is down.
    pub(crate) down_until: Millis,
}

impl Server {
    pub(crate) fn new() -> Self {
        Self {
            state: empty(),
            journal: BTreeMap::new(),
            told: BTreeMap::new(),
            services: Rc::new(services()),
            commits: 0,
            broken: None,
            down_until: 0,
        }
    }

    /// One transaction, kept before it is answered.
    pub(crate) fn transact<T>(
        &mut self,
        now: Millis,
        chance: &mut Chance,
        event: impl FnOnce(&mut Tx<'_>) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let (answer, commit) =
            transact(&self.state, Timestamp { millis: now }, &Caller::default(), chance.seed().into(), event)?;
        if let Some(commit) = commit {
            if let Err(why) = services::between(&self.state, &commit.state) {
                self.broken.get_or_insert(why);
            }
            for change in commit.changes {
                let key = (change.table.to_owned(), change.key);
                match change.value {
                    Some(value) => self.journal.insert(key, value),
                    None => self.journal.remove(&key),
                };
            }
            self.state = commit.state;
            self.commits += 1;
        }
        Ok(answer)
    }

    /// A call of an API's operation, through the routing table.
    pub(crate) fn call(
        &mut self,
        now: Millis,
        chance: &mut Chance,
        api: &Api,
        operation: &str,
        input: Doc,
    ) -> Result<Doc, Fault> {
        let services = Rc::clone(&self.services);
        match services.handler(api, operation)? {
            Handler::Read(answer) => {
                let caller = Caller::default();
                answer(&control::View { state: &self.state, now: Timestamp { millis: now }, caller: &caller }, input)
            }
            Handler::Write(answer) => self.transact(now, chance, |tx| answer(tx, input)),
        }
    }

    /// A host's report: taken in, and answered unless it came too late to count.
    pub(crate) fn sync(
        &mut self,
        now: Millis,
        chance: &mut Chance,
        mut request: SyncRequest,
        keep: Protections,
    ) -> Option<SyncReply> {
        let host = request.status.host.clone();
        if !keep.observed {
            request.status.observed = self.state.revision;
        }
        if !keep.ordered_reports
            && let Some(seen) = self.state.seen.get(&host)
        {
            request.status.incarnation = seen.incarnation.max(request.status.incarnation);
            request.status.sequence = seen.sequence + 1;
        }
        let heard = self.transact(now, chance, |tx| Ok(report(tx, &request))).ok()?;
        if heard == Heard::Stale {
            return None;
        }
        let spec = host_spec(&self.state, &host);
        let known = self.told.get(&host).is_some_and(|told| {
            told.revision == request.status.observed && told.tasks == spec.tasks && told.topology == spec.topology
        });
        let known = known && request.status.observed >= must_observe(&self.state, &host);
        if !known {
            self.told.insert(host, spec.clone());
        }
        Some(SyncReply { spec: (!known).then_some(spec), lease: LEASE })
    }

    /// The process dies and starts again from its disk.
    ///
    /// # Errors
    /// When what comes back is not what there was.
    pub(crate) fn restart(&mut self) -> Result<(), String> {
        let mut state = empty();
        for ((table, key), value) in &self.journal {
            state.load(table, key, value).map_err(|e| e.to_string())?;
        }
        state.revision = self.state.revision;
        let between = |a: &State, b: &State| a.changes_to(b).map_err(|e| e.to_string());
        let (lost, made) = (between(&self.state, &state)?, between(&state, &self.state)?);
        if let Some(change) = lost.first().or(made.first()) {
            return Err(format!("after a restart {} {} is not what it was", change.table, change.key));
        }
        self.state = state;
        self.told.clear();
        Ok(())
    }
}

fn empty() -> State {
    State { region: Arc::new(Region { lease: LEASE, ..Region::default() }), ..State::default() }
}
