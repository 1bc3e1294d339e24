//! `POST /_neargate/reset`: the region as on its first day.
//!
//! One transaction drops every record and makes a new default VPC, so a kill leaves the old region or the new one. What must not be
//! there any more, a host removes (no graceful stop); the answer waits until every host has.

use crate::app::{App, blocking};
use crate::core::unavailable;
use aws::fault::Fault;
use control::host::host_spec;
use control::{Caller, State, Tx};
use serde_json::{Value, json};
use spec::HostId;
use std::sync::Arc;

/// Resets the region and waits for its hosts.
///
/// # Errors
/// `InternalFailure` (503) naming the hosts that have not removed everything in time. The region is reset all the same.
pub(crate) async fn reset(app: &Arc<App>) -> Result<Value, Fault> {
    app.core.run(Caller::default(), begin_anew).await?;
    let limit = app.config.limits.reset;
    if tokio::time::timeout(limit, emptied(app)).await.is_err() {
        let names: Vec<String> = busy(app).iter().map(ToString::to_string).collect();
        let (names, seconds) = (names.join(", "), limit.as_secs());
        return Err(unavailable(format!(
            "The region is reset, but after {seconds} s these hosts have not removed everything: {names}. Are their agents up?"
        )));
    }
    let logs = app.clone();
    blocking(move || crate::logs::sweep(&logs)).await?;
    crate::registry::empty(app).await?;
    let objects = app.clone();
    blocking(move || crate::s3::empty(&objects)).await?;
    Ok(json!({ "status": "reset", "revision": app.core.state().revision }))
}

fn begin_anew(tx: &mut Tx<'_>) -> Result<(), Fault> {
    let State { revision, region, seen, hosts, .. } = tx.state.clone();
    tx.state = State { revision, region, seen, hosts, ..State::default() };
    control::ec2::found(tx)
}

async fn emptied(app: &App) {
    let (mut states, mut calls) = (app.core.watch(), app.seats.calls());
    while !busy(app).is_empty() {
        tokio::select! {
            changed = states.changed() => if changed.is_err() { return },
            changed = calls.changed() => if changed.is_err() { return },
        }
    }
}

/// The hosts that still have something; one that was given up has nothing it may keep.
fn busy(app: &App) -> Vec<HostId> {
    let state = app.core.state();
    let live = state.hosts.iter().filter(|host| host.lost.is_none());
    live.filter(|host| !app.seats.is_empty(&host.id, &host_spec(&state, &host.id)))
        .map(|host| host.id.clone())
        .collect()
}
