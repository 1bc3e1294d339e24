//! `POST /_neargate/sync`: a host says what it runs and is told what it should run.
//!
//! A call is held until there is something to tell, the host calls again, or the time is up. A host is told everything every time;
//! what is remembered of it here ([`Seats`]) only saves telling it the same twice, and may be lost at any time.

mod seats;
#[cfg(test)]
mod tests;

pub(crate) use seats::Seats;

use crate::app::{App, stopped};
use aws::fault::Fault;
use control::{
    Caller,
    host::{self, Heard},
};
use spec::{HostSpec, SyncReply, SyncRequest};

/// Takes a host's report and answers when there is news for it.
///
/// # Errors
/// `StaleReport` (409) when a later call was heard before; the failure to keep the report.
pub(crate) async fn sync(app: &App, request: SyncRequest) -> Result<SyncReply, Fault> {
    let status = &request.status;
    let (host, observed) = (status.host.clone(), status.observed);
    let (turn, tasks) = ((status.incarnation, status.sequence), status.tasks.len());
    if app.core.run(Caller::default(), move |tx| Ok(host::report(tx, &request))).await? == Heard::Stale {
        return Err(stale());
    }
    let reply = |spec| SyncReply { spec, lease: app.core.state().region.lease };
    let Some(mut newer) = app.seats.take(&host, turn, observed, tasks) else { return Err(stale()) };

    let mut states = app.core.watch();
    let mut stopping = app.stopping.clone();
    let held = tokio::time::sleep(app.config.limits.hold);
    tokio::pin!(held);
    let mut looked_at = None;
    loop {
        let state = states.borrow_and_update().clone();
        // States of one revision differ only in when hosts were last heard.
        if looked_at.replace(state.revision) != Some(state.revision) {
            let spec = host::host_spec(&state, &host);
            if host::must_observe(&state, &host) > observed || app.seats.is_news(&host, observed, &spec) {
                return Ok(reply(Some(app.seats.tell(&host, spec))));
            }
        }
        tokio::select! {
            _ = newer.changed() => return Ok(reply(None)),
            () = stopped(&mut stopping) => return Ok(reply(None)),
            () = &mut held => return Ok(reply(None)),
            changed = states.changed() => if changed.is_err() { return Ok(reply(None)) },
        }
    }
}

/// Without an answer the host's lease is not renewed, which it must not be: the control plane did not count the call either.
fn stale() -> Fault {
    Fault::new("StaleReport", "A later report of this host was heard before.").with_status(409)
}

/// Whether two specs ask for the same, of whatever revision they are.
pub(crate) fn asks_the_same(a: &HostSpec, b: &HostSpec) -> bool {
    let HostSpec { revision: _, topology, zones, authority, tasks, balancing, endpoints } = a;
    let same_names = *topology == b.topology && *zones == b.zones && *endpoints == b.endpoints;
    same_names && *authority == b.authority && *tasks == b.tasks && *balancing == b.balancing
}
