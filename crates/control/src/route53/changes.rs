//! Changes: what is done with its answer, and is in sync when every resolver answers by it.

use super::{bare, linked::random};
use crate::{
    State, Tx, View,
    servicediscovery::observed,
    state::{EndedHostedZoneChange, Expiring, Expiry, HostedZoneChange},
};
use aws::{
    api::route53::{ChangeInfo, ChangeStatus, GetChangeRequest, GetChangeResponse},
    doc::Timestamp,
    fault::Fault,
};
use spec::{DAY, MINUTE, Millis, Revision};

/// How long a change is described after its end. AWS does not say how long.
const KEPT: Millis = DAY;
/// How many are; where there are more, each is described for a minute only.
const MANY: usize = 5_000;
/// How many may be described at all, and how many pending at once. AWS takes five requests a second.
const MOST: usize = 10_000;
const PENDING: usize = 1_000;

/// Begins a change that this transaction makes.
///
/// # Errors
/// `Throttling` while too many others are pending or have just ended.
pub(super) fn begin(tx: &mut Tx<'_>, comment: Option<String>) -> Result<ChangeInfo, Fault> {
    if tx.state.hosted_zone_changes.len() >= PENDING || tx.state.ended_hosted_zone_changes.len() >= MOST {
        return Err(Fault::new("Throttling", "Rate exceeded"));
    }
    let id = format!("C{}", random(tx, 20));
    let change = HostedZoneChange { id, comment, submitted_at: tx.now, since: tx.state.revision + 1 };
    let info = info(&change, ChangeStatus::Pending);
    tx.state.hosted_zone_changes.put(change);
    Ok(info)
}

fn info(change: &HostedZoneChange, status: ChangeStatus) -> ChangeInfo {
    let HostedZoneChange { id, comment, submitted_at, since: _ } = change;
    ChangeInfo {
        id: Some(format!("/change/{id}")),
        status: Some(status),
        submitted_at: Some(*submitted_at),
        comment: comment.clone(),
    }
}

/// The newest revision that a change waits for.
pub(crate) fn awaited(state: &State) -> Revision {
    state.hosted_zone_changes.iter().map(|change| change.since).max().unwrap_or(0)
}

/// Ends the changes that every host has come to: one that has taken in a revision answers by it.
pub(crate) fn run(tx: &mut Tx<'_>) {
    if tx.state.hosted_zone_changes.is_empty() {
        return;
    }
    let reached = observed(&tx.state).min(tx.state.revision);
    let ended = tx.state.hosted_zone_changes.iter().filter(|change| change.since <= reached);
    let ended: Vec<HostedZoneChange> = ended.cloned().collect();
    for change in ended {
        tx.state.hosted_zone_changes.remove(&change.id);
        let kept = if tx.state.ended_hosted_zone_changes.len() >= MANY { MINUTE } else { KEPT };
        let at = Timestamp { millis: tx.now.millis + kept };
        tx.state.expiries.put(Expiry { at, what: Expiring::HostedZoneChange(change.id.clone()) });
        tx.state.ended_hosted_zone_changes.put(EndedHostedZoneChange(change));
    }
}

/// `GetChange`.
pub(super) fn get(view: &View<'_>, request: GetChangeRequest) -> Result<GetChangeResponse, Fault> {
    let id = bare(&request.id);
    let pending = view.state.hosted_zone_changes.get(id).map(|change| info(change, ChangeStatus::Pending));
    let ended = || view.state.ended_hosted_zone_changes.get(id).map(|ended| info(&ended.0, ChangeStatus::Insync));
    let missing = || Fault::new("NoSuchChange", format!("Could not find resource with ID: {id}"));
    Ok(GetChangeResponse { change_info: Some(pending.or_else(ended).ok_or_else(missing)?) })
}
